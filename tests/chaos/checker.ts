import type { History, Seen, Stream } from './history.ts';
import type { Ledger } from './ledger.ts';

/** An entry as the database has it. */
export interface Logged {
  seq: number;
  id: string;
  what: string;
  /** When it was stored, in milliseconds. */
  at: number;
  /** Of a message: its wording now, null once deleted. */
  text?: string | null;
}

/** A room's log as the database has it, read when everything is over. */
export interface RoomLog {
  roomId: string;
  lastSeq: number;
  count: number;
  deleted: boolean;
  entries: Logged[];
  /** Who is a member now. */
  members: Set<string>;
}

export const VIOLATIONS = [
  'lost',
  'undelivered',
  'duplicated',
  'holes',
  'reordered',
  'phantoms',
  'afterRemoval',
  'wrongReset',
  'wrongState',
  'wrongCount',
] as const;
export type Violation = (typeof VIOLATIONS)[number];

/** How often each promise was broken, with the first examples of each. */
export interface Verdict {
  counts: Record<Violation, number>;
  examples: string[];
  deliveries: number;
}

/**
 * Compares what was promised to the senders and what the subscribers saw with the log: an acknowledged send is in it
 * once and where it was said to be; every subscription gave `seq = last + 1` always, what the log has at that place,
 * nothing after its reader's removal, one Reset for a cursor of another log and none otherwise; and who is a member has
 * got everything.
 */
export function check(logs: RoomLog[], ledger: Ledger, histories: History[]): Verdict {
  const verdict = new Findings();
  const rooms = new Map(logs.map((log) => [log.roomId, new Room(log)]));
  for (const room of rooms.values()) checkCount(room, verdict);
  checkSends(rooms, ledger, verdict);
  checkChanges(rooms, ledger, verdict);
  for (const history of histories) checkHistory(rooms.get(history.roomId), history, verdict);
  return verdict;
}

/** Whether nothing at all was broken. */
export const isClean = (verdict: Verdict) => VIOLATIONS.every((kind) => verdict.counts[kind] === 0);

class Findings implements Verdict {
  readonly counts = Object.fromEntries(VIOLATIONS.map((kind) => [kind, 0])) as Record<Violation, number>;
  readonly examples: string[] = [];
  deliveries = 0;

  add(kind: Violation, example: string, times = 1) {
    if (this.counts[kind] < 5) this.examples.push(`${kind}: ${example}`);
    this.counts[kind] += times;
  }
}

class Room {
  readonly bySeq = new Map<number, string>();
  readonly byId = new Map<string, Logged>();
  private readonly ends = new Map<string, number[]>();
  private readonly joins = new Map<string, Logged[]>();

  constructor(readonly log: RoomLog) {
    for (const entry of log.entries) {
      this.bySeq.set(entry.seq, entry.what);
      this.byId.set(entry.id, entry);
      const [type = '', about = ''] = entry.what.split(' ');
      if (type === 'MemberJoined') push(this.joins, about, entry);
      if (PARTINGS.includes(type)) push(this.ends, about, entry.seq);
    }
  }

  /** Whether the log has something else at that place. What a deleted room had is known from who saw it first. */
  contradicts({ seq, what }: Pick<Seen, 'seq' | 'what'>): boolean {
    const known = this.bySeq.get(seq);
    const forgotten = known === undefined && this.log.deleted && seq < this.log.lastSeq;
    if (forgotten) this.bySeq.set(seq, what);
    return !forgotten && known !== what;
  }

  /** Whether a person could have had an entry at that moment: as a member then, or as one who came back. */
  allows(userId: string, { seq, at }: Seen): boolean {
    const end = (this.ends.get(userId) ?? []).filter((place) => place < seq).at(-1);
    if (end === undefined) return true;
    const back = (this.joins.get(userId) ?? []).find((entry) => entry.seq > end);
    return back !== undefined && (back.seq < seq || back.at <= at);
  }
}

function push<T>(lists: Map<string, T[]>, key: string, item: T) {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}

function checkCount({ log }: Room, verdict: Findings) {
  const expected = log.deleted ? 1 : log.lastSeq;
  const top = log.entries.at(-1)?.seq ?? 0;
  if (log.count === expected && top === log.lastSeq) return;
  verdict.add('wrongCount', `room ${log.roomId}: ${log.count} entries, the last at ${top}, last_seq ${log.lastSeq}`);
}

