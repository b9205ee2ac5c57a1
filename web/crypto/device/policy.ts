import { type Bytes, concat, equal, utf8, uuidFromBytes, uuidToBytes } from '../bytes.ts';
import type { CommitView, GroupState, Newcomer } from '../mls/engine.ts';
import { fromBase64 } from '../primitives.ts';
import { accountsIn, type RoomRecord, type Unproven } from './roomState.ts';

const PLAIN = 0;
const BY_LINK = 1;

/** The authenticated data of a commit that proves nothing more. */
export const plainProof = (): Bytes => Uint8Array.of(PLAIN);

export const groupIdOf = (roomId: string, generation: number): Bytes => {
  const bytes = new Uint8Array(20);
  bytes.set(uuidToBytes(roomId));
  new DataView(bytes.buffer).setUint32(16, generation);
  return bytes;
};

/**
 * That the joiner holds the secret of a link: `1 ‖ link id ‖ HMAC-SHA256(secret, "shh link join v1" ‖ group id ‖ epoch ‖
 * the joiner's signature key)`. For this commit alone.
 */
export async function linkProof(linkId: string, secret: Bytes, join: Joining): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, joinInput(join)));
  return concat(Uint8Array.of(BY_LINK), uuidToBytes(linkId), mac);
}

export interface Joining {
  groupId: Uint8Array;
  epoch: number;
  signatureKey: Uint8Array;
}

function joinInput({ groupId, epoch, signatureKey }: Joining): Bytes {
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(epoch));
  return concat(utf8('shh link join v1'), groupId, number, signatureKey);
}

export type Verdict = 'yes' | 'no' | 'unproven';

/**
 * Whether a commit may be followed. It looks at the tree, the log and the room's card alone, which all devices of the
 * group have in the same state, and never at what this device's person trusts.
 */
export async function judge(commit: CommitView, group: GroupState, record: RoomRecord): Promise<Verdict> {
  if (!commit.external) return commit.adds.some((one) => isForeign([one], group, record)) ? 'no' : 'yes';
  const { accountId, accountKey } = commit.committer.credential;
  const isKnown = group.members.some(
    ({ credential }) => credential.accountId === accountId && equal(credential.accountKey, accountKey),
  );
  if (isKnown || isParty(record, group, accountId)) return 'yes';
  if (commit.authenticatedData[0] !== BY_LINK) return 'no';
  if (!record.card) return 'unproven';
  return (await isProven(unprovenOf(commit), record)) ? 'yes' : 'no';
}

/** Whether somebody is there who is neither of the two parties of a direct room. */
export function isForeign(members: readonly Newcomer[], group: GroupState, { kind, partner }: RoomRecord): boolean {
  if (kind !== 'DIRECT' || !partner) return false;
  const own = ownAccountIn(group);
  return members.some(({ credential: { accountId } }) => accountId !== partner && accountId !== own);
}

/**
 * Notes who was neither in the group that this device knew before, nor asked in by its person then, and is in the one that it
 * enters now: a server can say that this is the room's group. Who enters a room for the first time knows nobody.
 */
export function meetStrangers(record: RoomRecord, group: GroupState, before?: GroupState) {
  const former = record.former ?? (before && knownIn(before, record));
  const own = ownAccountIn(group);
  delete record.former;
  if (former) record.strangers = accountsIn({ group }).filter((id) => id !== own && !former.includes(id));
}

export const knownIn = (group: GroupState, { invited }: RoomRecord): string[] => [...accountsIn({ group }), ...invited];

const ownAccountIn = ({ members, ownLeaf }: GroupState) =>
  members.find(({ leaf }) => leaf === ownLeaf)?.credential.accountId;

/** A direct room has two parties, and no door besides: who has their keys is judged by the person, not by the group. */
const isParty = ({ kind, partner }: RoomRecord, group: GroupState, accountId: string): boolean =>
  kind === 'DIRECT' && (accountId === partner || accountId === ownAccountIn(group));

export function unprovenOf({ authenticatedData, groupId, epoch, committer }: CommitView): Unproven {
  return { linkProof: authenticatedData, groupId, epoch: Number(epoch), signatureKey: committer.signatureKey };
}

/** Whether the proof is by a link of the room's card. */
export async function isProven({ linkProof: proof, ...join }: Unproven, { card }: RoomRecord): Promise<boolean> {
  if (proof.length !== 1 + 16 + 32) return false;
  const linkId = uuidFromBytes(proof.subarray(1, 17));
  const secret = fromBase64(card?.links.find(({ id }) => id === linkId)?.secret ?? '');
  return !!secret?.length && equal(await linkProof(linkId, secret, join), proof);
}
