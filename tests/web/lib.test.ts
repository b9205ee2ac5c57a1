import { CombinedError } from '@urql/core';
import { expect, test } from 'vitest';
import { errorCode, errorSentence, fieldErrors } from '../../web/lib/errors';
import { formatDay } from '../../web/lib/formats';
import { pause, retryDelay, wake } from '../../web/lib/retry';
import { uuidv7 } from '../../web/lib/uuid';
import { batchSentence } from '../../web/messages/useAnnouncer';
import { shortNames } from '../../web/typing/typingNames';
import { ada, message, tomas } from './roomLogs';

const refused = (extensions: Record<string, unknown>, text = 'Nobody has that name.') =>
  new CombinedError({ graphQLErrors: [{ message: text, extensions }] });

test('an error has the code of its first GraphQL error', () => {
  expect(errorCode(refused({ code: 'NOT_FOUND' }))).toBe('NOT_FOUND');
  expect(errorCode([{ message: '', extensions: { code: 'FORBIDDEN' } }])).toBe('FORBIDDEN');
  expect(errorCode(refused({}))).toBe('INTERNAL_SERVER_ERROR');
  expect(errorCode(new CombinedError({ networkError: new Error('refused') }))).toBe('NETWORK');
  expect(errorCode(undefined)).toBeUndefined();
});

test('a refusal is told in the words of the server, a failure in our own', () => {
  expect(errorSentence(refused({ code: 'NOT_FOUND' }))).toBe('Nobody has that name.');
  expect(errorSentence(refused({ code: 'INTERNAL_SERVER_ERROR' }, 'Unexpected error.'))).toMatch(
    /^Something went wrong/,
  );
  expect(errorSentence(refused({ code: 'RATE_LIMITED', retryAfter: 90 }))).toBe(
    'That was too often. Try again in 2 minutes.',
  );
  const noRoom = 'The server has no room for files: tell whoever runs it.';
  expect(errorSentence(refused({ code: 'UNAVAILABLE', reason: 'STORAGE_FULL' }, noRoom))).toBe(noRoom);
  expect(errorSentence(refused({ code: 'UNAVAILABLE' }, noRoom))).toMatch(/^The server is busy/);
  expect(errorSentence(undefined)).toBe('');
});

test('INVALID_INPUT names the fields', () => {
  expect(fieldErrors(refused({ code: 'INVALID_INPUT', fields: { body: ['Too long.'] } }))).toEqual({
    body: ['Too long.'],
  });
  expect(fieldErrors(new Error())).toEqual({});
});

test('ids are UUIDs of version 7 and sort in the order in which they were made, also when the clock goes back', () => {
  const times = [5_000, 5_000, 5_001, 4_000, 5_001, 9_000];
  const ids = times.flatMap((time) => Array.from({ length: 3_000 }, () => uuidv7(time)));
  expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(
    true,
  );
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test('tries are 0.3 s to 15 s apart, with full jitter', () => {
  expect(retryDelay(1, () => 0)).toBe(300);
  expect(retryDelay(50, () => 0)).toBe(300);
  expect(retryDelay(1, () => 1)).toBe(600);
  expect(retryDelay(50, () => 1)).toBe(15_000);
});

test('whoever waits for another try is woken', async () => {
  const waiting = [pause(1_000_000), pause(2_000_000)];
  wake();
  await Promise.all(waiting);
});

test('days have names as people say them', () => {
  const today = new Date(2026, 2, 3, 9);
  const day = (...date: [number, number, number, number]) => formatDay(new Date(...date).toISOString(), today);
  expect(day(2026, 2, 3, 0)).toBe('Today');
  expect(day(2026, 2, 2, 23)).toBe('Yesterday');
  expect(day(2026, 1, 28, 12)).toBe('Saturday');
  expect(day(2026, 1, 2, 12)).toMatch(/February/);
  expect(day(2025, 1, 2, 12)).toMatch(/2025/);
});

test('people who type are called by their first names, unless two have the same', () => {
  expect(shortNames([ada, tomas])).toEqual(['Ada', 'Tomás']);
  expect(shortNames([ada, { displayName: 'Ada Byron' }, tomas])).toEqual(['Ada Lindqvist', 'Ada Byron', 'Tomás']);
});

test('a few messages are read out, many are counted', () => {
  const few = [message(1, { body: 'hello' }), message(2, { author: tomas, body: 'hi' })];
  expect(batchSentence(few)).toBe('Ada Lindqvist: hello. Tomás Rivera: hi');
  expect(batchSentence([...few, ...few])).toBe('4 new messages');
});
