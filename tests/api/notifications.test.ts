import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { claimDue } from '../../api/notifications/due.ts';
import { markRead, openDirect, people, roomOf, setNotify, VIEWER_EVENTS } from '../rooms.ts';
import { type Browser, openPushService } from '../services/pushService.ts';
import { openWorld, PASSWORD, Person, type World } from '../world.ts';

const SET_PUSH = 'mutation ($subscription: PushSubscriptionInput) { setPush(subscription: $subscription) { hasPush } }';
const HUSH = 'mutation ($until: DateTime) { hush(until: $until) { hushedUntil } }';
const LOG_IN = 'mutation ($input: LogInInput!) { logIn(input: $input) { accessToken } }';
const HAS_PUSH = '{ viewer { session { hasPush } hushedUntil } server { pushKey } }';
const FOR_EVER = '9999-12-31T00:00:00.000Z';

let service: Awaited<ReturnType<typeof openPushService>>;
let world: World;
let alice: Person;

beforeAll(async () => {
  service = await openPushService();
  world = await openWorld({ OUTGOING_ORIGINS: service.url });
  alice = await world.person('alice');
});
afterAll(async () => {
  await world.close();
  service.close();
});

/** Somebody whose browser is told by push, and has no page open. */
async function away(name: string): Promise<{ person: Person; browser: Browser }> {
  const person = await world.person(name);
  return { person, browser: await told(person) };
}

async function told(person: Person): Promise<Browser> {
  const browser = service.browser();
  expect(await person.graphql(SET_PUSH, { subscription: browser.subscription })).toEqual({
    setPush: { hasPush: true },
  });
  return browser;
}

async function anotherDevice({ name, id, username }: Person): Promise<Person> {
  const { accessToken } = (await alice.graphql(LOG_IN, { input: { username, password: PASSWORD, cookies: false } }))
    .logIn;
  return new Person(world.node, { name, id, username, accessToken });
}

const arrived = (browser: Browser, count: number) =>
  vi.waitFor(() => expect(browser.pushes.length).toBeGreaterThanOrEqual(count), { timeout: 30_000, interval: 50 });
const rooms = (browser: Browser) => browser.pushes.map(({ data }) => data.room);

test.concurrent('Tab closed: “New message in a room”; the payload holds no text', async () => {
  const { person: bob, browser } = await away('bob');
  const room = await roomOf(alice, bob);
  const { seq } = await alice.say(room, 'the secret plan');
  await arrived(browser, 1);
  const [push] = browser.pushes;
  expect(push?.data).toEqual({ room, seq, waiting: 0 });
  expect(push?.key).toBe((await bob.graphql(HAS_PUSH)).server.pushKey);
  expect(push?.headers).toMatchObject({ ttl: '86400', urgency: 'normal' });
  // What passes through the push service says nothing of the room, or of who is in it.
  const seen = JSON.stringify([push?.headers, push?.body.toString('latin1')]);
  for (const word of ['secret', room, bob.id, alice.id, 'alice']) expect(seen).not.toContain(word);
});

test.concurrent('a room is told of once until it is read, and a later push takes the place of the earlier', async () => {
  const { person: bob, browser } = await away('bob');
  const room = (await alice.graphql(...openDirect(bob.id))).openDirectRoom.id;
  await alice.say(room, 'one');
  await arrived(browser, 1);
  const { seq } = await alice.say(room, 'two');
  const other = await roomOf(alice, bob);
  await alice.say(other, 'elsewhere');
  await arrived(browser, 2);
  await bob.graphql(...markRead(room, seq));
  const last = await alice.say(room, 'three');
  await arrived(browser, 3);
  expect(browser.pushes.map(({ data }) => data)).toMatchObject([
    { room, waiting: 1 },
    { room: other, waiting: 2 },
    { room, seq: last.seq, waiting: 1 },
  ]);
  const [first, second, third] = browser.pushes.map(({ headers }) => headers.topic);
  expect(third).toBe(first);
  expect(second).not.toBe(first);
});

