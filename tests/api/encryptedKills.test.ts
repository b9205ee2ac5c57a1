import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { runBot } from '../../examples/encrypted-bot.ts';
import { lockAccount, restoreKeys, saveKeys, unlockAccount } from '../../web/crypto/device/backup.ts';
import { isPassing } from '../../web/crypto/device/errors.ts';
import { MemoryStore } from '../../web/crypto/device/memoryStore.ts';
import { Random } from '../chaos/random.ts';
import { DEVICES, live as liveHistory, stories, type Tally } from '../crypto/device/history.ts';
import { type Browser, TestKeys } from '../crypto/device/people.ts';
import { live, NAMES, type Name } from '../crypto/device/story.ts';
import { claim, encryptedRoomOf } from '../devices.ts';
import { browserAt, serverOf } from '../encryptedPeople.ts';
import { realStage } from '../encryptedStage.ts';
import { heard, type Mortals, openMortals } from '../mortals.ts';
import { addMember, people, removeMember } from '../rooms.ts';
import { Strikes } from '../strikes.ts';
import { PASSWORD, type Person, signedInAgain } from '../world.ts';

// How often the server is killed in each deed of the story, and how many histories. npm run soak:e2ee -- --kill: more.
const { KILLS = '1', KILLED_STORIES = '1', SEED = String(Date.now() % 2 ** 31) } = process.env;

let mortals: Mortals;
let strikes: Strikes;
let persons: Record<Name, Person>;
const browsers = {} as Record<Name, Browser>;

beforeAll(async () => {
  mortals = await openMortals();
  strikes = new Strikes(mortals, new Random(SEED));
  persons = await people(mortals, ...NAMES);
  persons.bob = persons.bob.at(await mortals.anotherNode());
  for (const name of NAMES) browsers[name] = await registered(persons[name], name === 'ann' ? ['registerDevice'] : []);
});
beforeEach(async () => {
  strikes.none();
  await mortals.back();
});
afterAll(() => mortals?.close());

/** While the server is killed at these deeds. */
async function registered(person: Person, deeds: string[]): Promise<Browser> {
  const parts = { store: new MemoryStore(), keys: new TestKeys() };
  const left = strikes.once(deeds);
  const opened = await tried(() => browserAt(strikes.way(serverOf(person), person.node), person, parts));
  expect(left.size).toBe(0);
  return opened;
}

async function tried<Result>(act: () => Promise<Result>): Promise<Result> {
  for (let tries = 0; tries < 20; tries++) {
    try {
      return await act();
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }
  throw new Error('It could not be done in twenty tries.');
}

test(`killed in the middle of each thing that devices ask for, the server loses nothing, and nothing comes twice (seed ${SEED})`, async () => {
  const { ann, bob, carol } = persons;
  const removeCarol = async (room: string) => heard(ann, removeMember(room, carol.id), mortals.back);
  const deeds = ['openGroup', 'claimKeyPackages', 'commitGroup', 'sendSealed', 'takeWelcomes'];
  for (let nth = 1; nth <= Number(KILLS); nth++) {
    const room = await encryptedRoomOf(ann, bob, carol);
    const left = strikes.once(deeds, nth);
    await live({ room, browsers, removeCarol: () => removeCarol(room) });
    if (nth === 1) expect([...left.keys()]).toEqual([]);
    await mortals.back();
  }
}, 3_600_000);

test('key packages that were uploaded while the server was killed are there once, and let Bob in', async () => {
  const { ann, bob } = persons;
  const room = await encryptedRoomOf(ann, bob);
  const { keyPackagesLeft } = await browsers.bob.ports.server.account();
  const usedUp = claim(room, [browsers.bob.device.core.self.deviceId]);
  for (let left = keyPackagesLeft; left > 10; left--) await ann.graphql(...usedUp);
  const left = strikes.once(['publishKeyPackages']);
  browsers.bob = await tried(() => browsers.bob.reload());
  expect(left.size).toBe(0);
  expect((await tried(() => browsers.bob.ports.server.account())).keyPackagesLeft).toBe(50);
  await browsers.ann.device.makeGroup(room);
  await browsers.ann.say(room, 'You are in.');
  expect(await browsers.bob.read(room)).toEqual(['You are in.']);
});

test('a backup that was written while the server was killed opens all that was said', async () => {
  const { ann, bob } = persons;
  const room = await encryptedRoomOf(ann, bob);
  await browsers.ann.device.makeGroup(room);
  const where = { ...browsers.ann.ports, accountId: ann.id };
  const [recoveryKey, backupKey] = [crypto.getRandomValues(new Uint8Array(32)), new Uint8Array(32).fill(7)];
  const { accountSeed } = browsers.ann.device.identity.record;
  const left = strikes.once(['putSecret', 'putBackupSegment']);
  await tried(() => lockAccount(where, recoveryKey, { accountSeed, backupKey }));
  for (const who of ['ann', 'bob', 'ann', 'bob'] as const) {
    await browsers[who].say(room, `${who} says something`);
    await browsers.ann.read(room);
    await tried(() => saveKeys(where, backupKey));
  }
  expect(left.size).toBe(0);
  await mortals.back();

  const again = await signedInAgain(ann);
  const opened = await unlockAccount({ ...where, server: serverOf(again) }, recoveryKey);
  const other = await browserAt(serverOf(again), again, { accountSeed: opened.accountSeed });
  await restoreKeys({ ...other.ports, accountId: ann.id }, opened.backupKey);
  await other.device.readAgain(room);
  expect(await other.read(room)).toEqual(await browsers.ann.read(room));
  expect(await other.read(room)).toHaveLength(4);
});

test('a bot whose server is killed finds its way back by itself, and answers each question once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bot-'));
  const { ann } = persons;
  const echo = await mortals.person('echo');
  const bot = await runBot(mortals.node.url, echo.username, PASSWORD, join(folder, 'echo.keys'));
  const room = await encryptedRoomOf(ann);
  await browsers.ann.device.makeGroup(room);
  await browsers.ann.invite(room, echo);
  await ann.graphql(...addMember(room, echo.id));
  await browsers.ann.device.settle(room);
  await browsers.ann.say(room, 'echo Are you there?');
  await mortals.nodes[0]?.kill();
  await browsers.ann.say(room, 'echo And now?');
  const answers = async () => (await browsers.ann.read(room)).filter((body) => !body?.startsWith('echo'));
  await vi.waitUntil(async () => (await answers()).length >= 2, { timeout: 50_000, interval: 200 });
  expect(await answers()).toEqual(['Are you there?', 'And now?']);
  await bot.stop();
  await rm(folder, { recursive: true });
}, 120_000);

test(`whatever happens to whom while nodes are killed, all who are in agree, and each reads what was said to them, once (seed ${SEED})`, async () => {
  const play = await realStage({ ...mortals, ...strikes }, ...DEVICES);
  const tally: Tally = {};
  const before = mortals.kills();
  const property = fc.asyncProperty(stories(8, 14), async ({ steps, weather }) => {
    await liveHistory(play, { steps, weather: weather.map((now, at) => (at % 30 === 3 ? 'killed' : now)) }, tally);
    await mortals.back();
  });
  await fc.assert(property, { numRuns: Number(KILLED_STORIES), endOnFailure: true, seed: Number(SEED) });
  expect(mortals.kills() - before).toBeGreaterThan(0);
  expect(tally.opened).toBeGreaterThan(0);
  if (process.env.KILLED_STORIES) console.info(tally, `${mortals.kills() - before} kills`);
}, 3_600_000);
