import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Pace } from '../api/turns.ts';

test('of ten that come in a burst four begin before everything else is looked at again, and then the next four', async () => {
  const pace = new Pace(4);
  let begun = 0;
  for (let n = 0; n < 10; n++) void pace.turn().then(() => begun++);
  const seen: number[] = [];
  for (let n = 0; n < 4; n++) {
    seen.push(begun);
    await turn();
  }
  expect([...seen, begun]).toEqual([0, 4, 8, 10, 10]);
});
