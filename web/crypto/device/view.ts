import type { FileKey } from '../sealing/content.ts';
import type { LogEntry, MessageChange, RoomMessage } from './log.ts';

/** What one entry of the log is to people, once it was opened: one for each position. A record. */
export type Entry = { seq: number; at: string } & (
  | {
      kind: 'message';
      message: RoomMessage;
      state: MessageState;
      senderId?: string;
      replyTo?: string;
      files?: FileKey[];
    }
  /** Something happened to a message, which is kept at its own place. */
  | { kind: 'change'; what: MessageChange; id: string; by: RoomMessage['author'] }
  | { kind: 'notice'; event: LogEntry }
  | { kind: 'told'; what: Told; user: RoomMessage['author'] }
  | { kind: 'renamed'; name: string; topic: string; by: RoomMessage['author'] }
  | { kind: 'silent' }
);

/** 'locked': this device has no key of it; 'unreadable': it has, and what the server holds is something else. */
export type MessageState = 'read' | 'plain' | 'locked' | 'unreadable';
export type Told = 'joinedByLink' | 'newDevice' | 'renewed' | 'encrypted' | 'keyChanged' | 'unreadable';
export type MessageEntry = Extract<Entry, { kind: 'message' }>;

/** A room's entries by position, and its messages by id. A draft of it writes over it without touching it. */
export class RoomView {
  private readonly ids = new Map<string, number>();
  private readonly entries = new Map<number, Entry>();
  private inOrder: Entry[] | undefined = [];

  constructor(entries: Iterable<Entry> = []) {
    for (const entry of entries) this.put(entry);
  }

  at(seq: number): Entry | undefined {
    return this.entries.get(seq);
  }

  /** The message with this id. */
  message(id: string): MessageEntry | undefined {
    const entry = this.at(this.ids.get(id) ?? -1);
    return entry?.kind === 'message' ? entry : undefined;
  }

  put(entry: Entry) {
    this.entries.set(entry.seq, entry);
    if (this.inOrder && entry.seq > (this.inOrder.at(-1)?.seq ?? 0)) this.inOrder.push(entry);
    else this.inOrder = undefined;
    if (entry.kind === 'message') this.ids.set(entry.message.id, entry.seq);
  }

  /** Drops what came after a position. */
  forget(after: number) {
    for (const seq of [...this.entries.keys()]) if (seq > after) this.entries.delete(seq);
    this.inOrder = undefined;
  }

  /** In the order of the log. */
  all(): readonly Entry[] {
    this.inOrder ??= [...this.entries.values()].sort((a, b) => a.seq - b.seq);
    return this.inOrder;
  }

  /** Messages that are to be shown, oldest first. */
  messages(): MessageEntry[] {
    return this.all().filter((entry): entry is MessageEntry => entry.kind === 'message' && entry.state !== 'locked');
  }

  draft(): DraftView {
    return new DraftView(this);
  }
}

/** What a view becomes, until `merge` is called. */
export class DraftView extends RoomView {
  readonly changed = new Map<number, Entry>();

  constructor(private readonly base: RoomView) {
    super();
  }

  override at(seq: number) {
    return this.changed?.get(seq) ?? this.base.at(seq);
  }

  override message(id: string) {
    return super.message(id) ?? this.current(this.base.message(id));
  }

  override put(entry: Entry) {
    this.changed.set(entry.seq, entry);
    super.put(entry);
  }

  /** The draft by itself, as a view. */
  alone(): RoomView {
    return new RoomView(this.changed.values());
  }

  merge() {
    for (const entry of this.changed.values()) this.base.put(entry);
  }

  private current(entry: MessageEntry | undefined): MessageEntry | undefined {
    return entry && (this.at(entry.seq) as MessageEntry);
  }
}
