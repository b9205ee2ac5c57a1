import type { Bytes } from '../bytes.ts';
import type { GroupState, SavedGroup } from '../mls/engine.ts';
import type { CardContent } from '../sealing/content.ts';
import type { RoomFacts } from './ports.ts';
import type { RoomView } from './view.ts';

/** What a device keeps of a room besides its group and what was said. A record; `pending` is saved before it is sent. */
export interface RoomRecord {
  id: string;
  kind: RoomFacts['kind'];
  /** The position in the log up to which everything was followed. */
  cursor: number;
  /** Of the server to whose log the position belongs. */
  logEpoch?: string;
  /** Of the group; 0 while there is none. */
  generation: number;
  /** The first position that this device could read; what it got keys for since counts. */
  readableFrom: number;
  /** Where this device has entered the group for the first time: from there on it reads for itself. 0 while it has not. */
  enteredAt: number;
  /** Accounts that the log says have gone, and that may still be in the tree. */
  left: string[];
  /** Devices that are no longer their account's. */
  revoked: string[];
  roles: Record<string, RoomFacts['role']>;
  /** The other person of a direct room. */
  partner?: string;
  card?: CardContent;
  /** Joins by a link that could not be judged, because the card was not known yet. */
  unproven: Unproven[];
  /** `members`: a group of this device's own making, in which nobody else is yet. */
  owes: { card: boolean; history: string[]; members?: boolean };
  /** Accounts that somebody of the room has asked in, signed, or whom this device's person has accepted. */
  invited: string[];
  /** The keys, in Base64, of those of them whom who asked them in had met. */
  invitedKeys?: Record<string, string>;
  /** Accounts of which the server says that this device's person has asked them in. */
  asking?: string[];
  /** Who was in the group that the one of now has replaced, or was asked into it, by their accounts. */
  former?: string[];
  /** Who has come with a new group, and was not in the one before: nothing is said until this device's person accepts them. */
  strangers?: string[];
  /** SHA-256 of the commit that has led to the group's epoch, where this device followed it. */
  lastCommit?: Bytes;
  lastCommitAt: number;
  ownCommitAt: number;
  pending?: Pending;
  problem?: Problem;
  /** The link by which this device is to join. */
  link?: { id: string; secret: Bytes };
  /** This device's person came by a link: nobody has asked them in by name. */
  cameAlone?: boolean;
  resyncs: number;
  /** What was seen of the log, up to the position, where it is known (trail.ts). */
  trail?: Bytes;
  /** So many messages, one after the other, were from people to whom the server says that its epoch is another. */
  astray?: number;
  /** From here on whatever is in plain text is not from anybody here; 0 while the room is not encrypted. */
  sealedFrom: number;
  /** Keys of earlier entries have come, which were not looked at again yet. */
  isStale?: boolean;
}

export interface Unproven {
  linkProof: Bytes;
  groupId: Bytes;
  epoch: number;
  signatureKey: Bytes;
}

/** A commit, or a new group, of which it is not known whether the server has taken it. */
export type Pending = { id: string; generation: number; next: SavedGroup; groupInfo: Bytes } & (
  | { what: 'open' }
  | {
      what: 'commit';
      epoch: number;
      commit: Bytes;
      external: boolean;
      adds: { deviceId: string; accountId: string }[];
      removes: string[];
      welcome?: Bytes;
    }
);

/**
 * 'unverified': a commit that does not verify (the way out is to join anew); 'intruder': one that nobody may make (the
 * way out is a new group); 'forked': somebody was shown another log of the room (a new group, too); 'rolledBack': this device has forgotten what it sent, as after a restored disk.
 */
export type Problem = 'unverified' | 'intruder' | 'forked' | 'rolledBack';

export interface Room {
  record: RoomRecord;
  group: GroupState | undefined;
  view: RoomView;
  /** When it was last looked for devices to let in, in ms. */
  lookedAt?: number;
  /** When the newest signal of each device was made, by its own clock, in ms. */
  heard?: Map<string, number>;
}

export function newRecord({ id, kind, directWith }: Pick<RoomFacts, 'id' | 'kind' | 'directWith'>): RoomRecord {
  return {
    id,
    kind,
    cursor: 0,
    generation: 0,
    readableFrom: 0,
    enteredAt: 0,
    left: [],
    revoked: [],
    roles: {},
    ...(directWith && { partner: directWith.id }),
    unproven: [],
    owes: { card: false, history: [] },
    invited: [],
    lastCommitAt: 0,
    ownCommitAt: 0,
    resyncs: 0,
    sealedFrom: 0,
  };
}

/** Where records of rooms stand in the store, each kind below its own. */
export const BELOW = {
  room: 'room/',
  group: 'group/',
  ratchet: 'ratchet/',
  sent: 'sent/',
  key: 'key/',
  entry: 'entry/',
  kept: 'kept/',
} as const;

export const roomKey = (id: string) => BELOW.room + id;
export const groupKey = (id: string) => BELOW.group + id;
export const ratchetKey = (id: string) => BELOW.ratchet + id;
export const sentPrefix = (roomId: string) => `${BELOW.sent}${roomId}/`;
export const sentKey = (roomId: string, id: string) => sentPrefix(roomId) + id;
/** What the page keeps of a room. */
export const keptPrefix = (roomId: string) => `${BELOW.kept}${roomId}/`;
export const keyKey = (roomId: string, id: string) => `${BELOW.key}${roomId}/${id}`;
export const entryPrefix = (roomId: string) => `${BELOW.entry}${roomId}/`;
export const entryKey = (roomId: string, seq: number) => `${entryPrefix(roomId)}${String(seq).padStart(10, '0')}`;

/** Nothing but a new group leads out of it. */
export const isStuck = ({ problem }: RoomRecord): boolean => problem === 'intruder' || problem === 'forked';

/** Whether this room is to be written to now, by what this device itself knows. */
export const isIn = ({ group, record }: Room): boolean => !!group && !group.removed && !record.problem;

export const accountsIn = ({ group }: Pick<Room, 'group'>): string[] => [
  ...new Set(group?.members.map(({ credential }) => credential.accountId)),
];

export const devicesIn = ({ group }: Pick<Room, 'group'>): string[] =>
  group?.members.map(({ credential }) => credential.deviceId) ?? [];
