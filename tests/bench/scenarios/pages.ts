import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Place } from '../client.ts';
import { type Figure, median } from '../figures.ts';
import type { Settings } from '../main.ts';
import { type Child, startChild } from '../processes.ts';

const MARKS = 'replyTo { id body } reactions { emoji count users { id } } mentions { id } pinnedAt';
const MESSAGE = `{ id seq body createdAt editedAt deletedAt author { id displayName } ${MARKS} }`;
const PAGE = `query ($id: ID!, $before: String) {
  room(id: $id) { messages(last: 50, before: $before) { nodes ${MESSAGE} pageInfo { hasPreviousPage } } }
}`;
const LIST = `{ viewer { rooms {
  id kind name topic lastSeq memberCount membership { role joinedSeq } lastMessage ${MESSAGE} directWith { id displayName }
  readSeq unreadCount mentionCount notify
} } }`;

/** Reading: a page of a room with very many messages, and the list of 200 rooms. */
export async function pages({ services, quick }: Settings): Promise<Figure[]> {
  const messages = quick ? 100_000 : 1_000_000;
  const server = await startChild('ours');
  const place = await server.call<Place>('start', { DATABASE_URL: await services.database() });
  const [token = ''] = await server.call<string[]>('people', { count: 1 });
  const [large = '', small = '', ...others] = await server.call<string[]>('rooms', { count: 200 });
  // It would read along, and its statements would be counted.
  await server.call('synthetic');
  await server.call('fill', { room: large, messages });
  await server.call('fill', { room: small, messages: 1_000 });
  for (const room of others) await server.call('send', { room });

  const ratio = await slowest(server, large, small, messages);
  const count = await countQueries(server, place, token, PAGE, { id: large, before: String(messages >> 1) });
  const list = await countQueries(server, place, token, LIST, {});
  await server.stop();
  const name = `a page of 50 in a room of ${messages.toLocaleString('en')}`;
  return [
    { name: `${name}, against 1,000`, value: ratio, unit: '×', atMost: 1.5 },
    { name, value: count, unit: 'queries', atMost: 3 },
    { name: 'the list of 200 rooms with unread counts', value: list, unit: 'queries', atMost: 3 },
  ];
}

/** The worst of the newest page, one in the middle and the oldest. */
async function slowest(server: Child, large: string, small: string, messages: number): Promise<number> {
  const time = async (room: string, request: object) =>
    median(await server.call<number[]>('page', { room, request, times: 20 }));
  const requests = (size: number) => [{ last: 50 }, { last: 50, before: String(size >> 1) }, { first: 50 }];
  const ratios: number[] = [];
  for (const [index, request] of requests(messages).entries()) {
    const [inLarge, inSmall]: [number[], number[]] = [[], []];
    for (let round = 0; round < 7; round++) {
      inLarge.push(await time(large, request));
      inSmall.push(await time(small, requests(1_000)[index] as object));
    }
    ratios.push(median(inLarge) / median(inSmall));
  }
  return Math.max(...ratios);
}

/** How many statements one operation over an open socket takes: the fewest of five, for the node has a clock of its own. */
async function countQueries(server: Child, { port }: Place, token: string, query: string, variables: object) {
  const client = createClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    lazy: false,
  });
  await ask(client, query, variables);
  const counts: number[] = [];
  for (let round = 0; round < 5; round++) {
    const before = await server.call<number>('queries');
    await ask(client, query, variables);
    counts.push((await server.call<number>('queries')) - before);
  }
  void client.dispose();
  return Math.min(...counts);
}

async function ask(client: ReturnType<typeof createClient>, query: string, variables: object) {
  for await (const { errors } of client.iterate({ query, variables: { ...variables } })) {
    if (errors) throw new Error(errors[0]?.message);
  }
}
