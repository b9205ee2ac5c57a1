import fc from 'fast-check';
import type { GroupState } from '../../../web/crypto/mls/engine.ts';
import { mlsOf } from '../../../web/crypto/mls/state.ts';
import { readMessageOf } from '../../../web/crypto/mls/wire.ts';
import { breakInto } from '../adversary.ts';
import { bytes, type Device } from '../devices.ts';
import { nodeSuiteOf } from '../nodeSuite.ts';
import { type Entry, Log } from './log.ts';
import { expectSame, Participant, refused } from './participant.ts';

const KINDS = [
  'send',
  'add',
  'addTwo',
  'remove',
  'swap',
  'update',
  'race',
  'external',
  'resync',
  'offline',
  'reload',
  'lostAck',
  'lostRequest',
] as const;

export interface Step {
  kind: (typeof KINDS)[number];
  who: number;
  whom: number;
}

export const steps = (minLength: number, maxLength: number) =>
  fc.array(fc.record({ kind: fc.constantFrom(...KINDS), who: fc.nat(99), whom: fc.nat(99) }), { minLength, maxLength });

/** How often what was done: a history that does nothing proves nothing. */
export type Tally = Record<Step['kind'] | 'epochs' | 'messages' | 'breakIns', number>;
export const emptyTally = () =>
  Object.fromEntries([...KINDS, 'epochs', 'messages', 'breakIns'].map((name) => [name, 0])) as Tally;

/** Where each history begins: the first device has founded a group and added two, whose states are not used up by it. */
export async function opening(devices: Device[]): Promise<Opening> {
  const [founder, second, third] = devices as [Device, Device, Device];
  const packages = await Promise.all([second, third].map(({ engine }) => engine.createKeyPackage()));
  const { state } = await founder.engine.createGroup(bytes('room'));
  const made = await founder.engine.commit(state, { adds: packages.map(({ keyPackage }) => keyPackage) });
  const secrets = packages.map(({ secret }) => secret);
  const joined = [second, third].map(({ engine }) => engine.join(made.welcome ?? bytes(''), secrets));
  return { devices, states: [made.next, ...(await Promise.all(joined))], groupInfo: made.groupInfo };
}

interface Opening {
  devices: Device[];
  states: GroupState[];
  groupInfo: Uint8Array;
}

/** Lives through a history, and throws when one of the four invariants does not hold at its end or on the way. */
export async function live({ devices, states, groupInfo }: Opening, history: Step[], tally: Tally) {
  const log = new Log(devices.slice(0, states.length), groupInfo, states[0]?.epoch ?? 0n);
  const room = new Room(
    log,
    devices.map((each, at) => new Participant(each, log, states[at])),
  );
  for (const step of history) if (await room.take(step)) tally[step.kind] += 1;
  await room.settle();
  tally.epochs += Number(log.epoch);
  tally.messages += log.entries.filter(({ kind }) => kind === 'message').length;
  await checkAgreement(room);
  await checkNewcomers(room);
  tally.breakIns += await checkRemoved(room);
}

class Room {
  private said = 0;
  private races = 0;

  constructor(
    readonly log: Log,
    readonly people: Participant[],
  ) {}

  /** Whether the step could be taken. */
  async take({ kind, who, whom }: Step): Promise<boolean> {
    const actor = pick(
      this.members.filter(({ isOffline }) => !isOffline),
      who,
    );
    if (!actor) return false;
    await actor.sync();
    if (!actor.isMember) return false;
    const others = this.members.filter((each) => each !== actor);
    const outside = this.people.filter((each) => !this.log.members.includes(each.device));
    const other = pick(others, whom);
    const [stranger, second] = [pick(outside, whom), pick(outside, whom + 1)];
    switch (kind) {
      case 'send':
        return this.say(actor);
      case 'add':
        return stranger !== undefined && this.commit(actor, [stranger], []);
      case 'addTwo':
        return (
          stranger !== undefined && second !== stranger && this.commit(actor, [stranger, second as Participant], [])
        );
      case 'remove':
        return other !== undefined && this.commit(actor, [], [other]);
      case 'swap':
        return other !== undefined && stranger !== undefined && this.commit(actor, [stranger], [other]);
      case 'update':
        return this.commit(actor, [], []);
      case 'race':
        return other !== undefined && this.race(actor, other, stranger);
      case 'external':
        return stranger !== undefined && this.joinByItself(stranger);
      case 'resync':
        // A group of one that lost its state is made anew: nobody could tell the newcomer who it was.
        return others.length > 0 && this.joinByItself(actor);
      case 'offline':
        return this.toggle(pick(others, whom));
      case 'reload':
        actor.reload();
        return true;
      case 'lostAck':
        return this.lose(actor, true);
      case 'lostRequest':
        return this.lose(actor, false);
    }
  }

  private get members() {
    return this.people.filter(({ device }) => this.log.members.includes(device));
  }

