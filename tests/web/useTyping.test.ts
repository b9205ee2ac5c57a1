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

const shown = vi.hoisted(() => ({ presence: true, typing: true }));
vi.mock('../../web/settings/useShown', () => ({ useShown: () => ({ shown }) }));

const { useTyping } = await import('../../web/typing/useTyping');

let scope: EffectScope;
beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  live.execute.mockClear();
  shown.typing = true;
  scope = effectScope();
});
afterEach(() => {
  scope.stop();
  vi.useRealTimers();
});

const start = () => scope.run(() => useTyping('room', ada.id)) as ReturnType<typeof useTyping>;
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
