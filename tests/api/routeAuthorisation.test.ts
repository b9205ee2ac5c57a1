import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { upload } from '../files.ts';
import { addMember, ban, leave, people, removeMember, setRole } from '../rooms.ts';
import { type Answer, JSON_BODY, Line, send } from '../wire.ts';
import { administrator, openWorld, type Person, type World } from '../world.ts';

const ROLES = [
  ...['anonymous', 'stranger', 'member', 'former', 'removed', 'banned', 'moderator', 'owner', 'administrator'],
] as const;
const NAMES = ['stranger', 'member', 'former', 'removed', 'banned', 'moderator', 'owner'] as const;

/** What each route answers to each role, in the order of ROLES. */
interface Row {
  method: string;
  path: (scene: Scene) => string;
  body?: (scene: Scene) => object;
  statuses: number[];
}
const everyone = (status: number) => [401, ...Array(8).fill(status)];
const TABLE: Record<string, Row> = {
  'GET /api/users': { method: 'GET', path: () => '/api/users/', statuses: everyone(200) },
  'GET /rooms': { method: 'GET', path: () => '/rooms/', statuses: everyone(200) },
  'POST /rooms/create': {
    method: 'POST',
    path: () => '/rooms/create/',
    body: () => ({ chat_room_name: `made ${Math.random()}` }),
    statuses: everyone(201),
  },
  'POST /room/join': {
    method: 'POST',
    path: () => '/room/join/',
    body: ({ room }) => ({ room_id: room }),
    statuses: [401, 404, 200, 404, 404, 404, 200, 200, 404],
  },
  'POST /room/join, a public room': {
    method: 'POST',
    path: () => '/room/join/',
    body: ({ open }) => ({ room_id: open }),
    statuses: [401, 200, 200, 200, 200, 403, 200, 200, 200],
  },
  'POST /room/leave': {
    method: 'POST',
    path: () => '/room/leave/',
    body: ({ room }) => ({ room_id: room }),
    statuses: [401, 404, 200, 404, 404, 404, 200, 200, 404],
  },
  'DELETE /room/delete': {
    method: 'DELETE',
    path: ({ room }) => `/room/delete/${room}/`,
    statuses: [401, 404, 403, 404, 404, 404, 403, 200, 404],
  },
  'GET /files': {
    method: 'GET',
    path: ({ file }) => `/files/${file}`,
    statuses: [401, 404, 200, 404, 404, 404, 200, 200, 404],
  },
  'HEAD /files': {
    method: 'HEAD',
    path: ({ file }) => `/files/${file}`,
    statuses: [401, 404, 200, 404, 404, 404, 200, 200, 404],
  },
  'PATCH /files': {
    method: 'PATCH',
    path: ({ file }) => `/files/${file}`,
    statuses: [401, 404, 404, 404, 404, 404, 404, 404, 404],
  },
  'GET /export': { method: 'GET', path: () => '/export', statuses: everyone(200) },
};
/** What needs no session: it makes one, or ends it. */
const PUBLIC = ['POST /register', 'POST /login', 'POST /refresh', 'POST /logout'];

interface Scene {
  room: string;
  open: string;
  file: string;
}

let world: World;
let cast: Record<string, Person>;
/** As it was set, until something in it may have been changed. */
let scene: Scene | undefined;
beforeAll(async () => {
  world = await openWorld();
  cast = { ...(await people(world, ...NAMES)), anonymous: world.stranger() };
  cast.administrator = await administrator(world.node);
});
afterAll(() => world.close());

async function setScene(): Promise<Scene> {
  const { owner, member, moderator, former, removed, banned } = cast as Record<(typeof ROLES)[number], Person>;
  const room = await owner.createRoom({ kind: 'PRIVATE' });
  for (const { id } of [member, moderator, former, removed, banned]) await owner.graphql(...addMember(room, id));
  await owner.graphql(...setRole(room, moderator.id, 'MODERATOR'));
  await former.graphql(...leave(room));
  await owner.graphql(...removeMember(room, removed.id));
  await owner.graphql(...ban(room, banned.id));
  const open = await owner.createRoom();
  await owner.graphql(...ban(open, banned.id));
  const file = await upload(owner, room, { bytes: Buffer.from('for members') });
  const message = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }';
  await owner.graphql(message, { input: { id: crypto.randomUUID(), roomId: room, body: 'look', files: [file] } });
  return { room, open, file };
}

test('every documented route has its row', () => {
  const source = readFileSync(join(import.meta.dirname, '../../api/legacy/routes.ts'), 'utf8');
  const routes = [...source.matchAll(/method: '(\w+)', path: \/\^(.+?)\\\/\?\$\//g)];
  const named = routes.map(
    ([, method, path = '']) => `${method} ${path.replaceAll('\\/', '/').replace('/([^/]+)', '')}`,
  );
  expect(named).toHaveLength(10);
  const known = [...Object.keys(TABLE).map((name) => name.split(',')[0]), ...PUBLIC];
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});

test.each(Object.entries(TABLE))('%s is for whom it is for, and tells the others nothing', async (_, row) => {
  const statuses: Record<string, number> = {};
  scene ??= await setScene();
  for (const role of ROLES) {
    const answer = await ask(cast[role] as Person, row, scene);
    statuses[role] = answer.status;
    if (answer.status > 403) expect(answer.text).not.toMatch(/room-[\da-f]{8}|for members|notes/);
  }
  if (row.body || row.method === 'DELETE') scene = undefined;
  expect(statuses).toEqual(Object.fromEntries(ROLES.map((role, n) => [role, row.statuses[n]])));
});

test('the old socket lets in who is in the room, and closes on everyone else with the code that says why', async () => {
  const { room } = await setScene();
  const path = `/ws/chat/${room}/`;
  const ends: Record<string, number | 'in'> = {};
  for (const role of ROLES) {
    const headers = { cookie: `access_token=${cast[role]?.accessToken ?? ''}` };
    const line = new Line(world.node, { path, protocol: [], headers });
    const shown = line.next(({ type }) => type === 'message_history').then(() => 'in' as const);
    ends[role] = await shown.catch(async () => (await line.closing).code);
    line.close();
  }
  const outside = { stranger: 4004, former: 4004, removed: 4004, banned: 4004, administrator: 4004 };
  expect(ends).toEqual({ anonymous: 4000, ...outside, member: 'in', moderator: 'in', owner: 'in' });
});

test('the list of rooms has only the rooms that one is in', async () => {
  const { room } = await setScene();
  const listed: string[] = [];
  for (const role of ROLES) {
    const { json } = await ask(cast[role] as Person, TABLE['GET /rooms'] as Row, {} as Scene);
    if (json.rooms?.some(({ room_id }: { room_id: string }) => room_id === room)) listed.push(role);
  }
  expect(listed).toEqual(['member', 'moderator', 'owner']);
});

function ask({ accessToken }: Person, { method, path, body }: Row, scene: Scene): Promise<Answer> {
  const signedIn = accessToken ? { authorization: `Bearer ${accessToken}` } : {};
  const piece =
    method === 'PATCH' ? { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' } : JSON_BODY;
  const headers = { ...piece, ...signedIn } as Record<string, string>;
  return send(world.node, { method, path: path(scene), headers, body: body ? JSON.stringify(body(scene)) : '' });
}
