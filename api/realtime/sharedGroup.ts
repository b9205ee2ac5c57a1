import type { Socket } from 'node:net';
import { isLastForSomebody, type LogEntry } from './entry.ts';
import { NextFrames } from './frames.ts';
import type { RoomFeed } from './roomFeed.ts';
import type { RoomNews } from './roomReader.ts';

// A socket with more than this to write is not given more: it goes back to reading the log at its own pace.
const BEHIND = 256 * 1_024;

/** One operation that watches what the others of its group watch. */
export interface GroupMember {
  /** The id of the operation, as it stands between quotes in JSON. */
  readonly id: string;
  readonly stream: Socket;
  /** Where it stands in the group that it is in: for the group alone. */
  place: number;
  /** Whether this entry is the last that the member may have. */
  isLast(entry: LogEntry): boolean;
  /** The member has its last entry and is out of the group. */
  finish(): void;
  /** The member is out of the group and goes on by itself after this position. */
  fallBack(position: number): void;
}

/** What came of the deliveries, for the metrics. */
export interface Deliveries {
  executions: number;
  delivered: number;
  fellBack: number;
}

/**
 * The operations on this node with one document, one set of variables and one room, all of which have everything up
 * to the same position: each entry is executed once, and its text written to all of them.
 */
export class SharedGroup {
  private readonly members: GroupMember[] = [];
  // What a delivery needs of each member, side by side: to look for it in the members would cost more than the rest.
  private readonly streams: Socket[] = [];
  private readonly ids: string[] = [];
  private readonly texts = new WeakMap<LogEntry, string>();
  private position: number;
  private epoch: string;
  private cancelWait: () => void = () => {};
  private scheduled = false;
  private attached = 0;

  constructor(
    private readonly feed: RoomFeed,
    private readonly execute: (news: RoomNews) => string,
    private readonly deliveries: Deliveries,
    private readonly onEnd: () => void,
  ) {
    this.position = feed.top;
    this.epoch = feed.epoch;
    this.listen();
  }

  /** Takes a member that has everything up to `position`; false when the group is elsewhere by now. */
  join(member: GroupMember, position: number): boolean {
    this.flush();
    if (position !== this.position || this.epoch !== this.feed.epoch) return false;
    member.place = this.members.push(member) - 1;
    this.streams.push(member.stream);
    this.ids.push(member.id);
    return true;
  }

  /** The last of all takes the place of the member. Does nothing for one who is not in the group. */
  leave(member: GroupMember) {
    const { place } = member;
    if (this.members[place] !== member) return;
    const last = this.members.pop() as GroupMember;
    const [stream, id] = [this.streams.pop() as Socket, this.ids.pop() as string];
    if (last === member) return;
    last.place = place;
    this.members[place] = last;
    this.streams[place] = stream;
    this.ids[place] = id;
  }

  /** One more operation that is in the group or on its way there. */
  attach() {
    this.attached++;
  }

  /** One less; without any, the group is no more. */
  detach() {
    if (--this.attached > 0) return;
    this.cancelWait();
    this.onEnd();
  }

  /** Tells one operation alone. Entries are executed once for the whole group. */
  tell({ stream, id }: GroupMember, news: RoomNews) {
    new NextFrames([news.kind === 'RESET' ? this.execute(news) : this.textOf(news)]).writeTo(stream, id);
  }

  private textOf(entry: LogEntry): string {
    const known = this.texts.get(entry);
    if (known !== undefined) return known;
    this.deliveries.executions++;
    const made = this.execute(entry);
    this.texts.set(entry, made);
    return made;
  }

  private listen() {
    this.cancelWait = this.feed.wait(() => {
      this.listen();
      if (this.scheduled) return;
      this.scheduled = true;
      setImmediate(() => this.flush());
    });
  }

  // Everything that came in one turn of the event loop leaves in one write for each socket.
  private flush() {
    this.scheduled = false;
    if (this.epoch !== this.feed.epoch || this.feed.top < this.position) return this.disband();
    const entries: LogEntry[] = [];
    for (let seq = this.position + 1; seq <= this.feed.top; seq++) {
      const entry = this.feed.at(seq);
      if (!entry) return this.disband();
      entries.push(entry);
    }
    if (entries.length > 0) this.deliver(entries);
  }

  private deliver(entries: LogEntry[]) {
    const before = this.position;
    this.position = this.feed.top;
    const frames = new NextFrames(entries.map((entry) => this.textOf(entry)));
    const parting = entries.some(isLastForSomebody);
    const { members, streams, ids } = this;
    // Backwards: a place that becomes free is taken by one who was served.
    for (let place = streams.length - 1; place >= 0; place--) {
      const stream = streams[place] as Socket;
      if (stream.writableLength > BEHIND) this.dismiss(members[place] as GroupMember, before);
      else if (parting) this.deliverUntilLast(members[place] as GroupMember, entries);
      else frames.writeTo(stream, ids[place] as string);
    }
    this.deliveries.delivered += entries.length * streams.length;
  }

  private deliverUntilLast(member: GroupMember, entries: LogEntry[]) {
    const last = entries.findIndex((entry) => member.isLast(entry));
    const due = last < 0 ? entries : entries.slice(0, last + 1);
    new NextFrames(due.map((entry) => this.textOf(entry))).writeTo(member.stream, member.id);
    if (last < 0) return;
    this.deliveries.delivered += due.length;
    this.leave(member);
    member.finish();
  }

  private dismiss(member: GroupMember, position: number) {
    this.deliveries.fellBack++;
    this.leave(member);
    member.fallBack(position);
  }

  // What the feed no longer keeps, or another epoch, is for each member's own reader.
  private disband() {
    const { position } = this;
    this.position = this.feed.top;
    this.epoch = this.feed.epoch;
    for (const member of [...this.members]) this.dismiss(member, position);
  }
}
