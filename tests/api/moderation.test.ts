import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { meanwhile } from '../meanwhile.ts';
import {
  addMember,
  ban,
  deleteRoom,
  expectSound,
  join,
  leave,
  listBans,
  listMembers,
  people,
  preview,
  read,
  removeMember,
  roomOf,
  setRole,
  tablesWith,
  transfer,
  unban,
  update,
} from '../rooms.ts';
import { administrator, type Node, openWorld, type Person, type World } from '../world.ts';

let world: World;
/** A second node where there can be one. */
let other: Node;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  other = world.clustered ? await world.anotherNode() : world.node;
  ada = await administrator(world.node);
});
afterAll(() => world.close());

const BANNED = { code: 'FORBIDDEN', reason: 'BANNED' };
const roles = async (room: string, by: Person): Promise<Record<string, string>> => {
  const { nodes } = (await by.graphql(...listMembers(room))).room.members;
  return Object.fromEntries(nodes.map(({ role, user }: any) => [user.displayName, role]));
};
const linkInto = async (room: string, by: Person): Promise<string> => {
  const make = 'mutation ($id: ID!) { createRoomLink(input: { roomId: $id, maxUses: 9 }) { token } }';
  return (await by.graphql(make, { id: room })).createRoomLink.token;
};
const enter = 'mutation ($token: String!) { joinByLink(token: $token) { id } }';
const oldSocket = (room: string, { accessToken }: Person) => {
  const headers = { cookie: `access_token=${accessToken}` };
  const socket = new WebSocket(`${world.node.url.replace('http', 'ws')}/ws/chat/${room}/`, { headers });
  return { greeted: once(socket, 'message'), code: once(socket, 'close').then(([code]) => code as number) };
};
const audited = async (room: string) => {
  const { nodes } = (
    await ada.graphql('{ auditLog(first: 100) { nodes { action actor { id } subject { id } roomId detail } } }')
  ).auditLog;
  return nodes.filter(({ roomId }: any) => roomId === room).reverse();
};

test('The banned person’s open subscription ends; rejoining fails.', async () => {
  const { olga, mia, ben } = await people(world, 'olga', 'mia', 'ben');
  const room = await olga.createRoom();
  for (const person of [mia, ben]) await person.join(room);
  await olga.graphql(...setRole(room, mia.id, 'MODERATOR'));
  const heard = ben.at(other).follow(room, { after: 0 });
  await heard.upTo(({ __typename }) => __typename === 'RoleChanged');
  const old = oldSocket(room, ben);
  await old.greeted;

  expect((await mia.graphql(...ban(room, ben.id, 'sells boats'))).banMember).toEqual({
    user: { id: ben.id },
    madeBy: { id: mia.id },
    reason: 'sells boats',
  });
  await olga.say(room, 'not for Ben');
  expect(await heard.ending()).toBe('complete');
  expect(heard.all.at(-1)).toMatchObject({
    __typename: 'MemberBanned',
    wasMember: true,
    user: { id: ben.id },
    by: { id: mia.id },
  });
  expect(JSON.stringify(heard.all)).not.toContain('sells boats');
  expect(await old.code).toBe(4004);

  expect(await ben.refused(...join(room))).toMatchObject(BANNED);
  expect(await ben.at(other).refused(...read(room))).toMatchObject({ code: 'NOT_FOUND' });
  for (const by of [olga, mia])
    expect(await by.refused(...addMember(room, ben.id))).toMatchObject({ code: 'CONFLICT', reason: 'BANNED' });
  const route = await ben.post('/room/join/', JSON.stringify({ room_id: room }));
  expect([route.status, await route.json()]).toEqual([403, { error: 'You are banned from this room' }]);
  expect(await oldSocket(room, ben).code).toBe(4004);
  expect((await olga.graphql(...listBans(room))).bans).toMatchObject([{ user: { id: ben.id }, reason: 'sells boats' }]);

  expect(await mia.graphql(...unban(room, ben.id))).toEqual({ unbanMember: true });
  expect(await mia.refused(...unban(room, ben.id))).toMatchObject({ code: 'NOT_FOUND' });
  await ben.graphql(...join(room));
  const log = await olga
    .follow(room, { after: 0 })
    .upTo(({ __typename, user }) => __typename === 'MemberUnbanned' && user.id === ben.id);
  expect(log.at(-1)).toMatchObject({ by: { id: mia.id } });
  await expectSound(world.node, room);
  expect(
    (await audited(room)).map(({ action, actor, subject, detail }: any) => [action, actor.id, subject.id, detail]),
  ).toEqual([
    ['ROLE_CHANGED', olga.id, mia.id, 'MODERATOR'],
    ['MEMBER_BANNED', mia.id, ben.id, ''],
    ['MEMBER_UNBANNED', mia.id, ben.id, ''],
  ]);
});

