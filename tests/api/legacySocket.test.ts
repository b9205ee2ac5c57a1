import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { sendMessage } from '../../api/messages/messages.ts';
import * as ask from '../rooms.ts';
import { JSON_BODY, send } from '../wire.ts';
import { type Node, openWorld, PASSWORD, type Person, type World } from '../world.ts';

const MINUTE = 60_000;
const LIFETIME = 15 * MINUTE;
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
const EMPTY_HISTORY = { type: 'message_history', messages: [] };

let world: World;
let ann: Person;
let ben: Person;
let room: string;
beforeAll(async () => {
  world = await openWorld();
  ann = await world.person('ann');
  ben = await world.person('ben');
  room = await ask.roomOf(ann, ben);
});
afterAll(() => world.close());

const open: Chat[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const chat of open.splice(0)) chat.leave();
});

describe('who may come in', () => {
  test('nobody without a token, or with one that is none', async () => {
    expect(await chat(world.stranger(), room).closing).toEqual({ code: 4000, reason: 'No access token' });
    const mallory = Object.assign(world.stranger(), { accessToken: 'nonsense' });
    expect(await chat(mallory, room).closing).toEqual({ code: 4002, reason: 'Invalid token' });
  });

  test('not Ann with a token of yesterday, nor with one of a session that she has ended', async () => {
    expect(await chat(await signedInAgo(16 * MINUTE, ann), room).closing).toEqual({
      code: 4001,
      reason: 'Access token expired',
    });
    const gone = await world.person('gone');
    await gone.graphql('mutation { logOut }');
    expect(await chat(gone, room).closing).toMatchObject({ code: 4002 });
  });

  test('not Cleo, who is no member; nor anyone where there is no room', async () => {
    const cleo = await world.person('cleo');
    for (const id of [room, randomUUID(), 'general']) {
      expect(await chat(cleo, id).closing).toEqual({ code: 4004, reason: 'Room not found' });
    }
    const deleted = await ann.createRoom();
    await ann.graphql(...ask.deleteRoom(deleted));
    expect(await chat(ann, deleted).closing).toMatchObject({ code: 4004 });
  });

  test('not Ann where what is said is end-to-end encrypted', async () => {
    const sealed = await ann.createRoom();
    await encrypt(sealed);
    const reason = 'This room is end-to-end encrypted';
    expect(await chat(ann, sealed).closing).toEqual({ code: 4009, reason });
  });

  test('not a page of another site', async () => {
    expect(await chat(ann, room, { origin: 'https://elsewhere.example' }).refusal).toBe(403);
    expect(await chat(ann, room, { origin: world.node.url }).next()).toMatchObject({ type: 'message_history' });
  });

  test('not Dan on one socket more than a person may have', async () => {
    const strict = await openWorld({ LIMIT_SOCKETS_PER_PERSON: '1' });
    const dan = await strict.person('dan');
    const id = await dan.createRoom();
    await chat(dan, id).next();
    expect(await chat(dan, id).closing).toMatchObject({ code: 4429 });
    await strict.close();
  });

  test('Ann’s program, with the token as Bearer and no slash at the end of the address', async () => {
    const headers = { authorization: `Bearer ${ann.accessToken}` };
    expect(await new Chat(`${addressOf(ann.node, room).slice(0, -1)}`, { headers }).next()).toMatchObject({
      type: 'message_history',
    });
  });
});

