import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { schema } from '../../api/schema.ts';
import { UNREADABLE, WRITABLE } from '../../api/tokenReach.ts';
import { begin } from '../files.ts';
import { Line, send } from '../wire.ts';
import { type Node, openWorld, PASSWORD, Person, type World } from '../world.ts';

const CREATE = `mutation ($input: CreatePersonalTokenInput!) {
  createPersonalToken(input: $input) { token personalToken { id name scope prefix createdAt expiresAt lastUsedOn } }
}`;
const LIST = '{ personalTokens { id name scope prefix expiresAt lastUsedOn } }';
const REVOKE = 'mutation ($id: ID!) { revokePersonalToken(id: $id) }';
const WHO = '{ viewer { id } }';

/** Every mutation that no token can do: a new one stands here, or among what tokens may write. */
const NEEDS_A_SESSION = [
  ...['setUp', 'register', 'logIn', 'logOut', 'refresh', 'recover', 'resetPassword'],
  ...['changePassword', 'createRecoveryCode', 'createResetLink', 'revokeSession', 'revokeOtherSessions'],
  ...['beginPasskey', 'addPasskey', 'renamePasskey', 'removePasskey', 'beginPasskeySignIn', 'signInWithPasskey'],
  ...['beginCodeApp', 'confirmCodeApp', 'setSecondFactor', 'beginConfirmation', 'confirmWithPasskey'],
  ...['createPersonalToken', 'revokePersonalToken', 'deleteAccount', 'setPush'],
  ...['endSessionsOf', 'removePerson', 'removeRoom', 'setAdministrator', 'setDisabled', 'updateServer'],
  // It deletes what others wrote.
  'setRetention',
  // A device is bound to a session.
  ...['registerDevice', 'renameDevice', 'revokeDevice', 'publishKeyPackages', 'claimKeyPackages', 'takeWelcomes'],
  ...['encryptRoom', 'openGroup', 'commitGroup', 'sendSealed', 'sendSignal', 'putSecret', 'putBackupSegment'],
];

let world: World;
let other: Node;
beforeAll(async () => {
  world = await openWorld();
  other = world.clustered ? await world.anotherNode() : world.node;
});
afterAll(() => world.close());

test('Make, name, expire, revoke; a revoked token fails at once, on sockets too.', async () => {
  const ana = await world.person('ana');
  const { createPersonalToken: made } = await ana.graphql(CREATE, {
    input: { name: '  backup script ', scope: 'WRITE', expiresInDays: 30 },
  });
  expect(made.token).toMatch(/^shh_[\w-]{43}$/);
  expect(made.personalToken).toMatchObject({ name: 'backup script', scope: 'WRITE', lastUsedOn: null });
  expect(made.personalToken.prefix).toBe(made.token.slice(0, 10));
  const days = (Date.parse(made.personalToken.expiresAt) - Date.parse(made.personalToken.createdAt)) / 86_400_000;
  expect(Math.round(days)).toBe(30);

  const script = programOf(ana, made.token);
  expect((await script.graphql(WHO)).viewer.id).toBe(ana.id);
  const room = await script.createRoom();
  const listed = (await ana.graphql(LIST)).personalTokens;
  expect(listed).toMatchObject([{ name: 'backup script', lastUsedOn: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) }]);
  expect(JSON.stringify(listed)).not.toContain(made.token.slice(10));

  const sockets = [script.follow(room, { after: 0 }), script.at(other).follow(room, { after: 0 })];
  for (const socket of sockets) await socket.next();
  await ana.graphql(REVOKE, { id: made.personalToken.id });
  for (const socket of sockets) expect(await socket.ending()).toMatchObject({ code: '4401' });
  for (const node of [world.node, other]) expect((await script.at(node).graphql(WHO)).viewer).toBeNull();
  const line = new Line(other);
  line.init(made.token).catch(() => {});
  expect(await line.closing).toMatchObject({ code: 4401 });
  expect((await ana.graphql(LIST)).personalTokens).toEqual([]);
  expect((await ana.graphql('{ viewer { securityEvents { kind } } }')).viewer.securityEvents).toEqual([
    { kind: 'PERSONAL_TOKEN_MADE' },
  ]);
});

test('a token that has expired is refused, and its open socket ends', async () => {
  const bo = await world.person('bo');
  const { script, id } = await tokenOf(bo, 'READ');
  const room = await bo.createRoom();
  const socket = script.follow(room, { after: 0 });
  await socket.next();
  await world.node.core.db.personalToken.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1) } });
  expect(await socket.ending()).toMatchObject({ code: '4401' });
  expect((await script.graphql(WHO)).viewer).toBeNull();
});

test('a token that only reads runs no mutation, however it is wrapped, over either transport', async () => {
  const cy = await world.person('cy');
  const room = await cy.createRoom();
  const { script, token } = await tokenOf(cy, 'READ');
  expect((await script.graphql('query ($id: ID!) { room(id: $id) { id } }', { id: room })).room.id).toBe(room);
  const send = `sendMessage(input: { id: "${randomUUID()}", roomId: "${room}", body: "no" }) { id }`;
  const tries = [
    `mutation { ${send} }`,
    `mutation { ...A } fragment A on Mutation { ...B } fragment B on Mutation { ${send} }`,
    `mutation { ... on Mutation { x: ${send} } }`,
  ];
  const line = new Line(world.node);
  await line.init(token);
  for (const document of tries) {
    expect(await script.refused(document)).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(/only read/),
    });
    const frame = await line.ask(document);
    expect(frame.payload.errors[0].extensions.code).toBe('FORBIDDEN');
  }
  line.close();
  const two = JSON.stringify({ query: `query A { viewer { id } } mutation B { ${send} }`, operationName: 'A' });
  expect(await (await script.post('/graphql', two)).json()).toMatchObject({
    errors: [{ extensions: { code: 'FORBIDDEN' } }],
  });
  expect((await cy.graphql('query ($id: ID!) { room(id: $id) { lastSeq } }', { id: room })).room.lastSeq).toBe(1);
});

