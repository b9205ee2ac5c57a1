import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EffectScope, effectScope } from 'vue';
import { ada, tomas } from './roomLogs';

type User = typeof ada;

const live = vi.hoisted(() => ({
  hear: (_: { typing: { user: User; at: string } }) => {},
  execute: vi.fn(async () => ({ setTyping: true })),
}));

vi.mock('../../web/lib/live', () => ({
  execute: live.execute,
  subscribe: (_document: unknown, _variables: unknown, { next }: { next: typeof live.hear }) => {
    live.hear = next;
    return () => {};
  },
}));

const sealed = vi.hoisted(() => ({
  rooms: new Set<string>(),
  hear: (_signal: object, _at: string) => {},
  tell: vi.fn(async () => true),
}));
vi.mock('../../web/encryption/pinnedRooms', () => ({ isEncrypted: (id: string) => sealed.rooms.has(id) }));
vi.mock('../../web/encryption/useCrypto', () => {
  const follow = (listener: typeof sealed.hear) => {
    sealed.hear = listener;
    return () => {
      sealed.hear = () => {};
    };
  };
  return { openCrypto: async () => ({ signals: () => ({ follow, tell: sealed.tell }) }) };
});

const shown = vi.hoisted(() => ({ presence: true, typing: true }));
vi.mock('../../web/settings/useShown', () => ({ useShown: () => ({ shown }) }));

const { useTyping } = await import('../../web/typing/useTyping');

let scope: EffectScope;
beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  live.execute.mockClear();
  sealed.tell.mockClear();
  sealed.rooms.clear();
  shown.typing = true;
  scope = effectScope();
});
afterEach(() => {
  scope.stop();
  vi.useRealTimers();
});

const start = () => scope.run(() => useTyping('room', ada.id, () => [])) as ReturnType<typeof useTyping>;
const now = () => new Date().toISOString();
const types = (user: User, at = now()) => live.hear({ typing: { user, at } });

test('Tomás is typing until five seconds after his last key', () => {
  const { names } = start();
  types(tomas);
  vi.advanceTimersByTime(3_000);
  types(tomas);
  vi.advanceTimersByTime(4_900);
  expect(names.value).toEqual(['Tomás']);
  vi.advanceTimersByTime(200);
  expect(names.value).toEqual([]);
});

test('Ada is not told that she types', () => {
  const { names } = start();
  types(ada);
  expect(names.value).toEqual([]);
});

test('his message ends it, also when the news of his typing is late', () => {
  const { names, arrived } = start();
  types(tomas);
  const before = now();
  vi.advanceTimersByTime(20);
  arrived(tomas.id, now());
  expect(names.value).toEqual([]);
  vi.advanceTimersByTime(200);
  types(tomas, before);
  expect(names.value).toEqual([]);
});

test('what he types right after his message is seen', () => {
  const { names, arrived } = start();
  arrived(tomas.id, now());
  vi.advanceTimersByTime(100);
  types(tomas);
  expect(names.value).toEqual(['Tomás']);
});

test('whoever has it switched off tells nobody, and still sees the others', () => {
  const { names, tell, sent } = start();
  shown.typing = false;
  for (let key = 0; key < 50; key++) {
    tell();
    if (key === 25) sent();
    vi.advanceTimersByTime(100);
  }
  expect(live.execute).not.toHaveBeenCalled();
  types(tomas);
  expect(names.value).toEqual(['Tomás']);
  shown.typing = true;
  tell();
  expect(live.execute).toHaveBeenCalledOnce();
});

test('the others are told at most every two seconds, and at once after a message was sent', () => {
  const { tell, sent } = start();
  for (let key = 0; key < 39; key++) {
    tell();
    vi.advanceTimersByTime(100);
  }
  expect(live.execute).toHaveBeenCalledTimes(2);
  sent();
  tell();
  expect(live.execute).toHaveBeenCalledTimes(3);
});

test('in an encrypted room it goes from device to device, and nothing of it to the server in plain text', async () => {
  sealed.rooms.add('attic');
  const { names, tell } = scope.run(() => useTyping('attic', ada.id, () => [ada, tomas])) as ReturnType<
    typeof useTyping
  >;
  await vi.advanceTimersByTimeAsync(1);
  tell();
  await vi.advanceTimersByTimeAsync(1);
  expect(sealed.tell).toHaveBeenCalledExactlyOnceWith({ kind: 'typing', upTo: 0 });
  expect(live.execute).not.toHaveBeenCalled();
  sealed.hear({ kind: 'reading', upTo: 3, userId: tomas.id }, now());
  sealed.hear({ kind: 'typing', upTo: 0, userId: 'somebody who is no member' }, now());
  sealed.hear({ kind: 'typing', upTo: 0, userId: ada.id }, now());
  expect(names.value).toEqual([]);
  sealed.hear({ kind: 'typing', upTo: 0, userId: tomas.id }, now());
  expect(names.value).toEqual(['Tomás']);
  shown.typing = false;
  vi.advanceTimersByTime(3_000);
  tell();
  await vi.advanceTimersByTimeAsync(1);
  expect(sealed.tell).toHaveBeenCalledOnce();
  scope.stop();
  sealed.hear({ kind: 'typing', upTo: 0, userId: tomas.id }, now());
});
