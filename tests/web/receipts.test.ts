import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EffectScope, effectScope, ref } from 'vue';
import type { HeardSignal } from '../../web/crypto/types';
import { openLog } from '../../web/lib/roomStore';
import { readByWords, readersOf } from '../../web/receipts/readers';
import { message, messages, tomas } from './roomLogs';

const ben = { id: 'ben', username: 'ben', displayName: 'Ben Okafor', colour: null };
const device = (userId: string, name = 'laptop') => ({ userId, deviceId: `${userId}-${name}`, own: false });
const shownTo = (
  positions: Record<string, number>,
  log = openLog(messages(1, 9), false, 9, ''),
  people = [tomas, ben],
) =>
  [...readersOf(log, positions, [device('tomas'), device('tomas', 'phone'), device('ben')], people)].map(
    ([id, readers]) => [id, readers.map(({ displayName }) => displayName)],
  );

test('each stands under the newest message that they have read, on whatever device', () => {
  expect(shownTo({ 'tomas-laptop': 4, 'tomas-phone': 6, 'ben-laptop': 6 })).toEqual([
    ['m6', ['Tomás Rivera', 'Ben Okafor']],
  ]);
  expect(shownTo({ 'tomas-phone': 4, 'ben-laptop': 99 })).toEqual([
    ['m4', ['Tomás Rivera']],
    ['m9', ['Ben Okafor']],
  ]);
});

test('nobody stands under their own message, a deleted one, or one that is not loaded', () => {
  const own = [message(1), message(2), message(3, { author: tomas }), message(4, { deletedAt: '2026-03-03' })];
  expect(shownTo({ 'tomas-laptop': 4, 'ben-laptop': 4 }, openLog(own, false, 4, ''))).toEqual([
    ['m2', ['Tomás Rivera']],
    ['m3', ['Ben Okafor']],
  ]);
  const older = { ...openLog(messages(5, 9), true, 20, ''), newest: 20 };
  expect(shownTo({ 'tomas-laptop': 4, 'ben-laptop': 12 }, older)).toEqual([]);
});

test('who has told nothing, and a device that is not in the group any more, stands nowhere', () => {
  expect(shownTo({ 'ben-phone': 7, 'eve-laptop': 7 })).toEqual([]);
});

test('names are told as people tell them, and of many how many more', () => {
  const named = (...names: string[]) => readByWords(names);
  expect(named('Ann')).toBe('Read by Ann');
  expect(named('Ann', 'Ben', 'Cem')).toBe('Read by Ann, Ben, and Cem');
  expect(named('Ann', 'Ben', 'Cem', 'Dan', 'Eve')).toBe('Read by Ann, Ben, and 3 more');
});

const stubs = vi.hoisted(() => ({
  told: [] as object[],
  passes: true,
  kept: new Map<string, unknown>(),
  locked: 0,
  hear: (_: HeardSignal) => {},
  isFollowed: false,
}));
vi.mock('../../web/encryption/useCrypto', () => {
  const signals = {
    follow: (listener: typeof stubs.hear) => {
      stubs.hear = listener;
      stubs.isFollowed = true;
      return () => {
        stubs.isFollowed = false;
      };
    },
    tell: async (signal: object) => {
      stubs.told.push(signal);
      return stubs.passes;
    },
  };
  const kept = {
    read: async (key: string) => {
      if (stubs.locked-- > 0) throw new Error('The keys are with another tab.');
      return stubs.kept.get(key);
    },
    write: async (key: string, value: unknown) => void stubs.kept.set(key, value),
  };
  const members = Array.from({ length: 10 }, () => ({}));
  return { openCrypto: async () => ({ signals: () => signals, kept, rooms: new Map([['room', { members }]]) }) };
});
const { usePositions } = await import('../../web/receipts/usePositions');

let scope: EffectScope;
beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(stubs, { told: [], passes: true, kept: new Map(), locked: 0 });
  scope = effectScope();
});
afterEach(() => {
  scope.stop();
  vi.useRealTimers();
});

async function start(at: number | undefined) {
  const upTo = ref(at);
  const reading = scope.run(() => usePositions('room', () => upTo.value)) as ReturnType<typeof usePositions>;
  await vi.advanceTimersByTimeAsync(1);
  const readTo = async (seq: number) => {
    upTo.value = seq;
    reading.tell();
    await vi.advanceTimersByTimeAsync(1);
  };
  return { ...reading, readTo };
}
const heard = (kind: HeardSignal['kind'], upTo: number) =>
  stubs.hear({ kind, upTo, userId: 'ben', deviceId: 'ben-laptop' });

test('Ada asks once how far the others have read, and tells how far she has each time', async () => {
  const { readTo } = await start(3);
  await readTo(5);
  await readTo(6);
  expect(stubs.told).toEqual([
    { kind: 'asking', upTo: 3 },
    { kind: 'reading', upTo: 5 },
    { kind: 'reading', upTo: 6 },
  ]);
});

test('how far the others had read is remembered, also when the keys are with another tab at first', async () => {
  Object.assign(stubs, { locked: 2, kept: new Map([['room/reading', { 'ben-laptop': 4 }]]) });
  const { positions } = await start(3);
  expect(positions.value).toEqual({});
  await vi.advanceTimersByTimeAsync(2_100);
  expect(positions.value).toEqual({ 'ben-laptop': 4 });
});

test('as long as it is not known how far she has read, nothing is told', async () => {
  const { readTo } = await start(undefined);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(stubs.told).toEqual([]);
  await readTo(2);
  expect(stubs.told).toEqual([{ kind: 'asking', upTo: 2 }]);
});

test('what was not passed on is told again a few times, as it is then, and no more', async () => {
  stubs.passes = false;
  const { readTo } = await start(3);
  await readTo(4);
  await vi.advanceTimersByTimeAsync(1_100);
  expect(stubs.told.at(-1)).toEqual({ kind: 'asking', upTo: 4 });
  await vi.advanceTimersByTimeAsync(60_000);
  const tries = stubs.told.length;
  expect(tries).toBeLessThanOrEqual(6);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(stubs.told.length).toBe(tries);
  stubs.passes = true;
  await readTo(5);
  await readTo(6);
  expect(stubs.told.slice(tries)).toEqual([
    { kind: 'asking', upTo: 5 },
    { kind: 'reading', upTo: 6 },
  ]);
});

test('whoever is there answers who asks, once for all who ask within a moment, and not at once', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  await start(3);
  stubs.told.length = 0;
  for (let n = 0; n < 3; n++) heard('asking', n);
  await vi.advanceTimersByTimeAsync(100);
  expect(stubs.told).toEqual([]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(stubs.told).toEqual([{ kind: 'reading', upTo: 3 }]);
  heard('reading', 9);
  heard('typing', 0);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(stubs.told.length).toBe(1);
});

test('nobody reads backwards, and what was told is there again the next time', async () => {
  const { positions } = await start(3);
  heard('reading', 7);
  heard('reading', 5);
  heard('typing', 0);
  expect(positions.value).toEqual({ 'ben-laptop': 7 });
  scope.stop();
  expect(stubs.isFollowed).toBe(false);
  scope = effectScope();
  expect((await start(3)).positions.value).toEqual({ 'ben-laptop': 7 });
});
