import { type Bytes, concat } from '../bytes.ts';
import { openSegment, SEGMENT_KEYS, sealSegment } from '../recovery/backup.ts';
import { RecoveryError } from '../recovery/errors.ts';
import { unwrapSecret, wrapSecret } from '../recovery/wrapped.ts';
import type { MessageKey } from '../sealing/seal.ts';
import { unlessOfRoom } from './errors.ts';
import type { Ports } from './ports.ts';
import { keyKey } from './roomState.ts';
import type { KeptKey } from './sent.ts';

/** What the recovery key locks, and what is to be known to write the backup. */
export interface Recoverable {
  accountSeed: Bytes;
  backupKey: Bytes;
}

/** The segment of a room that is being filled. */
interface OpenSegment {
  n: number;
  revision: number;
  ids: string[];
}

type Where = Pick<Ports, 'server' | 'store' | 'clock'> & { accountId: string };

const SECRET = 'account-key';
const RUNS = 1_000;
const RUN = 1_000;
// A segment is written anew with each key that comes into it.
const FULL = Math.min(100, SEGMENT_KEYS);

export const unsavedPrefix = 'unsaved/';
export const unsavedKey = (roomId: string, id: string) => `${unsavedPrefix}${roomId}/${id}`;
export const segmentPrefix = 'segment/';
const segmentKey = (roomId: string) => segmentPrefix + roomId;
/** Where the key of the backup stands in the store. */
export const BACKUP_KEY = 'recovery';
/** Stands while not all of the backup was taken over. */
export const RESTORING = 'restoring';

/** Locks the account's key with a recovery key, which is in force from then on, and no other. */
export async function lockAccount(
  { server, accountId }: Where,
  recoveryKey: Bytes,
  { accountSeed, backupKey }: Recoverable,
) {
  const version = ((await server.secret(SECRET))?.version ?? 0) + 1;
  const place = { accountId, name: SECRET, version };
  await server.putSecret(SECRET, version, await wrapSecret(recoveryKey, place, concat(accountSeed, backupKey)));
}

/** What a recovery key opens. Throws a `RecoveryError` WRONG_KEY when it is not the one in force. */
export async function unlockAccount({ server, accountId }: Where, recoveryKey: Bytes): Promise<Recoverable> {
  const secret = await server.secret(SECRET);
  if (!secret) throw new RecoveryError('WRONG_KEY', 'This account has no recovery key.');
  const place = { accountId, name: SECRET, version: secret.version };
  const opened = await unwrapSecret(recoveryKey, place, secret.blob);
  return { accountSeed: opened.slice(0, 32), backupKey: opened.slice(32) };
}

/** Writes the keys that are not in the backup yet. Rejects where the server does; what was written by then is. */
export async function saveKeys(where: Where, backupKey: Bytes) {
  const rooms = new Map<string, string[]>();
  for (const [key] of await where.store.readAll(unsavedPrefix)) {
    const [, roomId = '', id = ''] = key.split('/');
    const ids = rooms.get(roomId) ?? [];
    ids.push(id);
    rooms.set(roomId, ids);
  }
  // What a room has that was lost meanwhile, or put away, keeps nothing of the others from the backup.
  for (const [roomId, ids] of rooms) await saveRoom(where, backupKey, roomId, ids).catch(unlessOfRoom);
}

async function saveRoom(where: Where, backupKey: Bytes, roomId: string, ids: string[]) {
  const rest = [...ids];
  let segment = (await where.store.read<OpenSegment>(segmentKey(roomId))) ?? (await firstSegment(where, roomId));
  while (rest.length) {
    const added = rest.splice(0, FULL - segment.ids.length);
    segment = { ...segment, revision: segment.revision + 1, ids: [...segment.ids, ...added] };
    await putSegment(where, backupKey, roomId, segment);
    const next = segment.ids.length < FULL ? segment : { n: segment.n + 1, revision: 0, ids: [] };
    const done = added.map((id) => unsavedKey(roomId, id));
    await where.store.write([[segmentKey(roomId), next]], done);
    segment = next;
  }
}

/** Devices of an account write into runs of numbers of their own, so that none writes over what only another knows. */
async function firstSegment({ server, clock }: Where, roomId: string): Promise<OpenSegment> {
  for (;;) {
    const n = Math.floor(clock.random() * RUNS) * RUN;
    const there = await server.backupSegments(roomId, n - 1);
    if (!there.some((taken) => taken.n < n + RUN)) return { n, revision: 0, ids: [] };
  }
}

async function putSegment({ server, store, accountId }: Where, backupKey: Bytes, roomId: string, segment: OpenSegment) {
  const keys: MessageKey[] = [];
  for (const id of segment.ids) {
    const key = await store.read<KeptKey>(keyKey(roomId, id));
    // It was deleted meanwhile.
    if (key) keys.push(key);
  }
  const place = { accountId, roomId, n: segment.n };
  const blob = await sealSegment(backupKey, place, { keys, revision: segment.revision - 1 });
  await server.putBackupSegment(roomId, segment.n, blob);
}

/** Takes over every key of the backup that this key opens. Gives the rooms, and how many keys there were of each. */
export async function restoreKeys(where: Where, backupKey: Bytes): Promise<Map<string, number>> {
  const restored = new Map<string, number>();
  for (const roomId of await where.server.backupRooms()) {
    for await (const keys of segmentsOf(where, backupKey, roomId)) {
      await where.store.write(
        keys.map((key) => [keyKey(roomId, key.id), { ...key, seq: 0 } satisfies KeptKey] as const),
      );
      restored.set(roomId, (restored.get(roomId) ?? 0) + keys.length);
    }
  }
  return restored;
}

async function* segmentsOf({ server, accountId }: Where, backupKey: Bytes, roomId: string) {
  for (let after = -1; ; ) {
    const page = await server.backupSegments(roomId, after);
    if (!page.length) return;
    for (const { n, blob } of page) yield await opened(backupKey, { accountId, roomId, n }, blob);
    after = page.at(-1)?.n ?? after;
  }
}

/** Of an earlier identity of the account, which this key does not open, there is nothing. */
async function opened(backupKey: Bytes, place: { accountId: string; roomId: string; n: number }, blob: Bytes) {
  try {
    return (await openSegment(backupKey, place, blob)).keys;
  } catch (error) {
    if (error instanceof RecoveryError) return [];
    throw error;
  }
}
