import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addMember,
  create,
  deleteRoom,
  edit,
  expectSound,
  join,
  leave,
  listMembers,
  listMessages,
  listNotices,
  listOwn,
  listPublic,
  type Operation,
  openDirect,
  type Page,
  people,
  preview,
  type Role,
  read,
  removeMember,
  roomOf,
  send,
  setRole,
  startTyping,
  TYPING,
  tablesWith,
  unsend,
  update,
} from '../rooms.ts';
import { openWorld, type Person, ROOM_LOG, type World } from '../world.ts';

let world: World;
let alice: Person;
let bob: Person;
let carol: Person;
let mallory: Person;

beforeAll(async () => {
  world = await openWorld();
  ({ alice, bob, carol, mallory } = await people(world, 'alice', 'bob', 'carol', 'mallory'));
});
afterAll(() => world.close());

const WRONG_PAGES: Page[] = [
  { first: 0 },
  { first: -1 },
  { first: 101 },
  { last: 0 },
  { last: 101 },
  { first: 1, last: 1 },
  { after: '\0' },
  { before: 'a\0b' },
];

const unique = (name: string) => `${name} ${randomUUID().slice(0, 8)}`;
const idOf = async (creating: Promise<any>): Promise<string> => (await creating).createRoom.id;
const names = async (person: Person): Promise<string[]> =>
  (await person.graphql(...listOwn())).viewer.rooms.map((room: { id: string }) => room.id);
const rolesIn = async (person: Person, room: string): Promise<Record<string, Role>> => {
  const { nodes } = (await person.graphql(...listMembers(room))).room.members;
  return Object.fromEntries(nodes.map((member: any) => [member.user.displayName, member.role]));
};

describe('making a room', () => {
  test.each(['PUBLIC', 'PRIVATE'])('alice makes a %s room and is its owner and only member', async (kind) => {
    const name = unique('kitchen');
    const { createRoom } = await alice.graphql(...create({ name, kind, topic: 'meals' }));
    expect(createRoom).toMatchObject({ name, kind, topic: 'meals', encryption: 'NONE', lastSeq: 1, memberCount: 1 });
    expect(createRoom.membership).toEqual({ role: 'OWNER', joinedSeq: 1, user: { id: alice.id } });
    expect(await names(alice)).toContain(createRoom.id);
    await expectSound(world.node, createRoom.id);
  });

  test('a room is public when nothing is said', async () => {
    expect((await alice.graphql(...create({ name: unique('open') }))).createRoom.kind).toBe('PUBLIC');
  });

  test('spaces around a name are not part of it', async () => {
    const name = unique('tidy');
    expect((await alice.graphql(...create({ name: `  ${name}\t` }))).createRoom.name).toBe(name);
  });

  test('a name of 80 characters is the longest', async () => {
    const longest = unique('x').padEnd(80, 'x');
    expect((await alice.graphql(...create({ name: longest }))).createRoom.name).toBe(longest);
    expect(await alice.refused(...create({ name: `${longest}x` }))).toMatchObject({
      code: 'INVALID_INPUT',
      fields: { name: [expect.stringContaining('80')] },
    });
  });

  test.each([
    ['nothing', ''],
    ['blanks', ' \t '],
    ['a line break inside', 'kitchen\ntable'],
    ['an override of the writing direction', 'kitchen \u202egnp.exe'],
    ['a character without width', 'kit\u200bchen'],
    ['a NUL', 'kitchen\0'],
  ])('a name of %s is refused, and the field is named', async (_, name) => {
    const refusal = await alice.refused(...create({ name }));
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { name: [expect.any(String)] } });
  });

  test('a topic of 250 characters is the longest', async () => {
    await alice.graphql(...create({ name: unique('a'), topic: 't'.repeat(250) }));
    const refusal = await alice.refused(...create({ name: unique('b'), topic: 't'.repeat(251) }));
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { topic: [expect.any(String)] } });
  });

  test('two public rooms cannot have one name, in whatever case or width it is written', async () => {
    const name = unique('Café');
    await alice.graphql(...create({ name }));
    for (const same of [name, name.toUpperCase(), name.normalize('NFD'), name.replace('C', 'Ｃ')]) {
      expect(await bob.refused(...create({ name: same }))).toMatchObject({ code: 'CONFLICT' });
    }
  });

  test('private rooms may be called like any other', async () => {
    const name = unique('secret');
    await alice.graphql(...create({ name }));
    await bob.graphql(...create({ name, kind: 'PRIVATE' }));
    await bob.graphql(...create({ name, kind: 'PRIVATE' }));
  });

  test('a direct room is not made by name', async () => {
    expect(await alice.refused(...create({ name: unique('us'), kind: 'DIRECT' }))).toMatchObject({
      code: 'INVALID_INPUT',
    });
  });
});

