import type { GroupState } from '../mls/engine.ts';
import type { Core } from './core.ts';
import { draftOf, save } from './draft.ts';
import { knownIn } from './policy.ts';
import { entryPrefix, type Room, type RoomRecord } from './roomState.ts';
import { RoomView } from './view.ts';

/** Whether the log is another than the one that was followed: the server was restored from a backup, or says so. */
export const isSetBack = ({ record: { cursor, logEpoch } }: Room, lastSeq: number, epoch: string): boolean =>
  lastSeq < cursor || (logEpoch !== undefined && logEpoch !== epoch);

/**
 * Follows the log from its beginning again. Keys that were kept open what is left of what was read. The group's state stays if
 * the server's group can have come out of it; otherwise this device enters anew. Whoever comes back with the old log, and was
 * gone by now, is a stranger, and who is known to be revoked is removed first.
 */
export async function startOver(core: Core, room: Room) {
  const { view: _, ...draft } = draftOf(core, room);
  const fresh = new RoomView().draft();
  const group = (await isStillAhead(core, room)) ? draft.group : undefined;
  const record = begunAnew(draft.record, draft.group);
  const generation = group ? record.generation : 0;
  const removes = [entryPrefix(record.id)];
  await save(core, { ...draft, record: { ...record, generation }, group, view: fresh, removes });
  room.view = fresh.alone();
  core.tell(record.id);
}

/** Whether the server's group is in the epoch of this device, or in one that comes after it. */
async function isStillAhead({ ports }: Core, { record, group }: Room): Promise<boolean> {
  if (!group || group.removed || record.problem) return false;
  const now = await ports.server.group(record.id);
  return now?.generation === record.generation && BigInt(now.epoch) >= group.epoch;
}

function begunAnew(
  { pending, problem, logEpoch, trail, astray, ...record }: RoomRecord,
  group: GroupState | undefined,
): RoomRecord {
  const former = group && !group.removed ? knownIn(group, record) : record.former;
  return { ...record, cursor: 0, roles: {}, unproven: [], ...(former && { former }) };
}
