import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Core } from '../api/core.ts';
import { type Node, type Person, ROOM_LOG, type World } from './world.ts';

/** What a person asks of the server: `alice.graphql(...leave(room))`, `mallory.refused(...leave(room))`. */
export type Operation = [document: string, variables: Record<string, unknown>];
export type Role = 'OWNER' | 'MODERATOR' | 'MEMBER';
export type Page = { first?: number; after?: string; last?: number; before?: string; around?: string };

const ROOM = '{ id kind name topic encryption lastSeq memberCount membership { role joinedSeq user { id } } }';
const QUOTE = 'replyTo { id seq body createdAt deletedAt author { id displayName } }';
const MARKS = 'reactions { emoji count users { id } } mentions { id } mentionsRoom pinnedAt';
const MESSAGE = `{ id roomId seq changedSeq body createdAt editedAt deletedAt author { id displayName } ${QUOTE} ${MARKS} }`;
const MEMBERSHIP = '{ role joinedSeq user { id displayName } }';
const PAGE = '$first: Int, $after: String, $last: Int, $before: String';
const PAGED = 'first: $first, after: $after, last: $last, before: $before';
const PAGE_INFO = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

export const create = (input: object): Operation => [
  `mutation ($input: CreateRoomInput!) { createRoom(input: $input) ${ROOM} }`,
  { input },
];
export const read = (id: string): Operation => [`query ($id: ID!) { room(id: $id) ${ROOM} }`, { id }];
export const preview = (id: string): Operation => [
  'query ($id: ID!) { publicRoom(id: $id) { id name topic memberCount joined createdAt } }',
  { id },
];
export const listPublic = (search: string, page: Page = {}): Operation => [
  `query ($search: String, ${PAGE}) { publicRooms(search: $search, ${PAGED}) {
    nodes { id name memberCount joined } edges { cursor } ${PAGE_INFO}
  } }`,
  { search, ...page },
];
export const listOwn = (): Operation => [
  '{ viewer { roomsVersion rooms { id name kind memberCount directWith { id } lastMessage { body } } } }',
  {},
];
export const join = (id: string): Operation => [`mutation ($id: ID!) { joinRoom(id: $id) ${ROOM} }`, { id }];
export const leave = (id: string): Operation => ['mutation ($id: ID!) { leaveRoom(id: $id) }', { id }];
export const update = (id: string, changes: { name?: string | null; topic?: string | null }): Operation => [
  'mutation ($input: UpdateRoomInput!) { updateRoom(input: $input) { id name topic } }',
  { input: { id, ...changes } },
];
export const setRetention = (roomId: string, days: number | null): Operation => [
  'mutation ($roomId: ID!, $days: Int) { setRetention(roomId: $roomId, days: $days) { id retentionDays expiredSeq } }',
  { roomId, days },
];
export const deleteRoom = (id: string): Operation => ['mutation ($id: ID!) { deleteRoom(id: $id) }', { id }];
export const openDirect = (userId: string): Operation => [
  'mutation ($userId: ID!) { openDirectRoom(userId: $userId) { id kind name directWith { id } memberCount } }',
  { userId },
];

export const addMember = (roomId: string, userId: string): Operation => [
  `mutation ($roomId: ID!, $userId: ID!) { addMember(roomId: $roomId, userId: $userId) ${MEMBERSHIP} }`,
  { roomId, userId },
];
export const removeMember = (roomId: string, userId: string): Operation => [
  'mutation ($roomId: ID!, $userId: ID!) { removeMember(roomId: $roomId, userId: $userId) }',
  { roomId, userId },
];
export const ban = (roomId: string, userId: string, reason?: string): Operation => [
  `mutation ($roomId: ID!, $userId: ID!, $reason: String) {
    banMember(roomId: $roomId, userId: $userId, reason: $reason) { user { id } madeBy { id } reason }
  }`,
  { roomId, userId, reason },
];
export const unban = (roomId: string, userId: string): Operation => [
  'mutation ($roomId: ID!, $userId: ID!) { unbanMember(roomId: $roomId, userId: $userId) }',
  { roomId, userId },
];
export const listBans = (roomId: string): Operation => [
  'query ($roomId: ID!) { bans(roomId: $roomId) { user { id } madeBy { id } reason } }',
  { roomId },
];
export const transfer = (roomId: string, userId: string): Operation => [
  `mutation ($roomId: ID!, $userId: ID!) { transferOwnership(roomId: $roomId, userId: $userId) ${MEMBERSHIP} }`,
  { roomId, userId },
];
export const setRole = (roomId: string, userId: string, role: Role): Operation => [
  `mutation ($roomId: ID!, $userId: ID!, $role: MemberRole!) {
    setRole(roomId: $roomId, userId: $userId, role: $role) ${MEMBERSHIP}
  }`,
  { roomId, userId, role },
];
export const listMembers = (id: string, page: Page = {}): Operation => [
  `query ($id: ID!, ${PAGE}) { room(id: $id) { members(${PAGED}) {
    nodes ${MEMBERSHIP} edges { cursor } ${PAGE_INFO}
  } } }`,
  { id, ...page },
];

