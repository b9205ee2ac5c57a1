import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { meanwhile } from '../meanwhile.ts';
import {
  addMember,
  ban,
  expectSound,
  listMembers,
  listMessages,
  type Operation,
  openDirect,
  people,
  read,
  roomOf,
  tablesWith,
  VIEWER_EVENTS,
} from '../rooms.ts';
import { Browser, Line } from '../wire.ts';
import { administrator, openWorld, PASSWORD, type Person, signedInAgain, type World } from '../world.ts';

const REGISTER = 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }';
const LOG_IN = 'mutation ($input: LogInInput!) { logIn(input: $input) { accessToken } }';
const CODE = 'mutation ($password: String!) { createRecoveryCode(password: $password) }';
const BLOCK = 'mutation ($id: ID!) { blockUser(userId: $id) { id } }';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await administrator(world.node);
});
afterAll(() => world.close());

const goes = (eraseMessages = false, password = PASSWORD): Operation => [
  `mutation ($password: String!, $eraseMessages: Boolean!) {
    deleteAccount(password: $password, eraseMessages: $eraseMessages) { erasedMessages }
  }`,
  { password, eraseMessages },
];
const messagesOf = async (person: Person, room: string) =>
  (await person.graphql(...listMessages(room))).room.messages.nodes;

test('Afterwards the name is free, and nothing of the profile is in the database.', async () => {
  const [bob, email] = [await world.person('bob'), `${randomUUID()}@example.org`];
  const input = {
    username: `ann${randomUUID().slice(0, 6)}`,
    displayName: 'Ann of the Lake',
    password: PASSWORD,
    email,
  };
  const browser = new Browser(world.node, { 'user-agent': `Browser of ${input.username}` });
  await browser.graphql(REGISTER, { input });
  const { id } = (await browser.graphql('{ viewer { id } }')).data?.viewer ?? {};
  await browser.graphql(CODE, { password: PASSWORD });
  const { room } = (await browser.graphql('mutation { room: createRoom(input: { name: "lake" }) { id } }')).data ?? {};
  await bob.join(room.id);
  const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }';
  await browser.graphql(send, { input: { id: randomUUID(), roomId: room.id, body: 'I stay' } });
  expect((await browser.graphql(...goes())).data).toEqual({ deleteAccount: { erasedMessages: 0 } });
  expect(browser.cookie).toBe('');
  for (const trace of [input.username, input.displayName, email, id])
    expect(await tablesWith(world.node, trace)).toEqual([]);
  expect(await messagesOf(bob, room.id)).toMatchObject([{ body: 'I stay', author: null }]);
  expect((await world.stranger().ask(REGISTER, { input: { ...input, cookies: false } })).data).toBeTruthy();
  await expectSound(world.node, room.id);
});

