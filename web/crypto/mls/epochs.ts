import { equal } from '../bytes.ts';
import type { GroupState } from './engine.ts';
import { MlsError } from './errors.ts';

/** Whether a message is of the state's group and epoch. */
export function checkPlace(state: GroupState, { groupId, epoch }: { groupId: Uint8Array; epoch: bigint }) {
  if (!equal(groupId, state.groupId)) throw new MlsError('WRONG_GROUP', 'The message is of another group.');
  if (epoch < state.epoch) throw new MlsError('STALE_EPOCH', 'The message is of an epoch that has ended.');
  if (epoch > state.epoch) throw new MlsError('FUTURE_EPOCH', 'A commit is missing before this message.');
}
