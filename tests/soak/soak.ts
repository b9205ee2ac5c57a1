import { randomUUID } from 'node:crypto';
import { DeviceError, isPassing, ServerError } from '../../web/crypto/device/errors.ts';
import { createTurns } from '../../web/crypto/device/turns.ts';
import { Random } from '../chaos/random.ts';
import { Killed, Life } from '../crypto/device/faults.ts';
import { heardBy } from '../crypto/device/heard.ts';
import { expectAgreement } from '../crypto/device/invariants.ts';
import type { Browser } from '../crypto/device/people.ts';
import { FOUL, type Weather } from '../crypto/device/weather.ts';
import { encryptedRoomOf, logOf } from '../devices.ts';
import { browserAt } from '../encryptedPeople.ts';
import { type Site, serverAt } from '../encryptedStage.ts';
import { heard } from '../mortals.ts';
import { addMember, leave, removeMember } from '../rooms.ts';
import { type Node, type Person, signedInAgain } from '../world.ts';

export interface Plan {
  messages: number;
  people: number;
  seed: number;
}

export interface Outcome {
  sent: number;
  devices: number;
  opened: number;
  /** Said to a device that cannot open it, or that it does not show. */
  undecryptable: number;
  /** Shown more than once, or to a device that was not in the group. */
  wrong: number;
  epochs: number;
  deeds: Record<string, number>;
}

/** People with two browsers each live in one encrypted room: they write, come, go, reload, lose the line and are cut off. */
export async function soak(site: Site, plan: Plan, tell: (line: string) => void = () => {}): Promise<Outcome> {
  const company = await Company.gather(site, plan);
  await company.live(plan.messages, tell);
  return company.outcome();
}

interface Seat {
  person: Person;
  browser: Browser;
  isOffline: boolean;
}

const AT_ONCE = 4;
const REST = 250;

class Company {
  private sent = 0;
  private readonly deeds: Record<string, number> = {};
  private readonly outside = new Set<string>();
  private readonly inTurn = createTurns();

  private constructor(
    private readonly site: Site,
    private readonly sky: { isFair: boolean },
    private readonly seats: Seat[],
    private readonly room: string,
    private readonly random: Random,
  ) {}

  static async gather(site: Site, { people, seed }: Plan): Promise<Company> {
    const random = new Random(String(seed));
    const elsewhere = site.clustered ? await site.anotherNode() : site.node;
    const persons: Person[] = [];
    for (let n = 0; n < people; n++) persons.push(await site.person(`soak${n}`));
    const [owner, ...others] = persons as [Person, ...Person[]];
    const room = await encryptedRoomOf(owner, ...others);
    const [seats, sky] = [[] as Seat[], { isFair: true }];
    const weather = () => (sky.isFair ? 'fair' : weatherOf(random.next(), site));
    for (const person of persons) seats.push(...(await seated(site, person, elsewhere, weather)));
    await (seats[0] as Seat).browser.device.makeGroup(room);
    sky.isFair = false;
    return new Company(site, sky, seats, room, random);
  }