  private async say(actor: Participant) {
    this.said += 1;
    await actor.send(`message ${this.said}`);
    return true;
  }

  async commit(actor: Participant, adds: Participant[], removes: Participant[]) {
    const made = await actor.prepare(adds, removes);
    const isTaken = this.log.takeCommit(actor.device, made, devicesOf(adds), devicesOf(removes));
    expectSame('whether a commit is of its epoch', isTaken, true);
    await this.deliver();
    return true;
  }

  /** Both make a commit in one epoch: the one that comes late is not taken, and every other time its maker is out by then. */
  private async race(one: Participant, other: Participant, stranger: Participant | undefined) {
    await other.sync();
    if (!other.isMember || other.isOffline) return false;
    const late = await other.prepare(stranger ? [stranger] : [], []);
    this.races += 1;
    await this.commit(one, [], this.races % 2 ? [] : [other]);
    const isTaken = this.log.takeCommit(other.device, late, stranger ? [stranger.device] : [], []);
    expectSame('whether a late commit is taken', isTaken, false);
    return true;
  }

  private async joinByItself(joiner: Participant) {
    joiner.isOffline = false;
    await joiner.joinExternal();
    await this.deliver();
    return true;
  }

  private toggle(other: Participant | undefined) {
    if (!other) return false;
    other.isOffline = !other.isOffline;
    return true;
  }

  /** The answer to a commit is lost, or the commit itself: the client looks into the log for which of both it was. */
  private async lose(actor: Participant, isTaken: boolean) {
    const made = await actor.prepare([], []);
    actor.reload();
    if (isTaken) this.log.takeCommit(actor.device, made, [], []);
    else await this.say(actor);
    await this.deliver();
    return true;
  }

  private async deliver() {
    for (const each of this.people) await each.sync();
  }

  async settle() {
    for (const each of this.people) each.isOffline = false;
    await this.deliver();
    for (const each of this.members) await this.say(each);
    await this.deliver();
  }
}

/** I1: all members are in the same epoch, of the same history, and see the same members. I2 holds by then: each has
 * read each message of its epochs once, from who wrote it, or reading the log would have thrown. */
async function checkAgreement({ log, people }: Room) {
  const ids = devicesOf(people.filter(({ isMember }) => isMember)).map(({ id }) => id);
  expectSame(
    'who is in',
    ids.sort().join(),
    log.members
      .map(({ id }) => id)
      .sort()
      .join(),
  );
  const views = people.filter(({ isMember }) => isMember).map(({ state }) => viewOf(state as GroupState));
  expectSame('how many views there are', new Set(views).size, 1);
}

const viewOf = ({ epoch, epochAuthenticator, members }: GroupState) =>
  [epoch, epochAuthenticator, members.map(({ leaf, credential }) => `${leaf}:${credential.deviceId}`).sort()].join(' ');

/** I3: nobody reads what is of an epoch in which they were not. */
async function checkNewcomers({ log, people }: Room) {
  const old = log.entries.filter(({ kind, epoch }) => kind === 'message' && epoch < log.epoch);
  for (const { device, state, isMember } of people) {
    if (!state || !isMember) continue;
    for (const { bytes: message } of old)
      await refused('an old message', device.engine.decrypt(state, message), ['STALE_EPOCH']);
  }
}

/** I4: whoever was removed, kept the last state and has all that the server has, gets no further, then or later. */
async function checkRemoved({ log, people }: Room): Promise<number> {
  let attempts = 0;
  for (const { device, copies } of people) {
    for (const { state } of copies) {
      const later = log.entries.filter(({ epoch }) => epoch >= state.epoch);
      const [out, ...rest] = later.filter((entry): entry is Commit => entry.kind === 'commit');
      if (!out?.removes.includes(device)) continue;
      await refuseEntry(device, state, { ...out, before: state });
      for (const entry of rest) await refuseEntry(device, state, entry);
      for (const { bytes: message, kind, epoch } of later) {
        if (kind === 'commit' || epoch === state.epoch) continue;
        await refused('a message after the removal', device.engine.decrypt(state, message), ['FUTURE_EPOCH']);
      }
      attempts += 1;
    }
  }
  return attempts;
}

type Commit = Entry & { kind: 'commit' };

/** All that is public at a commit, with the secrets that the removed device had. */
async function refuseEntry(device: Device, last: GroupState, { before, bytes: commit }: Commit) {
  if (!before) return;
  const { privatePath, keySchedule } = mlsOf(last);
  const { publicMessage } = readMessageOf('mls_public_message', commit);
  const suite = await nodeSuiteOf(device.identity.signer);
  const way = await breakInto({ ...mlsOf(before), privatePath, keySchedule }, publicMessage, suite);
  expectSame('how a removed device gets in', way, undefined);
}

const devicesOf = (people: Participant[]) => people.map(({ device }) => device);
const pick = <T>(all: T[], at: number): T | undefined => all[at % all.length];
