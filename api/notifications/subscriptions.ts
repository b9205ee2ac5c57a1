import { z } from 'zod';
import { holdOwnAccount } from '../auth/sessions.ts';
import type { Core } from '../core.ts';
import { isUniqueViolation } from '../db/driverErrors.ts';
import type { Session } from '../db/model.ts';
import { AppError, invalid, notFound } from '../errors.ts';
import { parse } from '../input.ts';
import { checkOutgoing } from '../outgoing.ts';
import type { Viewer } from '../users/users.ts';

const MOST = 20;

/** Base64url of so many bytes, with or without its padding. */
const bytes = (length: number, what: string) =>
  z
    .string()
    .transform((text) => Buffer.from(text, 'base64url'))
    .refine((value) => value.length === length, `${what} has ${length} bytes, in base64url.`);
const Subscription = z.object({
  endpoint: z.string(),
  p256dh: bytes(65, 'p256dh').refine((key) => key[0] === 4, 'p256dh is an uncompressed point.'),
  auth: bytes(16, 'auth'),
});

/**
 * Has the browser of this session told of what is new while it has no socket open; null: no longer. One for each
 * session, 20 for each person (CONFLICT). The endpoint is a public https address. One that another session gave, with the
 * same keys, is this one's from now on: it is the same browser, signed in anew.
 */
export async function setPush(
  core: Core,
  viewer: Viewer,
  subscription: z.input<typeof Subscription> | null | undefined,
): Promise<Session> {
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const session = await core.db.session.findFirst({ where: { id: viewer.sessionId, userId: viewer.id } });
  if (!session) throw notFound('Session');
  if (subscription) await keep(core, viewer, parse(Subscription, subscription));
  else await core.db.pushSubscription.deleteMany({ where: { sessionId: session.id } });
  return session;
}

/** Whether the browser of this session is told. */
export async function hasPush(core: Core, sessionId: string): Promise<boolean> {
  return (await core.db.pushSubscription.count({ where: { sessionId } })) > 0;
}

async function keep(core: Core, viewer: Viewer, { endpoint, p256dh, auth }: z.output<typeof Subscription>) {
  await checkOutgoing(core.config, endpoint).catch((error) => {
    throw error instanceof AppError ? invalid({ endpoint: [error.message] }) : error;
  });
  const { id: userId, sessionId } = viewer;
  const keys = { p256dh: p256dh.toString('base64url'), auth: auth.toString('base64url') };
  await core.db
    .$transaction(async (db) => {
      await holdOwnAccount(db, viewer);
      await db.pushSubscription.deleteMany({ where: { OR: [{ sessionId }, { endpoint, ...keys }] } });
      if ((await db.pushSubscription.count({ where: { userId } })) >= MOST) throw tooMany();
      await db.pushSubscription.create({ data: { sessionId, userId, endpoint, ...keys } });
    })
    .catch((error) => {
      throw isUniqueViolation(error) ? taken() : error;
    });
}

const tooMany = () =>
  new AppError('CONFLICT', `${MOST} of your devices are told already. Sign one of them out, then try again.`);
const taken = () => new AppError('CONFLICT', 'This endpoint belongs to another browser. Subscribe anew.');
