import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Core } from '../core.ts';
import type { OutgoingWebhook, WebhookDelivery, WebhookEvent } from '../db/model.ts';
import { notFound } from '../errors.ts';
import { idOf, parse } from '../input.ts';
import { checkOutgoing } from '../outgoing.ts';
import { requireRole } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';
import { addWebhook, endWebhook, hookableRoom, MANAGERS, managed } from './webhooks.ts';

const SHOWN = 20;
const Terms = z.object({
  url: z.string().trim(),
  events: z.array(z.string()).min(1, 'Choose what it is told of.'),
});

/** The secret as Standard Webhooks writes it. */
const secretText = (secret: Uint8Array) => `whsec_${Buffer.from(secret).toString('base64')}`;

/**
 * Has a program at that address told what happens in the room from now on; gives the secret that signs it, this once.
 * Owners and moderators; it works while they are. INVALID_INPUT for an address that may not be reached.
 */
export async function createOutgoingWebhook(
  core: Core,
  viewer: Viewer,
  roomId: string,
  input: { url: string; events: WebhookEvent[] },
): Promise<{ webhook: OutgoingWebhook; secret: string }> {
  const room = await hookableRoom(core, viewer, roomId);
  const { url } = parse(Terms, input);
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  await checkOutgoing(core.config, url);
  const secret = randomBytes(32);
  const data = { roomId: room.id, createdById: viewer.id, url, secret, events: [...new Set(input.events)] };
  const webhook = await addWebhook(
    core,
    viewer,
    room.id,
    (db) => db.outgoingWebhook.count({ where: { roomId: room.id } }),
    (db, { lastSeq }) => db.outgoingWebhook.create({ data: { ...data, doneSeq: lastSeq } }),
  );
  return { webhook, secret: secretText(secret) };
}

/** The outgoing webhooks of a room, newest first. Owners and moderators. */
export async function listOutgoingWebhooks(core: Core, viewer: Viewer, roomId: string): Promise<OutgoingWebhook[]> {
  const room = await requireRole(core, viewer, roomId, MANAGERS);
  return core.db.outgoingWebhook.findMany({ where: { roomId: room.id }, orderBy: { id: 'desc' } });
}

/** The last tries of a webhook, newest first. The webhook has been found by who manages its room. */
export function listDeliveries(core: Core, webhook: OutgoingWebhook): Promise<WebhookDelivery[]> {
  return core.db.webhookDelivery.findMany({ where: { webhookId: webhook.id }, orderBy: { id: 'desc' }, take: SHOWN });
}

/** Tries again at once, and goes on from where it stopped. Owners and moderators of its room. */
export async function resumeOutgoingWebhook(core: Core, viewer: Viewer, id: string): Promise<OutgoingWebhook> {
  const webhook = await findWebhook(core, viewer, id);
  const data = { stoppedAt: null, failures: 0, nextAt: new Date() };
  const [resumed] = await core.db.outgoingWebhook.updateManyAndReturn({ where: { id: webhook.id }, data });
  if (!resumed) throw notFound('Webhook');
  return resumed;
}

/** Ends a webhook: nothing more is sent. Owners and moderators of its room. */
export async function revokeOutgoingWebhook(core: Core, viewer: Viewer, id: string): Promise<void> {
  const { id: known, roomId } = await findWebhook(core, viewer, id);
  await endWebhook(core, viewer, roomId, (db) => db.outgoingWebhook.deleteMany({ where: { id: known } }));
}

async function findWebhook(core: Core, viewer: Viewer, id: string): Promise<OutgoingWebhook> {
  const found = await core.db.outgoingWebhook.findUnique({ where: { id: idOf(id, 'Webhook') } });
  return managed(core, viewer, found);
}
