import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Prisma } from '../../api/db/db.ts';
import { keepHouse, purgeExpired } from '../../api/housekeeping.ts';
import { purgeDeletedRooms } from '../../api/rooms/purge.ts';
import { upload } from '../files.ts';
import { expectSound, people, react, roomOf, send, setRetention } from '../rooms.ts';
import { administrator, openWorld, type World } from '../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const DAY = 24 * 3_600_000;
const ago = (days: number) => new Date(Date.now() - days * DAY);

test('what has expired long ago is gone from the database, and what counts is left', async () => {
  const { core } = world.node;
  const { db } = core;
  const [ada, bob] = [await administrator(world.node), await world.person('bob')];
  const room = await roomOf(ada);
  for (let n = 0; n < 2; n++) {
    await ada.graphql('mutation { createInvitation(input: {}) { token } }');
    await ada.graphql('mutation ($id: ID!) { createRoomLink(input: { roomId: $id }) { token } }', { id: room });
  }
  await ada.graphql('mutation { createPersonalToken(input: { name: "robot", scope: READ }) { token } }');
  await ada.graphql('mutation ($id: ID!) { createResetLink(userId: $id) { token } }', { id: bob.id });
  const counts = async () => ({
    sessions: await db.session.count(),
    invitations: await db.invitation.count(),
    roomLinks: await db.roomLink.count(),
    resetLinks: await db.resetLink.count(),
    personalTokens: await db.personalToken.count(),
    auditEvents: await db.auditEvent.count(),
  });
  await purgeExpired(core);
  expect(await counts()).toEqual({
    sessions: 2,
    invitations: 2,
    roomLinks: 2,
    resetLinks: 1,
    personalTokens: 1,
    auditEvents: 4,
  });

  const [invitation, link] = [await db.invitation.findFirstOrThrow(), await db.roomLink.findFirstOrThrow()];
  await db.invitation.update({ where: { id: invitation.id }, data: { expiresAt: ago(31) } });
  await db.roomLink.update({ where: { id: link.id }, data: { revokedAt: ago(31) } });
  await db.personalToken.updateMany({ data: { expiresAt: ago(31) } });
  await db.resetLink.updateMany({ data: { expiresAt: ago(0.1) } });
  await db.session.updateMany({ where: { userId: bob.id }, data: { revokedAt: ago(2) } });
  await db.auditEvent.updateMany({ data: { createdAt: ago(366) } });
  await purgeExpired(core);
  expect(await counts()).toEqual({
    sessions: 1,
    invitations: 1,
    roomLinks: 1,
    resetLinks: 0,
    personalTokens: 0,
    auditEvents: 0,
  });
  expect((await ada.graphql('{ viewer { id } }')).viewer.id).toBe(ada.id);
});

test('what a crash has left of a deleted room, and of a deleted message, is gone after the next start', async () => {
  const { core } = world.node;
  const { ben, cleo } = await people(world, 'ben', 'cleo');
  const [room, other] = [await roomOf(ben, cleo), await roomOf(ben, cleo)];
  const { id } = await cleo.say(room, 'left over');
  await ben.graphql(...react(id, '🦉'));
  // As it is between the entry of the deletion and what follows it.
  const { lastSeq } = await core.db.room.update({
    where: { id: room },
    data: { deletedAt: new Date(), name: null, lastSeq: { increment: 1 } },
  });
  await core.db.entry.create({ data: { roomId: room, seq: lastSeq, id: randomUUID(), kind: 'ROOM_DELETED' } });
  const files = [await upload(ben, other, { bytes: Buffer.from('sent') })];
  const sent = (await ben.graphql(...sendWith(other, files))).sendMessage.id;
  await core.db.entry.update({
    where: { id: sent },
    data: { body: null, files: Prisma.DbNull, deletedAt: new Date() },
  });
  const [old] = [(await ben.graphql(...send(other, 'of last week'))).sendMessage];
  await ben.graphql(...setRetention(other, 7));
  await core.db.entry.updateMany({ where: { roomId: other }, data: { createdAt: ago(8) } });

  await purgeDeletedRooms(core);
  await keepHouse(core);
  await expectSound(world.node, room);
  expect(await core.db.reaction.count({ where: { roomId: room } })).toBe(0);
  expect(await core.db.file.count()).toBe(0);
  expect(await core.storage.get(files[0] as string)).toBeNull();
  expect(await ben.refused('query ($id: ID!) { message(id: $id) { id } }', { id: old.id })).toMatchObject({
    code: 'NOT_FOUND',
  });
});

const sendWith = (roomId: string, files: string[]) =>
  [
    'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }',
    { input: { id: randomUUID(), roomId, body: '', files } },
  ] as const;
