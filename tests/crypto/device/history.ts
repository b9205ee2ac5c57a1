import fc from 'fast-check';
import { expect } from 'vitest';
import { DeviceError, isPassing, ServerError } from '../../../web/crypto/device/errors.ts';
import type { Content } from '../../../web/crypto/sealing/content.ts';
import { Killed, Life } from './faults.ts';
import { heardBy, type LoggedEntry } from './heard.ts';
import type { Host } from './host.ts';
import { expectAgreement, expectNothingUnreadable } from './invariants.ts';
import { Outcast } from './outcast.ts';
import type { Browser } from './people.ts';
import { type Conditions, type Play, stage } from './stage.ts';
import { FOUL, type Weather } from './weather.ts';

const KINDS = [
  ...['say', 'say', 'say', 'edit', 'react', 'read', 'invite', 'kick', 'leave', 'renew', 'reload'],
  ...['kill', 'race', 'revoke'],
] as const;

export interface Step {
  kind: string;
  who: number;
  whom: number;
  /** How many deeds a page has left. */
  deeds: number;
}

/** A story, and the weather in it: one entry for each call of the server, over and over. */
export const stories = (minLength: number, maxLength: number) =>
  fc.record({
    steps: fc.array(
      fc.record({ kind: fc.constantFrom(...KINDS), who: fc.nat(99), whom: fc.nat(99), deeds: fc.nat(8) }),
      { minLength, maxLength },
    ),
    weather: fc.array(fc.constantFrom<Weather>(...Array<'fair'>(15).fill('fair'), ...FOUL), {
      minLength: 30,
      maxLength: 60,
    }),
  });
type Story = { steps: Step[]; weather: Weather[] };

export const DEVICES = ['ann', 'ann/phone', 'bob', 'bob/phone', 'carol', 'dave'] as const;
export type DeviceName = (typeof DEVICES)[number];
export const cast = () => stage(...DEVICES);
type Begun = (conditions: Conditions<DeviceName>) => Promise<Play<DeviceName, Host>>;

/** Lives through a story, and throws when one of the invariants does not hold at its end. */
export async function live(play: Begun, { steps, weather }: Story, tally: Tally) {
  let calls = 0;
  let isFair = true;
  const next = () => (isFair ? 'fair' : (weather[calls++ % weather.length] as Weather));
  const tale = await Tale.begin(await play({ weather: next }), tally);
  isFair = false;
  for (const step of steps) if (await tale.take(step)) tally[step.kind] = (tally[step.kind] ?? 0) + 1;
  isFair = true;
  await tale.settle();
  await tale.check();
}

/** How often what was done: a story in which nothing happens proves nothing. */
export type Tally = Record<string, number>;

class Tale {
  private readonly members = new Set<DeviceName>(['ann', 'bob']);
  private readonly outOfUse = new Set<DeviceName>();
  private readonly outcasts: Outcast[] = [];
  /** What messages say, by their ids. */
  private readonly words = new Map<string, string>();
  private readonly edits = new Map<string, { target: string; body: string }>();
  private said = 0;

  private constructor(
    private readonly play: Play<DeviceName, Host>,
    private readonly room: string,
    private readonly tally: Tally,
  ) {}

  static async begin(play: Play<DeviceName, Host>, tally: Tally) {
    const { ann, bob } = play.users;
    const tale = new Tale(play, await play.server.room('PRIVATE', ann, bob), tally);
    await tale.insist('ann', ({ device }) => device.makeGroup(tale.room));
    return tale;
  }

  /** Whether the step could be taken. */
  async take({ kind, who, whom, deeds }: Step): Promise<boolean> {
    const [name, other] = [pick(this.inside, who), pick(this.inside, whom)];
    const [member, outsider] = [pick([...this.members].slice(1), whom), pick(this.outside, whom)];
    switch (kind) {
      case 'say':
        return this.say(name);
      case 'edit':
      case 'react':
        return this.answer(name, kind, whom);
      case 'read':
        return this.insist(name, ({ device }) => device.follow(this.room));
      case 'invite':
        return outsider !== undefined && this.invite(name, outsider);
      case 'kick':
      case 'leave':
        return member !== undefined && this.leave(member, kind === 'kick');
      case 'renew':
        return this.insist('ann', ({ device }) => device.renew(this.room));
      case 'reload':
        return this.insist(name, () => this.reload(name));
      case 'kill':
        return (await this.insist(name, () => this.reload(name, new Life(deeds)))) && this.say(name);
      case 'race':
        return this.race(name, other, deeds);
      default:
        return this.revoke(name);
    }
  }

