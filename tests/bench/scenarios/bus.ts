import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Place } from '../client.ts';
import type { Figure } from '../figures.ts';
import type { Settings } from '../main.ts';
import { ROOM_LOG } from '../payload.ts';
import { type Child, startChild } from '../processes.ts';

/** How much later a message reaches a reader on another node, through Redis, than one on its own. */
export async function bus({ services, quick }: Settings): Promise<Figure[]> {
  const environment = { DATABASE_URL: await services.database(), REDIS_URL: await services.redis() };
  const [near, far] = [await startChild('ours'), await startChild('ours')];
  const nearPlace = await near.call<Place>('start', environment);
  const farPlace = await far.call<Place>('start', environment);
  const [token = ''] = await near.call<string[]>('people', { count: 1 });
  const [room = ''] = await near.call<string[]>('rooms', { count: 1 });

  const [here, there] = [listen(nearPlace, token, room), listen(farPlace, token, room)];
  await untilBoth(near, room, here, there);
  const [alone, across]: [number[], number[]] = [[], []];
  for (let sent = 0; sent < (quick ? 200 : 1_000); sent++) {
    const began = performance.now();
    const { seq } = await near.call<{ seq: number }>('send', { room });
    await arrival(here, there, seq);
    alone.push((here.get(seq) ?? 0) - began);
    across.push((there.get(seq) ?? Number.POSITIVE_INFINITY) - began);
  }
  await Promise.all([near.stop(), far.stop()]);
  return [
    {
      name: 'publishing through Redis to a second node, added p99',
      value: at(across, 0.99) - at(alone, 0.99),
      unit: 'ms',
      atMost: 20,
    },
    { name: 'the same, added median', value: at(across, 0.5) - at(alone, 0.5), unit: 'ms' },
  ];
}

const at = (values: number[], share: number) =>
  values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;

// A subscription answers nothing when it begins.
async function untilBoth(near: Child, room: string, here: Map<number, number>, there: Map<number, number>) {
  for (let tries = 0; tries < 100 && !(here.size && there.size); tries++) {
    await near.call('send', { room });
    await sleep(200);
  }
}

async function arrival(here: Map<number, number>, there: Map<number, number>, seq: number) {
  for (let waits = 0; waits < 1_000 && !(here.has(seq) && there.has(seq)); waits++) await sleep(3);
}

/** When each entry arrived, by its seq. */
function listen({ port }: Place, token: string, roomId: string): Map<number, number> {
  const arrivals = new Map<number, number>();
  const client = createClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
  });
  client.subscribe<{ roomLog: { seq: number } }>(
    { query: ROOM_LOG, variables: { roomId } },
    {
      next: ({ data }) => void (data && arrivals.set(data.roomLog.seq, performance.now())),
      error: () => {},
      complete: () => {},
    },
  );
  return arrivals;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
