import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Ref, ref } from 'vue';
import { startLive, startServer } from './liveServer';
import { until } from './patience';

const ada = { user: { id: 'ada' } };
const bea = { user: { id: 'bea' } };
type Person = typeof ada;

const stubs = vi.hoisted(() => ({ viewer: {} as Ref<Person | undefined>, live: {} as ReturnType<typeof startLive> }));
vi.mock('../../web/auth/useViewer', () => ({ useViewer: () => ({ viewer: stubs.viewer }) }));
vi.mock('../../web/lib/live', () => ({
  subscribe: (...args: Parameters<typeof stubs.live.subscribe>) => stubs.live.subscribe(...args),
  get connection() {
    return stubs.live.connection;
  },
}));

let server: ReturnType<typeof startServer>;
/** What the browser keeps, for all of its tabs. */
let kept: Map<string, string>;
let onStorage: (event: { key: string }) => void;
let leave = () => {};
const frames: string[] = [];

beforeEach(() => {
  vi.resetModules();
  server = startServer();
  frames.length = 0;
  server.onFrame = (frame) => frames.push(frame.type);
  kept = new Map();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  vi.stubGlobal('addEventListener', (_: string, listener: typeof onStorage) => {
    onStorage = listener;
  });
  stubs.viewer = ref(ada);
  stubs.live = startLive(server.url);
});
afterEach(() => {
  leave();
  server.close();
  vi.unstubAllGlobals();
});

/** Opens the page as whoever is signed in. */
async function open() {
  const { usePresence } = await import('../../web/presence/usePresence');
  const { useShown } = await import('../../web/settings/useShown');
  const presence = usePresence();
  leave = presence.follow();
  return { ...presence, ...useShown() };
}

const news = (parts: object) => ({ presence: { isComplete: false, here: [], gone: [], ...parts } });

test('Ada is here from the beginning, and learns who else comes and goes', async () => {
  const { isHere } = await open();
  const operation = await server.operationsReach(1);
  operation.next(news({ isComplete: true, here: ['bea', 'tomas'] }));
  await until(() => expect(isHere('bea')).toBe(true));
  operation.next(news({ here: ['carol'], gone: ['tomas'] }));
  await until(() => expect(isHere('carol')).toBe(true));
  expect([isHere('bea'), isHere('tomas'), isHere(undefined)]).toEqual([true, false, false]);
});

test('after a break, what is complete replaces what was known', async () => {
  const { isHere } = await open();
  (await server.operationsReach(1)).next(news({ isComplete: true, here: ['bea'] }));
  await until(() => expect(isHere('bea')).toBe(true));
  server.drop();
  (await server.operationsReach(2)).next(news({ isComplete: true, here: ['carol'] }));
  await until(() => expect(isHere('carol')).toBe(true));
  expect(isHere('bea')).toBe(false);
});

test('switched off, one frame says so, nothing more is sent, and nobody is seen', async () => {
  const { isHere, show } = await open();
  (await server.operationsReach(1)).next(news({ isComplete: true, here: ['bea'] }));
  await until(() => expect(isHere('bea')).toBe(true));
  show('presence', false);
  expect(isHere('bea')).toBe(false);
  await until(() => expect(frames.at(-1)).toBe('complete'));
  server.drop();
  await new Promise((resolve) => setTimeout(resolve, 800));
  expect(frames.filter((type) => type === 'subscribe')).toHaveLength(1);
  show('presence', true);
  await server.operationsReach(2);
});

test('whoever has it switched off before sends nothing at all', async () => {
  kept.set('shown ada', '{"presence":false,"typing":true}');
  const { shown } = await open();
  expect(shown).toEqual({ presence: false, typing: true, reading: false });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(server.opened).toBe(0);
});

test('another tab that switches it off is heard at once', async () => {
  await open();
  await server.operationsReach(1);
  kept.set('shown ada', '{"presence":false,"typing":false}');
  onStorage({ key: 'shown ada' });
  await until(() => expect(frames.at(-1)).toBe('complete'));
});

test('the choice is each account’s own', async () => {
  const { shown, show } = await open();
  show('typing', false);
  stubs.viewer.value = bea;
  expect(shown).toEqual({ presence: true, typing: true, reading: false });
  stubs.viewer.value = undefined;
  expect(shown).toEqual({ presence: false, typing: false, reading: false });
  stubs.viewer.value = ada;
  expect(shown).toEqual({ presence: true, typing: false, reading: false });
});
