import { afterAll, beforeAll, expect, test } from 'vitest';
import { meanwhile } from '../meanwhile.ts';
import {
  deleteRoom,
  expectSound,
  leave,
  type Operation,
  people,
  read,
  removeMember,
  roomOf,
  setRole,
} from '../rooms.ts';
import { openWorld, type Person, type World } from '../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const create = (roomId: string, terms: object = {}): Operation => [
  'mutation ($input: CreateRoomLinkInput!) { createRoomLink(input: $input) { token link { id maxUses uses } } }',
  { input: { roomId, ...terms } },
];
const enter = (token: string): Operation => [
  'mutation ($token: String!) { joinByLink(token: $token) { id name membership { role } } }',
  { token },
];
const preview = (token: string): Operation => [
  'query ($token: String!) { roomLinkPreview(token: $token) { roomId name memberCount joined } }',
  { token },
];
const list = (roomId: string): Operation => [
  'query ($roomId: ID!) { roomLinks(roomId: $roomId) { id uses maxUses createdBy { id } } }',
  { roomId },
];
const revoke = (id: string): Operation => ['mutation ($id: ID!) { revokeRoomLink(id: $id) }', { id }];

const linkTo = async (room: string, by: Person, terms?: object) =>
  (await by.graphql(...create(room, terms))).createRoomLink;
const listed = async (room: string, by: Person): Promise<string[]> =>
  (await by.graphql(...list(room))).roomLinks.map(({ id }: { id: string }) => id);
const GONE = { code: 'NOT_FOUND' };

test('A link for one person works once.', async () => {
  const { ann, bob, cleo } = await people(world, 'ann', 'bob', 'cleo');
  const room = await roomOf(ann);
  const { token, link } = await linkTo(room, ann);
  expect(link).toMatchObject({ maxUses: 1, uses: 0 });
  expect((await bob.graphql(...enter(token))).joinByLink).toMatchObject({ id: room, membership: { role: 'MEMBER' } });
  expect(await cleo.refused(...enter(token))).toMatchObject(GONE);
  expect(await cleo.refused(...preview(token))).toMatchObject(GONE);
  expect(await cleo.refused(...read(room))).toMatchObject(GONE);
  expect(await listed(room, ann)).toEqual([]);
  await expectSound(world.node, room);
});

test('of five with the last use of a link one gets in', async () => {
  const { dan, ...others } = await people(world, 'dan', 'eve', 'flo', 'gil', 'hana', 'ivo');
  const room = await roomOf(dan);
  const { token } = await linkTo(room, dan);
  const answers = await Promise.all(Object.values(others).map((person) => person.ask(...enter(token))));
  expect(answers.filter(({ data }) => data)).toHaveLength(1);
  for (const { errors } of answers) if (errors) expect(errors[0].extensions.code).toBe('NOT_FOUND');
  await expectSound(world.node, room);
});

test('who is in the room already uses nothing up, also when they come five times at once', async () => {
  const { jo, kim, lea } = await people(world, 'jo', 'kim', 'lea');
  const room = await roomOf(jo, kim);
  const { token } = await linkTo(room, jo, { maxUses: 2 });
  await kim.graphql(...enter(token));
  await Promise.all(Array.from({ length: 5 }, () => lea.graphql(...enter(token))));
  const { roomLinks } = await jo.graphql(...list(room));
  expect(roomLinks).toMatchObject([{ uses: 1, maxUses: 2, createdBy: { id: jo.id } }]);
  await expectSound(world.node, room);
});

test('who holds the link sees the name of the room before joining it, and nobody else does', async () => {
  const { max, nia } = await people(world, 'max', 'nia');
  const room = await max.createRoom({ name: 'surprise', kind: 'PRIVATE' });
  const { token } = await linkTo(room, max);
  const { roomLinkPreview } = await nia.graphql(...preview(token));
  expect(roomLinkPreview).toEqual({
    roomId: room,
    name: expect.stringMatching(/^surprise/),
    memberCount: 1,
    joined: false,
  });
  expect((await max.graphql(...preview(token))).roomLinkPreview.joined).toBe(true);
  for (const wrong of ['made up', '', room]) expect(await nia.refused(...preview(wrong))).toMatchObject(GONE);
  expect(await world.stranger().refused(...preview(token))).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a link that was withdrawn or has expired, and one into a deleted room, lets nobody in', async () => {
  const { olga, pia } = await people(world, 'olga', 'pia');
  const room = await roomOf(olga);
  const [revoked, expired, last] = [await linkTo(room, olga), await linkTo(room, olga), await linkTo(room, olga)];
  expect(await olga.graphql(...revoke(revoked.link.id))).toEqual({ revokeRoomLink: true });
  expect(await olga.refused(...revoke(revoked.link.id))).toMatchObject(GONE);
  const expiresAt = new Date(Date.now() - 1);
  await world.node.core.db.roomLink.update({ where: { id: expired.link.id }, data: { expiresAt } });
  for (const { token } of [revoked, expired]) expect(await pia.refused(...enter(token))).toMatchObject(GONE);
  expect(await listed(room, olga)).toEqual([last.link.id]);
  await olga.graphql(...deleteRoom(room));
  expect(await pia.refused(...enter(last.token))).toMatchObject(GONE);
  expect(await world.node.core.db.roomLink.count({ where: { roomId: room } })).toBe(0);
});

test('the links of Rob, once a moderator, are useless when he no longer is', async () => {
  const { quin, rob, sam } = await people(world, 'quin', 'rob', 'sam');
  const room = await roomOf(quin, rob);
  await quin.graphql(...setRole(room, rob.id, 'MODERATOR'));
  const { token } = await linkTo(room, rob, { maxUses: 5 });
  await sam.graphql(...enter(token));
  await sam.graphql(...leave(room));
  await quin.graphql(...removeMember(room, rob.id));
  for (const person of [rob, sam]) expect(await person.refused(...enter(token))).toMatchObject(GONE);
});

test('a link lets nobody in who comes while its maker is made a member like others', async () => {
  const { tom, una, vic } = await people(world, 'tom', 'una', 'vic');
  const room = await roomOf(tom, una);
  await tom.graphql(...setRole(room, una.id, 'MODERATOR'));
  const { token } = await linkTo(room, una);
  meanwhile(world.node, { before: () => tom.graphql(...setRole(room, una.id, 'MEMBER')) });
  expect(await vic.refused(...enter(token))).toMatchObject(GONE);
  expect(await vic.refused(...read(room))).toMatchObject(GONE);
  await expectSound(world.node, room);
});

test('a member makes, sees and withdraws no links, and a public room has none', async () => {
  const { tess, udo, vic } = await people(world, 'tess', 'udo', 'vic');
  const room = await roomOf(tess, udo);
  const { link } = await linkTo(room, tess);
  for (const operation of [create(room), list(room), revoke(link.id)]) {
    expect(await udo.refused(...operation)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await vic.refused(...operation)).toMatchObject(GONE);
  }
  const open = await tess.createRoom({ kind: 'PUBLIC' });
  expect(await tess.refused(...create(open))).toMatchObject({ code: 'FORBIDDEN' });
});

test.each([
  ['nobody', { maxUses: 0 }, 'maxUses'],
  ['too many', { maxUses: 1_001 }, 'maxUses'],
  ['no time', { expiresInHours: 0 }, 'expiresInHours'],
  ['too long', { expiresInHours: 8_761 }, 'expiresInHours'],
])('there is no link for %s', async (_, terms, field) => {
  const wim = await world.person('wim');
  const refusal = await wim.refused(...create(await roomOf(wim), terms));
  expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { [field]: [expect.any(String)] } });
});