test('a link into a private room lets nobody in who is banned, and is not used up by them', async () => {
  const { olga, ben, cleo } = await people(world, 'olga', 'ben', 'cleo');
  const room = await roomOf(olga, ben);
  const token = await linkInto(room, olga);
  await ben.graphql(...leave(room));
  expect((await olga.graphql(...ban(room, ben.id))).banMember).toMatchObject({ reason: '' });
  const heard = await olga.follow(room, { after: 0 }).upTo(({ __typename }) => __typename === 'MemberBanned');
  expect(heard.at(-1)).toMatchObject({ wasMember: false });
  expect(await ben.refused(enter, { token })).toMatchObject(BANNED);
  await cleo.graphql(enter, { token });
  const { roomLinks } = await olga.graphql('query ($id: ID!) { roomLinks(roomId: $id) { uses } }', { id: room });
  expect(roomLinks).toEqual([{ uses: 1 }]);
  expect((await olga.graphql(...read(room))).room.memberCount).toBe(2);
  await expectSound(world.node, room);
});

test('A member cannot do a moderator’s act even by sending the mutation by hand.', async () => {
  const { olga, mia, max, ben, cleo } = await people(world, 'olga', 'mia', 'max', 'ben', 'cleo');
  const room = await olga.createRoom();
  for (const person of [mia, max, ben, cleo]) await person.join(room);
  for (const { id } of [mia, max]) await olga.graphql(...setRole(room, id, 'MODERATOR'));
  const acts = [ban(room, cleo.id), unban(room, cleo.id), listBans(room), removeMember(room, cleo.id)];
  for (const act of [
    ...acts,
    setRole(room, cleo.id, 'MEMBER'),
    transfer(room, cleo.id),
    update(room, { topic: 'mine' }),
  ])
    expect(await ben.refused(...act)).toMatchObject({ code: 'FORBIDDEN' });
  // Not against who is as high or higher, and never oneself: a vote on one's own ban is no vote.
  for (const { id } of [olga, max, mia])
    expect(await mia.refused(...ban(room, id))).toMatchObject({ code: 'FORBIDDEN' });
  expect(await olga.refused(...ban(room, olga.id))).toMatchObject({ code: 'FORBIDDEN' });
  await olga.graphql(...ban(room, ben.id));
  for (const act of [unban(room, ben.id), ban(room, olga.id), listBans(room)])
    expect(await ben.refused(...act)).toMatchObject({ code: 'NOT_FOUND' });
  const long = await olga.refused(...ban(room, cleo.id, 'x'.repeat(251)));
  expect(long).toMatchObject({ code: 'INVALID_INPUT', fields: { reason: [expect.any(String)] } });
  expect(Object.keys(await roles(room, olga)).sort()).toEqual(['cleo', 'max', 'mia', 'olga']);
  await expectSound(world.node, room);
});

test('who joins while being banned is out in the end, whoever comes first', async () => {
  const { olga, ben } = await people(world, 'olga', 'ben');
  const room = await olga.createRoom();
  for (let round = 0; round < 5; round++) {
    const [first, second] = round % 2 ? [ben.at(other), olga] : [ben, olga.at(other)];
    await Promise.all([first.ask(...join(room)), second.graphql(...ban(room, ben.id)), first.ask(...join(room))]);
    expect(await ben.refused(...read(room))).toMatchObject({ code: 'NOT_FOUND' });
    expect(Object.keys(await roles(room, olga))).toEqual(['olga']);
    await olga.graphql(...unban(room, ben.id));
  }
  const twice = await Promise.all([olga, olga.at(other)].map((by) => by.graphql(...ban(room, ben.id, 'once'))));
  expect(twice.map(({ banMember }) => banMember.reason)).toEqual(['once', 'once']);
  expect((await olga.graphql(...listBans(room))).bans).toHaveLength(1);
  await expectSound(world.node, room);
});

test('Olga hands her room over to Pia in one act, which everyone sees', async () => {
  const { olga, pia, ben } = await people(world, 'olga', 'pia', 'ben');
  const room = await roomOf(olga, pia, ben);
  const heard = ben.follow(room, { after: 0 });
  await heard.next();
  expect((await olga.graphql(...transfer(room, pia.id))).transferOwnership).toMatchObject({ role: 'OWNER' });
  const last = (await heard.upTo(({ __typename }) => __typename === 'OwnershipTransferred')).at(-1);
  expect(last).toMatchObject({ user: { id: pia.id }, by: { id: olga.id } });
  expect(await roles(room, pia)).toEqual({ olga: 'MODERATOR', pia: 'OWNER', ben: 'MEMBER' });
  expect(await olga.refused(...transfer(room, ben.id))).toMatchObject({ code: 'FORBIDDEN' });
  expect(await pia.refused(...transfer(room, pia.id))).toMatchObject({ code: 'FORBIDDEN' });
  expect(await pia.refused(...transfer(room, ada.id))).toMatchObject({ code: 'NOT_FOUND' });
  await pia.graphql(...leave(room));
  expect(await roles(room, olga)).toEqual({ olga: 'OWNER', ben: 'MEMBER' });
  await expectSound(world.node, room);
});