test('the old routes and the routes of files know what a token is for', async () => {
  const di = await world.person('di');
  const room = await di.createRoom();
  const { token: reads } = await tokenOf(di, 'READ');
  const { token: writes, script } = await tokenOf(di, 'WRITE');
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  expect((await send(world.node, { path: '/rooms/', headers: as(reads) })).json.count).toBe(1);
  const create = { method: 'POST', path: '/rooms/create/', body: '{"chat_room_name":"by-token"}' };
  expect((await send(world.node, { ...create, headers: as(reads) })).status).toBe(403);
  expect((await send(world.node, { ...create, headers: as(writes) })).status).toBe(201);
  const upload = await begin(script, room, { bytes: Buffer.from('four') });
  const patch = { method: 'PATCH', path: `/files/${upload.id}`, body: 'four' };
  const headers = { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
  expect((await send(world.node, { ...patch, headers: { ...headers, ...as(reads) } })).status).toBe(403);
  expect((await send(world.node, { ...patch, headers: { ...headers, ...as(writes) } })).status).toBe(204);
  expect((await send(world.node, { path: '/export', headers: as(writes) })).status).toBe(403);
  const old = new Line(world.node, { path: `/ws/chat/${room}/`, protocol: [], headers: as(writes) });
  expect(await old.closing).toMatchObject({ code: 4002 });
});

test('no token manages tokens, passwords, recovery or sessions, or deletes the account', async () => {
  const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {});
  expect([...NEEDS_A_SESSION, ...WRITABLE].sort()).toEqual([...mutations].sort());
  const ed = await world.person('ed');
  const { script, id } = await tokenOf(ed, 'WRITE');
  const tries = [
    `mutation { createPersonalToken(input: { name: "more" }) { token } }`,
    `mutation { revokePersonalToken(id: "${id}") }`,
    `mutation { changePassword(current: "${PASSWORD}", next: "another good one") }`,
    `mutation { createRecoveryCode(password: "${PASSWORD}") }`,
    'mutation { revokeOtherSessions }',
    `mutation { deleteAccount(password: "${PASSWORD}", eraseMessages: true) { erasedMessages } }`,
    ...[...UNREADABLE].map((field) => readingOf(field)),
  ];
  for (const document of tries) {
    expect(await script.refused(document)).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(/sign in/),
    });
  }
  expect((await ed.graphql(WHO)).viewer.id).toBe(ed.id);
});

test('a person has at most 20 tokens, also when they ask for many at once', async () => {
  const flo = await world.person('flo');
  const outcomes = await Promise.all(
    Array.from({ length: 25 }, (_, n) => flo.ask(CREATE, { input: { name: `t${n}` } })),
  );
  const codes = outcomes.map(({ errors }) => errors?.[0].extensions.code ?? 'OK');
  expect(codes.filter((code) => code === 'OK')).toHaveLength(20);
  expect(codes.filter((code) => code === 'CONFLICT')).toHaveLength(5);
  const bad = [{ name: ' ' }, { name: 'x', expiresInDays: 0 }, { name: 'x', expiresInDays: 367 }];
  for (const input of bad) expect((await flo.refused(CREATE, { input })).code).toBe('INVALID_INPUT');
});

test('tokens go with the account, and with a password that was replaced; another’s are not there', async () => {
  const [gus, hal] = [await world.person('gus'), await world.person('hal')];
  const { script, id } = await tokenOf(gus, 'WRITE');
  expect((await hal.refused(REVOKE, { id })).code).toBe('NOT_FOUND');
  expect((await hal.graphql(LIST)).personalTokens).toEqual([]);
  const { createRecoveryCode: code } = await gus.graphql(`mutation { createRecoveryCode(password: "${PASSWORD}") }`);
  const recover = 'mutation ($input: RecoverInput!) { recover(input: $input) { accessToken } }';
  const input = { username: gus.username, code, password: PASSWORD, cookies: false };
  gus.accessToken = (await world.stranger().graphql(recover, { input })).recover.accessToken;
  expect((await script.graphql(WHO)).viewer).toBeNull();
  const { token } = await tokenOf(gus, 'READ');
  const line = new Line(world.node);
  await line.init(token);
  await gus.graphql(`mutation { deleteAccount(password: "${PASSWORD}", eraseMessages: false) { erasedMessages } }`);
  expect(await line.closing).toMatchObject({ code: 4401 });
  expect(await world.node.core.db.personalToken.count({ where: { userId: gus.id } })).toBe(0);
});

async function tokenOf(person: Person, scope: 'READ' | 'WRITE') {
  const { createPersonalToken } = await person.graphql(CREATE, { input: { name: 'a program', scope } });
  const { token, personalToken } = createPersonalToken;
  return { token, id: personalToken.id as string, script: programOf(person, token) };
}

const programOf = ({ node, id }: Person, accessToken: string) => new Person(node, { name: 'program', id, accessToken });

function readingOf(field: string): string {
  const [type, name = ''] = field.split('.');
  const selection = READS[name] ?? `${name} { id }`;
  return type === 'Query' ? `{ ${selection} }` : `{ viewer { ${selection} } }`;
}

const READS: Record<string, string> = {
  secret: 'secret(name: "account-key") { blob }',
  backupRooms: 'backupRooms',
  backupSegments: `backupSegments(roomId: "${randomUUID()}", after: 0) { blob }`,
  keyPackagesLeft: 'keyPackagesLeft',
};