describe('the history', () => {
  test('comes first, oldest first, without what was deleted and as it was edited', async () => {
    const place = await ask.roomOf(ann, ben);
    expect(await chat(ann, place).next()).toEqual(EMPTY_HISTORY);
    const [first, second, third] = [
      await ann.say(place, 'one'),
      await ben.say(place, 'two'),
      await ann.say(place, '3'),
    ];
    await ben.graphql(...ask.unsend(second.id));
    await ann.graphql(...ask.edit(third.id, 'three'));
    expect(await chat(ben, place).next()).toEqual({
      type: 'message_history',
      messages: [said(ann, 'one', first.id), said(ann, 'three', third.id)],
    });
  });

  test('is the latest hundred, and the hundred before any message', async () => {
    const place = await ask.roomOf(ann, ben);
    const ids = (await sayAll(place, numbers(0, 250))).map(({ id }) => id);
    const line = chat(ben, place);
    expect(idsOf(await line.next())).toEqual(ids.slice(150));
    await line.send({ type: 'message_history', before: ids[150] });
    expect(idsOf(await line.next())).toEqual(ids.slice(50, 150));
    await line.send({ type: 'message_history', before: ids[50] });
    expect(idsOf(await line.next())).toEqual(ids.slice(0, 50));
    await line.send({ type: 'message_history', before: ids[0] });
    expect(await line.next()).toEqual(EMPTY_HISTORY);
    await line.send({ type: 'message_history' });
    expect(idsOf(await line.next())).toEqual(ids.slice(150));
  });

  test('passes over deleted messages, so that a page is whole', async () => {
    const place = await ask.roomOf(ann, ben);
    await ann.say(place, 'long ago');
    const sent = await sayAll(place, numbers(0, 120));
    const deleted = { body: null, deletedAt: new Date() };
    await world.node.core.db.entry.updateMany({ where: { id: { in: sent.map(({ id }) => id) } }, data: deleted });
    expect(bodies(await chat(ben, place).next())).toEqual(['long ago']);
  });

  test('has nothing before a message that is unknown, or of another room', async () => {
    const elsewhere = await ann.say(await ann.createRoom(), 'elsewhere');
    const line = chat(ann, room);
    await line.next();
    for (const before of [randomUUID(), elsewhere.id, 'first', 7]) {
      await line.send({ type: 'message_history', before });
      expect(await line.next()).toEqual(error('An error occurred.'));
    }
  });

  test('keeps the messages of somebody whose account is gone', async () => {
    const eve = await world.person('eve');
    const place = await ask.roomOf(ann, eve);
    await eve.say(place, 'bye');
    await world.node.core.db.user.delete({ where: { id: eve.id } });
    const { messages } = await chat(ann, place).next();
    expect(messages).toMatchObject([{ user: '[deleted]', username: '[deleted]', message: 'bye' }]);
  });
});

describe('a message', () => {
  test.each([
    ['message', { type: 'message', message: 'hello', username: 'ben', email: 'a@example.com', timestamp: 'never' }],
    ['chat_message', { type: 'chat_message', message: 'hello' }],
    ['no type', { message: 'hello' }],
    ['an id that is no UUID', { type: 'message', message: 'hello', id: 17 }],
  ])('with %s reaches everyone in the room, the sender included, and is stored', async (_, frame) => {
    const place = await ask.roomOf(ann, ben);
    const [hers, his] = [chat(ann, place), chat(ben, place)];
    await Promise.all([hers.next(), his.next()]);
    await hers.send(frame);
    const told = { type: 'message', ...said(ann, 'hello') };
    const delivered = await his.next();
    expect(delivered).toEqual(told);
    expect(await hers.next()).toEqual(delivered);
    expect(JSON.stringify(delivered)).not.toContain('example.com');
    const { nodes } = (await ben.graphql(...ask.listMessages(place))).room.messages;
    expect(nodes).toMatchObject([{ id: delivered.id, body: 'hello', author: { id: ann.id } }]);
  });

  test('of the web client reaches the old socket, and the other way round', async () => {
    const place = await ask.roomOf(ann, ben);
    const [events, line] = [ann.follow(place, { after: 0 }), chat(ben, place)];
    await line.next();
    const { id } = await ann.say(place, 'from the new');
    expect(await line.next()).toEqual({ type: 'message', ...said(ann, 'from the new', id) });
    await line.send({ message: 'from the old' });
    const [last] = (await events.upTo((event) => event.message?.body === 'from the old')).slice(-1);
    expect(last.message.author.id).toBe(ben.id);
    events.stop();
  });

  test('that is edited or deleted later is no frame, nor is who comes and goes', async () => {
    const place = await ask.roomOf(ann, ben);
    const line = chat(ben, place);
    await line.next();
    const { id } = await ann.say(place, 'first');
    await ann.graphql(...ask.edit(id, 'changed'));
    await ann.graphql(...ask.unsend(id));
    await ann.graphql(...ask.addMember(place, (await world.person('fay')).id));
    await ann.say(place, 'last');
    expect((await line.upTo((frame) => frame.message === 'last')).map((frame) => frame.message)).not.toContain(
      'changed',
    );
    expect(line.all.map((frame) => frame.type)).not.toContain('error');
  });

  test('that is sent in the moment of connecting is not lost, nor the order of many', async () => {
    const place = await ask.roomOf(ann, ben);
    const line = chat(ann, place);
    await line.send(...numbers(0, 60).map((message) => ({ type: 'message', message })));
    const frames = await line.upTo((frame) => frame.message === '59');
    expect(frames[0]).toEqual(EMPTY_HISTORY);
    expect(frames.slice(1).map((frame) => frame.message)).toEqual(numbers(0, 60));
  });

  test('that Ann sends before she hangs up is stored', async () => {
    const place = await ask.roomOf(ann, ben);
    const [hers, his] = [chat(ann, place), chat(ben, place)];
    await his.next();
    await hers.send({ message: 'I must go' });
    hers.hangUp();
    expect(await his.next()).toMatchObject({ message: 'I must go' });
  });

  test('with a UUID of the client is one message, however often it is sent', async () => {
    const place = await ask.roomOf(ann, ben);
    const [hers, his] = [chat(ann, place), chat(ben, place)];
    await Promise.all([hers.next(), his.next()]);
    const frame = { type: 'message', message: 'once', id: randomUUID() };
    await hers.send(frame);
    const told = await hers.next();
    expect(told).toEqual({ type: 'message', ...said(ann, 'once', frame.id) });
    await hers.send(frame, frame);
    expect([await hers.next(), await hers.next()]).toEqual([told, told]);
    await his.send({ message: 'enough', id: frame.id });
    expect(await his.upTo((each) => each.type === 'error')).toEqual([
      told,
      error('This id belongs to another message. Choose a new one.'),
    ]);
  });

  test('comes once and in order while Ann connects in the middle of a hundred', async () => {
    const place = await ask.roomOf(ann, ben);
    const his = chat(ben, place);
    await his.send(...numbers(0, 100).map((message) => ({ message })));
    const lines = [chat(ann, place)];
    for (let n = 1; n < 8; n++) {
      await his.upTo((frame) => frame.message === String(n * 12));
      lines.push(chat(ann, place));
    }
    for (const line of lines) {
      const [history, ...live] = await line.upTo((frame) => last(frame) === '99');
      expect([...bodies(history), ...live.map((frame) => frame.message)]).toEqual(numbers(0, 100));
    }
  });

  test('goes from node to node', async ({ skip }) => {
    if (!world.clustered) skip('one node');
    const place = await ask.roomOf(ann, ben);
    const [hers, his] = [chat(ann, place), chat(ben.at(await world.anotherNode()), place)];
    await Promise.all([hers.next(), his.next()]);
    await hers.send({ message: 'hello over there' });
    expect(await his.next()).toMatchObject({ type: 'message', message: 'hello over there' });
    await his.send({ type: 'typing' });
    expect(await hers.upTo((frame) => frame.type === 'typing')).toContainEqual(typing(ben));
  });
});

