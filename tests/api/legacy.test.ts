import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openApp } from '../../api/server.ts';
import * as ask from '../rooms.ts';
import { type Answer, JSON_BODY, Line, send } from '../wire.ts';
import { type Node, openWorld, PASSWORD, type Person, type World } from '../world.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
const NOT_FOUND = { status: 404, json: { error: 'Room not found' } };
const NOT_SIGNED_IN = { status: 401, json: { detail: 'Authentication credentials were not provided.' } };
const WRONG = { status: 400, json: { non_field_errors: ['Invalid username or password'] } };

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
afterEach(() => void vi.useRealTimers());

describe('POST /register/', () => {
  test('Ann registers, and finds her fields twice', async () => {
    const username = nameOf('ann');
    const email = `${username}@example.com`;
    const answer = await program().post('/register/', { username, email, password: PASSWORD });
    const user = { id: UUID, username, email };
    expect(brief(answer)).toEqual({ status: 201, json: { ...user, user, message: 'Registration successful' } });
    expect(answer.json.user).toEqual({ id: answer.json.id, username, email });
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  test('Ben registers without an e-mail address', async () => {
    const { json } = await program().post('/register/', { username: nameOf('ben'), password: PASSWORD });
    expect(json).toMatchObject({ email: '', user: { email: '' } });
  });

  test('Cleo fills in the old form, and gets a username made from her name', async () => {
    const [first_name, last_name] = ['Cléo', nameOf('Lee').replace('.', '')];
    const form = { first_name, last_name, password: PASSWORD };
    const { json } = await program().post('/register/', form);
    expect(json.username).toBe(`cléo.${last_name.toLowerCase()}`);
    const again = await program().post('/register/', form);
    expect(again.json.username).toBe(`${json.username}2`);
  });

  test('six people of one name register at the same moment, and all of them get in', async () => {
    const form = { first_name: 'Dan', last_name: nameOf('Twin'), password: PASSWORD };
    const answers = await Promise.all(Array.from({ length: 6 }, () => program().post('/register/', form)));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(201));
    expect(new Set(answers.map(({ json }) => json.username)).size).toBe(6);
  });

  test('a name or an e-mail address that Eve has is not given to another', async () => {
    const username = nameOf('eve');
    const email = `${username}@example.com`;
    await program().post('/register/', { username, email, password: PASSWORD });
    const sameName = await program().post('/register/', { username: username.toUpperCase(), password: PASSWORD });
    expect(brief(sameName)).toEqual(refused({ username: ['user with this username already exists.'] }));
    const sameAddress = await program().post('/register/', { username: nameOf('eva'), email, password: PASSWORD });
    expect(brief(sameAddress)).toEqual(refused({ email: ['user with this email already exists.'] }));
  });

  test.each([
    [{}, { username: ['This field is required.'], password: ['This field is required.'] }],
    [{ first_name: ' ', last_name: '', password: PASSWORD }, { username: ['This field is required.'] }],
    [
      { username: '', password: '' },
      { username: ['This field may not be blank.'], password: ['This field may not be blank.'] },
    ], // prettier-ignore
    [{ username: '  ', password: PASSWORD }, { username: ['This field may not be blank.'] }],
    [{ username: 'fay', password: PASSWORD, email: 'fay at home' }, { email: ['Enter a valid email address.'] }],
    [
      { username: 'fay', password: 'short' },
      { password: ['This password is too short. It must contain at least 8 characters.'] },
    ], // prettier-ignore
    [{ username: ['fay'], password: PASSWORD }, { username: ['Not a valid string.'] }],
    [
      { username: 'fay', password: PASSWORD, first_name: 'x'.repeat(61) },
      { first_name: ['Ensure this field has no more than 60 characters.'] },
    ], // prettier-ignore
  ])('%j is refused, field by field', async (form, fields) => {
    expect(brief(await program().post('/register/', form))).toEqual(refused(fields));
  });

  test('where registration is closed, Gus is told so', async () => {
    const closed = await openWorld({ REGISTRATION: 'closed' });
    const answer = await program(closed.node).post('/register/', { username: 'gus', password: PASSWORD });
    expect(brief(answer)).toEqual({ status: 403, json: { detail: 'Registration is closed.' } });
    await closed.close();
  });
});

describe('POST /login/', () => {
  test('Ann signs in with her name, and both cookies are hers', async () => {
    const { username, id, email } = await registered('ann');
    const ann = program();
    const answer = await ann.post('/login/', { username, password: PASSWORD });
    const user = { id, username, email };
    expect(brief(answer)).toEqual({
      status: 200,
      json: { message: 'Login successful', token: expect.any(String), user },
    });
    const cookie = (name: string, value: string) => `${name}=${value}; Max-Age=2592000; HttpOnly; SameSite=Lax; Path=/`;
    expect(answer.headers['set-cookie']).toEqual([
      cookie('access_token', answer.json.token),
      cookie('refresh_token', ann.cookies.get('refresh_token') ?? ''),
    ]);
    expect((await ann.get('/rooms/')).status).toBe(200);
  });

  test('Ben signs in with his e-mail address, whichever field it stands in', async () => {
    const { id, email } = await registered('ben');
    for (const name of [{ email: email.toUpperCase() }, { username: email }, { username: '', email }]) {
      const { status, json } = await program().post('/login/', { ...name, password: PASSWORD });
      expect([status, json.user.id]).toEqual([200, id]);
    }
  });

  test('Cleo’s program sends the token as Bearer, without cookies', async () => {
    const { username } = await registered('cleo');
    const { json } = await program().post('/login/', { username, password: PASSWORD });
    const headers = { authorization: `Bearer ${json.token}` };
    expect((await send(world.node, { path: '/rooms/', headers })).status).toBe(200);
  });

  test('an unknown name, a wrong password and a name that no one can have are answered the same', async () => {
    const { username } = await registered('dan');
    expect(brief(await program().post('/login/', { username, password: 'not that one' }))).toEqual(WRONG);
    expect(brief(await program().post('/login/', { username: nameOf('nobody'), password: PASSWORD }))).toEqual(WRONG);
    expect(brief(await program().post('/login/', { username: 'a\0b', password: PASSWORD }))).toEqual(WRONG);
    expect(brief(await program().post('/login/', {}))).toEqual(WRONG);
  });

  test('served over https, the cookies are Secure', async () => {
    const secure = await openWorld({ PUBLIC_URL: 'https://chat.example.org' });
    const form = { username: 'eve', password: PASSWORD };
    await program(secure.node).post('/register/', form);
    const { headers } = await program(secure.node).post('/login/', form);
    expect(headers['set-cookie']?.every((cookie) => cookie.endsWith('; Secure'))).toBe(true);
    await secure.close();
  });

  test('whoever tries too often waits for as long as they are told', async () => {
    const strict = await openWorld({ LIMIT_LOGINS_PER_MINUTE: '1' });
    await program(strict.node).post('/login/', { username: 'fay', password: PASSWORD });
    const answer = await program(strict.node).post('/login/', { username: 'fay', password: PASSWORD });
    const seconds = Number(answer.headers['retry-after']);
    expect(seconds).toBeGreaterThan(0);
    expect(brief(answer)).toEqual({
      status: 429,
      json: { detail: `Too many tries. Wait ${seconds} s and try again.` },
    });
    await strict.close();
  });
});

describe('POST /refresh/', () => {
  test('Ann gets both cookies anew', async () => {
    const ann = await signedIn('ann');
    const before = new Map(ann.cookies);
    const answer = await ann.post('/refresh/');
    const json = { message: 'Token refreshed successfully', user_id: ann.id };
    expect(brief(answer)).toEqual({ status: 200, json });
    for (const [name, value] of before) expect(ann.cookies.get(name)).not.toBe(value);
    expect((await ann.get('/rooms/')).status).toBe(200);
  });

  test('without the cookie there is nothing to refresh', async () => {
    expect(brief(await program().post('/refresh/'))).toEqual(refused({ detail: 'No refresh token' }));
  });

  test('a token that is none, and one that is too old, are refused', async () => {
    const ben = program();
    ben.cookies.set('refresh_token', 'nonsense');
    expect(brief(await ben.post('/refresh/'))).toEqual({ status: 401, json: { detail: 'Invalid refresh token' } });
    const cleo = await signedInAgo(31 * DAY, 'cleo');
    expect(brief(await cleo.post('/refresh/'))).toEqual({ status: 401, json: { detail: 'Refresh token expired' } });
  });

  test('a copy of a token from two rotations ago ends the session of Dan', async () => {
    const dan = await signedIn('dan');
    const thief = program();
    thief.cookies.set('refresh_token', dan.cookies.get('refresh_token') ?? '');
    await dan.post('/refresh/');
    await dan.post('/refresh/');
    expect(brief(await thief.post('/refresh/'))).toEqual({ status: 401, json: { detail: 'Invalid refresh token' } });
    expect(brief(await dan.get('/rooms/'))).toEqual({ status: 401, json: { detail: 'Invalid token' } });
  });
});

describe('POST /logout/', () => {
  test('Ann signs out: the cookies go, and the token is worth nothing any more', async () => {
    const ann = await signedIn('ann');
    const kept = new Map(ann.cookies);
    const answer = await ann.post('/logout/');
    expect(brief(answer)).toEqual({ status: 200, json: { message: 'Logged out' } });
    const gone = (name: string) => `${name}=; Max-Age=0; HttpOnly; SameSite=Lax; Path=/`;
    expect(answer.headers['set-cookie']).toEqual([gone('access_token'), gone('refresh_token')]);
    for (const [name, value] of kept) ann.cookies.set(name, value);
    expect(brief(await ann.get('/rooms/'))).toEqual({ status: 401, json: { detail: 'Invalid token' } });
    expect((await ann.post('/refresh/')).json).toEqual({ detail: 'Invalid refresh token' });
  });

  test('Ben signs out with an access token that has expired, with nonsense, and with nothing', async () => {
    const ben = await signedInAgo(16 * MINUTE, 'ben');
    expect((await ben.post('/logout/')).json).toEqual({ message: 'Logged out' });
    ben.cookies.set('access_token', 'nonsense');
    expect((await ben.post('/logout/')).json).toEqual({ message: 'Logged out' });
    expect((await program().post('/logout/')).json).toEqual({ message: 'Logged out' });
  });
});

describe('GET /api/users/', () => {
  test('Ann sees everyone but herself, and nobody’s e-mail address', async () => {
    const [ann, ben] = [await signedIn('ann'), await registered('ben', { first_name: 'Ben', last_name: 'Bo' })];
    const { status, json, text } = await ann.get('/api/users/');
    expect(status).toBe(200);
    expect(json).toContainEqual({ id: ben.id, username: ben.username, first_name: 'Ben', last_name: 'Bo' });
    expect(json.map((user: { id: string }) => user.id)).not.toContain(ann.id);
    expect(text).not.toContain('@example.com');
  });
});

describe('GET /rooms/', () => {
  test('Ann, who is new, has no rooms', async () => {
    const ann = await signedIn('ann');
    const json = { rooms: [], count: 0, message: 'No rooms found' };
    expect(brief(await ann.get('/rooms/'))).toEqual({ status: 200, json });
  });

  test('Ben sees every kind of room of his, oldest membership first, each with who made it', async () => {
    const [ann, ben] = [await signedIn('ann'), await signedIn('ben')];
    const [second, first] = [await ann.creates('second'), await ann.creates('first')];
    const hidden = await ben.person.createRoom({ kind: 'PRIVATE', name: 'hidden' });
    await ben.joins(first);
    await ben.joins(second);
    const { openDirectRoom: direct } = await ann.person.graphql(...ask.openDirect(ben.id));
    const { json } = await ben.get('/rooms/');
    const [annHerself, benHimself] = [ann, ben].map(({ id, username }) => ({ id, username }));
    expect(json).toEqual({
      rooms: [
        { room_id: hidden, room_name: expect.stringContaining('hidden'), created_at: ISO, created_by: benHimself },
        { room_id: first, room_name: expect.stringContaining('first'), created_at: ISO, created_by: annHerself },
        { room_id: second, room_name: expect.stringContaining('second'), created_at: ISO, created_by: annHerself },
        { room_id: direct.id, room_name: 'ann', created_at: ISO, created_by: annHerself },
      ],
      count: 4,
      message: 'Rooms fetched successfully',
    });
  });

  test('a room stays when the account of its creator is gone', async () => {
    const [ann, ben] = [await signedIn('ann'), await signedIn('ben')];
    const room = await ann.creates('orphan');
    await ben.joins(room);
    await world.node.core.db.user.delete({ where: { id: ann.id } });
    expect((await ben.get('/rooms/')).json.rooms[0]).toMatchObject({ room_id: room, created_by: null });
  });
});

describe('POST /rooms/create/', () => {
  test('Ann makes a room, and is its owner and first member', async () => {
    const ann = await signedIn('ann');
    const name = nameOf('general');
    const answer = await ann.post('/rooms/create/', { chat_room_name: ` ${name} ` });
    const created_by = { id: ann.id, username: ann.username };
    const json = { room_id: UUID, chat_room_name: name, created_by, created_at: ISO };
    expect(brief(answer)).toEqual({ status: 201, json });
    const { room } = await ann.person.graphql(...ask.read(answer.json.room_id));
    expect(room).toMatchObject({ kind: 'PUBLIC', memberCount: 1, membership: { role: 'OWNER' } });
  });

  test('a room has a name that no other public room has', async () => {
    const ann = await signedIn('ann');
    const create = async (form: object) => brief(await ann.post('/rooms/create/', form));
    const name = nameOf('general');
    for (const form of [{}, { chat_room_name: ' ' }, { chat_room_name: null }]) {
      expect(await create(form)).toEqual(refused({ error: 'Chat room name is required' }));
    }
    expect((await create({ chat_room_name: name })).status).toBe(201);
    const taken = refused({ error: 'A room with this name already exists' });
    expect(await create({ chat_room_name: name.toUpperCase() })).toEqual(taken);
    const long = refused({ error: 'Ensure this field has no more than 80 characters.' });
    expect(await create({ chat_room_name: 'x'.repeat(81) })).toEqual(long);
  });
});

describe('POST /room/join/', () => {
  test('Ben joins the room of Ann, and joining again changes nothing', async () => {
    const [ann, ben] = [await signedIn('ann'), await signedIn('ben')];
    const room_id = await ann.creates('general');
    const { chat_room_name: room_name } = ann.created;
    const room = { room_id, room_name, created_at: ISO };
    const user = { id: ben.id, username: ben.username };
    const joined = await ben.post('/room/join/', { room_id });
    expect(brief(joined)).toEqual({ status: 200, json: { message: `Joined room ${room_name}`, room, user } });
    const again = await ben.post('/room/join/', { room_id });
    expect(brief(again)).toEqual({ status: 200, json: { message: `Already in room ${room_name}`, room, user } });
  });

  test('Ben finds no room that is unknown, deleted, private or no room at all', async () => {
    const [ann, ben] = [await signedIn('ann'), await signedIn('ben')];
    const deleted = await ann.creates('deleted');
    await ann.delete(`/room/delete/${deleted}/`);
    const hidden = await ann.person.createRoom({ kind: 'PRIVATE' });
    for (const room_id of [randomUUID(), deleted, hidden, 'general', 7]) {
      expect(brief(await ben.post('/room/join/', { room_id }))).toEqual(NOT_FOUND);
    }
    for (const form of [{}, { room_id: '' }, { room_id: null }]) {
      expect(brief(await ben.post('/room/join/', form))).toEqual(refused({ error: 'Room ID is required' }));
    }
  });

  test('a room that is end-to-end encrypted is not joined here', async () => {
    const [ann, ben] = [await signedIn('ann'), await signedIn('ben')];
    const room_id = await ann.creates('sealed');
    await encrypt(room_id);
    const closed = { status: 409, json: { error: 'This room is end-to-end encrypted' } };
    expect(brief(await ben.post('/room/join/', { room_id }))).toEqual(NOT_FOUND);
    expect((await ben.get('/rooms/')).json.count).toBe(0);
    expect(brief(await ann.post('/room/join/', { room_id }))).toEqual(closed);
  });
});

describe('POST /room/leave/', () => {
  test('Ben leaves the room of Ann, once', async () => {
    const [ann, ben] = [await signedIn('ann'), await signedIn('ben')];
    const room_id = await ann.creates('general');
    await ben.joins(room_id);
    const json = { message: `Left room ${ann.created.chat_room_name}` };
    expect(brief(await ben.post('/room/leave/', { room_id }))).toEqual({ status: 200, json });
    expect(brief(await ben.post('/room/leave/', { room_id }))).toEqual(NOT_FOUND);
    expect(brief(await ben.post('/room/leave/', {}))).toEqual(refused({ error: 'Room ID is required' }));
    expect((await ben.get('/rooms/')).json.count).toBe(0);
  });
});

describe('DELETE /room/delete/<room_id>/', () => {
  test('Ann deletes her room, for everyone', async () => {
    const [ann, ben] = [await signedIn('ann'), await signedIn('ben')];
    const room_id = await ann.creates('general');
    await ben.joins(room_id);
    const json = { message: 'Room deleted successfully', deleted_room: { room_id } };
    expect(brief(await ann.delete(`/room/delete/${room_id}/`))).toEqual({ status: 200, json });
    expect(brief(await ann.delete(`/room/delete/${room_id}/`))).toEqual(NOT_FOUND);
    expect((await ben.get('/rooms/')).json.count).toBe(0);
  });

  test('Ben, who did not make it, may not; strangers and anonymous callers learn nothing', async () => {
    const [ann, ben, cleo] = [await signedIn('ann'), await signedIn('ben'), await signedIn('cleo')];
    const path = `/room/delete/${await ann.creates('general')}/`;
    await ben.joins(ann.created.room_id);
    const json = { error: 'Only the room creator can delete this room' };
    expect(brief(await ben.delete(path))).toEqual({ status: 403, json });
    expect(brief(await cleo.delete(path))).toEqual(NOT_FOUND);
    expect(brief(await cleo.delete('/room/delete/general/'))).toEqual(NOT_FOUND);
    expect(brief(await program().delete(path))).toEqual(NOT_SIGNED_IN);
    expect((await ann.get('/rooms/')).json.count).toBe(1);
  });
});

describe('every route', () => {
  const SIGNED_IN = [
    ['GET', '/api/users/'],
    ['GET', '/rooms/'],
    ['POST', '/rooms/create/'],
    ['POST', '/room/join/'],
    ['POST', '/room/leave/'],
    ['DELETE', `/room/delete/${randomUUID()}/`],
  ] as const;

  test.each(SIGNED_IN)('%s %s asks who is there', async (method, path) => {
    const anyone = program();
    const answer = await anyone.ask(method, path);
    expect(brief(answer)).toEqual(NOT_SIGNED_IN);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    anyone.cookies.set('access_token', 'nonsense');
    expect(brief(await anyone.ask(method, path))).toEqual({ status: 401, json: { detail: 'Invalid token' } });
    const late = await signedInAgo(16 * MINUTE, 'late');
    expect(brief(await late.ask(method, path))).toEqual({ status: 401, json: { detail: 'Access token expired' } });
  });

  test.each([
    ['GET', '/register/', 'POST, OPTIONS'],
    ['GET', '/login', 'POST, OPTIONS'],
    ['PUT', '/login/', 'POST, OPTIONS'],
    ['GET', '/refresh/', 'POST, OPTIONS'],
    ['GET', '/logout/', 'POST, OPTIONS'],
    ['POST', '/api/users/', 'GET, HEAD, OPTIONS'],
    ['POST', '/rooms/', 'GET, HEAD, OPTIONS'],
    ['GET', '/rooms/create/', 'POST, OPTIONS'],
    ['DELETE', '/room/join/', 'POST, OPTIONS'],
    ['GET', '/room/leave/', 'POST, OPTIONS'],
    ['POST', `/room/delete/${randomUUID()}/`, 'DELETE, OPTIONS'],
  ])('%s %s is the wrong method', async (method, path, allowed) => {
    const answer = await program().ask(method, path);
    expect(brief(answer)).toEqual({ status: 405, json: { detail: `Method "${method}" not allowed.` } });
    expect(answer.headers.allow).toBe(allowed);
  });

  test('browsers that open /login or /register get the page of the web client', async () => {
    const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    for (const path of ['/login', '/login/', '/register', '/register/']) {
      expect((await send(world.node, { path, headers })).json).toBeUndefined();
    }
    expect((await send(world.node, { path: '/rooms/', headers })).json).toEqual(NOT_SIGNED_IN.json);
  });

  test('Ann speaks to paths without the slash, and in forms', async () => {
    const ann = program();
    const form = { username: nameOf('ann'), password: PASSWORD };
    expect((await ann.submit('/register', form)).status).toBe(201);
    expect((await ann.submit('/login', form)).status).toBe(200);
    expect((await ann.post('/refresh')).status).toBe(200);
    const { json: created } = await ann.submit('/rooms/create', { chat_room_name: nameOf('form') });
    const { room_id } = created;
    expect((await ann.submit('/room/join', { room_id })).json.message).toBe(
      `Already in room ${created.chat_room_name}`,
    );
    expect((await ann.get('/rooms')).json.count).toBe(1);
    expect((await ann.get('/api/users')).status).toBe(200);
    expect((await ann.delete(`/room/delete/${room_id}`)).status).toBe(200);
    expect((await ann.submit('/room/leave', { room_id })).status).toBe(404);
    expect((await ann.post('/logout')).status).toBe(200);
  });

  test.each([
    ['{"username": ann}', JSON_BODY, 400, /^JSON parse error - \S/],
    ['["ann"]', JSON_BODY, 400, /^JSON parse error - \S/],
    ['"ann"', JSON_BODY, 400, /^JSON parse error - \S/],
    ['null', JSON_BODY, 400, /^JSON parse error - \S/],
    [Buffer.from([0x7b, 0xff, 0x7d]), JSON_BODY, 400, /^JSON parse error - \S/],
    ['{}', { 'content-type': 'text/plain' }, 415, /^Unsupported media type "text\/plain" in request\.$/],
  ])('a body such as %s is refused', async (body, headers, status, detail) => {
    const answer = await send(world.node, { method: 'POST', path: '/login/', headers, body });
    expect(brief(answer)).toEqual({ status, json: { detail: expect.stringMatching(detail) } });
  });

  test('pages of other sites change nothing with the cookies of Ann', async () => {
    const ann = await signedIn('ann');
    const headers = { ...JSON_BODY, cookie: ann.cookie, origin: 'https://elsewhere.example' };
    const body = JSON.stringify({ chat_room_name: 'forged' });
    const { status } = await send(world.node, { method: 'POST', path: '/rooms/create/', headers, body });
    expect(status).toBe(403);
    expect((await ann.get('/rooms/')).json.count).toBe(0);
  });

  test('while the database is away Ann is told to come back, and of a bug she is told nothing', async () => {
    const ann = await signedIn('ann');
    const away = await broken(Object.assign(new Error('Can’t reach database server'), { code: 'ECONNREFUSED' }));
    const message = 'The server cannot reach its database. Try again in a moment.';
    expect(brief(await ann.at(away).get('/rooms/'))).toEqual({ status: 503, json: { detail: message } });
    const buggy = await broken(new TypeError('secret of the server'));
    const { status, text } = await ann.at(buggy).get('/rooms/');
    expect([status, text]).toEqual([500, '{"detail":"Something went wrong on the server. Try again."}']);
    await away.close();
    await buggy.close();
  });
});

/** A program that speaks the old routes and keeps cookies. */
class Program {
  readonly cookies = new Map<string, string>();
  /** What the last `creates` was answered. */
  created: { room_id: string; chat_room_name: string } = { room_id: '', chat_room_name: '' };

  constructor(
    readonly node: Node,
    readonly person: Person = world.stranger(),
  ) {}

  get id() {
    return this.person.id;
  }
  get username() {
    return this.person.username;
  }
  get cookie() {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  at(node: Node): Program {
    const other = new Program(node, this.person);
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }

  get = (path: string) => this.ask('GET', path);
  delete = (path: string) => this.ask('DELETE', path);
  post = (path: string, form?: object) => this.ask('POST', path, form && JSON.stringify(form));
  submit = (path: string, form: Record<string, string>) =>
    this.ask('POST', path, String(new URLSearchParams(form)), 'application/x-www-form-urlencoded');

  async ask(method: string, path: string, body?: string, type = 'application/json'): Promise<Answer> {
    const headers: Record<string, string> = this.cookies.size > 0 ? { cookie: this.cookie } : {};
    if (body !== undefined) Object.assign(headers, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
    const answer = await send(this.node, { method, path, headers, body });
    for (const change of answer.headers['set-cookie'] ?? []) this.keep(change);
    return answer;
  }

  async creates(name: string): Promise<string> {
    this.created = (await this.post('/rooms/create/', { chat_room_name: nameOf(name) })).json;
    return this.created.room_id;
  }

  async joins(room_id: string): Promise<void> {
    expect((await this.post('/room/join/', { room_id })).status).toBe(200);
  }

  private keep(change: string) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(change) ?? [];
    if (value) this.cookies.set(name, value);
    else this.cookies.delete(name);
  }
}

const program = (node: Node = world.node) => new Program(node);
const nameOf = (name: string) => `${name}.${randomUUID().slice(0, 8)}`;
const brief = ({ status, json }: Answer) => ({ status, json });
const refused = (json: object) => ({ status: 400, json });

async function registered(name: string, more: object = {}): Promise<{ id: string; username: string; email: string }> {
  const username = nameOf(name);
  const form = { username, email: `${username}@example.com`, password: PASSWORD, ...more };
  return (await program().post('/register/', form)).json.user;
}

async function signedIn(name: string): Promise<Program> {
  const person = await world.person(name);
  const signed = new Program(world.node, person);
  await signed.post('/login/', { username: person.username, password: PASSWORD });
  return signed;
}

/** Somebody who signed in that long ago, and has done nothing since. */
async function signedInAgo(milliseconds: number, name: string): Promise<Program> {
  const person = await world.person(name);
  const signed = new Program(world.node, person);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - milliseconds });
  await signed.post('/login/', { username: person.username, password: PASSWORD });
  vi.useRealTimers();
  return signed;
}

