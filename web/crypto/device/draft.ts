import type { GroupState } from '../mls/engine.ts';
import type { Sheet } from './apply.ts';
import type { Core } from './core.ts';
import { entryKey, groupKey, type Room, type RoomRecord, ratchetKey, roomKey } from './roomState.ts';
import type { DraftView } from './view.ts';

/** A room as it is becoming: nothing of it is true before `save`, and then all of it. */
export interface Draft extends Sheet {
  room: Room;
  record: RoomRecord;
  group: GroupState | undefined;
  view: DraftView;
  /** Where kept keys have opened something, by its id. */
  opened: Map<string, number>;
  puts: [key: string, value: unknown][];
  removes: string[];
}

export function draftOf(core: Core, room: Room): Draft {
  return {
    room,
    record: structuredClone(room.record),
    group: room.group,
    view: room.view.draft(),
    opened: new Map(),
    puts: [],
    removes: [],
    person: (id) => core.people.get(id) ?? null,
  };
}

/** Writes the draft, whole and in one transaction; then the room is as the draft says. */
export async function save(core: Core, draft: Draft) {
  const { room, record, view } = draft;
  const entries = [...view.changed.values()].map((entry) => [entryKey(record.id, entry.seq), entry] as const);
  const puts = [[roomKey(record.id), record] as const, ...entries, ...groupPuts(core, draft), ...draft.puts];
  await core.ports.store.write(puts, [...draft.removes, ...groupRemoves(draft)]);
  room.record = record;
  room.group = draft.group;
  view.merge();
}

// The tree is the bulk of a group, and changes with the epoch alone.
function groupPuts(core: Core, { room, group, record }: Draft): (readonly [string, unknown])[] {
  if (!group || group === room.group) return [];
  const { epoch, ratchet } = core.engine.save(group);
  const isSameEpoch = room.group && isSame(room.group, group);
  const keptRatchet = [ratchetKey(record.id), ratchet] as const;
  return isSameEpoch ? [keptRatchet] : [keptRatchet, [groupKey(record.id), epoch] as const];
}

const groupRemoves = ({ room, group, record }: Draft) =>
  room.group && !group ? [groupKey(record.id), ratchetKey(record.id)] : [];

const isSame = (one: GroupState, other: GroupState) =>
  one.epoch === other.epoch && one.removed === other.removed && String(one.groupId) === String(other.groupId);
