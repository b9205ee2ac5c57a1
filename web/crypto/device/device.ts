import type { Bytes } from '../bytes.ts';
import { unsavedKey } from './backup.ts';
import { catchUp, followAll } from './catchUp.ts';
import { settlePending } from './commit.ts';
import type { Core } from './core.ts';
import { doDuties, hasDuties } from './duties.ts';
import { DeviceError, isNotFound, isPassing, ServerError } from './errors.ts';
import { type Identity, keepingIdentity, register, restock } from './identity.ts';
import { beginning, join, joinByWelcome } from './join.ts';
import type { LogEntry } from './log.ts';
import { without } from './membership.ts';
import { coreOf, currentFacts, identityOf } from './opening.ts';
import type { AccountFacts, Ports, RoomFacts } from './ports.ts';
import { askEverybodyIn, makeReady, openNext } from './ready.ts';
import { rebuild } from './rebuild.ts';
import {
  accountsIn,
  BELOW,
  entryPrefix,
  groupKey,
  isIn,
  keptPrefix,
  keyKey,
  newRecord,
  type Room,
  type RoomRecord,
  ratchetKey,
  roomKey,
  sentPrefix,
} from './roomState.ts';
import { createTurns } from './turns.ts';
import { type Entry, RoomView } from './view.ts';

export interface DeviceOptions {
  ports: Ports;
  /** What this device is called in the person's list of devices. */
  name: string;
  /** Called when what is known of a room has changed; without a room, when it is about all of them. */
  onChange?: (roomId?: string) => void;
  /** The account's key, which the recovery key has opened: makes this a device of the same identity. */
  accountSeed?: Bytes;
  /** Replaces the account's identity, which others are told of. */
  startAnew?: { password?: string };
}

const RANK_WAIT = 300;
const MOST_RANK = 20;
const STOCKED_EVERY = 3_600_000;

/**
 * One device of the person who is signed in: registers it, or goes on as it, and loads the rooms that it knows. Rejects
 * with `ELSEWHERE` when the account has an identity and this device no key of it. Where it cannot start anew, it is who it was.
 */
export function openDevice(options: DeviceOptions): Promise<Device> {
  const open = () => openAs(options);
  return options.startAnew ? keepingIdentity(options.ports, open) : open();
}

async function openAs({ ports, name, onChange = () => {}, accountSeed, startAnew }: DeviceOptions) {
  const facts = await currentFacts(ports, !accountSeed && !startAnew);
  const identity = await identityOf(ports, facts, name, accountSeed, !!startAnew);
  const device = new Device(coreOf(ports, identity, facts, onChange), identity);
  if (!('isOld' in facts)) await device.register(facts, startAnew);
  await device.load();
  return device;
}

/** A device that is registered. What concerns one room is done one after the other; rooms do not wait for each other. */
export class Device {
  private readonly inTurn = createTurns();
  private readonly watched = new Set<string>();
  private readonly followed = new Set<string>();
  private closed = false;
  private registered = false;
  private stockedAt: number;

  constructor(
    readonly core: Core,
    readonly identity: Identity,
  ) {
    this.stockedAt = core.ports.clock.now();
  }

  /** Tells the server of this device, if that was not done since it was opened. */
  async register(facts?: AccountFacts, startAnew?: { password?: string }) {
    if (this.registered) return;
    const { ports } = this.core;
    await register(ports, this.identity, facts ?? (await ports.server.account()), startAnew);
    this.registered = true;
  }

  async load() {
    const { store } = this.core.ports;
    await this.core.pins.load();
    await this.core.pins.see(this.core.self.accountId, this.core.self.accountKey);
    for (const [, record] of await store.readAll<RoomRecord>(BELOW.room)) {
      this.core.rooms.set(record.id, await this.loaded(record));
    }
  }

  /** Whether this device has ever known the room as encrypted. */
  isPinned(roomId: string): boolean {
    return this.core.rooms.has(roomId);
  }

  /** Looks at every encrypted room of the account, and does there what there is to do. */
  async sync() {
    const all = await this.core.ports.server.rooms();
    for (const facts of all) await this.know(facts);
    await Promise.all(all.map(({ id }) => this.follow(id)));
  }

  /** Follows a room's log to its end, and gets this device in where it can. Gives the room as it is then. */
  async follow(roomId: string): Promise<Room> {
    return this.inRoom(roomId, async (room) => {
      await this.followNow(room);
      return room;
    });
  }

  /** Entries of a log that came by a subscription; a gap is fetched. */
  async take(roomId: string, entries: LogEntry[]): Promise<void> {
    // The position was of another log: this one is to be looked at from its beginning.
    if (entries.some(({ __typename }) => __typename === 'Reset')) return void (await this.follow(roomId));
    await this.inRoom(roomId, async (room) => {
      await followAll(this.core, room, entries);
      await this.settled(room);
    });
  }