  async live(messages: number, tell: (line: string) => void) {
    while (this.sent < messages) {
      const before = this.sent;
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.beat()));
      if (Math.floor(before / REST) === Math.floor(this.sent / REST)) continue;
      tell(`${this.sent} sent …`);
      // Sessions last for a quarter of an hour.
      await this.site.back?.();
      for (const { person } of this.seats) await renewSession(person);
    }
    this.sky.isFair = true;
    for (const seat of this.seats) seat.isOffline = false;
    for (let round = 0; round < 2; round++)
      for (const seat of this.inside) await this.at(seat, () => seat.browser.device.settle(this.room));
    for (const seat of this.seats) await this.at(seat, () => seat.browser.device.follow(this.room));
    await expectAgreement(this.room, ...this.inside.map(({ browser }) => browser));
  }

  async outcome(): Promise<Outcome> {
    const log = await logOf(this.owner.person, this.room);
    const outcome = { sent: this.sent, devices: this.seats.length, opened: 0, undecryptable: 0, wrong: 0 };
    for (const { person, browser } of this.seats) {
      const { heard, since } = heardBy(log, browser.device.core.self.deviceId, person.id);
      const should = heard.messages.map(({ id }) => id);
      const shown = browser.device.core.rooms.get(this.room)?.view.messages() ?? [];
      const read = new Set(shown.filter(({ state }) => state === 'read').map(({ message }) => message.id));
      const owed = this.outside.has(person.id) ? [] : should.slice(should.length - since);
      outcome.opened += read.size;
      outcome.undecryptable += owed.filter((id) => !read.has(id)).length;
      outcome.wrong += shown.length - new Set(shown.map(({ message }) => message.id)).size;
      outcome.wrong += [...read].filter((id) => !should.includes(id)).length;
    }
    const epochs = log.filter(({ __typename }) => __typename === 'GroupCommitted').length;
    return { ...outcome, epochs, deeds: this.deeds };
  }

  private async beat() {
    const seat = this.random.pick(this.inside);
    const chance = this.random.next();
    if (chance < 0.9) await this.say(seat);
    else if (chance < 0.92) await this.reload(seat);
    else if (chance < 0.93) await this.close(seat);
    else if (chance < 0.97) seat.isOffline = !seat.isOffline;
    else if (chance < 0.985) await this.come();
    else if (chance < 0.997) await this.go(chance < 0.99);
    else await this.renew();
    await this.listen(this.random.pick(this.seats));
  }

  private async say(seat: Seat) {
    const [id, body] = [randomUUID(), `${this.sent} ${'x'.repeat(this.random.between(0, 199))}`];
    if (await this.at(seat, () => seat.browser.say(this.room, body, id))) this.sent += 1;
  }

  private async listen(seat: Seat) {
    if (!seat.isOffline) await this.at(seat, () => seat.browser.device.follow(this.room));
  }

  /** A browser does one thing after the other, and no page is closed in the middle: there is one for each disk. */
  private async at(seat: Seat, act: () => Promise<unknown>): Promise<boolean> {
    const isDone = await this.inTurn(String(this.seats.indexOf(seat)), () => insist(act));
    if (!isDone) this.count('putOff');
    return isDone;
  }

  private async reload(seat: Seat) {
    this.count('reloads');
    await this.at(seat, async () => {
      seat.browser = await seat.browser.reload();
    });
  }

  /** The page is closed in the middle of what it does next, and opened again. */
  private async close(seat: Seat) {
    this.count('kills');
    const life = new Life(this.random.between(0, 4));
    await this.at(seat, async () => {
      seat.browser = await seat.browser.reload(life).catch(() => seat.browser.reload());
      try {
        await seat.browser.device.settle(this.room);
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      } finally {
        seat.browser = await seat.browser.reload();
      }
    });
  }

  private async come() {
    const [id] = this.outside;
    const guest = this.seats.find(({ person }) => person.id === id)?.person;
    if (!guest) return;
    this.outside.delete(guest.id);
    this.count('joins');
    const { browser } = this.seats.find(({ person }) => person.id === guest.id) as Seat;
    if (!(await this.at(this.owner, () => this.owner.browser.invite(this.room, browser.user)))) return;
    await heard(this.owner.person, addMember(this.room, guest.id), this.site.back);
    await this.at(this.owner, () => this.owner.browser.device.settle(this.room));
  }

  private async go(byThemselves: boolean) {
    const { person } = this.random.pick(this.inside);
    if (person.id === this.owner.person.id || this.outside.size > this.seats.length / 4) return;
    this.outside.add(person.id);
    this.count('leaves');
    if (byThemselves) await heard(person, leave(this.room), this.site.back);
    else await heard(this.owner.person, removeMember(this.room, person.id), this.site.back);
  }

  private async renew() {
    this.count('renewals');
    await this.at(this.owner, () => this.owner.browser.device.renew(this.room));
  }

  private count(deed: string) {
    this.deeds[deed] = (this.deeds[deed] ?? 0) + 1;
  }

  private get owner(): Seat {
    return this.seats[0] as Seat;
  }

  private get inside(): Seat[] {
    return this.seats.filter(({ person }) => !this.outside.has(person.id));
  }
}

/** Somebody at two browsers, with a session and a device for each, the other one at another node where there are two. */
async function seated(site: Site, person: Person, elsewhere: Node, weather: () => Weather): Promise<Seat[]> {
  const first = await browserAt(serverAt(site, person, weather), person);
  const other = (await signedInAgain(person)).at(elsewhere);
  const { accountSeed } = first.device.identity.record;
  const second = await browserAt(serverAt(site, other, weather), other, { accountSeed });
  return [
    { person, browser: first, isOffline: false },
    { person: other, browser: second, isOffline: false },
  ];
}

async function renewSession(person: Person) {
  const document = 'mutation ($token: String!) { refresh(refreshToken: $token) { accessToken refreshToken } }';
  Object.assign(person, (await person.graphql(document, { token: person.refreshToken })).refresh);
}

/** Whether it could be done: whoever is out, or not let in yet, cannot; all else is tried until it works. */
async function insist(act: () => Promise<unknown>): Promise<boolean> {
  for (let tries = 0; tries < 50; tries++) {
    try {
      await act();
      return true;
    } catch (error) {
      const isWaiting = error instanceof DeviceError && ['WAITING', 'IDENTITY_CHANGED'].includes(error.code);
      if (isWaiting || (error instanceof ServerError && error.code === 'NOT_FOUND')) return false;
      if (!isPassing(error)) throw error;
    }
  }
  throw new Error('It could not be done in fifty tries.');
}

/** Of a hundred requests one is lost, of another the answer, one arrives twice, and two are late; of a
 * thousand two are the last of their node, where nodes can be killed. */
function weatherOf(chance: number, { kill }: Site): Weather {
  if (kill && chance > 0.998) return 'killed';
  return FOUL[Math.floor(chance * 100)] ?? 'fair';
}
