export type { Instance, Invitation, Membership, Room, Session, User } from '../generated/prisma/client.ts';
export type {
  Encryption,
  EntryKind,
  MemberRole,
  Registration,
  RoomKind,
} from '../generated/prisma/enums.ts';
