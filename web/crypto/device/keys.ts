import type { GroupState } from '../mls/engine.ts';
import { MlsError } from '../mls/errors.ts';
import { SealError } from '../sealing/errors.ts';
import { type BodyKey, headIn, type MessageKey, openHeader } from '../sealing/seal.ts';
import { unsavedKey } from './backup.ts';
import type { Core } from './core.ts';
import type { Draft } from './draft.ts';
import type { Sealed } from './log.ts';
import { keyKey, sentKey } from './roomState.ts';
import type { KeptKey, SentRecord } from './sent.ts';
import { checkHead } from './trail.ts';

type Found = BodyKey & { senderId: string; isKept?: boolean };

/** The key of a sealed entry: by what MLS says now, or by what was kept of it. */
export async function keyOf(
  core: Core,
  draft: Draft,
  id: string,
  sealed: Sealed,
  seq: number,
): Promise<Found | 'locked' | 'unreadable'> {
  if (sealed.deviceId === core.self.deviceId) {
    const own = await ownKey(core, draft, id);
    if (own) return own;
  }
  const { group, record } = draft;
  const isCurrent = sealed.generation === record.generation && group?.epoch === BigInt(sealed.epoch);
  const found = isCurrent && !group.removed ? await decrypted(core, draft, group, id, sealed) : 'locked';
  if (typeof found !== 'string') return found;
  return (await keptKey(core, draft, id, seq)) ?? found;
}

/** Keeps what opened an entry, with its place. */
export function keep({ puts, record }: Draft, { isKept, ...key }: Found, type: string, seq: number) {
  if (!isKept) puts.push([keyKey(record.id, key.id), { ...key, seq }], [unsavedKey(record.id, key.id), type]);
}

/** Keeps a key that somebody has shared, until there is an entry which it opens. What is known better stays. */
export async function keepShared({ ports }: Core, draft: Draft, key: MessageKey) {
  const { record, puts, view } = draft;
  const entry = view.message(key.id);
  if (entry && entry.state !== 'locked') return;
  if (await ports.store.read(keyKey(record.id, key.id))) return;
  puts.push([keyKey(record.id, key.id), { ...key, seq: 0, isShared: true } satisfies KeptKey]);
}

/** One's own message cannot be decrypted: what was sent is kept. */
async function ownKey(core: Core, draft: Draft, id: string): Promise<Found | undefined> {
  const sent = await core.ports.store.read<SentRecord>(sentKey(draft.record.id, id));
  if (!sent) return undefined;
  draft.removes.push(sentKey(draft.record.id, id));
  return { ...sent.key, senderId: core.self.accountId };
}

async function decrypted(
  core: Core,
  draft: Draft,
  group: GroupState,
  id: string,
  { mls }: Sealed,
): Promise<Found | 'locked' | 'unreadable'> {
  try {
    const { state, plaintext, sender } = await core.engine.decrypt(group, mls);
    draft.group = state;
    const key = openHeader(plaintext);
    // The server has put it under another id: it was said elsewhere in this log.
    if (key.id !== id) return 'unreadable';
    checkHead(draft.record, headIn(plaintext));
    return { ...key, senderId: sender.credential.accountId };
  } catch (error) {
    if (error instanceof MlsError && error.code === 'OWN_MESSAGE') return ownLost(core, draft, id);
    if (error instanceof MlsError || error instanceof SealError) return 'unreadable';
    throw error;
  }
}

/** Whoever has forgotten what they sent has lost more than that: their keys would be used twice. */
async function ownLost(core: Core, draft: Draft, id: string): Promise<Found | 'locked' | 'unreadable'> {
  const own = await ownKey(core, draft, id);
  if (own) return own;
  // What is remembered elsewhere in the log is said there, and not here.
  if (draft.opened.has(id) || (await core.ports.store.read(keyKey(draft.record.id, id)))) return 'unreadable';
  draft.record.problem ??= 'rolledBack';
  return 'locked';
}

/** A key opens one entry, and one that somebody has shared none of the time in which this device itself could read. */
async function keptKey({ ports }: Core, draft: Draft, id: string, seq: number): Promise<Found | undefined> {
  const kept = await ports.store.read<KeptKey>(keyKey(draft.record.id, id));
  if (!kept) return undefined;
  const place = draft.opened.get(id) ?? kept.seq;
  if (place && place !== seq) return undefined;
  if (kept.isShared && seq > draft.record.enteredAt) return undefined;
  const { seq: _, isShared, ...key } = kept;
  draft.opened.set(id, seq);
  return { ...key, isKept: kept.seq === seq };
}