export const send = (roomId: string, body: string, id: string = randomUUID(), replyTo?: string): Operation => [
  `mutation ($input: SendMessageInput!) { sendMessage(input: $input) ${MESSAGE} }`,
  { input: { roomId, body, id, replyTo } },
];
export const reply = (roomId: string, replyTo: string, body: string): Operation =>
  send(roomId, body, randomUUID(), replyTo);
export const edit = (id: string, body: string): Operation => [
  `mutation ($input: EditMessageInput!) { editMessage(input: $input) ${MESSAGE} }`,
  { input: { id, body } },
];
export const unsend = (id: string): Operation => [`mutation ($id: ID!) { deleteMessage(id: $id) ${MESSAGE} }`, { id }];
export const listMessages = (id: string, page: Page = {}): Operation => [
  `query ($id: ID!, $around: String, ${PAGE}) { room(id: $id) { messages(around: $around, ${PAGED}) {
    nodes ${MESSAGE} edges { cursor } ${PAGE_INFO}
  } } }`,
  { id, ...page },
];
export const listNotices = (id: string, after = 0, before = 2_147_483_647): Operation => [
  `query ($id: ID!, $after: Int!, $before: Int!) {
    room(id: $id) { notices(after: $after, before: $before) { __typename seq at } }
  }`,
  { id, after, before },
];
export const findMessage = (id: string): Operation => [`query ($id: ID!) { message(id: $id) ${MESSAGE} }`, { id }];

const READING = '{ id readSeq unreadCount mentionCount notify lastSeq }';
export const reading = (id: string): Operation => [`query ($id: ID!) { room(id: $id) ${READING} }`, { id }];
export const listReading = (): Operation => [`{ viewer { roomsVersion rooms ${READING} } }`, {}];
export const markRead = (roomId: string, seq: number): Operation => [
  `mutation ($roomId: ID!, $seq: Int!) { markRead(roomId: $roomId, seq: $seq) ${READING} }`,
  { roomId, seq },
];
export const markUnread = (roomId: string, seq: number): Operation => [
  `mutation ($roomId: ID!, $seq: Int!) { markUnread(roomId: $roomId, seq: $seq) ${READING} }`,
  { roomId, seq },
];
export const setNotify = (roomId: string, level: 'ALL' | 'MENTIONS' | 'NOTHING'): Operation => [
  `mutation ($roomId: ID!, $level: NotifyLevel!) { setNotify(roomId: $roomId, level: $level) ${READING} }`,
  { roomId, level },
];
export const react = (messageId: string, emoji: string, on = true): Operation => [
  `mutation ($messageId: ID!, $emoji: String!, $on: Boolean!) {
    setReaction(messageId: $messageId, emoji: $emoji, on: $on) ${MESSAGE}
  }`,
  { messageId, emoji, on },
];
export const pin = (messageId: string): Operation => [
  `mutation ($messageId: ID!) { pinMessage(messageId: $messageId) ${MESSAGE} }`,
  { messageId },
];
export const unpin = (messageId: string): Operation => [
  `mutation ($messageId: ID!) { unpinMessage(messageId: $messageId) ${MESSAGE} }`,
  { messageId },
];
export const listPins = (id: string): Operation => [`query ($id: ID!) { room(id: $id) { pins ${MESSAGE} } }`, { id }];
export const listMentions = (unread = false, page: Page = {}): Operation => [
  `query ($unread: Boolean!, ${PAGE}) { viewer { mentions(unread: $unread, ${PAGED}) {
    nodes ${MESSAGE} ${PAGE_INFO}
  } } }`,
  { unread, ...page },
];
export const startTyping = (roomId: string): Operation => [
  'mutation ($roomId: ID!) { setTyping(roomId: $roomId) }',
  { roomId },
];

/** What `ROOM_LOG` asks of one room, of all rooms of the viewer. */
export const VIEWER_LOG = ROOM_LOG.replace('$roomId: ID!, $after: Int,', '$after: [RoomPosition!],').replace(
  'roomLog(roomId: $roomId,',
  'viewerLog(',
);
export const TYPING = 'subscription ($roomId: ID!) { typing(roomId: $roomId) { roomId at user { id displayName } } }';
export const PRESENCE = 'subscription { presence { isComplete here gone } }';
export const VIEWER_EVENTS = `subscription ($after: Int) { viewerEvents(after: $after) {
  __typename
  ... on RoomJoined { version room { id name kind directWith { id } } }
  ... on RoomLeft { version roomId }
  ... on ReadMoved { version roomId readSeq unreadCount mentionCount lastSeq }
  ... on NotifyChanged { version roomId notify }
  ... on HushChanged { version hushedUntil }
  ... on RoomsChanged { version }
} }`;