  /** Does something with a room that can be written to: in its turn, in the group, at the end of the log. */
  within<Result>(roomId: string, act: (room: Room) => Promise<Result>): Promise<Result> {
    return this.inRoom(roomId, async (room) => {
      // What was kept may be older than what was sent: a disk can be set back.
      if (!isIn(room) || !this.followed.has(roomId)) await this.followNow(room);
      return act(room);
    });
  }

  /**
   * Makes the room's group, if it has none, and lets in whoever the server lists: their person has to see who that is. In a
   * room that is new, `'asked'`: only who was asked in.
   */
  async makeGroup(roomId: string, whom: 'listed' | 'asked' = 'listed') {
    await this.within(roomId, async (room) => {
      if (whom === 'listed' && !room.record.generation) await askEverybodyIn(this.core, room);
      await makeReady(this.core, room);
      await doDuties(this.core, room);
    });
  }

  /** A new group for the room: the way out of whatever is wrong. */
  renew(roomId: string): Promise<void> {
    return this.inRoom(roomId, async (room) => {
      await catchUp(this.core, room);
      if (!room.group && !room.record.problem) await joinByWelcome(this.core, room);
      await settlePending(this.core, room);
      // One that this device has begun before is finished, and not begun anew.
      if (!room.group) await askEverybodyIn(this.core, room);
      if (!isIn(room) || !room.record.owes.members) await openNext(this.core, room);
      await makeReady(this.core, room);
    });
  }

  /** Does what is to be done in a room now, without waiting for others who might. */
  settle(roomId: string): Promise<void> {
    return this.inRoom(roomId, async (room) => {
      await this.followNow(room);
      await doDuties(this.core, room);
    });
  }

  /** Nothing is begun any more; what was begun ends first. */
  async close() {
    this.closed = true;
    await Promise.all([...this.core.rooms.keys()].map((id) => this.inTurn(id, async () => {})));
  }

  async room(roomId: string): Promise<Room> {
    return this.core.rooms.get(roomId) ?? this.know(await this.core.ports.server.room(roomId));
  }

  /** Enters a room's group by the secret of a link, after the server has let the person in by its token. */
  enterByLink(roomId: string, link: { id: string; secret: Bytes }): Promise<void> {
    return this.followWith(roomId, { link });
  }

  /** Looks at a room's whole log again: keys of it have come from elsewhere. */
  readAgain(roomId: string): Promise<void> {
    return this.followWith(roomId, { isStale: true });
  }

  /** The person says of the key that they were shown that it is right, or that it was compared: its owner is spoken to again. */
  async trust(accountId: string, how: 'accept' | 'verify', shown: Bytes) {
    await this.core.pins[how](accountId, shown);
    for (const room of this.core.rooms.values()) {
      const { partner, invited } = room.record;
      if (![...accountsIn(room), ...invited, partner].includes(accountId)) continue;
      await this.inTurn(room.record.id, () => this.change(room, accepted(room.record, accountId)));
      room.lookedAt = 0;
      this.core.tell(room.record.id);
      this.watch(room);
    }
  }

  /** Looks after every room: what could not be done when it was due may be possible now. And after its key packages. */
  attend() {
    for (const room of this.core.rooms.values()) this.watch(room);
    if (this.core.ports.clock.now() > this.stockedAt + STOCKED_EVERY) void this.restock();
  }

  private async restock() {
    this.stockedAt = this.core.ports.clock.now();
    try {
      await restock(this.core.ports, this.identity);
    } catch (error) {
      if (!isPassing(error)) this.complain('Key packages', error);
    }
  }

  /** A room that the server says is encrypted. Once known it is never taken for another, whatever the server says. */
  async know(facts: RoomFacts): Promise<Room> {
    const known = this.core.rooms.get(facts.id);
    if (known) return known;
    if (facts.encryption !== 'MLS') throw new DeviceError('NOT_ENCRYPTED', 'This room is not encrypted.');
    if (facts.directWith) this.core.people.set(facts.directWith.id, facts.directWith);
    const cursor = beginning(facts.lastSeq);
    const record = { ...newRecord(facts), cursor, roles: cursor ? await this.rolesIn(facts.id) : {} };
    await this.core.ports.store.write([[roomKey(facts.id), record]]);
    const room = this.core.rooms.get(facts.id) ?? { record, group: undefined, view: new RoomView() };
    this.core.rooms.set(facts.id, room);
    return room;
  }

  /** Where the log is not followed from its beginning, it does not tell of everybody. */
  private async rolesIn(roomId: string): Promise<RoomRecord['roles']> {
    const members = await this.core.ports.server.members(roomId);
    return Object.fromEntries(members.map(({ user, role }) => [user.id, role]));
  }