  /** Everybody comes online in good weather, and does what there is to do. */
  async settle() {
    for (let round = 0; round < 3; round++)
      for (const name of this.inside) await this.insist(name, ({ device }) => device.settle(this.room));
    for (const name of DEVICES) await this.insist(name, ({ device }) => device.follow(this.room));
  }

  async check() {
    const inside = this.inside.map((name) => this.browser(name));
    const ids = inside.map(({ device }) => device.core.self.deviceId).sort();
    const group = await this.browser('ann').ports.server.group(this.room);
    expect(group?.deviceIds.sort()).toEqual(ids);
    await expectAgreement(this.room, ...inside);
    expectNothingUnreadable(...DEVICES.map((name) => this.browser(name)));
    const log = await this.play.server.logOf(this.room);
    for (const name of DEVICES) this.checkRead(name, log);
    for (const outcast of this.outcasts)
      if (await outcast.reachesNothing(this.room, log, this.browser('ann').ports.server)) this.count('outcasts');
  }

  /** What was said while this device was in the group, each once, as it was last edited, and nothing else. */
  private checkRead(name: DeviceName, log: LoggedEntry[]) {
    const { device } = this.browser(name);
    const room = device.core.rooms.get(this.room);
    if (!room) return;
    expect({ name, resyncs: room.record.resyncs, problem: room.record.problem }).toEqual({ name, resyncs: 0 });
    const shown = room.view.messages().map(({ message }) => message);
    const { all, since } = this.readable(name, log);
    const read = shown.map(({ id, author, body }) => ({ id, author: author?.id, body }));
    // Whoever was out of the room and came back keeps what was before, or not: only what came since is owed.
    const owed = this.inside.includes(name) ? since : 0;
    expect({ name, read: read.filter((_, at) => at >= read.length - owed) }).toEqual({
      name,
      read: all.slice(all.length - owed),
    });
    expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining(read.map(({ id }) => id)));
    expect(new Set(shown.map(({ id }) => id)).size).toBe(shown.length);
    this.count('opened', read.length);
  }

  private count(what: string, much = 1) {
    this.tally[what] = (this.tally[what] ?? 0) + much;
  }

  /** All that was ever said where this device could hear it, and how much of it since its person came in last. */
  private readable(name: DeviceName, log: LoggedEntry[]) {
    const { device, user } = this.browser(name);
    const { heard, since } = heardBy(log, device.core.self.deviceId, user.id);
    const all = heard.messages.map(({ id, author }) => ({ id, author: author?.id, body: this.words.get(id) }));
    for (const event of heard.events) {
      const { target, body } = this.edits.get(event) ?? {};
      const edited = all.find(({ id }) => id === target);
      if (edited) edited.body = body;
    }
    return { all, since };
  }

  private async invite(name: DeviceName, outsider: DeviceName): Promise<boolean> {
    const { users, server } = this.play;
    if (!(await this.insist(name, ({ invite }) => invite(this.room, users[outsider])))) return false;
    await server.join(this.room, users[outsider], users[name]);
    this.members.add(outsider);
    return this.insist(name, ({ device }) => device.settle(this.room));
  }

  private async leave(member: DeviceName, isKicked: boolean): Promise<true> {
    const { users, server } = this.play;
    await this.castOut(...this.inside.filter((name) => name.split('/')[0] === member));
    await server.leave(this.room, users[member], isKicked ? users.ann : undefined);
    this.members.delete(member);
    return true;
  }

  private async castOut(...names: DeviceName[]) {
    const { length } = await this.play.server.logOf(this.room);
    this.outcasts.push(...names.map((name) => Outcast.of(this.browser(name), length)));
  }

  private async say(name: DeviceName): Promise<boolean> {
    this.said += 1;
    const [body, id] = [`message ${this.said}`, crypto.randomUUID()];
    this.words.set(id, body);
    return this.insist(name, ({ say }) => say(this.room, body, id));
  }

  /** Two say something at the same time, and sometimes a third does whatever there is to do. */
  private async race(one: DeviceName, other: DeviceName, third: number): Promise<boolean> {
    if (one === other) return false;
    const others = this.inside.filter((name) => name !== one && name !== other);
    const settling = others
      .slice(0, third % 2)
      .map((name) => this.insist(name, ({ device }) => device.settle(this.room)));
    return (await Promise.all([this.say(one), this.say(other), ...settling])).includes(true);
  }

  private async answer(name: DeviceName, kind: 'edit' | 'react', whom: number): Promise<boolean> {
    const { device, user } = this.browser(name);
    const shown = device.core.rooms.get(this.room)?.view.messages() ?? [];
    const target = pick(
      shown.filter(({ senderId }) => kind === 'react' || senderId === user.id),
      whom,
    )?.message.id;
    if (!target) return false;
    this.said += 1;
    const [body, id] = [`edit ${this.said}`, crypto.randomUUID()];
    if (kind === 'edit') this.edits.set(id, { target, body });
    const content: Content =
      kind === 'edit' ? { type: 'edit', target, body } : { type: 'reaction', target, emoji: '👍', on: whom % 3 > 0 };
    return this.insist(name, ({ tell }) => tell(this.room, content, id));
  }

  private async revoke(name: DeviceName): Promise<boolean> {
    if (!name.endsWith('phone')) return false;
    await this.castOut(name);
    await this.play.server.revoke(this.browser(name).device.core.self.deviceId);
    this.outOfUse.add(name);
    return true;
  }

  private reload = async (name: DeviceName, life?: Life) => {
    this.play.browsers[name] = await this.browser(name).reload(life);
  };

  /** Tries as a page does: again after bad weather, with a new page after its end. Whether it could be done in the end. */
  private async insist(name: DeviceName, act: (one: Browser) => Promise<unknown>): Promise<boolean> {
    for (let tries = 0; tries < 200; tries++) {
      try {
        await act(this.browser(name));
        return true;
      } catch (error) {
        if (isRefusal(error) || (isSignedOut(error) && this.outOfUse.has(name))) return false;
        if (error instanceof Killed) {
          if (!(await this.insist(name, () => this.reload(name)))) return false;
        } else if (isOfStrangers(error)) await this.accept(name, error.details.userIds as string[]);
        else if (!isPassing(error)) throw error;
      }
    }
    throw new Error(`${name} did not get through.`);
  }

  /** Somebody whom another let in came with a new group: this server lies to nobody, so they are members. */
  private async accept(name: DeviceName, strangers: string[]) {
    const members = [...this.members].map((member) => this.play.users[member].id);
    for (const id of strangers) {
      expect(members).toContain(id);
      await this.insist(name, (browser) => browser.accept({ id }));
    }
  }

  private browser = (name: DeviceName) => this.play.browsers[name];

  private get outside(): DeviceName[] {
    return DEVICES.filter((name) => !name.includes('/') && !this.members.has(name));
  }

  /** Browsers in use of people who are in the room. */
  private get inside(): [DeviceName, ...DeviceName[]] {
    const isMember = (name: DeviceName) => this.members.has(name.split('/')[0] as DeviceName);
    return DEVICES.filter((name) => isMember(name) && !this.outOfUse.has(name)) as [DeviceName];
  }
}

const isOfStrangers = (error: unknown): error is DeviceError =>
  error instanceof DeviceError && error.code === 'IDENTITY_CHANGED';

const isSignedOut = (error: unknown) =>
  (error instanceof DeviceError && error.code === 'ELSEWHERE') ||
  (error instanceof ServerError && error.code === 'UNAUTHENTICATED');

/** That it cannot be done now, by who asks: not yet in, out, or in use no more. */
const isRefusal = (error: unknown) =>
  (error instanceof DeviceError && error.code === 'WAITING') ||
  (error instanceof ServerError && ['NOT_FOUND', 'FORBIDDEN'].includes(error.code));

const pick = <Item>(all: readonly Item[], at: number): Item => all[at % all.length] as Item;
