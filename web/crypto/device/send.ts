import type { GroupState } from '../mls/engine.ts';
import type { Content } from '../sealing/content.ts';
import { seal, withHead } from '../sealing/seal.ts';
import { catchUp, followAll } from './catchUp.ts';
import type { Core } from './core.ts';
import { DeviceError } from './errors.ts';
import type { LogEntry, Sealed } from './log.ts';
import { madeWay, makeReady, refuseChanged } from './ready.ts';
import { keyKey, type Room, ratchetKey, sentKey } from './roomState.ts';
import type { SentRecord } from './sent.ts';
import { headOf } from './trail.ts';

const MOST_TRIES = 12;

/** What is to be sent: a message, or an event about the room. */
export interface Outgoing {
  id: string;
  content: Content;
}

/**
 * Says something in a room. It is sealed once for its id, which makes trying again harmless: the server takes an id
 * once. What is encrypted for an epoch that has ended meanwhile is encrypted for the next.
 */
export async function send(core: Core, room: Room, outgoing: Outgoing) {
  const sealed = await sealedOnce(core, room, outgoing);
  for (let tries = 0; sealed && tries < MOST_TRIES; tries++, sealed.isTried = true) {
    await makeReady(core, room);
    if (!(await isToSend(core, room, outgoing.id))) return;
    refuseChanged(core, room);
    if (await sent(core, room, outgoing, sealed)) return;
  }
  if (sealed) throw new DeviceError('BROKEN', 'This could not be sent: the room changes all the time. Try again.');
}

async function sealedOnce(core: Core, room: Room, { id, content }: Outgoing): Promise<SentRecord | undefined> {
  const key = sentKey(room.record.id, id);
  const known = await core.ports.store.read<SentRecord>(key);
  if (known) return known;
  if (await isInLog(core, room, id)) return undefined;
  // Nothing is kept of what is refused: devices try with another id each time.
  await makeReady(core, room);
  refuseChanged(core, room);
  const { header, body, key: bodyKey } = await seal(id, content, core.ports.clock.now());
  const record: SentRecord = { header, body, key: bodyKey };
  await core.ports.store.write([[key, { ...record, isTried: true } satisfies SentRecord]]);
  return record;
}

const isToSend = async (core: Core, room: Room, id: string) =>
  !!(await core.ports.store.read(sentKey(room.record.id, id)));

const isInLog = async (core: Core, room: Room, id: string) =>
  !!room.view.message(id) || !!(await core.ports.store.read(keyKey(room.record.id, id)));

/** Whether it has arrived. The keys that were used are kept as used before anything leaves. */
async function sent(core: Core, room: Room, { id, content }: Outgoing, sealing: SentRecord): Promise<boolean> {
  const { record } = room;
  const { body } = sealing;
  const header = withHead(sealing.header, headOf(record));
  const { state, message: mls } = await core.engine.encrypt(room.group as GroupState, header);
  await core.ports.store.write([[ratchetKey(record.id), core.engine.save(state).ratchet]]);
  room.group = state;
  const place = { roomId: record.id, generation: record.generation, epoch: Number(state.epoch) };
  const kind = content.type === 'message' ? 'MESSAGE' : 'EVENT';
  try {
    const about = aboutOf(content);
    const answer = await core.ports.server.sendSealed({ ...place, id, kind, mls, body, ...about });
    const sealed = { deviceId: core.self.deviceId, generation: place.generation, epoch: place.epoch, mls, body };
    // What was tried before may be in the log as it was sealed then.
    if (sealing.isTried) await catchUp(core, room);
    else await learn(core, room, content, answer, sealed);
    return true;
  } catch (error) {
    if (await madeWay(core, room, error)) return false;
    throw error;
  }
}

/** What the server has to know: with which message to delete an edit, and which files belong to it. */
function aboutOf(content: Content): { targetId?: string; files?: string[] } {
  if (content.type === 'edit') return { targetId: content.target };
  if (content.type === 'message' && content.files?.length) return { files: content.files.map(({ id }) => id) };
  return {};
}

/** The answer tells the place in the log. Where nothing came between, it is not asked for again. */
async function learn(
  core: Core,
  room: Room,
  content: Content,
  { id, seq, at }: { id: string; seq: number; at: string },
  sealed: Sealed,
) {
  if (seq !== room.record.cursor + 1) return catchUp(core, room);
  const by = core.people.get(core.self.accountId) ?? null;
  await followAll(core, room, [content.type === 'message' ? messageEntry() : eventEntry()]);

  function eventEntry(): LogEntry {
    const { targetId = null } = aboutOf(content);
    return { __typename: 'SealedEventSent', roomId: room.record.id, seq, at, by, id, targetId, sealed };
  }

  function messageEntry(): LogEntry {
    const nothing = { integration: null, body: null, editedAt: null, deletedAt: null, pinnedAt: null, replyTo: null };
    const lists = { files: [], mentions: [], reactions: [], mentionsRoom: false };
    const message = { id, seq, changedSeq: seq, author: by, createdAt: at, ...nothing, ...lists, sealed };
    return { __typename: 'MessageSent', roomId: room.record.id, seq, at, message };
  }
}
