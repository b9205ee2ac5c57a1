import { afterAll, beforeAll, expect, test } from 'vitest';
import { isPassing } from '../../web/crypto/device/errors.ts';
import { Link } from '../chaos/link.ts';
import { Life, wrapped } from '../crypto/device/faults.ts';
import type { Browser } from '../crypto/device/people.ts';
import { live, NAMES, type Name } from '../crypto/device/story.ts';
import { behind, type Weather } from '../crypto/device/weather.ts';
import { encryptedRoomOf } from '../devices.ts';
import { browserAt, serverOf } from '../encryptedPeople.ts';
import { people, removeMember } from '../rooms.ts';
import { type Node, openWorld, type Person, type World } from '../world.ts';

// At how many moments of a story something goes wrong, each time in a story of its own. npm run soak:e2ee: at each.
const MOMENTS = Number(process.env.MOMENTS ?? 2);

let world: World;
let persons: Record<Name, Person>;
let browsers: Record<Name, Browser>;
/** Between Bob and his node, and between that node and PostgreSQL where it has one. */
let links: { server: Link; database?: Link };
/** How the way to the server is at each request; what breaks it breaks it then. */
let way: () => Weather = () => 'fair';
let failures = 0;
/** How many deeds of each, and requests, there are in the story when nothing goes wrong. */
let deeds: Record<Name, number>;
let requests: number;

beforeAll(async () => {
  world = await openWorld();
  const { node, database } = world.clustered ? await nodeBehindLink() : { node: world.node };
  const server = await linkTo(node.url);
  links = { server, ...(database && { database }) };
  persons = await people(world, ...NAMES);
  persons.bob = persons.bob.at({ ...node, url: through(server, node.url).origin });
  browsers = {} as typeof browsers;
  for (const name of NAMES) browsers[name] = await browserAt(counted(serverOf(persons[name])), persons[name]);
  const lives = { ann: new Life(), bob: new Life(), carol: new Life() };
  requests = await marred(
    () => 'fair',
    0,
    () => closed(lives),
  );
  deeds = { ann: lives.ann.deeds, bob: lives.bob.deeds, carol: lives.carol.deeds };
});
afterAll(async () => {
  await world?.close();
  for (const link of Object.values(links ?? {})) link.close();
});

async function nodeBehindLink(): Promise<{ node: Node; database: Link }> {
  const { databaseUrl = '' } = world.node.core.config;
  const database = await linkTo(databaseUrl);
  return { node: await world.anotherNode({ DATABASE_URL: through(database, databaseUrl).href }), database };
}

const linkTo = (url: string) => Link.open(() => Number(new URL(url).port));
const through = (link: Link, url: string) => Object.assign(new URL(url), { host: `127.0.0.1:${link.port}` });

/** In whatever weather, counting what did not come through. */
const counted = (server: ReturnType<typeof serverOf>) =>
  wrapped(
    behind(server, () => way()),
    async (_, act) => {
      try {
        return await act();
      } catch (error) {
        if (isPassing(error)) failures += 1;
        throw error;
      }
    },
  );

/** The story from its beginning, in a new room. */
async function played() {
  const { ann, bob, carol } = persons;
  const room = await encryptedRoomOf(ann, bob, carol);
  await live({ room, browsers, removeCarol: () => ann.graphql(...removeMember(room, carol.id)) });
}

/** The story, in which the pages of these people are closed just before their n-th deed. */
async function closed(lives: Partial<Record<Name, Life>>) {
  const victims = Object.entries(lives) as [Name, Life][];
  for (const [name, life] of victims) browsers[name] = await browsers[name].reload(life);
  await played();
  for (const [name] of victims) browsers[name] = await browsers[name].reload();
}

/** The story with one thing gone wrong at its n-th request. How many requests there were. */
async function marred(wrong: () => Weather, at: number, story = played): Promise<number> {
  let asked = 0;
  way = () => (asked++ === at ? wrong() : 'fair');
  await story();
  way = () => 'fair';
  return asked;
}

/** At so many of the moments as are asked for, from the first to the last. */
async function atMoments(count: number, act: (at: number) => Promise<unknown>) {
  const some = Math.min(MOMENTS, count);
  for (let n = 0; n < some; n++) {
    const at = Math.floor(((n + 0.5) * count) / some);
    await act(at).catch((cause) => {
      throw new Error(`at moment ${at} of ${count}`, { cause });
    });
  }
}

test.each(NAMES)(
  'whenever the page of %s is closed, nothing is lost at the real server, and nothing comes twice',
  async (victim) => {
    expect(deeds[victim]).toBeGreaterThan(5);
    await atMoments(deeds[victim], (at) => closed({ [victim]: new Life(at) }));
  },
  3_600_000,
);

const WRONGS: [string, () => Weather][] = [
  ['an answer is lost', () => 'lostAnswer'],
  ['a request arrives twice', () => 'twice'],
  ['the connections to a node break', () => soon(() => links.server.reset())],
];
if (process.env.SERVICES === 'cluster')
  WRONGS.push(['the connections of a node to its database break', () => soon(() => links.database?.reset())]);

test.each(WRONGS)(
  'whenever %s, nothing is lost and nothing comes twice',
  async (_, wrong) => {
    expect(requests).toBeGreaterThan(50);
    await atMoments(requests, (at) => marred(wrong, at));
  },
  3_600_000,
);

test('and things did go wrong', () => {
  expect(failures).toBeGreaterThanOrEqual(MOMENTS);
});

/** While the request is on its way. */
function soon(act: () => void): Weather {
  setTimeout(act, 2);
  return 'fair';
}
