import { equal } from '../../../web/crypto/bytes.ts';
import type { GroupState, KeyPackage, PendingCommit, SavedGroup } from '../../../web/crypto/mls/engine.ts';
import { MlsError } from '../../../web/crypto/mls/errors.ts';
import { bytes, type Device, leafOf, text } from '../devices.ts';
import type { Entry, Log } from './log.ts';

/** A device as the client runs it: what it was told, what it keeps, and the rules by which it follows the log. */
export class Participant {
  /** The last state of each time that it was in the group: what somebody who kept copies would have. */
  readonly copies: { state: GroupState; seq: number }[] = [];
  pending: PendingCommit | undefined;
  cursor = 0;
  isOffline = false;
  keyPackage: KeyPackage | undefined;

  constructor(
    readonly device: Device,
    readonly log: Log,
    public state: GroupState | undefined,
  ) {}

  get isMember() {
    return this.state !== undefined && !this.state.removed;
  }

  async publishKeyPackage(): Promise<Uint8Array> {
    this.keyPackage = await this.device.engine.createKeyPackage();
    return this.keyPackage.keyPackage;
  }

  /** Reads the log to its end. Whatever it cannot read there is a failure of the whole design. */
  async sync() {
    if (this.isOffline) return;
    if (!this.isMember) await this.joinByWelcome();
    while (this.isMember && this.cursor < this.log.entries.length) {
      const entry = this.log.entries[this.cursor] as Entry;
      await (entry.kind === 'commit' ? this.follow(entry) : this.read(entry));
      this.cursor += 1;
    }
  }

  private async joinByWelcome() {
    const welcome = this.log.welcomes.get(this.device);
    if (!welcome || !this.keyPackage) return;
    this.log.welcomes.delete(this.device);
    this.state = await this.device.engine.join(welcome.bytes, [this.keyPackage.secret]);
    this.cursor = welcome.seq;
    this.keyPackage = undefined;
  }

  private async follow(entry: Entry & { kind: 'commit' }) {
    const { pending } = this;
    this.pending = undefined;
    entry.before ??= this.state;
    if (pending && equal(pending.commit, entry.bytes)) {
      this.state = pending.next;
      return;
    }
    const before = this.state as GroupState;
    const after = await this.device.engine.applyCommit(before, entry.bytes);
    expectSame('who made the commit', after.committer.credential.deviceId, entry.sender.id);
    const added = after.external ? [after.committer] : after.adds;
    expectSame('who was added', idsOf(added.map(({ credential }) => credential.deviceId)), idsOf(entry.adds));
    expectSame(
      'who was removed',
      idsOf(after.removes.map(({ credential }) => credential.deviceId)),
      idsOf(entry.removes),
    );
    expectSame('whether this device is out', after.removedSelf, entry.removes.includes(this.device));
    if (after.removedSelf) this.copies.push({ state: before, seq: this.cursor });
    this.state = after.state;
  }

  private async read(entry: Entry & { kind: 'message' }) {
    if (entry.sender === this.device) return;
    const read = await this.device.engine.decrypt(this.state as GroupState, entry.bytes);
    expectSame('what was written', text(read.plaintext), entry.plaintext);
    expectSame('who wrote it', read.sender.credential.deviceId, entry.sender.id);
    await refused('a message read twice', this.device.engine.decrypt(read.state, entry.bytes), ['REPLAY']);
    this.state = read.state;
  }

  async send(plaintext: string) {
    const clientId = crypto.randomUUID();
    for (let isThere = false; !isThere; await this.sync()) {
      if (!this.isMember) return;
      const sent = await this.device.engine.encrypt(this.state as GroupState, bytes(plaintext));
      this.state = sent.state;
      isThere = this.log.takeMessage(this.device, sent.state, sent.message, clientId, plaintext);
    }
  }

  /** Makes a commit and keeps what it would become, as a client does before it sends. */
  async prepare(adds: Participant[], removes: Participant[]) {
    const state = this.state as GroupState;
    const packages = await Promise.all(adds.map((each) => each.publishKeyPackage()));
    const leaves = removes.map(({ device }) => leafOf(state, device));
    this.pending = await this.device.engine.commit(state, { adds: packages, removes: leaves });
    return this.pending;
  }

  /** What the browser's storage gives back when the page is loaded anew. */
  reload() {
    if (this.state) this.state = this.through(this.state);
    if (this.pending) this.pending = { ...this.pending, next: this.through(this.pending.next) };
  }

  private through(state: GroupState): GroupState {
    const { epoch, ratchet }: SavedGroup = this.device.engine.save(state);
    return this.device.engine.load({ epoch: epoch.slice(), ratchet: ratchet.slice() });
  }

  /** Joins, or joins anew, with nothing but what the server has. */
  async joinExternal() {
    const { log, device } = this;
    if (this.state && this.isMember) this.copies.push({ state: this.state, seq: this.cursor });
    const isBack = log.members.includes(device);
    const made = await device.engine.joinExternal(log.groupInfo);
    expectSame('whether a join is of its epoch', log.takeCommit(device, made, [device], isBack ? [device] : []), true);
    log.welcomes.delete(device);
    this.state = made.next;
    this.pending = undefined;
    this.cursor = log.entries.length;
  }
}

const idsOf = (all: (string | Device)[]) =>
  all
    .map((each) => (typeof each === 'string' ? each : each.id))
    .sort()
    .join();

export function expectSame(what: string, is: unknown, should: unknown) {
  if (is !== should) throw new Error(`${what}: ${is} instead of ${should}`);
}

export async function refused(what: string, attempt: Promise<unknown>, codes: string[]) {
  const outcome = await attempt.then(
    () => 'not refused',
    (error) => (error instanceof MlsError ? error.code : error),
  );
  if (!codes.includes(outcome))
    throw new Error(`${what}: ${outcome} instead of ${codes.join(' or ')}`, { cause: outcome });
}
