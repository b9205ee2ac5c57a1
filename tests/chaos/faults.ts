import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Refused } from './account.ts';
import type { Device } from './device.ts';
import type { Line, NodeProcess } from './nodeProcess.ts';
import type { Population } from './population.ts';
import { probeCrowd, probeCursors, probeRoomDeletion, probeWithBadFrames } from './probes.ts';
import type { Random } from './random.ts';
import { SEND } from './sender.ts';
import { freeze, type Site } from './site.ts';

/** What a fault may harm, and what it writes down. */
export interface Stage {
  site: Site;
  population: Population;
  random: Random;
  /** How long things stay broken: 1 is what delivery.md asks for. */
  scale: number;
  /** How often a node was killed with kill -9. */
  kills: number;
  /** Who was at a node when this fault made it die. */
  bereaved: Set<Device>;
  /** What went wrong beside the log: a stop with an error, a bad frame that others noticed. */
  troubles: string[];
}

/** Breaks something. Resolves when it is whole again, with what is left to do once everyone has caught up. */
export type Fault = (stage: Stage) => Promise<(() => Promise<void>) | undefined>;

const seconds = ({ scale }: Stage, least: number, most = least, random = 0.5) =>
  1_000 * scale * (least + (most - least) * random);
const lasting = (stage: Stage, least: number, most?: number) => sleep(seconds(stage, least, most, stage.random.next()));
const someNode = ({ site, random }: Stage) => random.pick(site.nodes);
const nothing = undefined;

async function dying(stage: Stage, node: NodeProcess, how: () => Promise<unknown>): Promise<() => Promise<void>> {
  await how();
  for (const device of stage.population.devices) if (device.node === node) stage.bereaved.add(device);
  const back = node.start();
  return () => back;
}

function kill(stage: Stage, node: NodeProcess): Promise<() => Promise<void>> {
  stage.kills++;
  return dying(stage, node, () => node.kill());
}

const killed: Fault = async (stage) => {
  await sleep(stage.random.between(0, 300));
  return kill(stage, someNode(stage));
};

// At an exact line of its work, with whatever sends it has under way at that moment.
const killedAt =
  (line: Line): Fault =>
  async (stage) => {
    const node = someNode(stage);
    stage.kills++;
    const back = await dying(stage, node, async () => {
      if (!(await node.dieAt(line))) stage.troubles.push(`${node.name} never came to die ${line}`);
    });
    return back;
  };

const bothKilled: Fault = async (stage) => {
  const both = await Promise.all(stage.site.nodes.map((node) => kill(stage, node)));
  await Promise.all(both.map((back) => back()));
  return nothing;
};

// The sends are acknowledged, and their rings have reached nobody.
const killedUnheard: Fault = async (stage) => {
  const { population, random } = stage;
  const node = someNode(stage);
  node.redis.cut();
  await sleep(50);
  const roomId = random.pick(population.rooms);
  for (let tries = 0; tries < 5 && !(await sendThrough(stage, node, roomId)); tries++);
  const back = await kill(stage, node);
  node.redis.mend();
  return back;
};

/** Whether it was acknowledged. */
async function sendThrough(
  { population, random }: Stage,
  node: NodeProcess,
  roomId: string,
  text = '',
): Promise<boolean> {
  const id = random.uuid();
  const input = { id, roomId, body: text || id };
  const answer = await population.owner.ask(node, SEND, { input }).catch((error) => {
    if (error instanceof Refused) return null;
    throw error;
  });
  if (answer) population.ledger.acknowledge(answer.sendMessage);
  return answer !== null;
}

const stopped: Fault = async (stage) => {
  const node = someNode(stage);
  return dying(stage, node, () => node.terminate());
};

const rolledOver: Fault = async (stage) => {
  for (const node of stage.site.nodes) {
    const back = await dying(stage, node, () => node.terminate());
    await back();
  }
  return nothing;
};

const redisRestarted: Fault = async ({ site }) => {
  await site.redis.restart();
  return nothing;
};

