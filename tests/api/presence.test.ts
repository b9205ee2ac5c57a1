import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { addMember, leave, openDirect, PRESENCE, people, removeMember, roomOf, TYPING } from '../rooms.ts';
import { Line } from '../wire.ts';
import { type Arrivals, type Node, openWorld, type Person, type World } from '../world.ts';

let world: World;
/** How far the clock of all nodes is ahead: nobody waits for what takes half a minute. */
let ahead = 0;

beforeAll(async () => {
  const { now } = Date;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
  world = await openWorld();
});
afterAll(async () => {
  await world.close();
  vi.restoreAllMocks();
});

/** Makes somebody be here; resolves when that is so, with what they are told afterwards. */
async function arrive(person: Person): Promise<Arrivals> {
  const told = person.subscribe(PRESENCE);
  await vi.waitUntil(() => told.all.length > 0, { timeout: 20_000 });
  return told;
}

const shows = (told: Arrivals, person: Person) => told.upTo(({ here }) => here.includes(person.id));
const loses = (told: Arrivals, person: Person) => told.upTo(({ gone }) => gone.includes(person.id));
/** Lets the clock run until the listener is told that the person has gone. */
async function goneInTime(told: Arrivals, person: Person) {
  const before = told.all.length;
  const isTold = () => {
    ahead += 1_000;
    return told.all.slice(before).some(({ gone }) => gone.includes(person.id));
  };
  await vi.waitUntil(isTold, { interval: 100, timeout: 20_000 });
}
const named = (told: Arrivals) => new Set(told.all.flatMap(({ here, gone }) => [...here, ...gone]));

test('two who share a room see each other come, and nobody sees themselves', async () => {
  const { ada, bea } = await people(world, 'ada', 'bea');
  await roomOf(ada, bea);
  const [adas, beas] = [await arrive(ada), await arrive(bea)];
  expect(await adas.next()).toEqual({ isComplete: true, here: [], gone: [] });
  expect(await adas.next()).toEqual({ isComplete: false, here: [bea.id], gone: [] });
  expect(await beas.next()).toEqual({ isComplete: true, here: [ada.id], gone: [] });
});

test('one who shares no room learns nothing of anybody', async () => {
  const { ada, bea, mallory } = await people(world, 'ada', 'bea', 'mallory');
  await roomOf(ada, bea);
  const mallorys = await arrive(mallory);
  const [adas] = [await arrive(ada), await arrive(bea)];
  await shows(adas, bea);
  await mallory.graphql(...openDirect(ada.id));
  await shows(mallorys, ada);
  expect(named(mallorys)).toEqual(new Set([ada.id]));
});

test('a block hides the two from each other at once, and nobody else', async () => {
  const { ada, bea, mallory } = await people(world, 'ada', 'bea', 'mallory');
  await roomOf(ada, bea, mallory);
  const [adas, beas, mallorys] = [await arrive(ada), await arrive(bea), await arrive(mallory)];
  await shows(adas, mallory);
  await shows(mallorys, ada);
  await ada.graphql('mutation ($id: ID!) { blockUser(userId: $id) { id } }', { id: mallory.id });
  await loses(mallorys, ada);
  await loses(adas, mallory);
  expect(beas.all.flatMap(({ gone }) => gone)).toEqual([]);
  // Whoever asks anew is told of everyone: not of who is apart from them.
  for (const [asking, here] of [
    [mallory, [bea.id]],
    [ada, [bea.id]],
    [bea, [ada.id, mallory.id]],
  ] as const) {
    const all = await (await arrive(asking)).next();
    expect(all.here.toSorted()).toEqual(here.toSorted());
  }
  await ada.graphql('mutation ($id: ID!) { unblockUser(userId: $id) { id } }', { id: mallory.id });
  await shows(mallorys, ada);
  await shows(adas, mallory);
});

test('who does not ask is not shown, whatever else they do', async () => {
  const { ada, bea, carol } = await people(world, 'ada', 'bea', 'carol');
  const room = await roomOf(ada, bea, carol);
  const adas = await arrive(ada);
  bea.subscribe(TYPING, { roomId: room });
  await bea.say(room, 'I am quiet about it');
  await arrive(carol);
  await shows(adas, carol);
  expect(named(adas)).toEqual(new Set([carol.id]));
});

test('who goes is gone after ten seconds, and a reload is not seen', async () => {
  const { ada, bea, carol } = await people(world, 'ada', 'bea', 'carol');
  await roomOf(ada, bea, carol);
  const [adas, , carols] = [await arrive(ada), await arrive(bea), await arrive(carol)];
  await shows(adas, carol);
  bea.disconnect();
  await arrive(bea);
  carols.stop();
  await goneInTime(adas, carol);
  expect(adas.all.flatMap(({ gone }) => gone)).toEqual([carol.id]);
});