describe('typing', () => {
  test.each([[{ type: 'typing' }], [{ type: 'user_typing' }], [{ message: 'typing', username: 'somebody' }]])(
    '%j is told to everyone, and stored nowhere',
    async (frame) => {
      const place = await ask.roomOf(ann, ben);
      const [hers, his] = [chat(ann, place), chat(ben, place)];
      await Promise.all([hers.next(), his.next()]);
      await hers.send(frame);
      expect([await hers.next(), await his.next()]).toEqual([typing(ann), typing(ann)]);
      expect((await ben.graphql(...ask.listMessages(place))).room.messages.nodes).toEqual([]);
    },
  );

  test('is a word like any other in a message', async () => {
    const line = chat(ann, await ann.createRoom());
    await line.next();
    await line.send({ type: 'message', message: 'typing' });
    expect(await line.next()).toMatchObject({ type: 'message', message: 'typing' });
  });
});

describe('what is refused is told to the sender alone, and the socket stays open:', () => {
  test.each([
    ['{"type":"message"}', 'Message is empty.'],
    ['{"type":"message","message":""}', 'Message is empty.'],
    ['{"type":"chat_message","message":" \\n"}', 'Message is empty.'],
    ['{"type":"message","message":null}', 'Message is empty.'],
    ['{}', 'Message is empty.'],
    ['hello', 'Invalid JSON format.'],
    ['{"type":"message"', 'Invalid JSON format.'],
    [Buffer.from('{"type":"message","message":"hello"}'), 'Invalid JSON format.'],
    ['', 'Received empty message.'],
    [' ', 'Received empty message.'],
    ['[]', 'An error occurred.'],
    ['null', 'An error occurred.'],
    ['"hello"', 'An error occurred.'],
    ['7', 'An error occurred.'],
    ['{"type":"receive","message":"hello"}', 'An error occurred.'],
    ['{"type":7,"message":"hello"}', 'An error occurred.'],
    ['{"type":"message","message":{"text":"hello"}}', 'An error occurred.'],
    ['{"type":"message","message":"\\u0000"}', 'Message has characters that cannot be stored.'],
  ])('%s: %s', async (frame, sentence) => {
    const place = await ask.roomOf(ann, ben);
    const [hers, his] = [chat(ann, place), chat(ben, place)];
    await Promise.all([hers.next(), his.next()]);
    await hers.send(frame);
    expect(await hers.next()).toEqual(error(sentence));
    await hers.send({ message: 'x'.repeat(8_000) });
    expect(await hers.next()).toMatchObject({ type: 'message' });
    expect(await his.next()).toMatchObject({ type: 'message' });
  });

  test('a message of 8,001 characters', async () => {
    const line = chat(ann, await ann.createRoom());
    await line.next();
    await line.send({ message: 'x'.repeat(8_001) });
    expect(await line.next()).toEqual(error('Message is too long.'));
  });

  test('too many messages', async () => {
    const strict = await openWorld({ LIMIT_MESSAGES_PER_10_SECONDS: '2' });
    const gus = await strict.person('gus');
    const line = chat(gus, await gus.createRoom());
    await line.next();
    await line.send({ message: '1' }, { message: '2' }, { message: '3' });
    const frames = await line.upTo((frame) => frame.type === 'error');
    expect(frames.at(-1)).toEqual(error('You are sending too fast.'));
    line.leave();
    await strict.close();
  });
});

