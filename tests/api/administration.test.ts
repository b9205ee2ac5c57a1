import { afterAll, beforeAll, expect, test } from 'vitest';
import { upload } from '../files.ts';
import { onceItWaits } from '../meanwhile.ts';
import { people, read, roomOf } from '../rooms.ts';
import { Line } from '../wire.ts';
import { administrator, type Node, openWorld, PASSWORD, Person, type World } from '../world.ts';

const ACCOUNT = '{ user { id } isAdmin disabledAt lastSeenAt }';
const ACCOUNTS = `query ($search: String, $first: Int, $after: String) {
  accounts(search: $search, first: $first, after: $after) { nodes ${ACCOUNT} pageInfo { hasNextPage endCursor } }
}`;
const ADMIN = `mutation ($userId: ID!, $on: Boolean!) { setAdministrator(userId: $userId, on: $on) ${ACCOUNT} }`;
const DISABLE = `mutation ($userId: ID!, $on: Boolean!) { setDisabled(userId: $userId, on: $on) ${ACCOUNT} }`;
const SIGN_OUT = 'mutation ($userId: ID!) { endSessionsOf(userId: $userId) }';
const REMOVE = `mutation ($userId: ID!, $password: String!, $eraseMessages: Boolean!) {
  removePerson(userId: $userId, password: $password, eraseMessages: $eraseMessages) { erasedMessages }
}`;
const ROOMS =
  'query ($search: String) { allRooms(search: $search, first: 100) { nodes { roomId kind name memberCount messageCount fileCount fileBytes } } }';
const REMOVE_ROOM = 'mutation ($id: ID!) { removeRoom(id: $id) }';
const STORAGE =
  '{ storageUse { databaseBytes fileCount fileBytes rooms { roomId name fileBytes } people { user { id } fileCount fileBytes } } }';
const SERVER = 'mutation ($input: UpdateServerInput!) { updateServer(input: $input) { name registration } }';
const LOG_IN = 'mutation ($input: LogInInput!) { logIn(input: $input) { accessToken } }';

let world: World;
let other: Node;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  other = world.clustered ? await world.anotherNode() : world.node;
  ada = await administrator(world.node);
});
afterAll(() => world.close());

const logIn = ({ username }: Person, node: Node = world.node) =>
  world.stranger(node).ask(LOG_IN, { input: { username, password: PASSWORD, cookies: false } });
const acts = async (person: Person): Promise<string[]> => {
  const log = 'query ($userId: ID) { auditLog(userId: $userId) { nodes { action } } }';
  return (await ada.graphql(log, { userId: person.id })).auditLog.nodes.map(({ action }: any) => action);
};
async function socketOf(person: Person, node: Node): Promise<Line> {
  const line = new Line(node);
  await line.init(person.accessToken);
  return line;
}

test.skipIf(process.env.SERVICES === 'embedded')(
  'administrators and whom they make one are held in one order, as by whoever changes something for many people',
  async () => {
    const { tom } = await people(world, 'tom');
    const { una } = await people(world, 'una');
    await ada.graphql(ADMIN, { userId: una.id, on: true });
    const counted = { roomsVersion: { increment: 1 } };
    const answer = await onceItWaits(
      world.node,
      tom.id,
      () => ada.ask(ADMIN, { userId: tom.id, on: true }),
      (db) => db.user.update({ where: { id: una.id }, data: counted }),
    );
    expect(answer.data?.setAdministrator).toMatchObject({ isAdmin: true });
    for (const { id } of [tom, una]) await ada.graphql(ADMIN, { userId: id, on: false });
  },
);

