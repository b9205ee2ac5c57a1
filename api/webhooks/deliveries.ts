import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Core } from '../core.ts';
import type { OutgoingWebhook, WebhookEvent } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { post } from '../outgoing.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { readEntries } from '../realtime/logPages.ts';
import { eventOf, type Parcel, signedHeaders, textOf } from './parcel.ts';
import { madeByManager } from './webhooks.ts';

const AT_ONCE = 16;
const PAGE = 50;
const LEASE = '60 seconds';
const KEPT = 20;
/** How long a stop waits for what is being sent; who is not told of its end sends it again. */
const GOODBYE = 2_000;
/** After so many seconds each: twelve tries, over about a day. Then it is given up until somebody starts it again. */
const WAITS = [1, 2, 15, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800];
const GONE = 410;

/**
 * Sends what the outgoing webhooks of all rooms have not been told yet. Each has a cursor in the log of its room, which
 * moves on after what was taken; of several nodes the one that has the lease sends. Gives the way to stop.
 */
export function startDeliveries(core: Core): () => Promise<void> {
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  const stopBeating = core.heartbeat.every(async () => {
    for (const webhook of await claim(core, AT_ONCE - running.size)) {
      const run = work(core, webhook, stopping.signal)
        .catch((error) => core.log.warn('webhook.failed', { webhook: webhook.id, error }))
        .finally(() => running.delete(run));
      running.add(run);
    }
  });
  return async () => {
    stopBeating();
    stopping.abort();
    await Promise.race([Promise.all(running), sleep(GOODBYE, undefined, { ref: false })]);
  };
}

// Whoever finds a row locked passes it by.
async function claim({ db }: Core, most: number): Promise<OutgoingWebhook[]> {
  if (most <= 0) return [];
  const leaseId = randomUUID();
  const claimed = await db.$queryRaw<{ id: string }[]>`
    UPDATE outgoing_webhook SET lease_id = ${leaseId}::uuid, leased_until = now() + ${LEASE}::interval
    WHERE id IN (
      SELECT w.id FROM outgoing_webhook w JOIN room r ON r.id = w.room_id AND r.deleted_at IS NULL
      WHERE w.done_seq < r.last_seq AND w.next_at <= now() AND w.stopped_at IS NULL
        AND (w.leased_until IS NULL OR w.leased_until < now()) AND r.encryption = 'NONE' AND ${madeByManager}
      ORDER BY w.next_at LIMIT ${most} FOR UPDATE OF w SKIP LOCKED)
    RETURNING id`;
  if (claimed.length === 0) return [];
  return db.outgoingWebhook.findMany({ where: { leaseId } });
}

async function work(core: Core, webhook: OutgoingWebhook, stopping: AbortSignal): Promise<void> {
  let at = webhook;
  for (const entry of await readEntries(core.db, webhook.roomId, webhook.doneSeq, PAGE)) {
    if (stopping.aborted) break;
    const event = eventOf(entry);
    const wanted = event !== undefined && webhook.events.includes(event);
    if (wanted && !(await tell(core, at, entry, event))) return;
    const moved = await move(core, at, { doneSeq: entry.seq, failures: 0 });
    if (!moved) return; // Revoked, or the lease has gone to another.
    at = moved;
  }
  await move(core, at, { leasedUntil: null });
}

// False when it has to be tried again, or was given up.
async function tell(core: Core, webhook: OutgoingWebhook, entry: LogEntry, event: WebhookEvent): Promise<boolean> {
  const parcel = { id: entry.id, at: new Date(), body: textOf(entry, event), secret: webhook.secret };
  const { status, problem } = await outcomeOf(core, webhook, parcel);
  await note(core, webhook, { seq: entry.seq, event, status, problem });
  if (!problem) return true;
  const wait = WAITS[webhook.failures];
  const isOver = wait === undefined || status === GONE;
  const nextAt = new Date(Date.now() + (wait ?? 0) * 1_000);
  const stoppedAt = isOver ? new Date() : null;
  await move(core, webhook, { failures: webhook.failures + 1, nextAt, stoppedAt, leasedUntil: null });
  return false;
}

async function outcomeOf({ config }: Core, { url }: OutgoingWebhook, parcel: Parcel) {
  try {
    const headers = { 'content-type': 'application/json', 'user-agent': 'shh-webhook', ...signedHeaders(parcel) };
    const { status } = await post(config, url, { headers, body: parcel.body });
    return { status, problem: status >= 200 && status < 300 ? null : `It answered ${status}.` };
  } catch (error) {
    return { status: null, problem: error instanceof AppError ? error.message : causeOf(error) };
  }
}

// The code of the network, and no text of another program's.
function causeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ? `It cannot be reached (${code}).` : message;
}

async function note({ db }: Core, { id }: OutgoingWebhook, tried: Tried) {
  await db.$transaction(async (tx) => {
    const there = await tx.$queryRaw<unknown[]>`SELECT 1 FROM outgoing_webhook WHERE id = ${id}::uuid FOR SHARE`;
    if (there.length === 0) return;
    await tx.webhookDelivery.create({ data: { webhookId: id, ...tried } });
    await tx.$executeRaw`
      DELETE FROM webhook_delivery WHERE webhook_id = ${id}::uuid AND id NOT IN (
        SELECT id FROM webhook_delivery WHERE webhook_id = ${id}::uuid ORDER BY id DESC LIMIT ${KEPT})`;
  });
}

type Tried = { seq: number; event: WebhookEvent; status: number | null; problem: string | null };
type Change = Partial<Pick<OutgoingWebhook, 'doneSeq' | 'failures' | 'nextAt' | 'stoppedAt' | 'leasedUntil'>>;

// Only who has the lease moves the cursor. While it works it keeps it.
async function move({ db }: Core, { id, leaseId }: OutgoingWebhook, change: Change): Promise<OutgoingWebhook | null> {
  const data = { leasedUntil: new Date(Date.now() + 60_000), ...change };
  const [moved] = await db.outgoingWebhook.updateManyAndReturn({ where: { id, leaseId }, data });
  return moved ?? null;
}
