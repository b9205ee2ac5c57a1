import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Core } from '../core.ts';
import { today } from '../days.ts';
import type { IncomingWebhook } from '../db/model.ts';
import { notFound } from '../errors.ts';
import { idOf, line, parse } from '../input.ts';
import type { Taker } from '../limits.ts';
import { hashOf, newToken } from '../links.ts';
import { postMessage } from '../messages/messages.ts';
import type { MessageState } from '../realtime/entry.ts';
import { requireRole } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';
import { addWebhook, endWebhook, hookableRoom, MANAGERS, madeByManager, managed } from './webhooks.ts';

const Terms = z.object({ name: line(40) });

/** Makes an address whose holders post into the room, shown once. Owners and moderators; it works while they are. */
export async function createIncomingWebhook(
  core: Core,
  viewer: Viewer,
  roomId: string,
  input: z.input<typeof Terms>,
): Promise<{ webhook: IncomingWebhook; path: string }> {
  const room = await hookableRoom(core, viewer, roomId);
  const { name } = parse(Terms, input);
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const token = newToken();
  const data = { roomId: room.id, createdById: viewer.id, name, tokenHash: hashOf(token) };
  const count = { where: { roomId: room.id } };
  const webhook = await addWebhook(
    core,
    viewer,
    room.id,
    (db) => db.incomingWebhook.count(count),
    (db) => db.incomingWebhook.create({ data }),
  );
  return { webhook, path: `/hooks/${token}` };
}

/** The incoming webhooks of a room, newest first. Owners and moderators. */
export async function listIncomingWebhooks(core: Core, viewer: Viewer, roomId: string): Promise<IncomingWebhook[]> {
  const room = await requireRole(core, viewer, roomId, MANAGERS);
  return core.db.incomingWebhook.findMany({ where: { roomId: room.id }, orderBy: { id: 'desc' } });
}

/** Makes the address of a webhook useless; its messages stay. Owners and moderators of its room. */
export async function revokeIncomingWebhook(core: Core, viewer: Viewer, id: string): Promise<void> {
  const hook = await core.db.incomingWebhook.findUnique({ where: { id: idOf(id, 'Webhook') } });
  const { id: known, roomId } = await managed(core, viewer, hook);
  await endWebhook(core, viewer, roomId, (db) => db.incomingWebhook.deleteMany({ where: { id: known } }));
}

/**
 * Posts a text as the webhook of that address. The same key again within the webhook gives the same message. NOT_FOUND
 * for an address that is useless.
 */
export async function postByWebhook(
  core: Core,
  token: string,
  body: unknown,
  key: string | undefined,
  taker: Taker,
): Promise<MessageState> {
  const hook = await usable(core, token);
  await core.limits.take('hooksPerMinute', hook.id, taker);
  const message = await postMessage(core, hook, { id: messageId(hook.id, key), body });
  if (!message) throw notFound('Webhook');
  await noteUse(core, hook);
  return message;
}

async function usable(core: Core, token: string): Promise<IncomingWebhook> {
  const [found] = await core.db.$queryRaw<{ id: string }[]>`
    SELECT w.id FROM incoming_webhook w WHERE w.token_hash = ${hashOf(token)} AND ${madeByManager}`;
  const hook = found && (await core.db.incomingWebhook.findUnique({ where: { id: found.id } }));
  if (!hook) throw notFound('Webhook');
  return hook;
}

// A UUID of version 8 from the key, so that the log recognises a retry as it does those of people.
function messageId(hookId: string, key: string | undefined): string {
  if (key === undefined) return randomUUID();
  const hex = createHash('sha256').update(`${hookId} ${key}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

async function noteUse({ db }: Core, { id, lastUsedOn }: IncomingWebhook): Promise<void> {
  const day = today();
  if (lastUsedOn && lastUsedOn >= day) return;
  await db.incomingWebhook.updateMany({ where: { id }, data: { lastUsedOn: day } });
}
