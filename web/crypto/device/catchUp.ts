import type { Core } from './core.ts';
import { draftOf, save } from './draft.ts';
import { follow, LogHole } from './follow.ts';
import type { LogEntry } from './log.ts';
import type { Room } from './roomState.ts';
import { isSetBack, startOver } from './startOver.ts';

const PAGE = 32;

/** Follows the log to its end. An entry that does not verify, or a hole, is fetched once more before it is believed. */
export async function catchUp(core: Core, room: Room) {
  let hasStartedOver = false;
  for (;;) {
    const { entries, lastSeq, epoch } = await core.ports.server.log(room.record.id, room.record.cursor, PAGE);
    if (!hasStartedOver && isSetBack(room, lastSeq, epoch)) {
      hasStartedOver = true;
      await startOver(core, room);
      continue;
    }
    room.record = { ...room.record, logEpoch: epoch };
    if (entries.length) await followAll(core, room, entries);
    if (!entries.length || room.record.cursor >= lastSeq) return;
  }
}

/** Entries that came otherwise: those that follow on the position are taken, and others are left to `catchUp`. */
export async function followAll(core: Core, room: Room, entries: LogEntry[]) {
  if ((await followed(core, room, entries)) === 'well') return;
  const { entries: again } = await core.ports.server.log(room.record.id, room.record.cursor, PAGE);
  await followed(core, room, again, true);
}

/** What follows on the position is saved, all of it or nothing. */
async function followed(core: Core, room: Room, entries: LogEntry[], believe = false): Promise<'well' | 'badly'> {
  const draft = draftOf(core, room);
  try {
    for (const entry of entries) await follow(core, draft, entry);
  } catch (error) {
    if (!(error instanceof LogHole) || believe) throw error;
    return 'badly';
  }
  const isWorse = draft.record.problem && draft.record.problem !== room.record.problem;
  if (isWorse && !believe) return 'badly';
  await save(core, draft);
  core.tell(room.record.id);
  return 'well';
}