async function encrypt(roomId: string): Promise<void> {
  await world.node.core.db.room.update({
    where: { id: roomId },
    data: { encryption: 'MLS', kind: 'PRIVATE', name: null, nameKey: null, topic: '' },
  });
}

/** A node on the same database that fails to read memberships. */
async function broken(error: Error): Promise<Node> {
  const { core } = world.node;
  const db = new Proxy(core.db, {
    get: (real, name) => (name === '$queryRaw' ? () => Promise.reject(error) : Reflect.get(real, name)),
  });
  const app = await openApp({ ...core, db, log: { ...core.log, error: () => {} } }, 'no-web-client');
  return { core, app, url: await app.listen(), close: () => app.close() };
}

test('where the operator has switched them off there are no old routes and no old socket, and pages open', async () => {
  const { core } = world.node;
  const app = await openApp({ ...core, config: { ...core.config, oldRoutes: false } }, 'no-web-client');
  const node = { ...world.node, url: await app.listen() };
  for (const path of ['/login/', '/rooms/create/', '/logout/']) {
    const answer = await send(node, { method: 'POST', path, headers: JSON_BODY, body: '{}' });
    expect(answer).toMatchObject({ status: 404, json: { detail: 'Not found.' } });
  }
  expect((await send(node, { path: '/rooms/' })).headers['content-type']).toContain('text/plain');
  expect(await new Line(node, { path: `/ws/chat/${randomUUID()}/`, protocol: [] }).status).toBe(404);
  await app.close();
});
