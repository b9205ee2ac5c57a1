export type {
  File,
  Instance,
  Invitation,
  Membership,
  Room,
  RoomLink,
  SecurityEvent,
  Session,
  User,
} from '../generated/prisma/client.ts';
export type {
  Encryption,
  EntryKind,
  MemberRole,
  NotifyLevel,
  Registration,
  RoomKind,
  SecurityEventKind,
} from '../generated/prisma/enums.ts';
