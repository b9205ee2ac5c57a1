import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Account } from './account.ts';
import { Device } from './device.ts';
import type { Stage } from './faults.ts';
import { History, ROOM_LOG } from './history.ts';
import { ImpatientSocket } from './impatientSocket.ts';
import type { NodeProcess } from './nodeProcess.ts';
import { openRoom } from './population.ts';
import { SEND } from './sender.ts';
import { readTops } from './site.ts';

const PATIENCE = 60_000;
const CROWDED = 120_000;
const PROTOCOL = 'graphql-transport-ws';
const HELLO = JSON.stringify({ type: 'connection_init' });

/** Frames that are too large, not JSON, not of the protocol: nobody else's subscription may break by them. */
export async function probeWithBadFrames({ site, population, random, troubles }: Stage): Promise<undefined> {
  const broken = () =>
    population.devices.flatMap(({ following }) => following.flatMap(({ history }) => history.streams.length)).join();
  const before = broken();
  const node = random.pick(site.nodes);
  const frames: (string | Buffer)[][] = [
    ['this is not JSON'],
    [HELLO, 'x'.repeat(200_000)],
    [HELLO, Buffer.from([0, 255, 254, 253])],
    [HELLO, '{"type":"subscribe"}', '{"id":"1","type":"subscribe","payload":{"query":"subscription {"}}'],
    [HELLO, HELLO],
    [JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } })],
    [HELLO, JSON.stringify({ id: '"é\\'.repeat(2_000), type: 'subscribe', payload: { query: '{ nothing }' } })],
  ];
  await Promise.all([...frames.map((list) => sendFrames(node, list)), sendRaw(node), sendBrokenFrame(node)]);
  if (broken() !== before) troubles.push(`bad frames on ${node.name}: other subscriptions broke`);
}

async function sendFrames(node: NodeProcess, frames: (string | Buffer)[]) {
  const socket = new WebSocket(`ws://127.0.0.1:${node.port}/graphql`, PROTOCOL);
  socket.on('error', () => {});
  const closed = once(socket, 'close').catch(() => {});
  const opened = await Promise.race([once(socket, 'open').then(yes, no), closed.then(no)]);
  if (opened) for (const frame of frames) socket.send(frame);
  await Promise.race([closed, sleep(500)]);
  socket.terminate();
}

async function sendRaw(node: NodeProcess) {
  const socket = connect(node.port, '127.0.0.1').on('error', () => {});
  socket.write('NONSENSE \0\xff /graphql\r\n\r\n');
  await sleep(200);
  socket.destroy();
}

// A frame that no client may send: unmasked, with a reserved bit.
async function sendBrokenFrame(node: NodeProcess) {
  const socket = new WebSocket(`ws://127.0.0.1:${node.port}/graphql`, PROTOCOL);
  socket.on('error', () => {});
  if (!(await once(socket, 'open').then(yes, no))) return;
  (socket as unknown as { _socket: NodeJS.WritableStream })._socket.write(Buffer.from([0xf1, 0x05, 1, 2, 3, 4, 5]));
  await sleep(200);
  socket.terminate();
}

/** Cursors ahead of the top, of another epoch, negative, no number, far behind, of a room that one is not in. */
export async function probeCursors(stage: Stage): Promise<undefined> {
  const { population, random, site } = stage;
  const roomId = random.pick(population.rooms);
  const top = (await readTops(site)).get(roomId) ?? 0;
  const old = (await readTops(site)).get(population.archive) ?? 0;
  await Promise.all([
    probe(stage, 'ahead', { roomId, after: top + 1_000_000, epoch: site.epoch }, { honest: false, until: 1 }),
    probe(stage, 'another epoch', { roomId, after: 3, epoch: random.uuid() }, { honest: false, until: 1 }),
    probe(stage, 'negative', { roomId, after: -5, epoch: site.epoch }, { refusable: true, until: 5 }),
    probe(stage, 'not a number', { roomId, after: 'three' }, { refused: true, until: 1 }),
    probe(stage, 'no such room', { roomId: random.uuid(), after: 1 }, { refused: true, until: 1 }),
    probe(
      stage,
      'far behind',
      { roomId: population.archive, after: Math.max(0, old - 10_000), epoch: site.epoch },
      {
        until: Math.min(old, 10_000),
      },
    ),
  ]);
}

interface Expected {
  /** How many events are waited for. */
  until: number;
  honest?: boolean;
  /** Whether it must, or may, be answered with an error. */
  refused?: boolean;
  refusable?: boolean;
}

async function probe(
  { population, random, site, troubles }: Stage,
  name: string,
  variables: Record<string, unknown>,
  { until, honest = true, refused = false, refusable = refused }: Expected,
) {
  const node = random.pick(site.nodes);
  const person = random.pick(population.people);
  const history = new History(`cursor ${name}`, person.id, String(variables.roomId), false, false);
  history.begin(Math.max(0, Number(variables.after) || 0), honest);
  const client = createClient({
    url: `ws://127.0.0.1:${node.port}/graphql`,
    webSocketImpl: ImpatientSocket,
    connectionParams: { authorization: `Bearer ${person.accessToken}` },
    retryAttempts: 0,
  });
  const how = await new Promise<string>((resolve) => {
    const timer = setTimeout(() => resolve('silence'), PATIENCE);
    const end = (what: string) => {
      clearTimeout(timer);
      resolve(what);
    };
    client.subscribe<any>(
      { query: ROOM_LOG, variables },
      {
        next: ({ data, errors }) => {
          if (data?.roomLog) history.add(data.roomLog);
          if (errors || !data) end('refused');
          else if (history.length >= until) end('answered');
        },
        error: (error) => end(Array.isArray(error) ? 'refused' : 'closed'),
        complete: () => end('complete'),
      },
    );
  });
  client.terminate();
  if (history.length > 0) population.past.push(history);
  const right = refused ? how === 'refused' : how === 'answered' || (refusable && how === 'refused');
  if (!right) troubles.push(`cursor ${name}: ${how} after ${history.length} events`);
}

