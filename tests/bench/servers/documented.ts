import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { openDatabase, type PrismaClient } from '../../../api/db/db.ts';
import { answerCalls } from '../calls.ts';
import { listenForOrders } from '../control.ts';
import { resultOf, SHORT, UNTOUCHED } from '../payload.ts';

// Yoga with graphql-ws as both document it: createPubSub, and one execution for each subscriber and event.
type Result = ReturnType<typeof eventOf>;
const pubSub = createPubSub<{ room: [roomId: string, event: Result] }>();
let seq = 0;
let rooms = 0;
let body = SHORT;
let db: PrismaClient;

// The types of the product, so that it can be asked the same. What is asked for is in the event: nothing is looked up.
const typeDefs = readFileSync('schema.graphql', 'utf8');

const resolvers = {
  Mutation: { sendMessage: (_: unknown, { input }: { input: NewMessage }) => sendMessage(input) },
  Subscription: {
    roomLog: {
      subscribe: (_: unknown, { roomId }: { roomId: string }) => pubSub.subscribe('room', roomId),
      resolve: (event: Result) => event,
    },
  },
};

interface NewMessage {
  id: string;
  roomId: string;
  body: string;
}

// What one writes first: the room's counter and the message in one interactive transaction.
function sendMessage({ id, roomId, body: text }: NewMessage) {
  return db.$transaction(
    async (tx) => {
      const { lastSeq } = await tx.room.update({ where: { id: roomId }, data: { lastSeq: { increment: 1 } } });
      const place = { seq: lastSeq, ordinal: lastSeq, changedSeq: lastSeq };
      return tx.entry.create({ data: { id, roomId, ...place, kind: 'MESSAGE', body: text } });
    },
    { maxWait: 60_000, timeout: 60_000 },
  );
}

const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }), graphiql: false, logging: false });
const server = createServer(yoga);
const sockets = new WebSocketServer({ server, path: yoga.graphqlEndpoint });

useServer(
  {
    execute: (args: any) => args.rootValue.execute(args),
    subscribe: (args: any) => args.rootValue.subscribe(args),
    onSubscribe: async (context, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      });
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length > 0 ? errors : args;
    },
  },
  sockets,
);

function publish(room: number) {
  const roomId = `room-${room}`;
  pubSub.publish('room', roomId, eventOf(roomId, ++seq));
}

function eventOf(roomId: string, at: number) {
  const event = resultOf(roomId, at, body).data.roomLog;
  const author = { ...event.message.author, colour: null };
  return { ...event, message: { ...UNTOUCHED, ...event.message, author, seq: at, changedSeq: at } };
}

answerCalls({
  start: async ({ databaseUrl }) => {
    if (databaseUrl) db = (await openDatabase({ databaseUrl, dataDir: '' })).prisma;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
    const orders = await listenForOrders(() => rooms, publish);
    return { kind: 'graphql', port: (server.address() as AddressInfo).port, orders };
  },
  rooms: ({ count }) => {
    rooms = count;
    return Array.from({ length: count }, (_, room) => `room-${room}`);
  },
  say: ({ text }) => {
    body = text;
  },
});