test('Cleo’s sessions and sockets end, and her name is an unknown one', async () => {
  const cleo = await world.person('cleo');
  const input = { username: cleo.username, password: PASSWORD, cookies: false };
  const other = (await world.stranger().graphql(LOG_IN, { input })).logIn.accessToken;
  const line = new Line(world.node);
  await line.init(other);
  await cleo.graphql(...goes());
  expect(await line.closing).toMatchObject({ code: 4401 });
  expect(await cleo.graphql('{ viewer { id } }')).toEqual({ viewer: null });
  expect(await world.stranger().refused(LOG_IN, { input })).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('Dan’s messages are gone from every room, from the database and from who follows, and are counted', async () => {
  const { dan, eve } = await people(world, 'dan', 'eve');
  const rooms = [await roomOf(eve, dan), await roomOf(eve, dan)];
  const secret = randomUUID();
  for (const room of rooms) for (let n = 0; n < 3; n++) await dan.say(room, `${secret} ${n}`);
  await eve.say(rooms[0] ?? '', 'mine');
  const left = rooms[1] ?? '';
  await dan.graphql('mutation ($id: ID!) { leaveRoom(id: $id) }', { id: left });
  const follows = eve.follow(rooms[0] ?? '', { after: 0 });
  expect((await dan.graphql(...goes(true))).deleteAccount).toEqual({ erasedMessages: 6 });
  const events = await follows.upTo(({ __typename }) => __typename === 'MemberLeft');
  expect(events.filter(({ __typename }) => __typename === 'MessageDeleted')).toHaveLength(3);
  expect(await tablesWith(world.node, secret)).toEqual([]);
  for (const room of rooms) {
    const own = (await messagesOf(eve, room)).filter(({ author }: { author: unknown }) => !author);
    expect(own.map(({ body, deletedAt }: any) => [body, deletedAt !== null])).toEqual(Array(3).fill([null, true]));
    await expectSound(world.node, room);
  }
  eve.disconnect();
});

test('a thousand messages go at once', async () => {
  const { flo, gil } = await people(world, 'flo', 'gil');
  const room = await roomOf(gil, flo);
  for (let n = 0; n < 1_010; n += 10)
    await Promise.all(Array.from({ length: 10 }, (_, m) => flo.say(room, `${n + m}`)));
  const { seq } = await gil.say(room, 'the last');
  const follows = gil.follow(room, { after: seq });
  expect((await flo.graphql(...goes(true))).deleteAccount).toEqual({ erasedMessages: 1_010 });
  const events = await follows.upTo(({ __typename }) => __typename === 'MemberLeft');
  expect(events.map((event) => event.seq)).toEqual(events.map((_, n) => seq + 1 + n));
  await expectSound(world.node, room);
  gil.disconnect();
});

test('the rooms of Hana get another owner, and one that nobody else is in is gone', async () => {
  const { hana, ivo, jo } = await people(world, 'hana', 'ivo', 'jo');
  const [shared, alone] = [await roomOf(hana, ivo, jo), await roomOf(hana)];
  await hana.graphql(...goes());
  const { members } = (await ivo.graphql(...listMembers(shared))).room;
  expect(members.nodes.map(({ role, user }: any) => [user.displayName, role])).toEqual([
    ['ivo', 'OWNER'],
    ['jo', 'MEMBER'],
  ]);
  for (const room of [shared, alone]) await expectSound(world.node, room);
  expect(await world.node.core.db.room.findUnique({ where: { id: alone } })).toMatchObject({
    deletedAt: expect.any(Date),
  });
});

test('Kim keeps what Leo wrote to her, also when he blocked her; when both are gone it is gone', async () => {
  const { kim, leo } = await people(world, 'kim', 'leo');
  const room = (await leo.graphql(...openDirect(kim.id))).openDirectRoom.id;
  await leo.say(room, 'farewell');
  await leo.graphql(BLOCK, { id: kim.id });
  const log = kim.follow(room, { after: 0 });
  await leo.graphql(...goes());
  expect((await log.upTo(({ __typename }) => __typename === 'MemberLeft')).length).toBeGreaterThan(1);
  expect(await messagesOf(kim, room)).toMatchObject([{ body: 'farewell', author: null }]);
  const { directWith } = (await kim.graphql('query ($id: ID!) { room(id: $id) { directWith { id } } }', { id: room }))
    .room;
  expect(directWith).toBeNull();
  kim.disconnect();
  await kim.graphql(...goes());
  expect(await tablesWith(world.node, 'farewell')).toEqual([]);
});

test('whoever blocked Mallory has the old conversation back when she is gone', async () => {
  const { max, mallory } = await people(world, 'max', 'mallory');
  const room = (await max.graphql(...openDirect(mallory.id))).openDirectRoom.id;
  await max.graphql(BLOCK, { id: mallory.id });
  const events = max.subscribe(VIEWER_EVENTS, { after: 0 });
  await events.next();
  await mallory.graphql(...goes());
  expect(await events.next()).toMatchObject({ __typename: 'RoomJoined', room: { id: room } });
  expect((await max.graphql(...read(room))).room.id).toBe(room);
  max.disconnect();
});

test('whoever listens learns that Nia is gone, and nobody is told her name any more', async () => {
  const { nia, olga } = await people(world, 'nia', 'olga');
  const room = await roomOf(olga, nia);
  await nia.say(room, 'hello');
  await olga.follow(room, { after: 0 }).upTo(({ message }) => message);
  const changes = olga.subscribe('subscription { peopleChanged { userId user { id } } }');
  let over = false;
  const told = changes.next().finally(() => (over = true));
  while (!over) {
    await nia.ask('mutation { updateProfile(input: { colour: 1 }) { id } }');
    await new Promise(setImmediate);
  }
  await told;
  await nia.graphql(...goes());
  const [gone] = (await changes.upTo(({ user }) => user === null)).slice(-1);
  expect(gone).toEqual({ userId: nia.id, user: null });
  const again = await olga.follow(room, { after: 0 }).upTo(({ __typename }) => __typename === 'MemberLeft');
  expect(JSON.stringify(again)).not.toContain(nia.id);
  olga.disconnect();
});

test.each<[string, (vic: Person, wes: Person) => Promise<Operation>]>([
  ['adds to a room', async (vic, wes) => addMember(await wes.createRoom(), vic.id)],
  ['bans from a room', async (vic, wes) => ban(await wes.createRoom(), vic.id)],
  ['blocks', async (vic) => [BLOCK, { id: vic.id }]],
  ['opens a conversation with', async (vic) => openDirect(vic.id)],
])('whom Wes %s in the moment in which their account goes, is not found', async (_, acting) => {
  const { vic, wes } = await people(world, 'vic', 'wes');
  const act = await acting(vic, wes);
  meanwhile(world.node, { before: () => vic.graphql(...goes()) });
  const { code, message } = await wes.refused(...act);
  expect({ code, message }).toEqual({ code: 'NOT_FOUND', message: expect.stringContaining('deleted a moment ago') });
});

test('a wrong password deletes nothing', async () => {
  const pia = await world.person('pia');
  const refusal = await pia.refused(...goes(true, 'not the password'));
  expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { password: [expect.any(String)] } });
  expect((await pia.graphql('{ viewer { id } }')).viewer.id).toBe(pia.id);
});