describe('joining and leaving', () => {
  test('bob joins a public room and sees what was said before', async () => {
    const room = await alice.createRoom();
    await alice.say(room, 'the first words');
    const { joinRoom } = await bob.graphql(...join(room));
    expect(joinRoom).toMatchObject({ memberCount: 2, membership: { role: 'MEMBER', joinedSeq: 3 } });
    const { messages } = (await bob.graphql(...listMessages(room))).room;
    expect(messages.nodes.map((message: any) => message.body)).toEqual(['the first words']);
    expect(await names(bob)).toContain(room);
  });

  test('joining twice is the same as once', async () => {
    const room = await alice.createRoom();
    const once = await bob.graphql(...join(room));
    expect(await bob.graphql(...join(room))).toEqual(once);
    await expectSound(world.node, room);
  });

  test('a private room, a direct room, and a room that is not there cannot be joined', async () => {
    const hidden = await alice.createRoom({ kind: 'PRIVATE' });
    const direct = (await alice.graphql(...openDirect(bob.id))).openDirectRoom.id;
    for (const room of [hidden, direct, randomUUID(), 'kitchen', '']) {
      expect(await mallory.refused(...join(room))).toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  test('who leaves is out, and the others stay', async () => {
    const room = await alice.createRoom();
    await bob.join(room);
    await bob.graphql(...leave(room));
    expect(await names(bob)).not.toContain(room);
    expect(await bob.refused(...read(room))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await bob.refused(...leave(room))).toMatchObject({ code: 'NOT_FOUND' });
    expect((await alice.graphql(...read(room))).room.memberCount).toBe(1);
    await expectSound(world.node, room);
  });

  test('who comes back is a plain member, whatever they were before', async () => {
    const room = await alice.createRoom();
    await bob.join(room);
    await alice.graphql(...setRole(room, bob.id, 'OWNER'));
    await bob.graphql(...leave(room));
    const { joinRoom } = await bob.graphql(...join(room));
    expect(joinRoom.membership).toMatchObject({ role: 'MEMBER', joinedSeq: 5 });
  });

  test('when the last owner leaves, the member of longest standing becomes one', async () => {
    const room = await roomOf(alice, bob, carol);
    await alice.graphql(...leave(room));
    expect(await rolesIn(bob, room)).toEqual({ bob: 'OWNER', carol: 'MEMBER' });
    await expectSound(world.node, room);
  });

  test('a moderator comes before the member of longest standing', async () => {
    const room = await roomOf(alice, bob, carol);
    await alice.graphql(...setRole(room, carol.id, 'MODERATOR'));
    await alice.graphql(...leave(room));
    expect(await rolesIn(bob, room)).toEqual({ bob: 'MEMBER', carol: 'OWNER' });
  });

  test('while another owner stays, nobody becomes one', async () => {
    const room = await roomOf(alice, bob, carol);
    await alice.graphql(...setRole(room, carol.id, 'OWNER'));
    await alice.graphql(...leave(room));
    expect(await rolesIn(bob, room)).toEqual({ bob: 'MEMBER', carol: 'OWNER' });
  });

  test('a private room that the last member leaves is gone', async () => {
    const room = await roomOf(alice);
    await alice.say(room, 'only for me');
    await alice.graphql(...leave(room));
    expect(await alice.refused(...read(room))).toMatchObject({ code: 'NOT_FOUND' });
    expect((await world.node.core.db.room.findUniqueOrThrow({ where: { id: room } })).deletedAt).not.toBeNull();
    await expectSound(world.node, room);
  });

  test('an empty public room stays, and whoever comes first owns it', async () => {
    const room = await alice.createRoom();
    await alice.graphql(...leave(room));
    await bob.join(room);
    await carol.join(room);
    expect(await rolesIn(bob, room)).toEqual({ bob: 'OWNER', carol: 'MEMBER' });
    await expectSound(world.node, room);
  });
});

describe('changing a room', () => {
  test('an owner and a moderator give it another name and topic, members may not, strangers learn nothing', async () => {
    const room = await roomOf(alice, bob, carol);
    await alice.graphql(...setRole(room, bob.id, 'MODERATOR'));
    expect((await alice.graphql(...update(room, { name: 'attic' }))).updateRoom.name).toBe('attic');
    const changed = await bob.graphql(...update(room, { topic: 'boxes' }));
    expect(changed.updateRoom).toEqual({ id: room, name: 'attic', topic: 'boxes' });
    expect(await carol.refused(...update(room, { name: 'mine' }))).toMatchObject({ code: 'FORBIDDEN' });
    expect(await mallory.refused(...update(room, { name: 'mine' }))).toMatchObject({ code: 'NOT_FOUND' });
    expect((await carol.graphql(...read(room))).room).toMatchObject({ name: 'attic', topic: 'boxes' });
  });

  test('what is left out or null stays, and an empty topic is none', async () => {
    const room = await idOf(alice.graphql(...create({ name: unique('shed'), topic: 'tools' })));
    const { name } = (await alice.graphql(...read(room))).room;
    expect((await alice.graphql(...update(room, {}))).updateRoom).toMatchObject({ name, topic: 'tools' });
    const same = await alice.graphql(...update(room, { name: null, topic: null }));
    expect(same.updateRoom).toMatchObject({ name, topic: 'tools' });
    expect((await alice.graphql(...update(room, { topic: '' }))).updateRoom).toMatchObject({ name, topic: '' });
  });

  test('a change to what already is tells nobody anything', async () => {
    const room = await idOf(alice.graphql(...create({ name: unique('loft'), topic: 'dust' })));
    const { name, lastSeq } = (await alice.graphql(...read(room))).room;
    await alice.graphql(...update(room, { name, topic: 'dust' }));
    expect((await alice.graphql(...read(room))).room.lastSeq).toBe(lastSeq);
  });

  test('bad names are refused as they are for new rooms', async () => {
    const room = await alice.createRoom();
    for (const name of ['', '  ', 'x'.repeat(81), 'a\u202eb']) {
      const refusal = await alice.refused(...update(room, { name }));
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { name: [expect.any(String)] } });
    }
    const refusal = await alice.refused(...update(room, { topic: 't'.repeat(251) }));
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { topic: [expect.any(String)] } });
  });

  test('a public room cannot take the name of another, and a refused change changes nothing', async () => {
    const [taken, own] = [unique('taken'), unique('own')];
    await alice.graphql(...create({ name: taken }));
    const room = await idOf(bob.graphql(...create({ name: own })));
    expect(await bob.refused(...update(room, { name: taken.toUpperCase() }))).toMatchObject({ code: 'CONFLICT' });
    expect((await bob.graphql(...read(room))).room).toMatchObject({ name: own, lastSeq: 1 });
    await expectSound(world.node, room);
  });

  test('a public room may change the case of its own name, and its old name is free for others', async () => {
    const [before, after] = [unique('old'), unique('new')];
    const room = await idOf(alice.graphql(...create({ name: before })));
    await alice.graphql(...update(room, { name: before.toUpperCase() }));
    await alice.graphql(...update(room, { name: after }));
    await bob.graphql(...create({ name: before }));
    expect(await bob.refused(...create({ name: after }))).toMatchObject({ code: 'CONFLICT' });
  });
});

