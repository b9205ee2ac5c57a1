import { afterAll, beforeAll, expect, test } from 'vitest';
import { Line } from '../wire.ts';
import { openWorld, type Person, type World } from '../world.ts';

const NAME = '{ server { name } }';
const ROOM_LOG = 'subscription ($id: ID!, $after: Int) { roomLog(roomId: $id, after: $after) { __typename seq } }';
const EVENTS = 'subscription { viewerEvents(after: 0) { __typename } }';

let world: World;
let ann: Person;
let room: string;
beforeAll(async () => {
  world = await openWorld({ LIMIT_SOCKETS_PER_PERSON: '1000' });
  ann = await world.person('ann');
  room = await ann.createRoom();
});
afterAll(async () => {
  for (const line of lines) line.close();
  await world.close();
});
const lines: Line[] = [];

function open(...upgrade: ConstructorParameters<typeof Line> extends [unknown, ...infer Rest] ? Rest : never): Line {
  const line = new Line(world.node, ...upgrade);
  lines.push(line);
  return line;
}

async function acknowledged(): Promise<Line> {
  const line = open();
  await line.init(ann.accessToken);
  return line;
}

const subscribe = (id: string, query: string, more: object = {}) => ({
  id,
  type: 'subscribe',
  payload: { query, ...more },
});
const follow = (id: string, after = 0) => subscribe(id, ROOM_LOG, { variables: { id: room, after } });

/** The frames up to the pong: what was asked before it and answers at once has been answered. */
async function untilPong(line: Line): Promise<any[]> {
  const frames: any[] = [];
  await line.send({ type: 'ping', payload: { n: 'last' } });
  do frames.push(await line.next());
  while (frames.at(-1).payload?.n !== 'last');
  return frames.slice(0, -1);
}

