import type { SealedNotice } from '../crypto/types';
import type { Notice } from '../lib/roomStore';
import { daysWords } from '../rooms/retention';

/** One quiet line for what happened to the room. */
export function noticeSentence(notice: Notice): string {
  const by = name('by' in notice ? notice.by : null);
  switch (notice.__typename) {
    case 'RoomCreated':
      return `${by} opened this room`;
    case 'RoomChanged':
      return changed(notice, by);
    case 'MemberJoined':
      return joined(notice, by);
    case 'MemberLeft':
      return `${name(notice.user)} left`;
    case 'MemberRemoved':
      return `${by} removed ${name(notice.user)}`;
    case 'MemberBanned':
      return `${by} banned ${name(notice.user)}`;
    case 'MemberUnbanned':
      return `${by} lifted the ban on ${name(notice.user)}`;
    case 'OwnershipTransferred':
      return `${by} handed this room over to ${name(notice.user)}`;
    case 'MessagePinned':
      return `${by} pinned a message.`;
    case 'MessageUnpinned':
      return `${by} took a pin away.`;
    case 'RoleChanged':
      return `${by} made ${name(notice.user)} ${ROLES[notice.role] ?? `something ${UNKNOWN}`}`;
    case 'RoomEncrypted':
      return `${by} ${ENCRYPTED}`;
    case 'EncryptionNotice':
      return encryption(notice);
    default:
      return `Something happened here ${UNKNOWN}.`;
  }
}

// The server is newer than the page.
const UNKNOWN = 'that this page is too old to show: reload it';
const ENCRYPTED = 'turned on encryption. What is written from here on only the people in this room can read.';
const ROLES = { OWNER: 'an owner', MODERATOR: 'a moderator', MEMBER: 'a member' };

function changed(
  { name, topic, retentionChanged, retentionDays }: Extract<Notice, { __typename: 'RoomChanged' }>,
  by: string,
) {
  if (!retentionChanged) return `${by} changed this room: ${[name, topic].filter(Boolean).join(', ')}`;
  if (!retentionDays) return `${by} decided that messages are kept for good from now on`;
  return `${by} decided that messages are deleted after ${daysWords(retentionDays)}`;
}

function encryption({ what, user }: SealedNotice) {
  const who = name(user);
  switch (what) {
    case 'encrypted':
      return `${who} ${ENCRYPTED}`;
    case 'renewed':
      return `${who} renewed the encryption`;
    case 'joinedByLink':
      return `${who} joined through the invite link`;
    case 'newDevice':
      return `${who} added a new device`;
    case 'keyChanged':
      return `The security key of ${who} has changed`;
    default:
      return 'A message here was damaged, and cannot be read.';
  }
}

function joined({ by, user }: Extract<Notice, { __typename: 'MemberJoined' }>, byName: string) {
  const alone = !by || by.id === user?.id;
  return alone ? `${name(user)} joined` : `${byName} added ${name(user)}`;
}

function name(person: { displayName: string } | null | undefined) {
  return person?.displayName ?? 'Someone';
}
