export type {
  AuditEvent,
  Ban,
  File,
  Instance,
  Invitation,
  Membership,
  Room,
  RoomLink,
  Session,
  User,
} from '../generated/prisma/client.ts';
export type {
  AuditAction,
  Encryption,
  EntryKind,
  MemberRole,
  NotifyLevel,
  Registration,
  RoomKind,
} from '../generated/prisma/enums.ts';