test('Una, who is made the only administrator while she goes, stays until there is another', async () => {
  const una = await world.person('una');
  const makes = (id: string, on: boolean): Operation => [
    'mutation ($id: ID!, $on: Boolean!) { setAdministrator(userId: $id, on: $on) { isAdmin } }',
    { id, on },
  ];
  const { room } = world.node.core.db;
  const forget = room.updateMany.bind(room);
  const spy = vi.spyOn(room, 'updateMany').mockImplementationOnce((async (which: any) => {
    await ada.graphql(...makes(una.id, true));
    await ada.graphql(...makes(ada.id, false));
    return forget(which);
  }) as any);
  expect(await una.refused(...goes())).toMatchObject({
    code: 'FORBIDDEN',
    message: expect.stringMatching(/only admin/),
  });
  spy.mockRestore();
  const again = await signedInAgain(una);
  await again.graphql(...makes(ada.id, true));
  expect((await again.graphql(...goes())).deleteAccount).toEqual({ erasedMessages: 0 });
});

test('the last administrator cannot go, and is told what to do; of two who go at once one stays', async () => {
  const refusal = await ada.refused(...goes());
  expect(refusal).toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining('createsuperuser') });
  expect((await ada.graphql('{ viewer { isAdmin } }')).viewer.isAdmin).toBe(true);
  const quin = await world.person('quin');
  await world.node.core.db.user.update({ where: { id: quin.id }, data: { isAdmin: true } });
  const answers = await Promise.all([ada.ask(...goes()), quin.ask(...goes())]);
  expect(answers.filter(({ data }) => data?.deleteAccount)).toHaveLength(1);
  expect(await world.node.core.db.user.count({ where: { isAdmin: true } })).toBe(1);
});

test('Rob, who writes, joins and is made a moderator while he goes, leaves nothing half done', async () => {
  const { rob, sam } = await people(world, 'rob', 'sam');
  const rooms = [await sam.createRoom(), await sam.createRoom()];
  for (const room of rooms) await rob.join(room);
  const tries = rooms.flatMap((roomId) => [
    rob.ask('mutation ($id: ID!) { joinRoom(id: $id) { id } }', { id: roomId }),
    ...Array.from({ length: 5 }, () =>
      rob.ask('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }', {
        input: { id: randomUUID(), roomId, body: 'still here' },
      }),
    ),
    sam.ask('mutation ($r: ID!, $u: ID!) { setRole(roomId: $r, userId: $u, role: MODERATOR) { role } }', {
      r: roomId,
      u: rob.id,
    }),
  ]);
  const [gone, ...others] = await Promise.all([rob.ask(...goes()), ...tries]);
  expect(gone?.data?.deleteAccount).toBeTruthy();
  const codes = others.flatMap(({ errors }) => errors?.map(({ extensions }) => extensions.code) ?? []);
  expect(codes).not.toContain('INTERNAL_SERVER_ERROR');
  expect(await world.node.core.db.user.findUnique({ where: { id: rob.id } })).toBeNull();
  for (const room of rooms) await expectSound(world.node, room);
});
