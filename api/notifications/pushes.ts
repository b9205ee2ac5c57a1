import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import webPush from 'web-push';
import type { Core } from '../core.ts';
import { AppError } from '../errors.ts';
import { post } from '../outgoing.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { Turns } from '../turns.ts';
import { claimDue, type Due, waitingFor } from './due.ts';
import { LiveSessions } from './live.ts';
import { pushKeys } from './pushKeys.ts';

/** Whoever reads at another device in these first seconds is not told; who closed the page just then is, later. */
const LOOKS = [3_000, 20_000];
const SWEEP = 60;
const AT_ONCE = 8;
const MAY_WAIT = 5_000;
/** For how many seconds a push service keeps it for a device that is off. */
const TTL = 24 * 3_600;
const PAUSES = [1_000, 5_000, 20_000];
const LONGEST_PAUSE = 60_000;
const MOST_FAILURES = 20;

/**
 * Tells the browsers of people who have no page open that something is new in a room: which room, and not what. Gives
 * the way to stop. `openSessions` are those that have a socket at this node.
 */
export async function startPushing(core: Core, openSessions: () => string[]): Promise<() => void> {
  await pushKeys(core);
  const pushing = new Pushing(core);
  const live = new LiveSessions(core, openSessions);
  const stops = [
    core.roomFeeds.onAnnounced((entries) => pushing.note(entries, Date.now())),
    core.heartbeat.every(() => live.beat()),
    core.heartbeat.every(() => pushing.beat(Date.now())),
  ];
  return () => {
    for (const stop of stops) stop();
    pushing.stop();
  };
}

class Pushing {
  /** When each room is to be looked at: those times, in order. */
  private readonly looks = new Map<string, number[]>();
  private readonly turns = new Turns(AT_ONCE, MAY_WAIT, () => new AppError('UNAVAILABLE', 'Too many pushes wait.'));
  private readonly ending = new AbortController();
  private beats = 0;

  constructor(private readonly core: Core) {}

  note(entries: LogEntry[], now: number) {
    const [first] = entries.filter(({ kind }) => kind === 'MESSAGE');
    if (!first) return;
    const soonest = this.looks.get(first.roomId)?.slice(0, 1) ?? [];
    this.looks.set(first.roomId, [...soonest, ...LOOKS.map((wait) => now + wait)]);
  }

  /** Each second. Once a minute all rooms: what another node had noted when it died is found by that. */
  async beat(now: number) {
    const all = ++this.beats % SWEEP === 0;
    const rooms = this.takeRooms(now);
    if (rooms.length === 0 && !all) return;
    const due = await claimDue(this.core, all ? null : rooms);
    if (due.length > 0) await this.tell(due);
  }

  stop() {
    this.ending.abort();
  }

  private takeRooms(now: number): string[] {
    const rooms: string[] = [];
    for (const [roomId, times] of this.looks) {
      const left = times.filter((time) => time > now);
      if (left.length === times.length) continue;
      rooms.push(roomId);
      if (left.length > 0) this.looks.set(roomId, left);
      else this.looks.delete(roomId);
    }
    return rooms;
  }

  private async tell(due: Due[]) {
    const waiting = await waitingFor(this.core, [...new Set(due.map(({ userId }) => userId))]);
    for (const each of due) {
      const sent = this.turns.run(() => this.send(each, waiting.get(each.userId) ?? 0));
      sent.catch((error) => this.ending.signal.aborted || this.core.log.warn('push.failed', { error }));
    }
  }

  private async send(due: Due, waiting: number) {
    const request = await this.requestOf(due, waiting);
    for (const pause of [...PAUSES, null]) {
      const wait = await this.attempt(due, request, pause);
      if (wait === null) return;
      await sleep(Math.min(wait, LONGEST_PAUSE), undefined, { ref: false, signal: this.ending.signal });
    }
  }

  /** How long to wait before another try; null when there is nothing more to do. */
  private async attempt(due: Due, request: webPush.RequestDetails, pause: number | null): Promise<number | null> {
    const { status, retryAfter } = await post(this.core.config, due.endpoint, request).catch((error) => {
      this.core.log.debug('push.unreachable', { error });
      return { status: 0, retryAfter: null };
    });
    if (status >= 200 && status < 300) return this.settle(due, true);
    if (GONE.includes(status)) return this.forget(due);
    if (pause === null || !isPassing(status)) return this.settle(due, false);
    return retryAfter === null ? pause : retryAfter * 1_000;
  }

  private async requestOf({ endpoint, p256dh, auth, roomId, seq, sessionId }: Due, waiting: number) {
    const keys = await pushKeys(this.core);
    const subject = this.core.config.publicUrl?.startsWith('https:') ? this.core.config.publicUrl : NOBODY;
    return webPush.generateRequestDetails(
      { endpoint, keys: { p256dh, auth } },
      JSON.stringify({ room: roomId, seq, waiting }),
      {
        vapidDetails: { subject, ...keys },
        TTL,
        urgency: 'normal',
        topic: topicOf(keys.privateKey, sessionId, roomId),
        contentEncoding: 'aes128gcm',
      },
    );
  }

  private async settle({ endpoint }: Due, taken: boolean): Promise<null> {
    await this.core.db.$executeRaw`
      UPDATE push_subscription SET failures = CASE WHEN ${taken} THEN 0 ELSE failures + 1 END
      WHERE endpoint = ${endpoint} AND (failures > 0 OR NOT ${taken})`;
    await this.core.db.pushSubscription.deleteMany({ where: { endpoint, failures: { gte: MOST_FAILURES } } });
    return null;
  }

  private async forget({ endpoint }: Due): Promise<null> {
    await this.core.db.pushSubscription.deleteMany({ where: { endpoint } });
    return null;
  }
}

// Not found and gone; and who refuses our key will do so for ever.
const GONE = [403, 404, 410];
const isPassing = (status: number) => status === 0 || status === 408 || status === 429 || status >= 500;
const NOBODY = 'mailto:operator@example.org';

// A newer one replaces what still waits at the push service, which cannot tell that two browsers are in one room.
const topicOf = (key: string, sessionId: string, roomId: string) =>
  createHmac('sha256', key).update(`${sessionId} ${roomId}`).digest('base64url').slice(0, 32);
