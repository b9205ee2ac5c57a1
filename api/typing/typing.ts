import type { Core } from '../core.ts';
import { idOf } from '../input.ts';
import type { Notices } from '../realtime/notices.ts';
import type { Person } from '../realtime/person.ts';
import { refuseEncrypted } from '../rooms/encrypted.ts';
import { getMembership } from '../rooms/memberships.ts';
import { NoticeWatch } from '../rooms/noticeWatch.ts';
import { mayRing } from '../rooms/ringing.ts';
import { subscribeToRoom } from '../rooms/roomSubscription.ts';
import { personOf } from '../users/profile.ts';
import { getUser, type Viewer } from '../users/users.ts';

/** That somebody is typing in a room, now. */
export interface TypingNotice {
  roomId: string;
  user: Person;
  at: string;
}

const topic = (roomId: string) => `typing:${roomId}`;

/**
 * Tells the room that the viewer is typing. At most every 0.3 s is passed on; nothing is stored. CONFLICT in an encrypted room:
 * there a device signals it, sealed.
 */
export async function setTyping(core: Core, viewer: Viewer, roomId: string): Promise<void> {
  const at = new Date().toISOString();
  const id = idOf(roomId, 'Room');
  refuseEncrypted((await getMembership(core, viewer, id)).room);
  if (!mayRing(core, `typing ${viewer.id} ${id}`)) return;
  const user = personOf(await getUser(core, viewer, viewer.id));
  core.bus.ring(topic(id), { roomId: id, user, at } satisfies TypingNotice);
}

/** Who types in a room from now on, for a member, oneself included. NOT_FOUND for everyone else. */
export async function watchTyping(core: Core, viewer: Viewer, roomId: string): Promise<NoticeWatch<TypingNotice>> {
  const reader = await subscribeToRoom(core, viewer, roomId, {});
  return new NoticeWatch(core, topic(idOf(roomId, 'Room')), reader, ({ user }) => user.id);
}

/** The same for one who hears it alone: at most once, and only the newest if nobody reads. */
export async function subscribeToTyping(core: Core, viewer: Viewer, roomId: string): Promise<Notices<TypingNotice>> {
  return (await watchTyping(core, viewer, roomId)).open();
}
