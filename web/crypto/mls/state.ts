import type { ClientState } from 'ts-mls';
import type { GroupState, Member } from './engine.ts';
import { MlsError } from './errors.ts';
import { membersOf } from './members.ts';

const secrets = new WeakMap<GroupState, ClientState>();

/**
 * A state as others see it. Of the epoch before nothing is kept: the room's log takes no message of an epoch that has
 * ended, so that its keys could only serve who steals them.
 */
export function stateOf(mls: ClientState): GroupState {
  const { groupContext, keySchedule, privatePath, groupActiveState } = mls;
  const state: GroupState = {
    groupId: new Uint8Array(groupContext.groupId),
    epoch: groupContext.epoch,
    epochAuthenticator: new Uint8Array(keySchedule.epochAuthenticator),
    members: membersOf(mls.ratchetTree),
    ownLeaf: privatePath.leafIndex,
    removed: groupActiveState.kind !== 'active',
  };
  secrets.set(state, { ...mls, historicalReceiverData: new Map() });
  return Object.freeze(state);
}

/** What the library knows of a state. */
export function mlsOf(state: GroupState): ClientState {
  const mls = secrets.get(state);
  if (!mls) throw new MlsError('BAD_STATE', 'This is no state of a group: load what was saved.');
  return mls;
}

/** The same, of a state that can still read and write. */
export function activeMlsOf(state: GroupState): ClientState {
  if (state.removed) throw new MlsError('NOT_MEMBER', 'This device was removed from the group.');
  return mlsOf(state);
}

/** The state of a device that is out: whose it was, and no secret. */
export function removedState(mls: ClientState): GroupState {
  const none = new Uint8Array();
  const keySchedule = Object.fromEntries(Object.keys(mls.keySchedule).map((name) => [name, none]));
  return stateOf({
    ...mls,
    keySchedule: keySchedule as unknown as ClientState['keySchedule'],
    secretTree: [],
    privatePath: { leafIndex: mls.privatePath.leafIndex, privateKeys: {} },
    groupActiveState: { kind: 'removedFromGroup' },
  });
}

export function memberAt(state: GroupState, leaf: number): Member | undefined {
  return state.members.find((member) => member.leaf === leaf);
}
