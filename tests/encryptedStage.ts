import type { Person as User } from '../web/crypto/device/log.ts';
import { MemoryStore } from '../web/crypto/device/memoryStore.ts';
import type { Server } from '../web/crypto/device/ports.ts';
import type { LoggedEntry } from './crypto/device/heard.ts';
import type { Host } from './crypto/device/host.ts';
import { type Browser, TestKeys } from './crypto/device/people.ts';
import type { Conditions, Play } from './crypto/device/stage.ts';
import { behind, type Weather } from './crypto/device/weather.ts';
import { encryptedRoomOf, logOf, revoke } from './devices.ts';
import { browserAt, serverOf } from './encryptedPeople.ts';
import { heard } from './mortals.ts';
import { addMember, leave, removeMember, setRole } from './rooms.ts';
import { type Node, type Person, signedInAgain, type World } from './world.ts';

/** A real server, and what may befall who asks it. */
export interface Site extends Pick<World, 'node' | 'anotherNode' | 'clustered' | 'person'> {
  /** Resolves when all nodes answer. */
  back?: () => Promise<void>;
  /** The way of a device to its node. */
  way?: (server: Server, to: Node) => Server;
  /** Kills a node in the middle of what it is asked now. */
  kill?: (node: Node) => Promise<void>;
}

/** The server, as a device of this person reaches it there in some weather. */
export function serverAt({ way, kill }: Site, person: Person, weather: () => Weather): Server {
  const server = serverOf(person);
  return behind(way?.(server, person.node) ?? server, weather, async () => kill?.(person.node));
}

/**
 * The same people as on the stage in memory, at a real server: the browsers after a slash are at the other node, where there are
 * two. They live through all stories one after the other, each in a room of its own.
 */
export async function realStage<Name extends string>(site: Site, ...names: Name[]) {
  const company = new Company<Name>(site, site.clustered ? await site.anotherNode() : site.node);
  for (const name of names) await company.enter(name);

  return async function play({ weather = () => 'fair' }: Conditions<Name> = {}): Promise<Play<Name, Host>> {
    company.weather = () => 'fair';
    for (const name of names) await company.refresh(name);
    company.weather = weather;
    return company;
  };
}

class Company<Name extends string> implements Play<Name, Host> {
  weather: () => Weather = () => 'fair';
  readonly users = {} as Record<Name, User>;
  readonly browsers = {} as Record<Name, Browser>;
  readonly server: RealHost;

  constructor(
    private readonly site: Site,
    private readonly elsewhere: Node,
  ) {
    this.server = new RealHost(site.back);
  }

  /** Signs somebody in with a new browser: the first of an account, or one that has its key. */
  async enter(name: Name) {
    const first = name.split('/')[0] as Name;
    const known = this.server.persons.get(this.users[first]?.id ?? '');
    const person = known ? (await signedInAgain(known)).at(this.elsewhere) : await this.site.person(first);
    if (!known) this.server.persons.set(person.id, person);
    const { accountSeed } = this.browsers[first]?.device.identity.record ?? {};
    const parts = { store: new MemoryStore(), keys: new TestKeys(), ...(known && accountSeed && { accountSeed }) };
    this.browsers[name] = await browserAt(
      serverAt(this.site, person, () => this.weather()),
      person,
      parts,
    );
    this.users[name] = this.browsers[name].user;
  }

  /** A page that stays open; another browser in the place of one that was taken out of use. */
  async refresh(name: Name) {
    const { deviceId } = this.browsers[name].device.core.self;
    if (this.server.outOfUse.has(deviceId)) await this.enter(name);
    else this.browsers[name] = await this.browsers[name].reload();
  }
}

/** What people ask of a real server by themselves, each until it has answered. */
class RealHost implements Host {
  readonly persons = new Map<string, Person>();
  readonly outOfUse = new Set<string>();
  private readonly owners = new Map<string, Person>();

  constructor(private readonly back?: () => Promise<void>) {}

  async room(_: 'PRIVATE', { id }: User, ...others: User[]) {
    const owner = this.person(id);
    const room = await encryptedRoomOf(owner);
    this.owners.set(room, owner);
    for (const other of others) await this.join(room, other, { id });
    return room;
  }

  /** Everybody may let others in here. */
  async join(roomId: string, user: User, by: Pick<User, 'id'>) {
    await heard(this.person(by.id), addMember(roomId, user.id), this.back);
    await heard(this.owner(roomId), setRole(roomId, user.id, 'MODERATOR'), this.back);
  }

  async leave(roomId: string, user: User, by?: User) {
    const [who, operation] = by ? [by, removeMember(roomId, user.id)] : [user, leave(roomId)];
    await heard(this.person(who.id), operation, this.back);
  }

  async revoke(deviceId: string) {
    this.outOfUse.add(deviceId);
    for (const person of this.persons.values()) await person.ask(...revoke(deviceId));
  }

  logOf(roomId: string): Promise<LoggedEntry[]> {
    return logOf(this.owner(roomId), roomId);
  }

  private person = (id: string) => this.persons.get(id) as Person;
  private owner = (roomId: string) => this.owners.get(roomId) as Person;
}