test('whatever roles change at once, the room has an owner and its log says who', async () => {
  const { olga, pia, ben } = await people(world, 'olga', 'pia', 'ben');
  const room = await roomOf(olga, pia, ben);
  for (let round = 0; round < 5; round++) {
    const now = await roles(room, ben);
    const [owner, rest] = now.olga === 'OWNER' ? [olga, pia] : [pia, olga];
    await Promise.all([
      owner.ask(...transfer(room, rest.id)),
      owner.at(other).ask(...setRole(room, rest.id, 'OWNER')),
      rest.ask(...setRole(room, owner.id, 'MEMBER')),
      rest.at(other).ask(...ban(room, owner.id)),
      owner.ask(...transfer(room, ben.id)),
    ]);
    await expectSound(world.node, room);
    const after = await roles(room, ben);
    const chief = { olga, pia, ben }[Object.keys(after).find((name) => after[name] === 'OWNER') ?? ''] as Person;
    for (const person of [olga, pia]) {
      await chief.ask(...unban(room, person.id));
      await chief.ask(...addMember(room, person.id));
    }
    if (chief === ben) await ben.graphql(...transfer(room, olga.id));
  }
});

test('what was done is answered so, whatever others make of it before the answer', async () => {
  const { olga, mia, ben } = await people(world, 'olga', 'mia', 'ben');
  const room = await roomOf(olga, mia, ben);
  await olga.graphql(...setRole(room, mia.id, 'MODERATOR'));
  const leaves = () => ben.graphql(...leave(room));
  meanwhile(world.node, { after: () => olga.graphql(...unban(room, ben.id)) });
  expect((await mia.graphql(...ban(room, ben.id))).banMember.user).toEqual({ id: ben.id });
  meanwhile(world.node, { after: leaves });
  expect((await mia.graphql(...addMember(room, ben.id))).addMember.user.id).toBe(ben.id);
  await mia.graphql(...addMember(room, ben.id));
  meanwhile(world.node, { after: leaves });
  expect((await olga.graphql(...setRole(room, ben.id, 'MODERATOR'))).setRole.role).toBe('MODERATOR');
  await mia.graphql(...addMember(room, ben.id));
  meanwhile(world.node, { after: leaves });
  expect((await olga.graphql(...transfer(room, ben.id))).transferOwnership.role).toBe('OWNER');
  await expectSound(world.node, room);
});

test('who left is not found to be removed or given a role, also when they are back before the answer', async () => {
  const { olga, mia, ben } = await people(world, 'olga', 'mia', 'ben');
  const room = await roomOf(olga, mia, ben);
  await olga.graphql(...setRole(room, mia.id, 'MODERATOR'));
  const awhile = { before: () => ben.graphql(...leave(room)), after: () => olga.graphql(...addMember(room, ben.id)) };
  for (const act of [removeMember(room, ben.id), setRole(room, ben.id, 'MODERATOR'), transfer(room, ben.id)]) {
    meanwhile(world.node, awhile);
    expect(await olga.refused(...act)).toMatchObject({ code: 'NOT_FOUND', message: 'Member not found.' });
  }
  expect(await roles(room, ben)).toEqual({ olga: 'OWNER', mia: 'MODERATOR', ben: 'MEMBER' });
  await expectSound(world.node, room);
});

test('a deleted room keeps no ban and no reason, and nobody is banned from a conversation of two', async () => {
  const { olga, ben } = await people(world, 'olga', 'ben');
  const room = await roomOf(olga, ben);
  await olga.graphql(...ban(room, ben.id, 'a reason of canaries'));
  expect(await tablesWith(world.node, 'a reason of canaries')).toEqual(['ban']);
  const made = await ben.graphql('mutation ($id: ID!) { openDirectRoom(userId: $id) { id } }', { id: olga.id });
  expect(await olga.refused(...ban(made.openDirectRoom.id, ben.id))).toMatchObject({ code: 'FORBIDDEN' });
  await olga.graphql(...deleteRoom(room));
  expect(await tablesWith(world.node, 'a reason of canaries')).toEqual([]);
  expect((await audited(room)).at(-1)).toMatchObject({ action: 'ROOM_DELETED', actor: { id: olga.id } });
});

test('who is banned from a public room still finds it in the list, without what is in it', async () => {
  const { olga, ben } = await people(world, 'olga', 'ben');
  const room = await olga.createRoom();
  await olga.graphql(...ban(room, ben.id));
  expect((await ben.graphql(...preview(room))).publicRoom).toMatchObject({ id: room, joined: false });
});