/** These people, who have accounts. */
export async function people<Name extends string>(
  world: Pick<World, 'person'>,
  ...names: Name[]
): Promise<Record<Name, Person>> {
  const accounts: [string, Person][] = [];
  for (const name of names) accounts.push([name, await world.person(name)]);
  return Object.fromEntries(accounts) as Record<Name, Person>;
}

/** A room of the first person, in which the others are members. */
export async function roomOf(owner: Person, ...members: Person[]): Promise<string> {
  const room = await owner.createRoom({ kind: 'PRIVATE' });
  for (const member of members) await owner.graphql(...addMember(room, member.id));
  return room;
}

/** The tables that have the text in one of their rows. */
export async function tablesWith({ core: { db } }: Node, text: string): Promise<string[]> {
  const tables = await db.$queryRaw<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`;
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await db.$queryRawUnsafe<object[]>(`SELECT 1 FROM "${name}" t WHERE t::text LIKE $1`, `%${text}%`);
    if (rows.length > 0) found.push(name);
  }
  return found;
}

/** A node that dies between commit and ring: what is done there is done, and nobody is told. */
export const dying = (core: Core): Core => ({
  ...core,
  bus: { ...core.bus, ring: () => {} },
  roomFeeds: { ...core.roomFeeds, announce: () => {} },
  roomsVersions: { ...core.roomsVersions, ring: () => {}, ringPlace: () => {} },
});

/** The person as the functions of the domain know them. */
export const viewer = ({ id }: Person) => ({ id, sessionId: '' });

interface Row {
  seq: number;
  kind: string;
  ordinal: number | null;
  actor: string | null;
  subject: string | null;
  role: Role | null;
}
interface Place {
  role: Role;
  joined: number;
  left: number | null;
}

/**
 * What holds for every room at every moment: the log has no hole and ends at the room's position, its entries tell
 * exactly who is in the room and as what, its messages are counted, and a room with people in it has an owner. A deleted
 * room holds nothing.
 */
export async function expectSound({ core: { db } }: Node, roomId: string): Promise<void> {
  const room = await db.room.findUniqueOrThrow({ where: { id: roomId }, include: { memberships: true } });
  const log = await db.$queryRaw<Row[]>`
    SELECT seq, kind::text AS kind, ordinal, actor_id AS actor, subject_id AS subject, detail ->> 'role' AS role
    FROM entry WHERE room_id = ${roomId}::uuid ORDER BY seq`;
  if (room.deletedAt) {
    expect(log.map(({ seq, kind }) => ({ seq, kind }))).toEqual([{ seq: room.lastSeq, kind: 'ROOM_DELETED' }]);
    expect(room).toMatchObject({ memberships: [], name: null, nameKey: null, topic: '' });
    return;
  }
  expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: room.lastSeq }, (_, index) => index + 1));
  expect(room.lastMessageSeq).toBe(log.findLast(({ kind }) => kind === 'MESSAGE')?.seq ?? 0);
  const ordinals = log.flatMap(({ ordinal }) => ordinal ?? []);
  expect(ordinals).toEqual(Array.from({ length: room.messageCount }, (_, index) => index + 1));
  const places = room.memberships.map(
    (m) => [m.userId, { role: m.role, joined: m.joinedSeq, left: m.leftSeq }] as const,
  );
  const told = room.kind === 'DIRECT' ? room.memberships.map(({ userId }) => userId) : [];
  expect(Object.fromEntries(places)).toEqual(Object.fromEntries(membersToldBy(log, told)));
  const present = room.memberships.filter(({ leftSeq }) => leftSeq === null);
  if (room.kind !== 'DIRECT' && present.length > 0) expect(present.map(({ role }) => role)).toContain('OWNER');
  if (room.kind === 'PRIVATE') expect(present).not.toEqual([]);
}

const PARTINGS = ['MEMBER_LEFT', 'MEMBER_REMOVED', 'MEMBER_BANNED'];

function membersToldBy(log: Row[], direct: string[]): Map<string, Place> {
  const members = new Map<string, Place>(direct.map((id) => [id, { role: 'MEMBER', joined: 1, left: null }]));
  for (const { seq, kind, actor, subject, role } of log) {
    if (kind === 'ROOM_CREATED' && direct.length === 0)
      members.set(`${actor}`, { role: 'OWNER', joined: 1, left: null });
    if (kind === 'MEMBER_JOINED') members.set(`${subject}`, { role: 'MEMBER', joined: seq, left: null });
    if (!subject) members.delete('null'); // Somebody whose account was deleted.
    const place = members.get(`${subject}`);
    if (place && PARTINGS.includes(kind) && place.left === null) place.left = seq;
    if (place && kind === 'OWNERSHIP_TRANSFERRED') {
      place.role = 'OWNER';
      const giver = members.get(`${actor}`);
      if (giver) giver.role = 'MODERATOR';
    }
    if (place && kind === 'ROLE_CHANGED') place.role = role ?? 'MEMBER';
  }
  return members;
}
