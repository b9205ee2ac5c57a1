import { NextFrames } from './frames.ts';
import type { RoomReader } from './roomReader.ts';
import type { SharedSocket } from './sharedSocket.ts';
import { WrittenOperation } from './writtenOperation.ts';

// A socket with more than this to write is told nothing that it may miss.
const BEHIND = 64 * 1_024;

/** Listens to what is told at most once; gives the way to stop. */
export type Listen = (onNotice: (notice: unknown) => void) => Promise<() => void>;

/** The operations on this node that hear the same notices in the same words: each notice is executed once for all. */
export class NoticeGroup {
  /** Resolves once notices are heard. */
  readonly ready: Promise<void>;
  private readonly members = new Set<WrittenOperation>();
  private stop: (() => void) | null = null;

  constructor(
    listen: Listen,
    private readonly execute: (notice: unknown) => string,
    private readonly onEnd: () => void,
  ) {
    this.ready = listen((notice) => this.tell(notice)).then((stop) => {
      if (this.members.size > 0) this.stop = stop;
      else stop();
    });
  }

  add(member: WrittenOperation) {
    this.members.add(member);
  }

  /** Without any member, the group is no more. */
  remove(member: WrittenOperation) {
    this.members.delete(member);
    if (this.members.size > 0) return;
    this.stop?.();
    this.onEnd();
  }

  private tell(notice: unknown) {
    const frames = new NextFrames([this.execute(notice)]);
    for (const { stream, id } of this.members) if (stream.writableLength < BEHIND) frames.writeTo(stream, id);
  }
}

/** One operation that hears them, for as long as the reader of the room’s log goes on. */
export class NoticeSubscription extends WrittenOperation {
  constructor(
    id: string,
    socket: SharedSocket,
    private readonly reader: RoomReader,
    private readonly group: NoticeGroup,
    onTrouble: (error: unknown) => void,
  ) {
    super(id, socket);
    group.add(this);
    if (!socket.admit(this)) this.finish();
    void reader
      .untilOver()
      .catch(onTrouble)
      .finally(() => this.finish());
  }

  protected release() {
    this.group.remove(this);
    void this.reader.return();
  }
}