  /** What is done with a room is done in its turn; what is due there afterwards, a while later. */
  private async inRoom<Result>(roomId: string, act: (room: Room) => Promise<Result>): Promise<Result> {
    const room = await this.room(roomId);
    const result = await this.inTurn(roomId, () => act(room));
    this.watch(room);
    return result;
  }

  private followWith(roomId: string, parts: Partial<RoomRecord>): Promise<void> {
    return this.inRoom(roomId, async (room) => {
      await this.change(room, parts);
      await this.followNow(room);
    });
  }

  private async change(room: Room, parts: Partial<RoomRecord>) {
    const record = { ...room.record, ...parts };
    await this.core.ports.store.write([[roomKey(record.id), record]]);
    room.record = record;
  }

  private async followNow(room: Room) {
    try {
      await catchUp(this.core, room);
      this.followed.add(room.record.id);
      if (!isIn(room) && room.record.generation && (await join(this.core, room))) this.stockedAt = 0;
      await this.settled(room);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (await this.isOut(room)) await this.leave(room);
    } finally {
      this.core.tell(room.record.id);
    }
  }

  /** Who is there is known from now on, also by who only reads: a key that is another later is noticed. */
  private async settled(room: Room) {
    if (room.record.isStale) await rebuild(this.core, room);
    if (isIn(room) && room.group) await this.core.pins.seeAll(room.group);
  }

  /**
   * Of a room that the server does not have for this account. A conversation of two is put away while one blocks the other,
   * and comes back. And the session may be another person's by now.
   */
  private async isOut({ record }: Room): Promise<boolean> {
    if (record.kind === 'DIRECT') return false;
    const { user } = await this.core.ports.server.account();
    return user.id === this.core.self.accountId;
  }

  /** Who is out of a room keeps nothing of it but that it was encrypted. */
  private async leave(room: Room) {
    const { id, kind, partner } = room.record;
    const record = { ...newRecord({ id, kind, directWith: null }), ...(partner && { partner }) };
    const prefixes = [entryPrefix(id), keyKey(id, ''), sentPrefix(id), unsavedKey(id, ''), keptPrefix(id)];
    await this.core.ports.store.write([[roomKey(id), record]], [groupKey(id), ratchetKey(id), ...prefixes]);
    Object.assign(room, { record, group: undefined, view: new RoomView() });
  }

  private async loaded(record: RoomRecord): Promise<Room> {
    const { store } = this.core.ports;
    const epoch = await store.read<Bytes>(groupKey(record.id));
    const ratchet = await store.read<Bytes>(ratchetKey(record.id));
    const group = epoch && ratchet ? this.core.engine.load({ epoch, ratchet }) : undefined;
    const entries = await store.readAll<Entry>(entryPrefix(record.id));
    for (const [, entry] of entries) this.learn(entry);
    return { record, group, view: new RoomView(entries.map(([, entry]) => entry)) };
  }

  private learn(entry: Entry) {
    if (entry.kind !== 'message' || !entry.message.author) return;
    if (!this.core.people.has(entry.message.author.id))
      this.core.people.set(entry.message.author.id, entry.message.author);
  }

  /** Duties wait a little, the longer the later this device's leaf: mostly somebody else has done them by then. */
  private watch(room: Room) {
    const { id } = room.record;
    if (this.closed || this.watched.has(id) || !hasDuties(this.core, room)) return;
    this.watched.add(id);
    void this.serve(room).finally(() => this.watched.delete(id));
  }

  private async serve(room: Room) {
    const { clock } = this.core.ports;
    await clock.pause((Math.min(rankOf(room), MOST_RANK) + clock.random()) * RANK_WAIT);
    if (this.closed) return;
    try {
      await this.inTurn(room.record.id, async () => {
        await this.followNow(room);
        if (isIn(room) && hasDuties(this.core, room)) await doDuties(this.core, room);
      });
    } catch (error) {
      if (!(error instanceof DeviceError) && !isPassing(error)) this.complain(`Room ${room.record.id}`, error);
    }
  }

  private complain(about: string, error: unknown) {
    if (error instanceof ServerError) return;
    console.error(`${about}: ${error instanceof Error ? error.stack : error}`);
  }
}

const accepted = ({ invited, strangers, invitedKeys = {} }: RoomRecord, accountId: string) => {
  const { [accountId]: _, ...keys } = invitedKeys;
  return {
    invited: [...without(invited, accountId), accountId],
    strangers: without(strangers, accountId),
    invitedKeys: keys,
  };
};

function rankOf({ group }: Room): number {
  if (!group) return 0;
  return group.members.findIndex(({ leaf }) => leaf === group.ownLeaf);
}
