import type { Core } from './core.ts';
import { type Draft, draftOf, save } from './draft.ts';
import { follow, proveJoins } from './follow.ts';
import type { LogEntry } from './log.ts';
import { entryPrefix, type Room, type RoomRecord } from './roomState.ts';
import { RoomView } from './view.ts';

const PAGE = 32;
const KEPT = ['unproven', 'invited', 'invitedKeys', 'asking', 'strangers', 'trail'] as const;

/**
 * Looks at the whole log again, with keys that have come since: of a backup, or of whoever shared them. Nothing is asked
 * of MLS, which has forgotten the past.
 */
export async function rebuild(core: Core, room: Room) {
  const { group: _, ...rest } = draftOf(core, room);
  const fresh = new RoomView().draft();
  const { card, isStale: __, ...record } = rest.record;
  const begun: RoomRecord = { ...record, cursor: 0, roles: {}, readableFrom: 0, unproven: [] };
  const draft: Draft = { ...rest, group: undefined, view: fresh, record: begun };
  for (const entry of await wholeLog(core, room)) await follow(core, draft, entry);
  const { cursor } = room.record;
  if (draft.record.cursor < cursor) return;
  draft.record.card ??= card;
  draft.record.owes = room.record.owes;
  // Whom to let in was decided when it was said.
  for (const part of KEPT) Object.assign(draft.record, { [part]: room.record[part] });
  if (draft.record.card) await proveJoins(draft);
  // The events that brought the keys were read once more.
  delete draft.record.isStale;
  draft.record.pending = room.record.pending;
  if (!draft.record.pending) delete draft.record.pending;
  draft.removes.push(entryPrefix(record.id));
  await save(core, { ...draft, group: room.group });
  room.view = fresh.alone();
  core.tell(record.id);
}

async function wholeLog(core: Core, { record: { id, cursor } }: Room): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  while (entries.length < cursor) {
    const page = await core.ports.server.log(id, entries.length, PAGE);
    if (!page.entries.length) break;
    entries.push(...page.entries);
  }
  return entries.slice(0, cursor);
}