const redisKilled: Fault = async (stage) => {
  process.kill(stage.site.redis.pid, 'SIGKILL');
  await lasting(stage, 2, 10);
  await stage.site.redis.restart();
  return nothing;
};

const redisFrozen: Fault = async (stage) => {
  const goOn = freeze(stage.site.redis.pid);
  await lasting(stage, 5, 15);
  goOn();
  return nothing;
};

/** Breaks links of one kind, of one node or of both, and mends them. */
function broken(
  link: 'clients' | 'postgres' | 'redis',
  how: (link: NodeProcess['clients']) => void,
  least: number,
  most: number,
  both = false,
): Fault {
  return async (stage) => {
    const nodes = both ? stage.site.nodes : [someNode(stage)];
    for (const node of nodes) how(node[link]);
    await lasting(stage, least, most);
    for (const node of nodes) node[link].mend();
    return nothing;
  };
}

const postgresRestarted: Fault = async ({ site }) => {
  process.kill(site.postgres.pid, 'SIGQUIT');
  await site.postgres.restart();
  return nothing;
};

const postgresDisconnected: Fault = async ({ site }) => {
  await site.query(OTHERS);
  return nothing;
};
const OTHERS = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND application_name <> 'chaos' AND pid <> pg_backend_pid()`;

const postgresFrozen: Fault = async (stage) => {
  const goOn = freeze(stage.site.postgres.pid);
  await lasting(stage, 10);
  goOn();
  return nothing;
};

// Somebody else has taken every connection that there is.
const postgresFull: Fault = async (stage) => {
  const taken: pg.Client[] = [];
  await stage.site.query(OTHERS);
  const take = async () => taken.push(await connect(stage));
  while ((await Promise.allSettled(Array.from({ length: 20 }, take))).every(({ status }) => status === 'fulfilled'));
  await lasting(stage, 5);
  await Promise.all(taken.map((client) => client.end()));
  return nothing;
};

// As a migration by hand would: statements wait until the pools of the nodes have no connection left.
const poolExhausted: Fault = async (stage) => {
  const client = await connect(stage);
  await client.query('BEGIN');
  await client.query('LOCK TABLE entry IN ACCESS EXCLUSIVE MODE');
  await lasting(stage, 12);
  await client.end();
  return nothing;
};

async function connect({ site }: Stage): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: site.databaseUrl, application_name: 'chaos' });
  client.on('error', () => {});
  await client.connect();
  return client;
}

// What PostgreSQL says when a table cannot grow: to every append, in the midst of its statement.
const diskFull: Fault = async (stage) => {
  await stage.site.query(`CREATE OR REPLACE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`);
  await stage.site.query(`CREATE OR REPLACE TRIGGER disk_full BEFORE INSERT ON entry
    FOR EACH ROW EXECUTE FUNCTION disk_full()`);
  await lasting(stage, 3, 8);
  await stage.site.query('DROP TRIGGER disk_full ON entry');
  return nothing;
};

// Everything that it does not read piles up: more than the system's buffers hold, for longer than the server waits.
const readerStopped: Fault = async (stage) => {
  const { population, random } = stage;
  const device = random.pick(population.devices.filter((candidate) => !candidate.prompt));
  const silence = device.stopReading(Math.max(3_000, seconds(stage, 40)));
  const roomId = random.pick(device.rooms);
  const body = '語'.repeat(5_461);
  let left = 3_000 * stage.scale ** 2;
  const write = async () => {
    while (left-- > 0) await sendThrough(stage, random.pick(stage.site.nodes), roomId, body);
  };
  await Promise.all(Array.from({ length: 8 }, write));
  await silence;
  return nothing;
};

const clockJumped: Fault = async (stage) => {
  const node = someNode(stage);
  node.moveClock(stage.random.pick([-600, -30, 30, 600]) * 1_000);
  await lasting(stage, 3, 8);
  node.moveClock(0);
  return nothing;
};

// By the clocks of the nodes every access token is a quarter of an hour old.
const tokensExpired: Fault = async (stage) => {
  for (const node of stage.site.nodes) node.moveClock(16 * 60_000);
  await lasting(stage, 3, 8);
  for (const node of stage.site.nodes) node.moveClock(0);
  return nothing;
};

const everyoneAtOnce: Fault = async (stage) => {
  const node = someNode(stage);
  for (const device of stage.population.devices) device.move(node);
  return nothing;
};

const sessionRevoked: Fault = async ({ population, random }) => {
  const { account } = random.pick(population.devices);
  const token = account.accessToken;
  await account.insist('mutation { logOut }', {}).catch(() => {});
  await account.signInAgain(token);
  return nothing;
};

const REMOVE = 'mutation ($roomId: ID!, $userId: ID!) { removeMember(roomId: $roomId, userId: $userId) }';
const ADD = 'mutation ($roomId: ID!, $userId: ID!) { addMember(roomId: $roomId, userId: $userId) { role } }';

const membershipRevoked: Fault = async (stage) => {
  const { population, random } = stage;
  const device = random.pick(population.devices);
  const variables = { roomId: random.pick(device.rooms), userId: device.account.id };
  await population.owner.insist(REMOVE, variables).catch(() => {});
  await lasting(stage, 0, 4);
  await population.owner.insist(ADD, variables);
  return nothing;
};

const lost = (link: NodeProcess['clients']) => link.cut();
const halfOpen = (link: NodeProcess['clients']) => link.silence();
const erring = (link: NodeProcess['clients']) => link.err();
const slow = (link: NodeProcess['clients']) => link.slow(150);

/** Every fault by its name. */
export const FAULTS = {
  'kill -9': killed,
  'kill -9 of both nodes': bothKilled,
  'kill -9 in mid-statement': killedAt('in mid-statement'),
  'kill -9 between commit and ring': killedAt('between commit and ring'),
  'kill -9 with rings unheard': killedUnheard,
  SIGTERM: stopped,
  'rolling restart': rolledOver,
  'Redis restarted': redisRestarted,
  'Redis killed': redisKilled,
  'Redis frozen': redisFrozen,
  'Redis unreachable': broken('redis', lost, 10, 20, true),
  'Redis gone for long': broken('redis', lost, 120, 120, true),
  'Redis half-open': broken('redis', halfOpen, 5, 15),
  'Redis answers errors': broken('redis', erring, 5, 10, true),
  'PostgreSQL immediate restart': postgresRestarted,
  'PostgreSQL connections terminated': postgresDisconnected,
  'PostgreSQL frozen': postgresFrozen,
  'PostgreSQL unreachable': broken('postgres', lost, 3, 8),
  'PostgreSQL half-open': broken('postgres', halfOpen, 5, 10),
  'PostgreSQL out of connections': postgresFull,
  'PostgreSQL pool exhausted': poolExhausted,
  'PostgreSQL slow': broken('postgres', slow, 5, 10),
  'disk full': diskFull,
  'clock jump': clockJumped,
  'access tokens expired': tokensExpired,
  'clients cut off': broken('clients', lost, 1, 5),
  'clients half-open': broken('clients', halfOpen, 8, 15),
  'clients slow': broken('clients', slow, 5, 10),
  'everyone reconnects at once': everyoneAtOnce,
  'thousands connect at once': probeCrowd,
  'reader stops reading': readerStopped,
  'bad frames': probeWithBadFrames,
  'session revoked': sessionRevoked,
  'membership revoked': membershipRevoked,
  'room deleted': probeRoomDeletion,
  'cursors of another life': probeCursors,
} satisfies Record<string, Fault>;
export type FaultName = keyof typeof FAULTS;

/** Those that take minutes, or much of the machine: once in a run is enough. */
export const LONG: FaultName[] = ['Redis gone for long', 'thousands connect at once', 'reader stops reading'];
