import type { Device } from '../device/device.ts';
import { summaryOf } from '../device/facts.ts';
import type { Room } from '../device/roomState.ts';
import type { MessageEntry, RoomView } from '../device/view.ts';
import type { SealedRoom } from '../types.ts';
import type { News, ShownRoom } from './protocol.ts';

const FAR = 32;

/** What every tab is told of the rooms of this device, as they change. */
export class Board {
  private readonly changed = new Set<string>();
  private readonly progress = new Map<string, { from: number; to: number }>();
  private readonly runs = new Map<string, { view: RoomView; run: number }>();
  private flushing = false;

  constructor(
    private readonly device: () => Device | undefined,
    private readonly tell: (news: News) => unknown,
    private readonly onTold: () => void,
  ) {}

  rooms(): ShownRoom[] {
    return this.known().map((room) => this.shown(room));
  }

  /** How many messages can be read here. */
  readable(): number {
    const isRead = ({ state, message }: MessageEntry) => state === 'read' && !message.deletedAt;
    return this.known().reduce((sum, { view }) => sum + view.messages().filter(isRead).length, 0);
  }

  /** Which of the room's views this is: it is read anew when keys of its past have come, or when the server has another log. */
  runOf({ record, view }: Room): number {
    const known = this.runs.get(record.id);
    const run = known ? known.run + (known.view === view ? 0 : 1) : 0;
    this.runs.set(record.id, { view, run });
    return run;
  }

  /** The room is told of in a moment, with the others that change until then. */
  hasChanged(roomId: string) {
    this.changed.add(roomId);
    if (this.flushing) return;
    this.flushing = true;
    setTimeout(() => this.flush());
  }

  /** A room is followed up to `after`, of a log that ends at `to`. */
  seen(roomId: string, after: number, to: number) {
    const { from = after } = this.progress.get(roomId) ?? {};
    if (to - after > FAR) this.progress.set(roomId, { from, to });
    else this.progress.delete(roomId);
  }

  private flush() {
    this.flushing = false;
    const rooms = this.known().filter(({ record }) => this.changed.has(record.id));
    this.changed.clear();
    this.onTold();
    if (rooms.length) this.tell({ kind: 'rooms', rooms: rooms.map((room) => this.shown(room)) });
  }

  private known(): Room[] {
    return [...(this.device()?.core.rooms.values() ?? [])];
  }

  private shown(room: Room): ShownRoom {
    const { mentions, lastSeq, ...summary } = summaryOf((this.device() as Device).core, room);
    const far = this.progress.get(room.record.id);
    const progress = far && { done: lastSeq - far.from, of: far.to - far.from };
    const state = progress && summary.state === 'ready' ? 'catching-up' : summary.state;
    return {
      room: { ...summary, state, ...(progress && { progress }), mentionsAfter: mentions } as SealedRoom,
      end: lastSeq,
      run: this.runOf(room),
    };
  }
}
