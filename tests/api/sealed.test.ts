import { randomUUID } from 'node:crypto';
import {
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { schema } from '../../api/schema.ts';
import { bytes, commit, encryptedRoomOf, followSealed, logOf, open, seal, sealedRoom, withDevice } from '../devices.ts';
import { upload } from '../files.ts';
import { afterQuery, meanwhile } from '../meanwhile.ts';
import {
  addMember,
  markRead,
  openDirect,
  people,
  pin,
  react,
  removeMember,
  roomOf,
  tablesWith,
  unpin,
  update,
} from '../rooms.ts';
import { administrator, openWorld, type Person, type World } from '../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const E2EE = { code: 'CONFLICT', reason: 'E2EE_REQUIRED' };
const say = (roomId: string, body: string): [string, object] => [
  'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }',
  { input: { id: randomUUID(), roomId, body } },
];
const edit = (id: string, body: string): [string, object] => [
  'mutation ($input: EditMessageInput!) { editMessage(input: $input) { id } }',
  { input: { id, body } },
];
const remove = (id: string): [string, object] => [
  'mutation ($id: ID!) { deleteMessage(id: $id) { id sealed { body } } }',
  { id },
];
const encrypt = (id: string): [string, object] => [
  'mutation ($id: ID!) { encryptRoom(id: $id) { name topic encryption generation group { epoch } } }',
  { id },
];

test('a room becomes encrypted once, by its owner, for good: its name, topic and webhooks are forgotten', async () => {
  const { ann, ben, cat } = await people(world, 'ann', 'ben', 'cat');
  const room = await roomOf(ann, ben);
  const topic = `about-${randomUUID()}`;
  await ann.graphql(...update(room, { topic }));
  const before = (await ann.say(room, 'in plain text')).id;
  const hook = 'mutation ($id: ID!) { createIncomingWebhook(input: { roomId: $id, name: "Build" }) { path } }';
  const { path } = (await ann.graphql(hook, { id: room })).createIncomingWebhook;
  expect(await ben.refused(...encrypt(room))).toMatchObject({ code: 'FORBIDDEN' });
  expect(await cat.refused(...encrypt(room))).toMatchObject({ code: 'NOT_FOUND' });
  const [first] = await Promise.all([ann.graphql(...encrypt(room)), ann.graphql(...encrypt(room))]);
  expect(first.encryptRoom).toEqual({ name: null, topic: '', encryption: 'MLS', generation: 0, group: null });
  expect((await logOf(ann, room)).filter(({ __typename }) => __typename === 'RoomEncrypted')).toHaveLength(1);
  expect((await world.stranger().post(path, JSON.stringify({ text: 'hello' }))).status).toBe(404);
  expect(await ann.refused(hook, { id: room })).toMatchObject({ code: 'CONFLICT' });
  expect(await ann.refused(...say(room, 'again'))).toMatchObject(E2EE);
  expect(await ann.refused(...edit(before, 'otherwise'))).toMatchObject(E2EE);
  expect(await ann.refused(...react(before, '👍'))).toMatchObject(E2EE);
  expect(await ann.refused(...pin(before))).toMatchObject(E2EE);
  expect(await ann.refused(...update(room, { name: 'other' }))).toMatchObject(E2EE);
  expect((await ann.graphql(...remove(before))).deleteMessage.id).toBe(before);
  const open = await ann.createRoom({ kind: 'PUBLIC' });
  expect(await ann.refused(...encrypt(open))).toMatchObject({ code: 'INVALID_INPUT' });
});

test('what comes in plain text while the room is being encrypted is refused as it is afterwards', async () => {
  const ann = await world.person('ann');
  const hook = 'mutation ($id: ID!) { createIncomingWebhook(input: { roomId: $id, name: "Build" }) { path } }';
  const file = 'mutation ($id: ID!) { createUpload(input: { roomId: $id, name: "plan.txt", size: 1 }) { id } }';
  const acts: ((room: string, message: string) => [string, object])[] = [
    (_, message) => edit(message, 'otherwise'),
    (_, message) => pin(message),
    (_, message) => unpin(message),
    (_, message) => react(message, '👍'),
    (room) => update(room, { name: 'other' }),
    (room) => [hook, { id: room }],
    (room) => [file, { id: room }],
  ];
  for (const act of acts) {
    const room = await roomOf(ann);
    const { id } = await ann.say(room, 'hello');
    meanwhile(world.node, { before: () => ann.graphql(...encrypt(room)) });
    expect(await ann.refused(...act(room, id))).toMatchObject(E2EE);
  }
});

test('an encrypted room is made without words, and the database takes none, nor its encryption back', async () => {
  const ann = await world.person('ann');
  const make = 'mutation ($input: CreateRoomInput!) { createRoom(input: $input) { id } }';
  for (const input of [
    { kind: 'PRIVATE', encrypted: true, name: 'ours' },
    { kind: 'PRIVATE', encrypted: true, topic: 'ours' },
    { kind: 'PUBLIC', encrypted: true },
    { kind: 'PRIVATE' },
  ])
    expect(await ann.refused(make, { input })).toMatchObject({ code: 'INVALID_INPUT' });
  const roomId = await encryptedRoomOf(ann);
  const { db } = world.node.core;
  const entry = { roomId, seq: 2, id: randomUUID(), kind: 'MESSAGE' as const, ordinal: 1, changedSeq: 2 };
  const sealed = { ...entry, encoding: 'MLS' as const, generation: 1, groupEpoch: 0 };
  const file = { roomId, name: 'plan.txt', type: 'text/plain', size: 1 };
  for (const change of [
    db.room.update({ where: { id: roomId }, data: { encryption: 'NONE' } }),
    db.room.update({ where: { id: roomId }, data: { name: 'ours' } }),
    db.room.update({ where: { id: roomId }, data: { topic: 'ours' } }),
    db.entry.create({ data: { ...entry, body: 'hello' } }),
    db.entry.create({ data: entry }),
    db.entry.create({ data: { ...sealed, body: 'hello' } }),
    db.entry.create({ data: { ...sealed, integration: 'Build' } }),
    db.entry.create({ data: { ...sealed, detail: { text: 'hello' } } }),
    db.entry.create({ data: { ...sealed, targetId: randomUUID() } }),
    db.entry.create({ data: { ...sealed, files: [{ name: 'plan.txt' }] } }),
    db.file.create({ data: file }),
    db.file.create({ data: { ...file, sealed: true } }),
    db.incomingWebhook.create({ data: { roomId, name: 'Build', tokenHash: Buffer.from('x'), createdById: ann.id } }),
    db.reaction.create({ data: { roomId, seq: 1, emoji: '👍', userId: ann.id } }),
  ])
    await expect(change).rejects.toThrow();
  const plain = await roomOf(ann);
  await expect(db.entry.create({ data: { ...sealed, roomId: plain } })).rejects.toThrow();
});

test('a deleted message takes what was sealed with it: its edits and files, in the database and in memory', async () => {
  const { ann, ben, room } = await sealedRoom(world);
  const arrivals = followSealed(ben, room, 0);
  const name = `secret-${randomUUID()}.txt`;
  const file = await upload(ann, room, { name, bytes: Buffer.from('sealed bytes') });
  expect(await tablesWith(world.node, name)).toEqual([]);
  const { sendSealed: sent } = await ann.graphql(...seal(room, 1, { files: [file] }));
  const { sendSealed: edited } = await ann.graphql(...seal(room, 1, { kind: 'EVENT', targetId: sent.id }));
  await ann.graphql(...seal(room, 1, { kind: 'EVENT' }));
  expect(await ben.refused(...seal(room, 1, { kind: 'EVENT', targetId: sent.id }))).toMatchObject({
    code: 'NOT_FOUND',
  });
  expect(await ben.refused(...remove(sent.id))).toMatchObject({ code: 'FORBIDDEN' });
  await ann.graphql(...remove(sent.id));
  await arrivals.upTo(({ __typename }) => __typename === 'MessageDeleted');
  const again = followSealed(ben, room, sent.seq - 1);
  const told = await again.upTo(({ __typename }) => __typename === 'MessageDeleted');
  expect(told.map(({ sealed, message }) => (sealed ?? message.sealed).body === null)).toEqual([
    true,
    true,
    false,
    true,
  ]);
  const rows = await world.node.core.db.entry.findMany({
    where: { roomId: room, seq: { gte: sent.seq } },
    orderBy: { seq: 'asc' },
  });
  expect(rows.map(({ sealed }) => sealed !== null)).toEqual([false, false, true, false]);
  expect(rows[0]?.sealedHash).not.toBeNull();
  expect(await world.node.core.db.file.count({ where: { id: file } })).toBe(0);
  expect(await ann.refused(...seal(room, 1, { kind: 'EVENT', targetId: sent.id }))).toMatchObject({
    code: 'NOT_FOUND',
  });
  expect(edited.seq).toBe(sent.seq + 1);
  ben.disconnect();
});

test('messages count as unread, what devices tell each other does not, and one’s own message is read', async () => {
  const { ann, ben, room } = await sealedRoom(world);
  const counts = async (person: Person) =>
    (await person.graphql('query ($id: ID!) { room(id: $id) { unreadCount mentionCount readSeq } }', { id: room }))
      .room;
  await ann.graphql(...seal(room, 1));
  await ann.graphql(...seal(room, 1, { kind: 'EVENT' }));
  const { sendSealed } = await ann.graphql(...seal(room, 1));
  await ann.graphql(...commit(room, 1));
  expect(await counts(ben)).toMatchObject({ unreadCount: 2, mentionCount: 0 });
  expect(await counts(ann)).toMatchObject({ unreadCount: 0, readSeq: sendSealed.seq });
  await ben.graphql(...markRead(room, sendSealed.seq));
  expect(await counts(ben)).toMatchObject({ unreadCount: 0 });
  const { search } = await ben.graphql(
    'query ($id: ID!) { search(text: "sealed", roomId: $id) { nodes { message { id } } } }',
    { id: room },
  );
  expect(search.nodes).toEqual([]);
});

test('Ann sees what the server has of her in a room, counted in its rows, and nobody else does', async () => {
  const { ann, ben, room } = await sealedRoom(world);
  const traces = `query ($id: ID!) { room(id: $id) { traces {
    devices messages plainMessages events commits bytes files fileBytes firstAt lastAt
  } } }`;
  await ann.graphql(...seal(room, 1));
  await ann.graphql(...seal(room, 1, { kind: 'EVENT' }));
  const anns = (await ann.graphql(traces, { id: room })).room.traces;
  expect(anns).toMatchObject({ devices: ['Laptop'], messages: 1, plainMessages: 0, events: 1, commits: 2, files: 0 });
  expect(anns.bytes).toBe(2 * (330 + 200) + 32);
  expect((await ben.graphql(traces, { id: room })).room.traces).toMatchObject({ messages: 0, events: 0, commits: 0 });
  const cat = await world.person('cat');
  expect(await cat.refused(traces, { id: room })).toMatchObject({ code: 'NOT_FOUND' });
  await ann.graphql(...removeMember(room, ben.id));
  expect(await ben.refused(traces, { id: room })).toMatchObject({ code: 'NOT_FOUND' });
});

test('who was removed gets nothing more of the log and the group, and who comes back before a commit need not be removed', async () => {
  const { ann, ben, room } = await sealedRoom(world);
  const cat = await world.person('cat');
  await ann.graphql(...removeMember(room, ben.id));
  const asked = 'query ($id: ID!) { room(id: $id) { log(after: 0) { seq } group { groupInfo } } }';
  for (const person of [ben, cat]) {
    expect(await person.refused(asked, { id: room })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await person.refused(...commit(room, 1, { external: true }))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await person.refused(...open(room, { generation: 2 }))).toMatchObject({ code: 'NOT_FOUND' });
  }
  expect(await ann.refused(...seal(room, 1))).toMatchObject({ reason: 'PENDING_REMOVAL' });
  await ann.graphql(...addMember(room, ben.id));
  await ann.graphql(...seal(room, 1));
});

test('what was refused for a removal that is due no more by the answer may be sent again, and is not called missing', async () => {
  const { ann, ben, room } = await sealedRoom(world);
  const file = await upload(ann, room, { bytes: Buffer.from('sealed bytes') });
  const { id: targetId } = (await ann.graphql(...seal(room, 1))).sendSealed;
  for (const what of [{ files: [file] }, { kind: 'EVENT', targetId }]) {
    await ann.graphql(...removeMember(room, ben.id));
    afterQuery(world.node, 'removals_due', () => ann.graphql(...addMember(room, ben.id)));
    const sending = seal(room, 1, what);
    expect(await ann.refused(...sending)).toMatchObject({ code: 'CONFLICT', reason: 'EPOCH_STALE', epoch: 1 });
    await ann.graphql(...sending);
  }
  for (const what of [{ files: [file] }, { kind: 'EVENT', targetId: randomUUID() }])
    expect(await ann.refused(...seal(room, 1, what))).toMatchObject({ code: 'NOT_FOUND' });
});

test('a commit brings in devices of members alone, takes out none of theirs, and a device lets in only itself', async () => {
  const { ann, ben, room, bensDevice } = await sealedRoom(world);
  const { cat } = await people(world, 'cat');
  const catsDevice = await withDevice(cat);
  const refusals: [Person, object, string][] = [
    [ann, { adds: [catsDevice] }, 'INVALID_INPUT'],
    [ann, { adds: [randomUUID()] }, 'INVALID_INPUT'],
    [ann, { removes: [bensDevice] }, 'FORBIDDEN'],
    [ann, { welcomes: [{ deviceIds: [bensDevice], mls: bytes() }] }, 'INVALID_INPUT'],
    [ben, { external: true, removes: [randomUUID()] }, 'INVALID_INPUT'],
    [ben, { generation: 2 }, 'CONFLICT'],
  ];
  for (const [person, more, code] of refusals)
    expect(await person.refused(...commit(room, 1, more))).toMatchObject({ code });
  await ann.graphql(...addMember(room, cat.id));
  expect(await cat.refused(...seal(room, 1))).toMatchObject({ code: 'CONFLICT', reason: 'NOT_IN_GROUP' });
  expect(await cat.refused(...commit(room, 1))).toMatchObject({ code: 'CONFLICT', reason: 'NOT_IN_GROUP' });
  await cat.graphql(...commit(room, 1, { external: true }));
  await cat.graphql(...seal(room, 2));
  expect(await ben.refused(...open(room, { generation: 2 }))).toMatchObject({ code: 'FORBIDDEN' });
  await ann.graphql(...open(room, { generation: 2 }));
  expect(await ben.refused(...seal(room, 2))).toMatchObject({ reason: 'GENERATION_CLOSED', generation: 2, epoch: 0 });
  expect(await ann.refused(...open(room, { generation: 2 }))).toMatchObject({ reason: 'GENERATION_CLOSED' });
});

test('a direct room keeps both people in its group while one has put it away, and the other cannot tell', async () => {
  const { ann, ben } = await people(world, 'ann', 'ben');
  const direct = `mutation ($userId: ID!) { openDirectRoom(userId: $userId, encrypted: true) { id encryption } }`;
  const { id, encryption } = (await ann.graphql(direct, { userId: ben.id })).openDirectRoom;
  expect(encryption).toBe('MLS');
  await withDevice(ann);
  const bensDevice = await withDevice(ben);
  await ann.graphql(...open(id));
  await ben.graphql('mutation ($userId: ID!) { blockUser(userId: $userId) { id } }', { userId: ann.id });
  await ann.graphql(...commit(id, 0, { adds: [bensDevice], welcomes: [{ deviceIds: [bensDevice], mls: bytes() }] }));
  await ann.graphql(...seal(id, 1));
  const waiting = async () => (await ben.graphql('{ viewer { welcomes { roomId } } }')).viewer.welcomes;
  expect(await waiting()).toEqual([]);
  await ben.graphql('mutation ($userId: ID!) { unblockUser(userId: $userId) { id } }', { userId: ann.id });
  expect(await waiting()).toEqual([{ roomId: id }]);
  expect((await ann.graphql(...openDirect(ben.id))).openDirectRoom.id).toBe(id);
});

const MUTATIONS = Object.values((schema.getMutationType() as GraphQLObjectType).getFields());

test('no mutation of the schema leaves a text in an encrypted room, whatever it is filled with', async () => {
  const ada = await administrator(world.node, 'walker');
  const ben = await world.person('ben');
  const room = await encryptedRoomOf(ada, ben);
  await withDevice(ada);
  await ada.graphql(...open(room));
  const { sendSealed: sent } = await ada.graphql(...seal(room, 0));
  const walked: string[] = [];
  const needle = `needle-${randomUUID()}`;
  for (const { name, args, type } of MUTATIONS) {
    if (!args.some((arg) => hasText(arg.type))) continue;
    walked.push(name);
    const fill = { needle, room, message: sent.id, user: ben.id };
    const declared = args.map((arg) => `$${arg.name}: ${arg.type}`).join(', ');
    const passed = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
    const selection = isLeafType(getNamedType(type)) ? '' : '{ __typename }';
    for (const lean of [true, false]) {
      for (const target of [room, sent.id, ben.id, randomUUID()]) {
        const given = args.filter((arg) => !lean || isWanted(arg.type));
        const variables = Object.fromEntries(
          given.map((arg) => [arg.name, filled(arg.name, arg.type, { ...fill, lean, target })]),
        );
        await ada.ask(`mutation (${declared}) { ${name}(${passed}) ${selection} }`, variables);
      }
    }
  }
  // Why somebody is banned is the one text of a room that the server has.
  expect(await tablesOf(room, needle)).toEqual(['ban']);
  expect(walked).toEqual(
    expect.arrayContaining(['sendMessage', 'editMessage', 'updateRoom', 'createUpload', 'setReaction']),
  );
});

/** The tables that have the text in a row of the room. */
async function tablesOf(room: string, text: string): Promise<string[]> {
  const { db } = world.node.core;
  const found: string[] = [];
  for (const table of await tablesWith(world.node, text)) {
    const row = `SELECT 1 FROM "${table}" t WHERE t::text LIKE $1 AND t::text LIKE $2`;
    if ((await db.$queryRawUnsafe<object[]>(row, `%${text}%`, `%${room}%`)).length > 0) found.push(table);
  }
  return found;
}

interface Fill {
  needle: string;
  room: string;
  message: string;
  user: string;
  target: string;
  /** Only what must be given, and texts. */
  lean: boolean;
}

const isWanted = (type: GraphQLInputType) => isNonNullType(type) || hasText(type);

function filled(name: string, type: GraphQLInputType, fill: Fill): unknown {
  if (isNonNullType(type)) return filled(name, type.ofType, fill);
  if (isListType(type)) return [filled(name, type.ofType, fill)];
  if (isInputObjectType(type)) {
    const given = Object.values(type.getFields()).filter((field) => !fill.lean || isWanted(field.type));
    return Object.fromEntries(given.map((field) => [field.name, filled(field.name, field.type, fill)]));
  }
  if (isEnumType(type)) return type.getValues().at(-1)?.name;
  if (type.name === 'Boolean') return true;
  if (type.name === 'Int') return 1;
  if (type.name === 'DateTime') return new Date().toISOString();
  if (type.name === 'Bytes') return bytes(32);
  if (type.name !== 'ID') return fill.needle;
  return { roomId: fill.room, messageId: fill.message, userId: fill.user }[name] ?? fill.target;
}

function hasText(type: GraphQLInputType, within = new Set<string>()): boolean {
  const named = getNamedType(type);
  if (!isInputObjectType(named)) return named.name === 'String';
  if (within.has(named.name)) return false;
  return Object.values(named.getFields()).some((field) => hasText(field.type, new Set([...within, named.name])));
}
