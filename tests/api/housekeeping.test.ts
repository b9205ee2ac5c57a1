import { afterAll, beforeAll, expect, test } from 'vitest';
import { purgeExpired } from '../../api/housekeeping.ts';
import { roomOf } from '../rooms.ts';
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
  await ada.graphql('mutation ($id: ID!) { createResetLink(userId: $id) { token } }', { id: bob.id });
  const counts = async () => ({
    sessions: await db.session.count(),
    invitations: await db.invitation.count(),
    roomLinks: await db.roomLink.count(),
    resetLinks: await db.resetLink.count(),
    auditEvents: await db.auditEvent.count(),
  });
  await purgeExpired(core);
  expect(await counts()).toEqual({ sessions: 2, invitations: 2, roomLinks: 2, resetLinks: 1, auditEvents: 3 });

  const [invitation, link] = [await db.invitation.findFirstOrThrow(), await db.roomLink.findFirstOrThrow()];
  await db.invitation.update({ where: { id: invitation.id }, data: { expiresAt: ago(31) } });
  await db.roomLink.update({ where: { id: link.id }, data: { revokedAt: ago(31) } });
  await db.resetLink.updateMany({ data: { expiresAt: ago(0.1) } });
  await db.session.updateMany({ where: { userId: bob.id }, data: { revokedAt: ago(2) } });
  await db.auditEvent.updateMany({ data: { createdAt: ago(366) } });
  await purgeExpired(core);
  expect(await counts()).toEqual({ sessions: 1, invitations: 1, roomLinks: 1, resetLinks: 0, auditEvents: 0 });
  expect((await ada.graphql('{ viewer { id } }')).viewer.id).toBe(ada.id);
});