describe('deleting a room', () => {
  test('it is gone for everyone, and nothing that was said in it is left in the database', async () => {
    const name = unique('to be burnt');
    const room = await idOf(alice.graphql(...create({ name, topic: 'ashes and cinders' })));
    await bob.join(room);
    await bob.say(room, 'the secret of the ashes');
    expect((await alice.graphql(...deleteRoom(room))).deleteRoom).toBe(true);
    for (const person of [alice, bob]) {
      expect(await person.refused(...read(room))).toMatchObject({ code: 'NOT_FOUND' });
      expect(await person.refused(...join(room))).toMatchObject({ code: 'NOT_FOUND' });
      expect(await names(person)).not.toContain(room);
    }
    expect(await bob.refused(...preview(room))).toMatchObject({ code: 'NOT_FOUND' });
    expect((await bob.graphql(...listPublic(name))).publicRooms.nodes).toEqual([]);
    await expectSound(world.node, room);
    for (const secret of [name, 'ashes and cinders', 'the secret of the ashes']) {
      expect(await tablesWith(world.node, secret)).toEqual([]);
    }
  });

  test('only an owner may: moderators and members are told so, strangers find nothing', async () => {
    const room = await roomOf(alice, bob, carol);
    await alice.graphql(...setRole(room, bob.id, 'MODERATOR'));
    expect(await bob.refused(...deleteRoom(room))).toMatchObject({ code: 'FORBIDDEN' });
    expect(await carol.refused(...deleteRoom(room))).toMatchObject({ code: 'FORBIDDEN' });
    expect(await mallory.refused(...deleteRoom(room))).toMatchObject({ code: 'NOT_FOUND' });
    expect((await carol.graphql(...read(room))).room.memberCount).toBe(3);
  });

  test('the second deletion finds nothing, and the name is free', async () => {
    const name = unique('twice');
    const room = await idOf(alice.graphql(...create({ name })));
    await alice.graphql(...deleteRoom(room));
    expect(await alice.refused(...deleteRoom(room))).toMatchObject({ code: 'NOT_FOUND' });
    await bob.graphql(...create({ name }));
  });
});