/** A room is deleted while people write in it and watch it: each of them must be told, and nothing may follow. */
export async function probeRoomDeletion({ site, population, random, troubles }: Stage): Promise<undefined> {
  const { owner, people, rooms, past } = population;
  const roomId = await openRoom(owner, people, 'doomed');
  const watching = people.slice(0, 4).map((person) => {
    const own = random.fork(`watcher of ${roomId} ${person.name}`);
    return new Device(`watcher ${person.name}`, person, [roomId], site.nodes, own, site.epoch);
  });
  for (const device of watching) device.start();
  rooms.push(roomId);
  const followings = watching.flatMap((device) => device.following);
  await until(() => followings.every(({ cursor }) => cursor > people.length + 5));
  await owner.insist('mutation ($id: ID!) { deleteRoom(id: $id) }', { id: roomId }).catch(() => {});
  const told = await until(() => followings.every(({ history }) => knowsOfDeletion(history)));
  rooms.splice(rooms.indexOf(roomId), 1);
  await Promise.all(watching.map((device) => device.stop()));
  past.push(...followings.map(({ history }) => history));
  const unaware = followings
    .filter(({ history }) => !knowsOfDeletion(history))
    .map(({ history }) => history.describe());
  if (!told) troubles.push(`room ${roomId} was deleted and not everyone was told: ${unaware.join('; ')}`);
}

// Who follows is told by the last entry; whose connection broke just then finds no room when they come back.
function knowsOfDeletion({ whats, streams }: History): boolean {
  if (whats.at(-1) === 'RoomDeleted') return true;
  const refused = streams.findLast(({ ended }) => ended !== 'open')?.ended === 'NOT_FOUND';
  return refused && streams.findLast(({ ended }) => ended !== 'open' && ended !== 'NOT_FOUND')?.ended === 'broken';
}

/** Ten thousand sockets more, or what the scale makes of them, come at once and follow a room: each must be told. */
export async function probeCrowd({ site, population, random, scale, troubles }: Stage): Promise<undefined> {
  const { owner, people, archive: roomId, ledger } = population;
  const after = (await readTops(site)).get(roomId) ?? 0;
  const crowd = Array.from({ length: Math.ceil(10_000 * scale ** 2) }, (_, n) => {
    return new Bystander(random.pick(site.nodes), people[n % people.length] as Account, { roomId, after });
  });
  await until(() => crowd.every(({ isIn }) => isIn), CROWDED);
  const body = 'to everyone';
  const { sendMessage } = await owner.insist(SEND, { input: { id: random.uuid(), roomId, body } });
  ledger.acknowledge(sendMessage);
  const told = () => crowd.filter(({ heard }) => heard.join() === `${sendMessage.seq}`);
  await until(() => told().length === crowd.length, CROWDED);
  const [inside, all] = [crowd.filter(({ isIn }) => isIn).length, crowd.length];
  if (told().length < all) troubles.push(`of ${all} at once ${inside} were let in, and ${told().length} told once`);
  for (const bystander of crowd) bystander.leave();
}

/** One of a crowd: as little as can follow a room, past the links, coming again as often as it is turned away. */
class Bystander {
  isIn = false;
  heard: number[] = [];
  private socket: WebSocket | undefined;

  constructor(
    private readonly node: NodeProcess,
    private readonly account: Account,
    private readonly variables: { roomId: string; after: number },
  ) {
    this.come();
  }

  leave() {
    this.socket?.removeAllListeners('close').terminate();
  }

  private come() {
    const socket = new WebSocket(`ws://127.0.0.1:${this.node.ownPort}/graphql`, PROTOCOL);
    Object.assign(this, { socket, isIn: false, heard: [] });
    const send = (frame: object) => socket.send(JSON.stringify(frame));
    const payload = { authorization: `Bearer ${this.account.accessToken}` };
    socket.on('open', () => send({ type: 'connection_init', payload }));
    socket.on('message', (text) => {
      const frame = JSON.parse(String(text));
      if (frame.type === 'ping') send({ type: 'pong' });
      if (frame.type === 'next' && frame.payload.data) this.heard.push(frame.payload.data.roomLog.seq);
      else if (frame.type === 'next' || frame.type === 'error') return socket.terminate();
      if (frame.type !== 'connection_ack') return;
      this.isIn = true;
      send({ id: '1', type: 'subscribe', payload: { query: ROOM_LOG, variables: this.variables } });
    });
    socket.on('error', () => {});
    socket.on('close', () => setTimeout(() => this.come(), 500 + Math.random() * 2_000));
  }
}

async function until(condition: () => boolean, patience = PATIENCE): Promise<boolean> {
  const deadline = Date.now() + patience;
  while (!condition() && Date.now() < deadline) await sleep(50);
  return condition();
}

const yes = () => true;
const no = () => false;
