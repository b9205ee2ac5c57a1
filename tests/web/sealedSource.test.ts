import { expect, test } from 'vitest';
import type { Ask, Keyholder } from '../../web/crypto/keyholder';
import type { LiveLogs } from '../../web/crypto/liveLogs';
import { sealedSource } from '../../web/crypto/sealedSource';
import type { SealedEvent } from '../../web/crypto/types';
import { refusal } from '../../web/lib/errors';
import { wake } from '../../web/lib/retry';
import { until } from './patience';

const first: SealedEvent = { __typename: 'Silent', roomId: 'attic', seq: 1, at: '' };

/** Ada's page, which follows the attic; her Worker answers one after the other, and then that nothing is new. */
function following(...answers: (SealedEvent[] | ReturnType<typeof refusal>)[]) {
  const [seen, problems]: [number[], unknown[]] = [[], []];
  const ask = (async () => {
    const answer = answers.shift() ?? [];
    if (answer.some((one) => 'extensions' in one)) throw answer;
    return answer;
  }) as unknown as Ask;
  const logs = { follow: () => () => {}, isPast: () => undefined } as unknown as LiveLogs;
  const source = sealedSource('attic', { holder: () => new Promise<Keyholder>(() => {}), ask, logs });
  const handlers = {
    next: ({ seq }: SealedEvent) => seen.push(seq),
    error: (problem: unknown) => problems.push(problem),
  };
  const stop = source.follow(() => ({ after: 0, epoch: '' }), handlers);
  return { seen, problems, stop };
}

test('a room of which the keys were not ready yet is asked for again, and stays open', async () => {
  const { seen, problems, stop } = following(refusal('UNAVAILABLE', 'Not yet.'), refusal('UNAVAILABLE', 'Nor now.'), [
    first,
  ]);
  await until(() => {
    wake();
    expect(seen).toEqual([1]);
  });
  expect(problems).toEqual([]);
  stop();
});

test('a room that is refused for good says why', async () => {
  const { seen, problems, stop } = following(refusal('NOT_FOUND', 'There is no such room.'), [first]);
  await until(() => expect(problems).toMatchObject([[{ message: 'There is no such room.' }]]));
  expect(seen).toEqual([]);
  stop();
});
