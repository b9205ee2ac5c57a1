import { expect, test } from 'vitest';
import { type RoomNews, roomAfter } from '../../web/rooms/roomAfter';
import { asCounted, newerOf, type Room, withCounts } from '../../web/rooms/unreadCounts';

const sam = 'sam';

const room = (parts: Partial<Room> = {}): Room => ({
  id: 'room',
  kind: 'DIRECT',
  encryption: 'NONE',
  name: null,
  topic: '',
  createdAt: '2026-03-03T12:00:00.000Z',
  memberCount: 2,
  lastSeq: 10,
  retentionDays: null,
  expiredSeq: 0,
  countedSeq: 10,
  readSeq: 10,
  unreadCount: 0,
  mentionCount: 0,
  notify: 'ALL',
  directWith: null,
  membership: { role: 'MEMBER' },
  lastMessage: null,
  ...parts,
});

const entry = (kind: 'MessageSent' | 'MessageDeleted', seq: number, of: number, by: string, names: string[] = []) => {
  const calls = { mentions: names.map((id) => ({ id })), mentionsRoom: false };
  const author = { id: by, displayName: by };
  const message = {
    id: `m${of}`,
    seq: of,
    body: `${of}`,
    files: [],
    createdAt: '2026-03-03T12:00:00.000Z',
    author,
    ...calls,
  };
  return { __typename: kind, roomId: 'room', seq, message } satisfies RoomNews;
};
const sent = (seq: number, by = 'ada', names: string[] = []) => entry('MessageSent', seq, seq, by, names);
const deleted = (seq: number, of: number, by = 'ada') => entry('MessageDeleted', seq, of, by);
const after = (from: Room, ...events: RoomNews[]) => events.reduce((now, event) => roomAfter(now, event, sam), from);
const counts = (readSeq: number, unreadCount: number, lastSeq: number) => ({
  readSeq,
  unreadCount,
  mentionCount: unreadCount,
  lastSeq,
});

test('what others say counts once, also when it is told twice', () => {
  expect(after(room(), sent(11), sent(12), sent(12), sent(11)).unreadCount).toBe(2);
});

test('with a person alone everything is for the viewer; in a room of many what names them', () => {
  expect(after(room(), sent(11))).toMatchObject({ unreadCount: 1, mentionCount: 1 });
  const many = room({ kind: 'PUBLIC' });
  expect(after(many, sent(11))).toMatchObject({ unreadCount: 1, mentionCount: 0 });
  const named = after(many, sent(11, 'ada', [sam]), sent(12, 'ada', ['noor']), sent(13, 'noor', [sam]));
  expect(named).toMatchObject({ unreadCount: 3, mentionCount: 2 });
  expect(after(named, deleted(14, 11))).toMatchObject({ unreadCount: 2, mentionCount: 1 });
  expect(after(named, deleted(14, 12))).toMatchObject({ unreadCount: 2, mentionCount: 2 });
  const read = { readSeq: 12, unreadCount: 0, mentionCount: 0, lastSeq: 12 };
  expect(withCounts(named, read)).toMatchObject({ unreadCount: 1, mentionCount: 1 });
});

test('Sam’s own message has read what was before it', () => {
  expect(after(room(), sent(11), sent(12, sam), sent(13))).toMatchObject({ unreadCount: 1, readSeq: 12 });
});

test('a message that is deleted before it was read counts no more', () => {
  expect(after(room(), sent(11), sent(12), deleted(13, 11)).unreadCount).toBe(1);
});

test('a message that is deleted after it was read takes nothing away', () => {
  const read = withCounts(after(room(), sent(11)), counts(11, 0, 11));
  expect(after(read, sent(12), deleted(13, 11)).unreadCount).toBe(1);
});

test('read on another device: what was said since then stays', () => {
  const now = after(room(), sent(11), sent(12), sent(13));
  expect(withCounts(now, counts(12, 0, 12)).unreadCount).toBe(1);
});

test('read on another device, told before the messages are: they are not counted again', () => {
  const now = withCounts(after(room(), sent(11)), counts(12, 1, 13));
  expect(after(now, sent(12), sent(13)).unreadCount).toBe(1);
  expect(after(now, sent(12), sent(13), sent(14)).unreadCount).toBe(2);
});

test('marked unread on another device', () => {
  expect(withCounts(room(), counts(7, 3, 10)).unreadCount).toBe(3);
});

test('what the server has counted after it looked where the log ends is not counted again', () => {
  const answer = asCounted(room({ lastSeq: 10, countedSeq: 12, unreadCount: 2, mentionCount: 2 }));
  expect(after(answer, sent(11), sent(12)).unreadCount).toBe(2);
  expect(after(answer, sent(11), sent(12), sent(13))).toMatchObject({ unreadCount: 3, lastSeq: 13 });
  expect(newerOf(room(), answer)).toMatchObject({ unreadCount: 2, lastSeq: 10 });
});

test('an answer that is older than what the log told takes nothing back', () => {
  const now = after(room(), sent(11), sent(12));
  expect(newerOf(now, room({ lastSeq: 11, unreadCount: 1, mentionCount: 1 }))).toMatchObject({
    lastSeq: 12,
    unreadCount: 2,
  });
});

test('an answer that is older than what was read elsewhere does not bring it back', () => {
  const read = withCounts(after(room(), sent(11), sent(12)), counts(12, 0, 12));
  expect(newerOf(read, room({ lastSeq: 11, unreadCount: 1, mentionCount: 1 })).unreadCount).toBe(0);
});

test('a newer answer is believed', () => {
  const now = after(room(), sent(11));
  expect(newerOf(now, room({ lastSeq: 30, unreadCount: 7, mentionCount: 7 }))).toMatchObject({
    lastSeq: 30,
    unreadCount: 7,
  });
});

test('thousands of messages are counted, and reading them clears them', () => {
  const many = Array.from({ length: 2_000 }, (_, index) => sent(11 + index));
  const now = after(room(), ...many);
  expect(now.unreadCount).toBe(2_000);
  expect(now.counted?.changes.length).toBe(500);
  expect(withCounts(now, counts(2_010, 0, 2_010)).unreadCount).toBe(0);
});

test('what a room keeps no longer is not shown as its newest message', () => {
  const gone = { __typename: 'MessagesExpired', roomId: 'room', seq: 12, upTo: 11 } satisfies RoomNews;
  expect(after(room(), sent(11), gone)).toMatchObject({ lastMessage: null, expiredSeq: 11, lastSeq: 12 });
  expect(after(room(), sent(11), { ...gone, upTo: 10 }).lastMessage).toMatchObject({ id: 'm11' });
});