describe('an open socket ends', () => {
  test('when Ben is removed, with nothing of what is said afterwards', async () => {
    const place = await ask.roomOf(ann, ben);
    const his = chat(ben, place);
    await his.next();
    await ann.say(place, 'before');
    await ann.graphql(...ask.removeMember(place, ben.id));
    await ann.say(place, 'after');
    expect(await his.closing).toMatchObject({ code: 4004 });
    expect(his.all.map((frame) => frame.message)).toEqual([undefined, 'before']);
    expect(await chat(ben, place).closing).toMatchObject({ code: 4004 });
  });

  test('when Ben leaves, or Ann deletes the room', async () => {
    const place = await ask.roomOf(ann, ben);
    const [hers, his] = [chat(ann, place), chat(ben, place)];
    await Promise.all([hers.next(), his.next()]);
    const body = JSON.stringify({ room_id: place });
    const headers = { ...JSON_BODY, authorization: `Bearer ${ben.accessToken}` };
    await send(world.node, { method: 'POST', path: '/room/leave/', headers, body });
    expect(await his.closing).toMatchObject({ code: 4004 });
    await ann.graphql(...ask.deleteRoom(place));
    expect(await hers.closing).toMatchObject({ code: 4004 });
  });

  test('when the session is revoked, and nothing that comes after that is stored', async () => {
    const hal = await world.person('hal');
    const place = await ask.roomOf(ann, hal);
    const [line, deaf] = [chat(hal, place), chat(hal, place)];
    await Promise.all([line.next(), deaf.next()]);
    deaf.stopReading();
    const headers = { cookie: `access_token=${hal.accessToken}` };
    await send(world.node, { method: 'POST', path: '/logout/', headers });
    expect(await line.closing).toEqual({ code: 4002, reason: 'Your session has ended.' });
    await deaf.send({ message: 'too late' });
    deaf.goOnReading();
    expect(await deaf.closing).toMatchObject({ code: 4002 });
    expect((await ann.graphql(...ask.listMessages(place))).room.messages.nodes).toEqual([]);
  });

  test('when the token expires and was not refreshed', async () => {
    const ida = await world.person('ida');
    const place = await ida.createRoom();
    const line = chat(await signedInAgo(LIFETIME - 4_000, ida), place);
    expect(await line.next()).toEqual(EMPTY_HISTORY);
    expect(await line.closing).toEqual({ code: 4001, reason: 'Access token expired' });
  });

  test('but not when the token was refreshed meanwhile', async () => {
    const place = await ask.roomOf(ann, ben);
    const late = await signedInAgo(LIFETIME - 4_000, ben);
    const line = chat(late, place);
    await line.next();
    const headers = { cookie: `refresh_token=${late.refreshToken}` };
    expect((await send(world.node, { method: 'POST', path: '/refresh/', headers })).status).toBe(200);
    await expired(late);
    await line.send({ message: 'still here' });
    expect(await line.next()).toMatchObject({ message: 'still here' });
  });

  test('when the room is encrypted and something is sent in the clear', async () => {
    const line = chat(ann, await ann.createRoom({ name: 'opened' }));
    await line.next();
    await encrypt(line.room);
    await line.send({ message: 'in the clear' });
    expect(await line.closing).toMatchObject({ code: 4009 });
  });
});