test.concurrent('it is told what was chosen for the room, and nothing of somebody who is blocked', async () => {
  const { person: bob, browser } = await away('bob');
  const { carol } = await people(world, 'carol');
  const [silent, called, plain, loud] = await Promise.all([1, 2, 3, 4].map(() => roomOf(alice, bob, carol)));
  await bob.graphql(...setNotify(silent ?? '', 'NOTHING'));
  for (const room of [called, plain]) await bob.graphql(...setNotify(room ?? '', 'MENTIONS'));
  await bob.graphql('mutation ($id: ID!) { blockUser(userId: $id) { id } }', { id: carol.id });
  await alice.say(silent ?? '', `@${bob.username} and silence`);
  await alice.say(plain ?? '', 'to nobody in particular');
  await carol.say(loud ?? '', `@${bob.username} from a blocked person`);
  await alice.say(called ?? '', `@${bob.username} look`);
  await arrived(browser, 1);
  expect(browser.pushes.map(({ data }) => data)).toMatchObject([{ room: called, waiting: 2 }]);
  await alice.say(loud ?? '', 'from alice');
  await arrived(browser, 2);
  expect(rooms(browser)).toEqual([called, loud]);
});

test.concurrent('Hush until a time holds on every device, and what was said in the quiet is not told afterwards', async () => {
  const { person: bob, browser } = await away('bob');
  const laptop = await anotherDevice(bob);
  const events = laptop.subscribe(VIEWER_EVENTS, { after: -1 });
  await events.next();
  const [quiet, later] = [await roomOf(alice, bob), await roomOf(alice, bob)];
  expect(await bob.graphql(HUSH, { until: FOR_EVER })).toEqual({ hush: { hushedUntil: FOR_EVER } });
  const [hushed] = (await events.upTo(({ __typename }) => __typename === 'HushChanged')).slice(-1);
  expect(hushed).toMatchObject({ hushedUntil: FOR_EVER });
  await alice.say(quiet, 'psst');
  const { carol } = await people(world, 'carol');
  const control = await told(carol);
  const witness = await roomOf(alice, carol);
  await alice.say(witness, 'not hushed');
  await arrived(control, 1);
  expect(await bob.graphql(HUSH, { until: null })).toEqual({ hush: { hushedUntil: null } });
  expect((await events.next()).hushedUntil).toBeNull();
  await alice.say(later, 'good morning');
  await arrived(browser, 1);
  expect(rooms(browser)).toEqual([later]);
  expect((await laptop.graphql(HAS_PUSH)).viewer.hushedUntil).toBeNull();
  laptop.disconnect();
});

test.concurrent('a device with the page open tells by itself: the others of the person are told', async () => {
  const { person: bob, browser: phone } = await away('bob');
  const laptop = await anotherDevice(bob);
  const onLaptop = await told(laptop);
  const room = await roomOf(alice, bob);
  const log = laptop.follow(room, { after: 0 });
  await log.next();
  await vi.waitFor(async () => {
    const open = await world.node.core.db.pushSubscription.count({ where: { userId: bob.id, liveAt: { not: null } } });
    expect(open).toBe(1);
  });
  const { seq } = await alice.say(room, 'hello');
  await arrived(phone, 1);
  await bob.graphql(...markRead(room, seq));
  laptop.disconnect();
  const last = await alice.say(room, 'laptop closed');
  await arrived(onLaptop, 1);
  expect(onLaptop.pushes.map(({ data }) => data.seq)).toEqual([last.seq]);
});

