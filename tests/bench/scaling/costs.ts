import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from '../client.ts';
import { median } from '../figures.ts';
import { closeLane, gather, openLane } from '../lanes.ts';
import { startChild } from '../processes.ts';
import type { Services } from '../services.ts';

/** CPU of one node, in µs, for each thing that it does. */
export interface Costs {
  /** Keeping one connection for a second. */
  connection: number;
  /** One entry, executed once for all who follow it in the same way. */
  execution: number;
  /** The same entry, written to one of them. */
  delivery: number;
  /** A message from a person until it is acknowledged, one at a time. */
  send: number;
  /** Telling the other nodes of an entry. */
  ringOut: number;
  /** Hearing of one, its execution included. */
  ringIn: number;
}

/** What this machine needs for each of them, measured with everything else left out. */
export async function measureCosts(services: Services, quick: boolean): Promise<Costs> {
  const local = await measureLocal(services, quick);
  const rings = await measureRings(services, quick);
  // A ring was heard by one reader each.
  return { ...local, ringOut: rings.out, ringIn: rings.in - local.delivery };
}

async function measureLocal(services: Services, quick: boolean) {
  const lane = await openLane('ours', services);
  const spent = async (times: number, spread: boolean, messages: number) => {
    const before = await lane.server.call<number>('cpu');
    await lane.client.call('drive', { times, count: 1, spread });
    return ((await lane.server.call<number>('cpu')) - before) / messages;
  };
  const [many, rooms, each] = [1_000, quick ? 50 : 500, 10];
  await gather(lane, 1, many);
  const toMany = await often(() => spent(12, false, 12));
  await gather(lane, rooms, rooms * each);
  const toFew = await often(() => spent(2, true, 2 * rooms));
  const connection = await idle(lane.server, rooms * each);
  await closeLane(lane);
  const delivery = (toMany - toFew) / (many - each);
  return { connection, delivery, execution: toFew - each * delivery, send: await measureSend(services, quick) };
}

async function idle(server: { call<T>(name: string): Promise<T> }, sockets: number): Promise<number> {
  const seconds = 12;
  const before = await server.call<number>('cpu');
  await sleep(seconds * 1_000);
  return ((await server.call<number>('cpu')) - before) / sockets / seconds;
}

async function measureSend(services: Services, quick: boolean): Promise<number> {
  const [server, client] = await Promise.all([startChild('ours'), startChild('client')]);
  const place = await server.call<Place>('start', { DATABASE_URL: await services.database() });
  const tokens = await server.call<string[]>('people', { count: 1 });
  const [room] = await server.call<string[]>('rooms', { count: 1 });
  const cost = await often(async () => {
    const before = await server.call<number>('cpu');
    const seconds = quick ? 1 : 2;
    const rate = await client.call<number>('send', { place, room, tokens, senders: 1, seconds });
    return ((await server.call<number>('cpu')) - before) / (rate * seconds);
  });
  await Promise.all([client.stop(), server.stop()]);
  return cost;
}

async function measureRings(services: Services, quick: boolean): Promise<{ out: number; in: number }> {
  const environment = { DATABASE_URL: await services.database(), REDIS_URL: await services.redis() };
  const [near, far, client] = await Promise.all([startChild('ours'), startChild('ours'), startChild('client')]);
  const { orders } = await near.call<Place>('start', environment);
  const place = { ...(await far.call<Place>('start', environment)), orders };
  const tokens = await near.call<string[]>('people', { count: 1 });
  const count = quick ? 50 : 200;
  const rooms = await near.call<string[]>('rooms', { count });
  await Promise.all([near.call('synthetic'), far.call('synthetic')]);
  await client.call('open', { place, tokens, rooms, size: count });
  // Entries that are nowhere stored cannot be caught up with: everyone has to listen before the first.
  await sleep(3_000);
  await client.call('settle', { spread: true });
  const spent = { out: [] as number[], in: [] as number[] };
  for (let round = 0; round < 5; round++) {
    const before = [await near.call<number>('cpu'), await far.call<number>('cpu')] as const;
    await client.call('drive', { times: 4, count: 1, spread: true });
    spent.out.push(((await near.call<number>('cpu')) - before[0]) / (4 * count));
    spent.in.push(((await far.call<number>('cpu')) - before[1]) / (4 * count));
  }
  await Promise.all([client.stop(), near.stop(), far.stop()]);
  return { out: median(spent.out), in: median(spent.in) };
}

async function often(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let round = 0; round < 5; round++) values.push(await measure());
  return median(values);
}
