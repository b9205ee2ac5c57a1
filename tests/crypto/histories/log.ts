import type { GroupState, PendingCommit } from '../../../web/crypto/mls/engine.ts';
import type { Device } from '../devices.ts';

/** What a room's log holds of an encrypted conversation. */
export type Entry = { epoch: bigint; bytes: Uint8Array; sender: Device } & (
  | {
      kind: 'commit';
      adds: Device[];
      removes: Device[];
      /** The state that it came to, as somebody had it who was allowed to. */
      before?: GroupState;
    }
  | { kind: 'message'; clientId: string; plaintext: string }
);

/** The delivery service as the server is one: it takes what is of the current epoch, in one order, and once. */
export class Log {
  readonly entries: Entry[] = [];
  readonly welcomes = new Map<Device, { bytes: Uint8Array; seq: number }>();

  constructor(
    public members: Device[],
    public groupInfo: Uint8Array,
    public epoch: bigint,
  ) {}

  /** Whether the commit was the first of its epoch. */
  takeCommit(sender: Device, made: PendingCommit, adds: Device[], removes: Device[]): boolean {
    if (made.next.epoch !== this.epoch + 1n) return false;
    const entry: Entry = { kind: 'commit', epoch: this.epoch, bytes: made.commit, sender, adds, removes };
    this.entries.push(entry);
    this.epoch += 1n;
    this.groupInfo = made.groupInfo;
    this.members = [...this.members.filter((each) => !removes.includes(each)), ...adds];
    const { welcome } = made;
    if (welcome) for (const each of adds) this.welcomes.set(each, { bytes: welcome, seq: this.entries.length });
    return true;
  }

  /** Whether the message is in the log, now or since an earlier try. */
  takeMessage(sender: Device, { epoch }: GroupState, bytes: Uint8Array, clientId: string, plaintext: string): boolean {
    const isThere = this.entries.some((entry) => entry.kind === 'message' && entry.clientId === clientId);
    if (isThere) return true;
    if (epoch !== this.epoch) return false;
    this.entries.push({ kind: 'message', epoch, bytes, sender, clientId, plaintext });
    return true;
  }
}
