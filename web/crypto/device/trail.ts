import { type Bytes, concat, equal, uuidFromBytes, uuidToBytes } from '../bytes.ts';
import { sha256, uint32 } from '../primitives.ts';
import { HEAD_LENGTH } from '../sealing/seal.ts';
import type { LogEntry } from './log.ts';
import type { RoomRecord } from './roomState.ts';

/*
 * What this device has seen of a room's log, as a chain of hashes. Each message carries where its sender's chain had got:
 * who was shown another log, or less of it, finds out with the next message.
 */
const HASH = 16;
const MOST = 200;
const MOST_ASTRAY = 20;

/** Lays one more entry onto the chain. Begins with each group of the room: everybody in it has seen that. */
export async function layTrail(record: RoomRecord, entry: LogEntry) {
  const isFirst = entry.__typename === 'GroupOpened';
  const trail = isFirst ? new Uint8Array() : record.trail;
  if (!trail) return;
  const hash = await sha256(concat(trail.slice(-HASH), uint32(entry.seq), bytesOf(entry)));
  record.trail = concat(trail, hash.slice(0, HASH)).slice(-MOST * HASH);
}

/** What of an entry is the same for everybody, for ever: where it stands, and what MLS has signed. */
function bytesOf(entry: LogEntry): Bytes {
  if (entry.__typename === 'GroupCommitted') return entry.commit;
  const sealed = entry.__typename === 'MessageSent' ? entry.message.sealed : 'sealed' in entry && entry.sealed;
  return sealed ? sealed.mls : new Uint8Array();
}

/** How far this device has got, for a header: `server's epoch ‖ seq ‖ hash`. Nothing where it does not know. */
export function headOf({ trail, logEpoch, cursor }: RoomRecord): Bytes {
  if (!trail || !logEpoch) return new Uint8Array();
  return concat(uuidToBytes(logEpoch), uint32(cursor), trail.slice(-HASH));
}

/** Looks whether a sender whose message is the next entry has seen the log that this device has seen. */
export function checkHead(record: RoomRecord, head: Bytes) {
  const { trail, cursor } = record;
  if (head.length !== HEAD_LENGTH) return;
  const seq = new DataView(head.buffer, head.byteOffset).getUint32(16);
  const hash = head.slice(-HASH);
  // Before the server was restored. Where that does not end, it tells each something else.
  if (uuidFromBytes(head.subarray(0, 16)) !== record.logEpoch) {
    record.astray = (record.astray ?? 0) + 1;
    if (record.astray > MOST_ASTRAY) record.problem ??= 'forked';
    return;
  }
  record.astray = 0;
  if (!trail && seq === cursor) record.trail = hash;
  if (seq > cursor || isOther(hash, trail, cursor - seq)) record.problem ??= 'forked';
}

function isOther(hash: Bytes, trail: Bytes | undefined, back: number): boolean {
  const known = trail?.slice(0, trail.length - back * HASH).slice(-HASH);
  return !!known?.length && !equal(known, hash);
}

/** The chain as it was at an earlier position. */
export function trailUpTo({ trail, cursor }: RoomRecord, seq: number): Pick<RoomRecord, 'trail'> {
  const kept = trail?.slice(0, Math.max(0, trail.length - (cursor - seq) * HASH));
  return kept?.length ? { trail: kept } : {};
}