test.concurrent('whoever signs out is not told, nor is a browser that the push service no longer knows', async () => {
  const { person: bob, browser } = await away('bob');
  const gone = await anotherDevice(bob);
  const goneBrowser = await told(gone);
  const out = await anotherDevice(bob);
  const outBrowser = await told(out);
  await out.graphql('mutation { logOut }');
  goneBrowser.answers.push(410);
  browser.answers.push(503);
  const room = await roomOf(alice, bob);
  const { seq } = await alice.say(room, 'hello');
  await arrived(browser, 1); // At the second try.
  await vi.waitFor(async () => expect((await gone.graphql(HAS_PUSH)).viewer.session.hasPush).toBe(false));
  expect((await bob.graphql(HAS_PUSH)).viewer.session.hasPush).toBe(true);
  await bob.graphql(...markRead(room, seq));
  await alice.say(room, 'again');
  await arrived(browser, 2);
  expect([goneBrowser.pushes, outBrowser.pushes, service.refused]).toEqual([[], [], []]);
  expect(await bob.graphql(SET_PUSH, { subscription: null })).toEqual({ setPush: { hasPush: false } });
});

test.concurrent('a subscription that cannot be is refused, and nothing is kept of it', async () => {
  const { bob, carol } = await people(world, 'bob', 'carol');
  const { subscription } = service.browser();
  const wrong = (more: object) => bob.refused(SET_PUSH, { subscription: { ...subscription, ...more } });
  const elsewhere = [
    'http://push.example.org/x',
    'https://127.0.0.1/x',
    'https://169.254.169.254/latest',
    'https://[::1]/',
    'x',
  ];
  for (const endpoint of elsewhere) {
    expect(await wrong({ endpoint })).toMatchObject({
      code: 'INVALID_INPUT',
      fields: { endpoint: [expect.any(String)] },
    });
  }
  for (const more of [{ auth: 'short' }, { p256dh: 'A'.repeat(87) }, { p256dh: subscription.auth }]) {
    expect((await wrong(more)).code).toBe('INVALID_INPUT');
  }
  expect((await bob.graphql(HAS_PUSH)).viewer.session.hasPush).toBe(false);
  await bob.graphql(SET_PUSH, { subscription });
  // Whoever knows an endpoint cannot take it away; the browser itself, signed in as another, can.
  const stolen = { ...subscription, auth: service.browser().subscription.auth };
  expect((await carol.refused(SET_PUSH, { subscription: stolen })).code).toBe('CONFLICT');
  await carol.graphql(SET_PUSH, { subscription });
  expect((await bob.graphql(HAS_PUSH)).viewer.session.hasPush).toBe(false);
});

test.concurrent('a person has twenty devices that are told, and no more', async () => {
  const { person: bob } = await away('bob');
  const { db } = world.node.core;
  for (let n = 1; n < 20; n++) {
    const expiresAt = new Date(Date.now() + 1e6);
    const { id: sessionId } = await db.session.create({ data: { userId: bob.id, refreshId: randomUUID(), expiresAt } });
    const keys = service.browser().subscription;
    await db.pushSubscription.create({ data: { sessionId, userId: bob.id, ...keys } });
  }
  const refused = await (await anotherDevice(bob)).refused(SET_PUSH, { subscription: service.browser().subscription });
  expect(refused).toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('Sign one of them out') });
  await told(bob);
});

describe.runIf(process.env.SERVICES === 'cluster')('two nodes', () => {
  test('sign with one key, and never tell twice', async () => {
    const far = await world.anotherNode();
    const { person: bob, browser } = await away('bob');
    const there = (await bob.at(far).graphql(HAS_PUSH)).server.pushKey;
    expect(there).toBe((await bob.graphql(HAS_PUSH)).server.pushKey);
    const sent: string[] = [];
    for (let n = 0; n < 5; n++) sent.push(await roomOf(alice, bob));
    for (const room of sent) await (Math.random() < 0.5 ? alice : alice.at(far)).say(room, 'hello');
    const claims = [world.node, far, world.node, far].map(({ core }) => claimDue(core, sent));
    const given = (await Promise.all(claims)).flat();
    await vi.waitFor(() => expect(given.length + browser.pushes.length).toBe(5), { timeout: 30_000 });
    const control = await roomOf(alice, bob);
    await alice.at(far).say(control, 'and one more');
    await vi.waitFor(() => expect(rooms(browser)).toContain(control), { timeout: 30_000 });
    expect([...given.map(({ roomId }) => roomId), ...rooms(browser)].sort()).toEqual([...sent, control].sort());
  });
});