/** A plain WebSocket of the old protocol. Frames are kept until they are asked for, so that no test sleeps. */
class Chat {
  readonly all: any[] = [];
  readonly closing: Promise<{ code: number; reason: string }>;
  /** The status with which the upgrade was refused. */
  readonly refusal: Promise<number | undefined>;
  private readonly socket: WebSocket;
  private readonly opened: Promise<unknown>;
  private taken = 0;
  private closed = false;
  private wake = () => {};

  constructor(
    address: string,
    options: ClientOptions,
    readonly room = '',
  ) {
    open.push(this);
    this.socket = new WebSocket(address, options);
    this.socket.on('error', () => {});
    this.socket.on('message', (data) => {
      this.all.push(JSON.parse(String(data)));
      this.wake();
    });
    this.opened = new Promise((resolve) => this.socket.once('open', resolve));
    this.refusal = new Promise((resolve) =>
      this.socket.once('unexpected-response', (_, { statusCode }) => resolve(statusCode)),
    );
    this.closing = new Promise((resolve) =>
      this.socket.once('close', (code, reason) => {
        this.closed = true;
        this.wake();
        resolve({ code, reason: String(reason) });
      }),
    );
  }

  /** Sends objects as JSON, all else as it is. */
  async send(...frames: (object | string)[]): Promise<void> {
    await this.opened;
    for (const frame of frames) {
      this.socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
    }
  }

  async next(): Promise<any> {
    while (this.all.length <= this.taken) {
      if (this.closed) throw new Error(`the socket was closed: ${JSON.stringify(await this.closing)}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.all[this.taken++];
  }

  async upTo(isLast: (frame: any) => boolean): Promise<any[]> {
    const frames: any[] = [];
    do frames.push(await this.next());
    while (!isLast(frames.at(-1)));
    return frames;
  }

  stopReading = () => this.socket.pause();
  goOnReading = () => this.socket.resume();
  hangUp = () => this.socket.close();
  leave = () => this.socket.terminate();
}

/** The socket of that person in a room, with the cookie of a browser. */
function chat(person: Person, roomId: string, options: ClientOptions = {}): Chat {
  const headers: Record<string, string> = person.accessToken
    ? { cookie: `theme=dark; access_token=${person.accessToken}` }
    : {};
  return new Chat(addressOf(person.node, roomId), { headers, ...options }, roomId);
}

const addressOf = (node: Node, roomId: string) => `${node.url.replace('http', 'ws')}/ws/chat/${roomId}/`;

/** What Ann says, all at once; in the order in which it was stored. */
async function sayAll(roomId: string, texts: string[]): Promise<{ id: string; seq: number }[]> {
  const say = (body: string) =>
    sendMessage(world.node.core, { id: ann.id, sessionId: '' }, roomId, { id: randomUUID(), body });
  const sent = await Promise.all(texts.map(say));
  return sent.sort((a, b) => a.seq - b.seq);
}

/** The person on a session that was started that long ago, and not refreshed since. */
async function signedInAgo(milliseconds: number, person: Person): Promise<Person> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - milliseconds });
  const document = `mutation ($input: LogInInput!) { logIn(input: $input) {
    accessToken refreshToken viewer { session { id } }
  } }`;
  const input = { username: person.username, password: PASSWORD, cookies: false };
  const { accessToken, refreshToken, viewer } = (await person.graphql(document, { input })).logIn;
  const data = { rotatedAt: new Date() };
  await world.node.core.db.session.update({ where: { id: viewer.session.id }, data });
  vi.useRealTimers();
  return Object.assign(person.at(person.node), { accessToken, refreshToken });
}

async function expired(person: Person): Promise<void> {
  const answer = () =>
    send(world.node, { path: '/rooms/', headers: { authorization: `Bearer ${person.accessToken}` } });
  await vi.waitUntil(async () => (await answer()).status === 401, { timeout: 10_000 });
}

async function encrypt(roomId: string): Promise<void> {
  await world.node.core.db.room.update({
    where: { id: roomId },
    data: { encryption: 'MLS', kind: 'PRIVATE', name: null, nameKey: null, topic: '' },
  });
}

function said({ username }: Person, message: string, id: unknown = UUID) {
  return { id, user: username, username, message, timestamp: ISO };
}
const typing = ({ username }: Person) => ({ type: 'typing', user: username, username });
const error = (message: string) => ({ type: 'error', message });
const bodies = (history: { messages: { message: string }[] }) => history.messages.map(({ message }) => message);
const idsOf = (history: { messages: { id: string }[] }) => history.messages.map(({ id }) => id);
const last = (frame: any) => (frame.type === 'message_history' ? bodies(frame).at(-1) : frame.message);
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index));