test('one is here until the last of one’s tabs is closed', async () => {
  const { ada, bea, carol, dan } = await people(world, 'ada', 'bea', 'carol', 'dan');
  await roomOf(ada, bea, carol, dan);
  const adas = await arrive(ada);
  const [first, second] = [await arrive(bea), await arrive(bea)];
  await shows(adas, bea);
  first.stop();
  await arrive(carol);
  ahead += 20_000;
  await arrive(dan);
  await shows(adas, dan);
  expect(adas.all.flatMap(({ gone }) => gone)).toEqual([]);
  second.stop();
  await goneInTime(adas, bea);
});

test('who vanishes in the middle of coming is not here for ever', async () => {
  const { ada, bea, carol } = await people(world, 'ada', 'bea', 'carol');
  await roomOf(ada, bea, carol);
  const adas = await arrive(ada);
  for (let times = 0; times < 20; times++) {
    const line = new Line(world.node);
    await line.init(bea.accessToken);
    await line.send({ id: '1', type: 'subscribe', payload: { query: PRESENCE } });
    line.close();
  }
  await arrive(carol);
  await shows(adas, carol);
  ahead += 20_000;
  const later = await arrive(carol);
  await vi.waitUntil(() => !everyone(adas).has(bea.id), { timeout: 20_000 });
  expect([...later.all[0].here]).toEqual([ada.id]);
});

/** Who is here by all that was told. */
function everyone(told: Arrivals): Set<string> {
  const present = new Set<string>();
  for (const { here, gone } of told.all) {
    for (const id of here) present.add(id);
    for (const id of gone) present.delete(id);
  }
  return present;
}

test('a room that one joins or is removed from shows and hides its people', async () => {
  const { ada, bea } = await people(world, 'ada', 'bea');
  const room = await roomOf(ada);
  const [adas, beas] = [await arrive(ada), await arrive(bea)];
  await ada.graphql(...addMember(room, bea.id));
  await Promise.all([shows(adas, bea), shows(beas, ada)]);
  await ada.graphql(...removeMember(room, bea.id));
  await Promise.all([loses(adas, bea), loses(beas, ada)]);
  const [one, other] = [await roomOf(ada, bea), await roomOf(ada, bea)];
  await Promise.all([shows(adas, bea), shows(beas, ada)]);
  await bea.graphql(...leave(one));
  await bea.graphql(...leave(other));
  await Promise.all([loses(adas, bea), loses(beas, ada)]);
});

test('many who come at once are told in few news', async () => {
  const ada = await world.person('ada');
  const crowd = Object.values(await people(world, ...Array.from({ length: 12 }, (_, n) => `guest${n}`)));
  await roomOf(ada, ...crowd);
  const adas = await arrive(ada);
  const theirs = await Promise.all(crowd.map(arrive));
  await vi.waitUntil(() => named(adas).size === crowd.length, { timeout: 20_000 });
  expect(adas.all.length).toBeLessThan(8);
  for (const told of theirs) told.stop();
});

describe.runIf(process.env.SERVICES === 'cluster')('at two nodes', () => {
  let far: Node;
  beforeAll(async () => {
    far = await world.anotherNode();
  });

  test('two at different nodes see each other come and go', async () => {
    const { ada, bea } = await people(world, 'ada', 'bea');
    const room = await roomOf(ada, bea);
    const [adas, beas] = [await arrive(ada), await arrive(bea.at(far))];
    await Promise.all([shows(adas, bea), shows(beas, ada)]);
    await ada.graphql(...removeMember(room, bea.id));
    await Promise.all([loses(adas, bea), loses(beas, ada)]);
    await ada.graphql(...openDirect(bea.id));
    await Promise.all([shows(adas, bea), shows(beas, ada)]);
    beas.stop();
    await goneInTime(adas, bea);
  });

  test('a node that came later knows who is here, and one that dies is forgotten with its people', async () => {
    const { ada, bea, carol } = await people(world, 'ada', 'bea', 'carol');
    await roomOf(ada, bea, carol);
    const adas = await arrive(ada);
    const dying = await world.anotherNode();
    const beas = await arrive(bea.at(dying));
    await Promise.all([shows(adas, bea), shows(beas, ada)]);
    dying.core.heartbeat.stop();
    await arrive(carol.at(far));
    await shows(adas, carol);
    for (let seconds = 0; seconds < 40; seconds += 4) {
      ahead += 4_000;
      await new Promise((resolve) => far.core.bus.listen('presence', resolve));
    }
    await loses(adas, bea);
    expect(adas.all.flatMap(({ gone }) => gone)).toEqual([bea.id]);
  });
});