function checkSends(rooms: Map<string, Room>, ledger: Ledger, verdict: Findings) {
  for (const moved of ledger.moved) verdict.add('duplicated', moved);
  const places = new Map<string, string>();
  for (const { roomId, id, seq } of ledger.sends.values()) {
    const room = rooms.get(roomId);
    if (room?.contradicts({ seq, what: `MessageSent ${id}` }) !== false)
      verdict.add('lost', `${id}, acknowledged at ${seq} of ${roomId}`);
    const before = places.get(`${roomId} ${seq}`);
    if (before) verdict.add('duplicated', `${before} and ${id}, both acknowledged at ${seq} of ${roomId}`);
    places.set(`${roomId} ${seq}`, id);
  }
}

function checkChanges(rooms: Map<string, Room>, { edits, deletions }: Ledger, verdict: Findings) {
  const kept = new Set(
    [...rooms.values()].filter(({ log }) => !log.deleted).flatMap(({ bySeq }) => [...bySeq.values()]),
  );
  const gone = new Set([...rooms.values()].flatMap(({ log, byId }) => (log.deleted ? [] : [...byId.keys()])));
  for (const id of edits)
    if (gone.has(id) && !kept.has(`MessageEdited ${id}`)) verdict.add('lost', `the acknowledged edit of ${id}`);
  for (const id of deletions)
    if (gone.has(id) && !kept.has(`MessageDeleted ${id}`)) verdict.add('lost', `the acknowledged deletion of ${id}`);
}

function checkHistory(room: Room | undefined, history: History, verdict: Findings) {
  if (!room) return verdict.add('phantoms', `${history.reader}: room ${history.roomId} is not in the database`);
  const seen = new Set<string>();
  for (const stream of history.streams) checkStream(room, history, stream, seen, verdict);
  checkEnd(room, history, verdict);
}

function checkStream(room: Room, history: History, stream: Stream, seen: Set<string>, verdict: Findings) {
  let expected = stream.after + 1;
  let first = true;
  let out = false;
  for (const event of history.eventsOf(stream)) {
    verdict.deliveries++;
    const where = `${history.reader} in ${history.roomId}, after ${stream.after}: ${event.what} at ${event.seq}`;
    // What was said while one was out is not told by a subscription that goes on with the return.
    if (out && event.what === `MemberJoined ${history.userId}`) expected = Math.max(expected, event.seq);
    out = history.outlasts && PARTINGS.some((type) => event.what === `${type} ${history.userId}`);
    if (event.what === 'Reset') {
      if (stream.honest || !first || event.seq > room.log.lastSeq) verdict.add('wrongReset', where);
      expected = event.seq + 1;
    } else {
      if (first && !stream.honest) verdict.add('wrongReset', `${where} without a Reset`);
      expected = checkPlace(room, event, expected, seen, where, verdict);
      if (!room.allows(history.userId, event)) verdict.add('afterRemoval', where);
    }
    first = false;
  }
}

const PARTINGS = ['MemberLeft', 'MemberRemoved', 'MemberBanned'];

function checkPlace(room: Room, event: Seen, expected: number, seen: Set<string>, where: string, verdict: Findings) {
  const { seq, what } = event;
  const mark = `${seq} ${what}`;
  if (seq > expected && what !== 'RoomDeleted') verdict.add('holes', `${where}, expected ${expected}`, seq - expected);
  if (seq < expected) verdict.add(seen.has(mark) ? 'duplicated' : 'reordered', `${where}, expected ${expected}`);
  if (room.contradicts(event)) verdict.add('phantoms', `${where}, but the log has ${room.bySeq.get(seq) ?? 'nothing'}`);
  seen.add(mark);
  return Math.max(expected, seq + 1);
}

function checkEnd({ log, byId }: Room, history: History, verdict: Findings) {
  const last = history.seqs.reduce((most, seq) => Math.max(most, seq), history.streams[0]?.after ?? 0);
  if (!history.stays || log.deleted || !log.members.has(history.userId)) return;
  if (last < log.lastSeq)
    verdict.add('undelivered', `${history.reader} ended at ${last} of ${log.lastSeq}`, log.lastSeq - last);
  if ((history.streams[0]?.after ?? 0) > 0 || last < log.lastSeq) return;
  for (const [id, { seq, text }] of byId) {
    const due = text !== undefined && seq > history.knownFrom;
    if (due && history.texts.get(id) !== text)
      verdict.add('wrongState', `${history.reader} has "${history.texts.get(id)}" for ${id}, the log "${text}"`);
  }
}