describe('the public rooms', () => {
  test('everyone signed in finds a public room and sees whether they are in it, a private one nobody', async () => {
    const word = unique('harbour');
    const room = await idOf(alice.graphql(...create({ name: `The ${word}`, topic: 'boats' })));
    const hidden = await idOf(alice.graphql(...create({ name: `Hidden ${word}`, kind: 'PRIVATE' })));
    const found = { id: room, name: `The ${word}`, memberCount: 1 };
    expect(await listed(bob, word)).toEqual([{ ...found, joined: false }]);
    expect(await listed(alice, word.toUpperCase())).toEqual([{ ...found, joined: true }]);
    expect((await bob.graphql(...preview(room))).publicRoom).toMatchObject({ ...found, topic: 'boats', joined: false });
    for (const id of [hidden, randomUUID(), 'harbour']) {
      expect(await bob.refused(...preview(id))).toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(await alice.refused(...preview(hidden))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await world.stranger().refused(...listPublic(word))).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await world.stranger().refused(...preview(room))).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('a search takes every character for itself', async () => {
    const word = randomUUID().slice(0, 8);
    const all = [`50% ${word}`, `50_ ${word}`, `50\\ ${word}`, `500 ${word}`];
    for (const name of all) await alice.graphql(...create({ name }));
    for (const name of all) {
      expect((await listed(bob, name)).map((room) => room.name)).toEqual([name]);
    }
  });

  test('pages go through the list by name, both ways, each room once', async () => {
    const word = randomUUID().slice(0, 8);
    const all = ['ant', 'Bee', 'cat', 'Dog', 'eel', 'Fox', 'gnu'].map((animal) => `${animal} ${word}`);
    for (const name of all.toReversed()) await alice.graphql(...create({ name }));
    expect(await walk(bob, (page) => listPublic(word, page), publicRooms)).toEqual(all);
    expect(await walkBack(bob, (page) => listPublic(word, page), publicRooms)).toEqual(all);
  });

  test('a page goes on behind a room that was renamed or deleted meanwhile', async () => {
    const word = randomUUID().slice(0, 8);
    const ids = new Map<string, string>();
    for (const animal of ['ant', 'bee', 'cat', 'dog', 'eel']) {
      ids.set(animal, await idOf(alice.graphql(...create({ name: `${animal} ${word}` }))));
    }
    const first = (await bob.graphql(...listPublic(word, { first: 2 }))).publicRooms;
    await alice.graphql(...deleteRoom(`${ids.get('bee')}`));
    const rest = (await bob.graphql(...listPublic(word, { first: 5, after: first.pageInfo.endCursor }))).publicRooms;
    expect(rest.nodes.map((room: any) => room.name)).toEqual([`cat ${word}`, `dog ${word}`, `eel ${word}`]);
  });

  test('a search for what no name can have finds nothing, and breaks nothing', async () => {
    expect(await listed(bob, `${randomUUID()}\0`)).toEqual([]);
    expect(await listed(bob, '\ud800'.repeat(200))).toEqual([]);
  });

  test('a page has at most 100 rooms, however short their names', async () => {
    const word = randomUUID().slice(0, 8);
    const data = Array.from({ length: 101 }, (_, n) => {
      const name = `${word} ${String(n).padStart(3, '0')}`;
      return { id: randomUUID(), kind: 'PUBLIC' as const, name, nameKey: name };
    });
    await world.node.core.db.room.createMany({ data });
    const { nodes, pageInfo } = (await bob.graphql(...listPublic(word, { first: 100 }))).publicRooms;
    expect(nodes.map((room: any) => room.name)).toEqual(data.slice(0, 100).map((room) => room.name));
    expect(pageInfo.hasNextPage).toBe(true);
  });

  test.each(WRONG_PAGES)('a page of %j is refused as input', async (page) => {
    expect(await bob.refused(...listPublic('', page))).toMatchObject({ code: 'INVALID_INPUT' });
  });

  async function listed(person: Person, search: string): Promise<any[]> {
    return (await person.graphql(...listPublic(search))).publicRooms.nodes;
  }
  const publicRooms = (data: any) => [data.publicRooms, (node: any) => node.name] as const;
});

describe('direct rooms', () => {
  test('there is one for each pair, whoever opens it, and both are in it', async () => {
    const { dan, eve } = await people(world, 'dan', 'eve');
    const opened = (await dan.graphql(...openDirect(eve.id))).openDirectRoom;
    expect(opened).toMatchObject({ kind: 'DIRECT', name: null, directWith: { id: eve.id }, memberCount: 2 });
    const theirs = (await eve.graphql(...openDirect(dan.id))).openDirectRoom;
    expect(theirs).toMatchObject({ id: opened.id, directWith: { id: dan.id } });
    expect(await names(eve)).toEqual([opened.id]);
    await eve.say(opened.id, 'hello dan');
    expect((await dan.graphql(...listOwn())).viewer.rooms[0].lastMessage.body).toBe('hello dan');
    await expectSound(world.node, opened.id);
  });

  test('when both open it at once, ten times each, there is still one', async () => {
    const { fay, gil } = await people(world, 'fay', 'gil');
    const openings = Array.from({ length: 10 }, () => [
      fay.graphql(...openDirect(gil.id)),
      gil.graphql(...openDirect(fay.id)),
    ]);
    const rooms = (await Promise.all(openings.flat())).map((data) => data.openDirectRoom.id);
    expect(new Set(rooms).size).toBe(1);
    expect(await names(fay)).toEqual([rooms[0]]);
    expect(await names(gil)).toEqual([rooms[0]]);
    await expectSound(world.node, rooms[0]);
  });

  test('nobody opens one with oneself or with nobody', async () => {
    expect(await alice.refused(...openDirect(alice.id))).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await alice.refused(...openDirect(randomUUID()))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await alice.refused(...openDirect('bob'))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('it stays between the two: no third, no leaving, no name, no roles, no end', async () => {
    const room = (await alice.graphql(...openDirect(bob.id))).openDirectRoom.id;
    const operations = [
      addMember(room, carol.id),
      leave(room),
      removeMember(room, bob.id),
      update(room, { name: 'us' }),
      setRole(room, bob.id, 'OWNER'),
      deleteRoom(room),
    ];
    for (const operation of operations) {
      expect(await alice.refused(...operation), operation[0]).toMatchObject({ code: 'FORBIDDEN' });
    }
    expect(await carol.refused(...read(room))).toMatchObject({ code: 'NOT_FOUND' });
    await expectSound(world.node, room);
  });
});

describe('members', () => {
  test('owners and moderators add people, members do not, and adding a member changes nothing', async () => {
    const room = await roomOf(alice, bob);
    expect(await bob.refused(...addMember(room, carol.id))).toMatchObject({ code: 'FORBIDDEN' });
    await alice.graphql(...setRole(room, bob.id, 'MODERATOR'));
    const { addMember: added } = await bob.graphql(...addMember(room, carol.id));
    expect(added).toMatchObject({ role: 'MEMBER', joinedSeq: 4, user: { id: carol.id } });
    expect((await alice.graphql(...addMember(room, carol.id))).addMember).toEqual(added);
    expect((await alice.graphql(...addMember(room, bob.id))).addMember.role).toBe('MODERATOR');
    expect((await carol.graphql(...read(room))).room).toMatchObject({ memberCount: 3, lastSeq: 4 });
    expect(await alice.refused(...addMember(room, randomUUID()))).toMatchObject({ code: 'NOT_FOUND' });
  });

  // Who may remove whom, and who may give whom a role.
  const cases: [Role, Role, removes: boolean, promotes: boolean][] = [
    ['OWNER', 'OWNER', true, true],
    ['OWNER', 'MODERATOR', true, true],
    ['OWNER', 'MEMBER', true, true],
    ['MODERATOR', 'OWNER', false, false],
    ['MODERATOR', 'MODERATOR', false, false],
    ['MODERATOR', 'MEMBER', true, false],
    ['MEMBER', 'OWNER', false, false],
    ['MEMBER', 'MODERATOR', false, false],
    ['MEMBER', 'MEMBER', false, false],
  ];

  test.each(cases)('one who is %s and removes one who is %s: %s', async (acting, target, removes) => {
    const room = await roomWith(acting, target);
    if (removes) await bob.graphql(...removeMember(room, carol.id));
    else expect(await bob.refused(...removeMember(room, carol.id))).toMatchObject({ code: 'FORBIDDEN' });
    expect((await names(carol)).includes(room)).toBe(!removes);
    await expectSound(world.node, room);
  });

  test.each(cases)('one who is %s and gives a role to one who is %s: %s, %s', async (acting, target, _, promotes) => {
    const room = await roomWith(acting, target);
    const role = target === 'MODERATOR' ? 'MEMBER' : 'MODERATOR';
    if (promotes) expect((await bob.graphql(...setRole(room, carol.id, role))).setRole.role).toBe(role);
    else expect(await bob.refused(...setRole(room, carol.id, role))).toMatchObject({ code: 'FORBIDDEN' });
    expect((await rolesIn(alice, room)).carol).toBe(promotes ? role : target);
    await expectSound(world.node, room);
  });

  test('nobody removes or promotes oneself', async () => {
    const room = await roomOf(alice, bob);
    expect(await alice.refused(...removeMember(room, alice.id))).toMatchObject({ code: 'FORBIDDEN' });
    expect(await alice.refused(...setRole(room, alice.id, 'MEMBER'))).toMatchObject({ code: 'FORBIDDEN' });
    expect(await rolesIn(bob, room)).toEqual({ alice: 'OWNER', bob: 'MEMBER' });
  });

  test('one who is not in the room cannot be removed or given a role', async () => {
    const room = await roomOf(alice, bob);
    await bob.graphql(...leave(room));
    for (const userId of [bob.id, mallory.id, randomUUID(), 'bob']) {
      expect(await alice.refused(...removeMember(room, userId))).toMatchObject({ code: 'NOT_FOUND' });
      expect(await alice.refused(...setRole(room, userId, 'MODERATOR'))).toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  test('who was removed is out at once, and can be added again as a plain member', async () => {
    const room = await roomOf(alice, bob);
    await alice.graphql(...setRole(room, bob.id, 'MODERATOR'));
    await alice.graphql(...removeMember(room, bob.id));
    expect(await bob.refused(...send(room, 'still here?'))).toMatchObject({ code: 'NOT_FOUND' });
    await alice.graphql(...addMember(room, bob.id));
    expect(await rolesIn(bob, room)).toEqual({ alice: 'OWNER', bob: 'MEMBER' });
    await expectSound(world.node, room);
  });

  test('the list goes by pages, longest membership first', async () => {
    const room = await roomOf(alice, bob, carol, mallory);
    const members = (data: any) => [data.room.members, (node: any) => node.user.displayName] as const;
    const everyone = ['alice', 'bob', 'carol', 'mallory'];
    expect(await walk(bob, (page) => listMembers(room, page), members)).toEqual(everyone);
    expect(await walkBack(bob, (page) => listMembers(room, page), members)).toEqual(everyone);
  });

  test('a cursor of another room tells nothing about who is in that one', async () => {
    const secret = await roomOf(alice, carol);
    const open = await roomOf(mallory, bob);
    const [{ cursor }] = (await carol.graphql(...listMembers(secret))).room.members.edges;
    const madeUp = cursor.slice(0, -1) + (cursor.endsWith('0') ? '1' : '0');
    const answers = await Promise.all(
      [cursor, madeUp].map((after) => mallory.graphql(...listMembers(open, { after }))),
    );
    expect(answers[0].room.members.nodes).toEqual(answers[1].room.members.nodes);
  });

  test.each([...WRONG_PAGES, { after: 'nonsense' }, { before: '1' }, { after: `1.${'-'.repeat(36)}` }])(
    'a page of %j is refused as input',
    async (page) => {
      const room = await roomOf(alice);
      expect(await alice.refused(...listMembers(room, page))).toMatchObject({ code: 'INVALID_INPUT' });
    },
  );

  async function roomWith(acting: Role, target: Role): Promise<string> {
    const room = await roomOf(alice, bob, carol);
    await alice.graphql(...setRole(room, bob.id, acting));
    await alice.graphql(...setRole(room, carol.id, target));
    return room;
  }
});

describe('A non-member cannot see, count, query or subscribe to a private room.', () => {
  const outsiders = {
    'one who was never in it': async (person: Person) => {
      const room = await roomOf(alice, bob);
      return [room, (await alice.say(room, 'among us')).id, person] as const;
    },
    'one who has left': async (person: Person) => {
      const room = await roomOf(alice, bob, person);
      const own = await person.say(room, 'my last words');
      await person.graphql(...leave(room));
      return [room, own.id, person] as const;
    },
    'one who was removed': async (person: Person) => {
      const room = await roomOf(alice, bob, person);
      const own = await person.say(room, 'my last words');
      await alice.graphql(...removeMember(room, person.id));
      return [room, own.id, person] as const;
    },
    'the owner of a deleted one': async (person: Person) => {
      const room = await roomOf(person, alice, bob);
      const own = await person.say(room, 'my last words');
      await person.graphql(...deleteRoom(room));
      return [room, own.id, person] as const;
    },
    'one who makes up an id': async (person: Person) => [randomUUID(), randomUUID(), person] as const,
    'one who sends no id': async (person: Person) => ['kitchen', 'hello', person] as const,
  };

  const doors: Record<string, (room: string, message: string) => Operation> = {
    room: read,
    'Room.messages': (room) => listMessages(room),
    'Room.notices': (room) => listNotices(room),
    'Room.members': (room) => listMembers(room),
    publicRoom: preview,
    joinRoom: join,
    leaveRoom: leave,
    updateRoom: (room) => update(room, { name: 'mine now' }),
    deleteRoom,
    addMember: (room) => addMember(room, mallory.id),
    removeMember: (room) => removeMember(room, bob.id),
    setRole: (room) => setRole(room, bob.id, 'MODERATOR'),
    sendMessage: (room) => send(room, 'let me in'),
    editMessage: (_, message) => edit(message, 'something else'),
    deleteMessage: (_, message) => unsend(message),
    setTyping: startTyping,
  };

  test.each(Object.keys(outsiders))('%s gets NOT_FOUND at every door', async (who) => {
    const [room, message, person] = await outsiders[who as keyof typeof outsiders](mallory);
    for (const [name, door] of Object.entries(doors)) {
      expect(await person.refused(...door(room, message)), name).toMatchObject({ code: 'NOT_FOUND' });
    }
    for (const document of [ROOM_LOG, TYPING]) {
      expect(await person.subscribe(document, { roomId: room }).ending()).toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(await person.follow(room, { after: 0 }).ending()).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('who has not signed in gets UNAUTHENTICATED at every door', async () => {
    const room = await alice.createRoom();
    const { id } = await alice.say(room, 'hello');
    const nobody = world.stranger();
    for (const [name, door] of Object.entries(doors)) {
      expect(await nobody.refused(...door(room, id)), name).toMatchObject({ code: 'UNAUTHENTICATED' });
    }
  });

  test('the answer is the same whether the room exists or not', async () => {
    const room = await roomOf(alice, bob);
    const { id } = await alice.say(room, 'among us');
    for (const [name, door] of Object.entries(doors)) {
      const there = await mallory.ask(...door(room, id));
      const nowhere = await mallory.ask(...door(randomUUID(), randomUUID()));
      // What is left of the tries becomes less with each.
      expect([there.data, there.errors], name).toEqual([nowhere.data, nowhere.errors]);
    }
  });
});

type Connection = { nodes: any[]; edges: { cursor: string }[]; pageInfo: any };
type Pick = (data: any) => readonly [Connection, (node: any) => string];

async function walk(person: Person, list: (page: Page) => Operation, pick: Pick): Promise<string[]> {
  const seen: string[] = [];
  for (let after: string | undefined; ; ) {
    const [{ nodes, pageInfo }, name] = pick(await person.graphql(...list({ first: 3, after })));
    seen.push(...nodes.map(name));
    expect(pageInfo.hasPreviousPage).toBe(after !== undefined);
    if (!pageInfo.hasNextPage) return seen;
    after = pageInfo.endCursor;
  }
}

async function walkBack(person: Person, list: (page: Page) => Operation, pick: Pick): Promise<string[]> {
  const seen: string[] = [];
  for (let before: string | undefined; ; ) {
    const [{ nodes, pageInfo }, name] = pick(await person.graphql(...list({ last: 3, before })));
    seen.unshift(...nodes.map(name));
    expect(pageInfo.hasNextPage).toBe(before !== undefined);
    if (!pageInfo.hasPreviousPage) return seen;
    before = pageInfo.startCursor;
  }
}
