import type { Figure } from './figures.ts';
import type { Settings } from './main.ts';
import { type Child, startChild } from './processes.ts';
import type { Population } from './servers/stormed.ts';

const PROCESSES = 4;
const EVERY = 50;

interface Outcome {
  allAcknowledged: number;
  allLive: number;
  refused: number;
  reasons: Record<string, number>;
}

/** Everyone comes back at once to a node that has just started, with cursors of ten rooms each. */
export async function storm({ services, quick, say }: Settings): Promise<Figure[]> {
  const size = quick ? 1_000 : 10_000;
  const server = await startChild('stormed');
  const port = await server.call<number>('start', { DATABASE_URL: await services.database() });
  const population = await server.call<Population>('populate', { people: size, rooms: 500, each: 10 });
  const clients = await Promise.all(
    Array.from({ length: PROCESSES }, (_, n) => startChild('stormClient', `client ${n}`)),
  );
  const healthy = await startChild('stormClient', 'the healthy member');
  const calm = await listen(healthy, port, population, () => sleep(3_000));
  const before = await server.call<{ resident: number }>('memory');
  const { queries } = await server.call<{ queries: number }>('figures');
  const cpu = await server.call<number>('cpu');
  let outcomes: Outcome[] = [];
  const stormy = await listen(healthy, port, population, async () => {
    outcomes = await Promise.all(clients.map((client, n) => client.call<Outcome>('storm', share(port, population, n))));
  });
  const after = await server.call<{ queries: number; peak: number; refused: number }>('figures');
  const spent = ((await server.call<number>('cpu')) - cpu) / size;
  const { resident } = await server.call<{ resident: number }>('memory');
  for (const child of [...clients, healthy, server]) await child.stop();
  for (const { reasons } of outcomes) if (Object.keys(reasons).length > 0) say(JSON.stringify(reasons));
  const latest = (what: 'allAcknowledged' | 'allLive') => Math.max(...outcomes.map((each) => each[what])) / 1_000;
  const name = `${size.toLocaleString('en')} come at once`;
  return [
    { name: `${name}: all acknowledged`, value: latest('allAcknowledged'), unit: 's' },
    { name: `${name}: all have what they missed`, value: latest('allLive'), unit: 's', atMost: 30 },
    { name: 'tries that were refused', value: outcomes.reduce((sum, { refused }) => sum + refused, 0), unit: '' },
    { name: 'CPU of the node for each who came', value: spent / 1_000, unit: 'ms' },
    { name: 'queries for each who came', value: (after.queries - queries) / size, unit: '' },
    { name: 'one who is in, from sending to hearing, before: p99', value: p99(calm), unit: 'ms' },
    { name: 'the same during the storm: p99', value: p99(stormy), unit: 'ms' },
    { name: 'memory for each, afterwards', value: (resident - before.resident) / size / 1_000, unit: 'kB' },
    { name: 'memory of the node at most', value: after.peak / 1e6, unit: 'MB' },
  ];
}

function share(port: number, { tokens, rooms }: Population, part: number) {
  const guests = tokens.map((token, n) => ({ token, rooms: rooms[n] ?? [] })).filter((_, n) => n % PROCESSES === part);
  return { port, guests, first: part * guests.length };
}

/** How long messages to a room of few took meanwhile, of one who is in. */
async function listen(child: Child, port: number, { tokens, quiet }: Population, meanwhile: () => Promise<unknown>) {
  await child.call('talk', { port, token: tokens[0], room: quiet, every: EVERY });
  await meanwhile();
  return child.call<number[]>('hush');
}

const p99 = (took: number[]) => took.sort((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? Number.NaN;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