test('a person who is disabled is signed out at once on every node, and comes back when that is lifted', async () => {
  const { bob } = await people(world, 'bob');
  const lines = [await socketOf(bob, world.node), await socketOf(bob, other)];
  const { setDisabled } = await ada.graphql(DISABLE, { userId: bob.id, on: true });
  expect(setDisabled).toMatchObject({ disabledAt: expect.any(String), isAdmin: false });
  for (const line of lines) expect(await line.closing).toMatchObject({ code: 4401 });
  for (const at of [bob, bob.at(other)]) expect(await at.graphql('{ viewer { id } }')).toEqual({ viewer: null });
  const refresh = 'mutation ($token: String) { refresh(refreshToken: $token) { accessToken } }';
  expect(await bob.refused(refresh, { token: bob.refreshToken })).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect((await logIn(bob, other)).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  const route = await bob.post('/login/', JSON.stringify({ username: bob.username, password: PASSWORD }));
  expect(route.status).toBe(403);
  const wrong = { username: bob.username, password: 'not his', cookies: false };
  expect(await bob.refused(LOG_IN, { input: wrong })).toMatchObject({ code: 'UNAUTHENTICATED' });

  expect((await ada.graphql(DISABLE, { userId: bob.id, on: false })).setDisabled.disabledAt).toBeNull();
  expect((await logIn(bob)).data.logIn).toBeTruthy();
  expect(await ada.graphql(SIGN_OUT, { userId: bob.id })).toEqual({ endSessionsOf: 1 });
  expect(await acts(bob)).toEqual(['SESSIONS_ENDED', 'ACCOUNT_ENABLED', 'ACCOUNT_DISABLED']);
  expect(await ada.refused(DISABLE, { userId: ada.id, on: true })).toMatchObject({ code: 'FORBIDDEN' });
});

test('the personal tokens of a disabled person end with it, and do not come back when that is lifted', async () => {
  const { bob } = await people(world, 'bob');
  const make = 'mutation ($input: CreatePersonalTokenInput!) { createPersonalToken(input: $input) { token } }';
  const { createPersonalToken } = await bob.graphql(make, { input: { name: 'a program', scope: 'WRITE' } });
  const program = new Person(world.node, { name: 'program', id: bob.id, accessToken: createPersonalToken.token });
  const room = await program.createRoom();
  const sockets = [program.follow(room, { after: 0 }), program.at(other).follow(room, { after: 0 })];
  for (const socket of sockets) await socket.next();
  await ada.graphql(DISABLE, { userId: bob.id, on: true });
  expect(await program.graphql('{ viewer { id } }')).toEqual({ viewer: null });
  for (const socket of sockets) expect(await socket.ending()).toMatchObject({ code: '4401' });
  await ada.graphql(DISABLE, { userId: bob.id, on: false });
  for (const at of [program, program.at(other)]) {
    expect(await at.graphql('{ viewer { id } }')).toEqual({ viewer: null });
    expect(await at.refused('query ($id: ID!) { room(id: $id) { id } }', { id: room })).toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  }
});

test('who signs in while being disabled is out in the end', async () => {
  const { bob } = await people(world, 'bob');
  for (let round = 0; round < 3; round++) {
    const tries = [logIn(bob), ada.graphql(DISABLE, { userId: bob.id, on: true }), logIn(bob, other)];
    const tokens = (await Promise.all(tries)).flatMap(({ data }) => data?.logIn?.accessToken ?? []);
    for (const accessToken of [...tokens, bob.accessToken]) {
      bob.accessToken = accessToken;
      expect(await bob.graphql('{ viewer { id } }')).toEqual({ viewer: null });
    }
    await ada.graphql(DISABLE, { userId: bob.id, on: false });
  }
});

test('there is always an administrator, whatever is done at once', async () => {
  const { cleo } = await people(world, 'cleo');
  expect(await ada.refused(ADMIN, { userId: ada.id, on: false })).toMatchObject({ code: 'FORBIDDEN' });
  expect((await ada.graphql(ADMIN, { userId: cleo.id, on: true })).setAdministrator.isAdmin).toBe(true);
  const answers = await Promise.all([
    ada.ask(ADMIN, { userId: cleo.id, on: false }),
    cleo.at(other).ask(ADMIN, { userId: ada.id, on: false }),
    ada.ask(ADMIN, { userId: ada.id, on: false }),
    cleo.ask(DISABLE, { userId: ada.id, on: true }),
  ]);
  for (const { errors } of answers)
    for (const { extensions } of errors ?? []) expect(['FORBIDDEN', 'UNAUTHENTICATED']).toContain(extensions.code);
  const { db } = world.node.core;
  expect(await db.user.count({ where: { isAdmin: true, disabledAt: null } })).toBe(1);
  await db.user.updateMany({ where: { id: ada.id }, data: { isAdmin: true, disabledAt: null } });
  await db.user.updateMany({ where: { id: cleo.id }, data: { isAdmin: false } });
  ada.accessToken = (await logIn(ada)).data.logIn.accessToken;
  expect(await cleo.refused(ACCOUNTS)).toMatchObject({ code: 'FORBIDDEN' });
});

test('Ada finds people by name, page by page, and sees when they were last here but no address of theirs', async () => {
  const { dora } = await people(world, 'dora', 'dorian');
  const first = (await ada.graphql(ACCOUNTS, { search: 'dor', first: 1 })).accounts;
  expect(first.nodes).toMatchObject([
    { user: { id: dora.id }, isAdmin: false, disabledAt: null, lastSeenAt: expect.any(String) },
  ]);
  const rest = (await ada.graphql(ACCOUNTS, { search: 'dor', first: 1, after: first.pageInfo.endCursor })).accounts;
  expect([rest.nodes.length, rest.pageInfo.hasNextPage]).toEqual([1, false]);
});

test('Ada deletes the account of Eve against her own password, and Eve is nowhere any more', async () => {
  const { eve, fay } = await people(world, 'eve', 'fay');
  const room = await roomOf(eve, fay);
  await eve.say(room, 'words of Eve');
  const line = await socketOf(eve, other);
  const remove = { userId: eve.id, password: PASSWORD, eraseMessages: true };
  expect(await ada.refused(REMOVE, { ...remove, password: 'a guess' })).toMatchObject({
    fields: { password: [expect.any(String)] },
  });
  expect(await ada.refused(REMOVE, { ...remove, userId: ada.id })).toMatchObject({ code: 'FORBIDDEN' });
  expect((await ada.graphql(REMOVE, remove)).removePerson.erasedMessages).toBe(1);
  expect(await line.closing).toMatchObject({ code: 4401 });
  expect((await fay.graphql(...read(room))).room.membership.role).toBe('OWNER');
  expect(await world.node.core.db.user.count({ where: { id: eve.id } })).toBe(0);
  const { nodes } = (await ada.graphql('{ auditLog(first: 1) { nodes { action actor { id } subject { id } } } }'))
    .auditLog;
  expect(nodes).toEqual([{ action: 'ACCOUNT_DELETED', actor: { id: ada.id }, subject: null }]);
});

test('Ada sees how large rooms are, of private ones not even the name, and of conversations of two nothing', async () => {
  const { gus, hal } = await people(world, 'gus', 'hal');
  const open = await gus.createRoom({ name: 'harbour' });
  const closed = await roomOf(gus, hal);
  const direct = await gus.graphql('mutation ($id: ID!) { openDirectRoom(userId: $id) { id } }', { id: hal.id });
  await gus.say(closed, 'between us');
  await upload(gus, closed, { bytes: Buffer.from('ten bytes!') });
  const { nodes } = (await ada.graphql(ROOMS)).allRooms;
  const known = Object.fromEntries(nodes.map((room: any) => [room.roomId, room]));
  expect(known[open]).toMatchObject({ kind: 'PUBLIC', name: expect.stringMatching(/^harbour/), memberCount: 1 });
  expect(known[closed]).toMatchObject({
    kind: 'PRIVATE',
    name: null,
    memberCount: 2,
    messageCount: 1,
    fileCount: 1,
    fileBytes: 10,
  });
  expect(known[direct.openDirectRoom.id]).toBeUndefined();
  expect((await ada.graphql(ROOMS, { search: closed })).allRooms.nodes).toHaveLength(1);
  const { name } = (await gus.graphql(...read(closed))).room;
  expect((await ada.graphql(ROOMS, { search: name })).allRooms.nodes).toEqual([]);
  expect(await ada.refused(...read(closed))).toMatchObject({ code: 'NOT_FOUND' });

  const { storageUse } = await ada.graphql(STORAGE);
  expect(storageUse).toMatchObject({
    fileCount: 1,
    fileBytes: 10,
    rooms: [{ roomId: closed, name: null, fileBytes: 10 }],
  });
  expect(storageUse.people).toEqual([{ user: { id: gus.id }, fileCount: 1, fileBytes: 10 }]);
  expect(storageUse.databaseBytes).toBeGreaterThan(1_000_000);
});

test('a room that Ada deletes is gone for its members, who see that she did it', async () => {
  const { ida, jon } = await people(world, 'ida', 'jon');
  const room = await roomOf(ida, jon);
  const heard = jon.at(other).follow(room, { after: 0 });
  await heard.next();
  expect(await ada.graphql(REMOVE_ROOM, { id: room })).toEqual({ removeRoom: true });
  expect(await heard.ending()).toBe('complete');
  expect(heard.all.at(-1).__typename).toBe('RoomDeleted');
  expect(await ida.refused(...read(room))).toMatchObject({ code: 'NOT_FOUND' });
  expect(await ada.refused(REMOVE_ROOM, { id: room })).toMatchObject({ code: 'NOT_FOUND' });
});

test('Set "invite"; a stranger cannot sign up; an invited person can.', async () => {
  const register = 'mutation ($input: RegisterInput!) { register(input: $input) { viewer { id } } }';
  const comes = (username: string, invitation?: string) =>
    world.stranger(other).ask(register, { input: { username, password: PASSWORD, cookies: false, invitation } });
  expect((await ada.graphql(SERVER, { input: { registration: 'INVITE', name: 'Harbour' } })).updateServer).toEqual({
    name: 'Harbour',
    registration: 'INVITE',
  });
  expect((await comes('kim')).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  const { token } = (await ada.graphql('mutation { createInvitation(input: {}) { token } }')).createInvitation;
  expect((await comes('kim', token)).data.register).toBeTruthy();
  const { invitations } = await ada.graphql('{ invitations(all: true) { uses maxUses revokedAt } }');
  expect(invitations).toEqual([{ uses: 1, maxUses: 1, revokedAt: null }]);
  await ada.graphql(SERVER, { input: { registration: 'CLOSED' } });
  expect((await comes('lea', token)).errors).toMatchObject([{ message: 'Registration is closed.' }]);
  await ada.graphql(SERVER, { input: { registration: 'OPEN' } });
  expect((await comes('lea')).data.register).toBeTruthy();
  expect((await acts(ada)).filter((act) => act === 'SERVER_CHANGED')).toHaveLength(4);
  expect(await ada.refused(SERVER, { input: { name: 'a\u200bb' } })).toMatchObject({ code: 'INVALID_INPUT' });
});

test('who runs the server is said to whoever comes once Ada wants it, and to nobody once she takes it back', async () => {
  const says = async () => (await world.stranger(other).ask('{ server { runBy } }', {})).data.server.runBy;
  expect(await says()).toBeNull();
  await ada.graphql(SERVER, { input: { runBy: ' Ada Lovelace ' } });
  expect(await says()).toBe('Ada Lovelace');
  const long = await ada.refused(SERVER, { input: { runBy: 'a'.repeat(61) } });
  expect(long).toMatchObject({ code: 'INVALID_INPUT' });
  await ada.graphql(SERVER, { input: { name: 'Harbour' } });
  expect(await says()).toBe('Ada Lovelace');
  await ada.graphql(SERVER, { input: { runBy: '' } });
  expect(await says()).toBeNull();
});

test('what the configuration says about registration, no administrator changes here', async () => {
  const fixed = { ...world.node.core, config: { ...world.node.core.config, registration: 'CLOSED' as const } };
  const { updateServer } = await import('../../api/administration/server.ts');
  const change = updateServer(fixed, { id: ada.id, sessionId: '' }, { registration: 'OPEN' });
  await expect(change).rejects.toMatchObject({ code: 'CONFLICT' });
});
