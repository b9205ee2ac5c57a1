import { randomUUID } from 'node:crypto';
import type { Core } from '../core.ts';
import type { Viewer } from '../users/users.ts';
import { Companions } from './companions.ts';
import { PresenceNews } from './presenceNews.ts';
import { type PresenceRing, Roster } from './roster.ts';

const TOPIC = 'presence';
const NEWS_PER_SECOND = 1_000;
const LOOKED_AT_WITHIN = 30;

/**
 * Counts the viewer as here for as long as this is read, and tells who else is here of those with whom they share a
 * room, unless one of the two blocks the other: first everyone, then the changes of each second in one. Mutual: who does
 * not read is not shown. Never stored.
 */
export async function followPresence(core: Core, viewer: Viewer): Promise<PresenceNews> {
  const presence = presences.get(core) ?? openPresence(core);
  presences.set(core, presence);
  return (await presence).follow(viewer.id);
}

const presences = new WeakMap<Core, Promise<Presence>>();
async function openPresence(core: Core): Promise<Presence> {
  const presence = new Presence(core);
  await core.bus.listen(TOPIC, (ring) => presence.roster.hear(ring as PresenceRing, Date.now()));
  core.bus.onRestored(() => presence.roster.tellSoon());
  core.heartbeat.every(() => presence.beat());
  return presence;
}

/** The presence of one node. */
class Presence {
  readonly roster = new Roster(randomUUID());
  private readonly companions = new Companions();
  private readonly followers = new Map<string, Set<PresenceNews>>();
  private beats = 0;

  constructor(private readonly core: Core) {}

  async follow(userId: string): Promise<PresenceNews> {
    const unwatch = await this.core.roomsVersions.watch(userId, (place) => place ?? this.roster.touch(userId));
    const news = new PresenceNews();
    const own = this.followers.get(userId) ?? new Set();
    this.followers.set(userId, own.add(news));
    this.roster.enter(userId);
    news.stop = () => {
      unwatch();
      own.delete(news);
      if (own.size === 0 && this.followers.get(userId) === own) this.followers.delete(userId);
      this.roster.leave(userId, Date.now());
    };
    return news;
  }

  /** Each second; the news less often where there are many to be told. */
  async beat() {
    const ring = this.roster.beat(Date.now());
    if (ring) this.core.bus.ring(TOPIC, ring);
    if (this.beats++ % Math.ceil((this.followers.size + 1) / NEWS_PER_SECOND) > 0) return;
    await this.lookAgain();
    for (const userId of this.companions.takeUnsettled()) for (const news of this.newsOf(userId)) news.startOver();
    for (const [userId, all] of this.followers) {
      // Whoever came in meanwhile is not yet among the companions: the next beat tells them.
      if (this.companions.has(userId)) for (const news of all) news.flush(() => this.companions.of(userId));
    }
  }

  // Beside those who came, went or moved a few of the others, so that a lost ring leaves nobody wrong for long.
  private async lookAgain() {
    const touched = this.roster.take();
    const some = this.companions.oldest(Math.ceil(this.companions.size / LOOKED_AT_WITHIN));
    const people = [...new Set([...touched, ...some])];
    try {
      const here = people.filter((userId) => this.roster.isHere(userId));
      const [rooms, apart] = [await readRooms(this.core, here), await readBlocks(this.core, here)];
      for (const userId of people) this.place(userId, rooms.get(userId), apart.get(userId));
    } catch (error) {
      this.roster.giveBack(touched);
      throw error;
    }
  }

  private place(userId: string, rooms: string[] | undefined, apart: string[] | undefined) {
    const { found, lost } = this.companions.place(userId, rooms, apart);
    for (const other of found) this.tell(userId, other, true);
    for (const other of lost) this.tell(userId, other, false);
  }

  private tell(one: string, other: string, isHere: boolean) {
    for (const news of this.newsOf(one)) news.note(other, isHere);
    for (const news of this.newsOf(other)) news.note(one, isHere);
  }

  private newsOf(userId: string): Iterable<PresenceNews> {
    return this.followers.get(userId) ?? [];
  }
}

/** The rooms of each of these people, in one order. */
async function readRooms(core: Core, userIds: string[]): Promise<Map<string, string[]>> {
  const rooms = new Map<string, string[]>(userIds.map((userId) => [userId, []]));
  if (userIds.length === 0) return rooms;
  const memberships = await core.db.$queryRaw<{ userId: string; roomId: string }[]>`
    SELECT m.user_id AS "userId", m.room_id AS "roomId" FROM membership m JOIN room r ON r.id = m.room_id
    WHERE m.user_id = ANY(${userIds}::uuid[]) AND m.left_seq IS NULL AND r.deleted_at IS NULL
    ORDER BY m.room_id`;
  for (const { userId, roomId } of memberships) rooms.get(userId)?.push(roomId);
  return rooms;
}

/** Of each of these people, in one order, those whom they block or who block them. */
async function readBlocks(core: Core, userIds: string[]): Promise<Map<string, string[]>> {
  if (userIds.length === 0) return new Map();
  const pairs = await core.db.$queryRaw<{ one: string; other: string }[]>`
    SELECT blocker_id AS one, blocked_id AS other FROM block WHERE blocker_id = ANY(${userIds}::uuid[])
    UNION SELECT blocked_id, blocker_id FROM block WHERE blocked_id = ANY(${userIds}::uuid[])
    ORDER BY one, other`;
  const apart = new Map<string, string[]>();
  for (const { one, other } of pairs) apart.set(one, [...(apart.get(one) ?? []), other]);
  return apart;
}