/** What the protocol says, section by section (graphql-ws, PROTOCOL.md), and what a client sees of it. */
const RULES: Record<string, Record<string, () => Promise<void>>> = {
  'the handshake': {
    'a client that asks for graphql-transport-ws gets it, among others that it asks for': async () => {
      const line = open({ protocol: ['graphql-ws', 'graphql-transport-ws'] });
      expect(await line.init()).toEqual({ type: 'connection_ack' });
      expect(line.protocol).toBe('graphql-transport-ws');
    },
    'a client that asks for another protocol is closed with 4406': async () => {
      for (const protocol of [[], ['graphql-ws']]) {
        expect((await open({ protocol }).closing).code).toBeOneOf([4406, 1006]);
      }
    },
  },
  ConnectionInit: {
    'is answered with ConnectionAck': async () => {
      expect(await open().init()).toEqual({ type: 'connection_ack' });
    },
    'may have a payload, which is an object': async () => {
      const line = open();
      await line.send({ type: 'connection_init', payload: { anything: [1, null] } });
      expect(await line.next()).toEqual({ type: 'connection_ack' });
    },
    'with a payload that is no object closes with 4400': async () => {
      for (const payload of ['text', 7, true]) {
        const line = open();
        await line.send({ type: 'connection_init', payload });
        expect(await line.closing).toMatchObject({ code: 4400 });
      }
    },
    'that does not come in time closes with 4408': async () => {
      expect(await open().closing).toEqual({ code: 4408, reason: 'Connection initialisation timeout' });
    },
    'that comes a second time closes with 4429': async () => {
      const line = await acknowledged();
      await line.send({ type: 'connection_init' });
      expect(await line.closing).toEqual({ code: 4429, reason: 'Too many initialisation requests' });
    },
    'that comes a second time before the first was answered closes with 4429 too': async () => {
      const line = open();
      await line.send({ type: 'connection_init' }, { type: 'connection_init' });
      expect(await line.closing).toMatchObject({ code: 4429 });
    },
    'with a token that is refused closes with 4401 and no word of why it was': async () => {
      const line = open();
      await line.send({ type: 'connection_init', payload: { authorization: 'Bearer no.such.token' } });
      expect(await line.closing).toEqual({
        code: 4401,
        reason: 'Your session has ended: refresh, then connect again.',
      });
    },
  },
  'Ping and Pong': {
    'a ping is answered with a pong, before the connection is acknowledged too': async () => {
      const line = open();
      await line.send({ type: 'ping' });
      expect(await line.next()).toEqual({ type: 'pong' });
      await line.init();
      await line.send({ type: 'ping' });
      expect(await line.next()).toEqual({ type: 'pong' });
    },
    'the pong has the payload of its ping': async () => {
      const line = await acknowledged();
      await line.send({ type: 'ping', payload: { at: 7 } });
      expect(await line.next()).toEqual({ type: 'pong', payload: { at: 7 } });
    },
    'a pong that nobody asked for is taken in silence': async () => {
      const line = await acknowledged();
      await line.send({ type: 'pong' }, { type: 'pong', payload: { unasked: true } });
      expect(await untilPong(line)).toEqual([]);
    },
    'with a payload that is no object close with 4400': async () => {
      for (const type of ['ping', 'pong']) {
        const line = await acknowledged();
        await line.send({ type, payload: 'text' });
        expect(await line.closing).toMatchObject({ code: 4400 });
      }
    },
  },
  Subscribe: {
    'before ConnectionAck closes with 4401': async () => {
      const line = open();
      await line.send(subscribe('1', NAME));
      expect(await line.closing).toEqual({ code: 4401, reason: 'Unauthorized' });
    },
    'takes query, variables, operationName and extensions, and null for what is not given': async () => {
      const line = await acknowledged();
      const two = `query A { server { name } } query B($x: Boolean!) { server { version @skip(if: $x) name } }`;
      await line.send(subscribe('1', two, { operationName: 'B', variables: { x: true }, extensions: { any: 1 } }));
      expect(await line.next()).toEqual({ id: '1', type: 'next', payload: { data: { server: { name: 'shh' } } } });
      await line.next();
      await line.send(subscribe('2', NAME, { operationName: null, variables: null, extensions: null }));
      expect(await line.next()).toMatchObject({ id: '2', type: 'next' });
    },
    'with an id that a subscription has closes with 4409': async () => {
      const line = await acknowledged();
      await line.send(follow('same'), follow('same'));
      expect(await line.closing).toEqual({ code: 4409, reason: 'Subscriber for same already exists' });
    },
    'with an id of any length that a subscription has closes with 4409 too': async () => {
      for (const id of ['x'.repeat(200), '🙂'.repeat(60), '__proto__']) {
        const line = await acknowledged();
        await line.send(follow(id), follow(id));
        expect(await line.closing).toMatchObject({ code: 4409 });
      }
    },
    'with an id that the language knows is answered as any other': async () => {
      const line = await acknowledged();
      for (const id of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
        await line.send(subscribe(id, NAME));
        expect(await line.next()).toMatchObject({ id, type: 'next' });
        expect(await line.next()).toEqual({ id, type: 'complete' });
      }
    },
    'with an id that is free again is answered: of a result, of a completed subscription, of an error': async () => {
      const line = await acknowledged();
      for (const first of [subscribe('1', NAME), follow('1'), subscribe('1', '{ nothing }')]) {
        await line.send(first);
        await line.next((frame) => frame.id === '1');
        await line.send({ id: '1', type: 'complete' });
        await untilPong(line);
      }
      await line.send(subscribe('1', NAME));
      expect(await line.next()).toMatchObject({ id: '1', type: 'next' });
    },
    'without an id, with an empty one, or without a document closes with 4400': async () => {
      const payload = { query: NAME };
      const broken = [{ payload }, { id: '', payload }, { id: 1, payload }, { id: '1' }, { id: '1', payload: {} }];
      for (const frame of [...broken, { id: '1', payload: 'x' }, { id: '1', payload: { query: null } }]) {
        const line = await acknowledged();
        await line.send({ type: 'subscribe', ...frame });
        expect(await line.closing).toMatchObject({ code: 4400 });
      }
    },
    'with variables, an operation name or extensions of the wrong kind closes with 4400': async () => {
      for (const more of [{ variables: 'x' }, { operationName: 1 }, { extensions: 7 }]) {
        const line = await acknowledged();
        await line.send(subscribe('1', NAME, more));
        expect(await line.closing).toMatchObject({ code: 4400 });
      }
    },
  },
  'Next, Error and Complete': {
    'a query has one Next and then Complete, a mutation too': async () => {
      const line = await acknowledged();
      for (const query of [NAME, 'mutation { createRoom(input: { name: "quiet" }) { name } }']) {
        await line.send(subscribe('1', query));
        expect(await line.next()).toMatchObject({ id: '1', type: 'next', payload: { data: expect.any(Object) } });
        expect(await line.next()).toEqual({ id: '1', type: 'complete' });
        expect(await untilPong(line)).toEqual([]);
      }
    },
    'a subscription has a Next for each event and no Complete while it lasts': async () => {
      const line = await acknowledged();
      await line.send(follow('log'));
      expect(await line.next()).toMatchObject({ id: 'log', payload: { data: { roomLog: { seq: 1 } } } });
      const { seq } = await ann.say(room, 'one more');
      expect(await line.next((frame) => frame.payload?.data?.roomLog.seq === seq)).toMatchObject({ type: 'next' });
      expect(await untilPong(line)).toEqual([]);
    },
    'a subscription whose source ends has Complete': async () => {
      const line = await acknowledged();
      const doomed = await ann.createRoom();
      await line.send(subscribe('log', ROOM_LOG, { variables: { id: doomed, after: 0 } }));
      await line.next();
      await ann.graphql('mutation ($id: ID!) { deleteRoom(id: $id) }', { id: doomed });
      expect(await line.next((frame) => frame.type !== 'next')).toEqual({ id: 'log', type: 'complete' });
    },
    'what fails before it is executed has Error, and no Complete after it': async () => {
      const line = await acknowledged();
      for (const query of ['{ nothing }', '{ server {', 'subscription { nothing }']) {
        await line.send(subscribe('1', query));
        const error = { message: expect.any(String), extensions: { code: 'INVALID_INPUT' } };
        expect(await line.next()).toMatchObject({ id: '1', type: 'error', payload: [error] });
        expect(await untilPong(line)).toEqual([]);
      }
    },
    'what fails while it is executed has its errors in Next, and then Complete': async () => {
      const line = await acknowledged();
      await line.send(subscribe('1', '{ room(id: "nowhere") { id } }'));
      expect(await line.next()).toMatchObject({ type: 'next', payload: { errors: [{ path: ['room'] }] } });
      expect(await line.next()).toEqual({ id: '1', type: 'complete' });
    },
    'a Complete of the client ends its subscription, and no other': async () => {
      const line = await acknowledged();
      await line.send(follow('mine'), follow('other'));
      for (const id of ['mine', 'other']) await line.next((frame) => frame.id === id);
      await line.send({ id: 'mine', type: 'complete' });
      await untilPong(line);
      const { seq } = await ann.say(room, 'after the end');
      const frames: any[] = [];
      do frames.push(await line.next());
      while (frames.at(-1).payload.data.roomLog.seq !== seq);
      frames.push(...(await untilPong(line)));
      expect([...new Set(frames.map(({ id }) => id))]).toEqual(['other']);
    },
    'a Complete of what is not known, or is over, is taken in silence': async () => {
      const line = await acknowledged();
      await line.send({ id: 'never', type: 'complete' }, subscribe('1', NAME));
      for (let n = 0; n < 2; n++) await line.next();
      await line.send({ id: '1', type: 'complete' });
      expect(await untilPong(line)).toEqual([]);
    },
    'a Complete that crosses with the result of a query harms nothing': async () => {
      const line = await acknowledged();
      await line.send(subscribe('1', NAME), { id: '1', type: 'complete' });
      const frames = await untilPong(line);
      expect(frames.filter(({ type }) => type === 'error')).toEqual([]);
    },
    'without an id closes with 4400': async () => {
      for (const id of [undefined, '', 1]) {
        const line = await acknowledged();
        await line.send({ type: 'complete', id });
        expect(await line.closing).toMatchObject({ code: 4400 });
      }
    },
    'operations of one socket are answered by their ids, whatever their order': async () => {
      const line = await acknowledged();
      await line.send(follow('a'), subscribe('b', NAME), subscribe('c', EVENTS), subscribe('d', NAME));
      const seen = new Set<string>();
      while (!['a', 'b', 'd'].every((id) => seen.has(id))) seen.add((await line.next()).id);
    },
  },
  'Invalid message': {
    'of a type or form that the protocol does not have closes with 4400': async () => {
      const strange = ['', 'text', '1', 'null', '[]', '{}', '{"type":null}', '{"type":7}', '{"type":"start"}'];
      for (const frame of [...strange, '{"type":"connection_terminate"}', '{"type":"stop","id":"1"}']) {
        const line = await acknowledged();
        await line.send(frame);
        expect(await line.closing).toMatchObject({ code: 4400 });
      }
    },
    'that only the server may send closes the socket': async () => {
      const served = [{ type: 'connection_ack' }, { id: '1', type: 'next', payload: {} }];
      for (const frame of [...served, { id: '1', type: 'error', payload: [{ message: 'x' }] }]) {
        const line = await acknowledged();
        await line.send(frame);
        expect(await line.closing).toEqual({ code: 4400, reason: 'Invalid message received' });
      }
    },
  },
};

for (const [section, rules] of Object.entries(RULES)) {
  test.concurrent.each(Object.entries(rules))(`graphql-transport-ws, ${section}: %s`, (_, rule) => rule());
}
