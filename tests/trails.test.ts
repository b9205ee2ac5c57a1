import { expect, test, vi } from 'vitest';
import type { Log } from '../api/log.ts';
import { noteOutage, noteRefusal } from '../api/trails.ts';

test('a flood of refusals is told by its size, so that Mallory cannot fill the disk', () => {
  vi.useFakeTimers({ now: 0 });
  const said: [string, Record<string, unknown>?][] = [];
  const hear = (...line: [string, Record<string, unknown>?]) => void said.push(line);
  const log: Log = { debug: hear, info: hear, warn: hear, error: hear };
  const mallory = { request: 'one', user: 'mallory' };
  for (let i = 0; i < 1_000; i++) noteRefusal(log, 'RATE_LIMITED', 'logIn', mallory);
  expect(said).toEqual(Array(100).fill(['access.refused', { code: 'RATE_LIMITED', what: 'logIn', ...mallory }]));
  vi.advanceTimersByTime(1_000);
  noteRefusal(log, 'INVALID_INPUT', 'logIn', mallory);
  noteRefusal(log, 'FORBIDDEN', 'deleteRoom', mallory);
  noteOutage(log, '53100', mallory);
  expect(said.slice(100)).toEqual([
    ['access.refusedMore', { count: 900 }],
    ['access.refused', { code: 'FORBIDDEN', what: 'deleteRoom', ...mallory }],
    ['database.unavailable', { cause: '53100', ...mallory }],
  ]);
  vi.useRealTimers();
});
