import { describe, expect, test } from 'vitest';
import {
  addMessage,
  addNewer,
  addOlder,
  applyEvent,
  isAtEnd,
  openLog,
  placeOf,
  type RoomEvent,
  type RoomLog,
  WINDOW,
  withChanges,
} from '../../web/lib/roomStore';
import { withPerson } from '../../web/messages/withPerson';
import {
  ada,
  deleted,
  edited,
  expired,
  joined,
  left,
  message,
  messages,
  pinned,
  reset,
  roomDeleted,
  sent,
  tomas,
} from './roomLogs';

const following = { viewerId: ada.id, following: true };
const reading = { viewerId: ada.id, following: false };
const seqs = (log: RoomLog) => log.messages.map(({ seq }) => seq);
const bodies = (log: RoomLog) => log.messages.map(({ body }) => body);
const all = (log: RoomLog, events: RoomEvent[], reader = following) =>
  events.reduce((now, event) => applyEvent(now, event, reader), log);

describe('following the log', () => {
  test('an entry is next, seen, or behind a hole', () => {
    const log = { ...openLog(messages(1, 5), false, 5, 'first'), last: 5 };
    expect(placeOf(log, sent(6))).toBe('next');
    expect(placeOf(log, sent(5))).toBe('seen');
    expect(placeOf(log, sent(7))).toBe('hole');
    expect(placeOf(log, reset(40))).toBe('reset');
    expect(placeOf(log, roomDeleted(9))).toBe('next');
  });

  test('the log is followed from the beginning of the page, so that what happened between its messages is told', () => {
    expect(openLog(messages(11, 15), true, 19, 'first').last).toBe(11);
    expect(openLog(messages(2, 5), false, 9, 'first').last).toBe(0);
    expect(openLog([], false, 3, 'first').last).toBe(0);
  });

  test('not more than 200 entries are told again', () => {
    expect(openLog(messages(1, 5), false, 1_000, 'first').last).toBe(800);
  });

  test('messages come to the end, joins become notices, and both move the position', () => {
    const log = all(openLog(messages(1, 2), false, 2, 'first'), [sent(3), joined(4), sent(5)]);
    expect(seqs(log)).toEqual([1, 2, 3, 5]);
    expect(log.notices.map(({ seq }) => seq)).toEqual([4]);
    expect(log.last).toBe(5);
  });

  test('an edit and a deletion change the message where it stands', () => {
    const start = openLog(messages(1, 3), false, 3, 'first');
    const log = all(start, [
      edited(4, message(2, { body: 'two', editedAt: '2026-03-03T13:00:00Z' })),
      deleted(5, message(1)),
    ]);
    expect(bodies(log)).toEqual([null, 'two', '3']);
    expect(start.messages[1]?.body).toBe('2');
  });

  test('an edit of a message outside the window only moves the position', () => {
    const log = all(openLog(messages(10, 12), true, 12, 'first'), [edited(13, message(2, { body: 'two' }))]);
    expect(seqs(log)).toEqual([10, 11, 12]);
    expect(log.last).toBe(13);
  });

  test('Ada leaving ends the room for her, until she is back; Tomás leaving does not', () => {
    const log = openLog(messages(1, 2), false, 2, 'first');
    expect(all(log, [left(3)]).ended).toBe(false);
    expect(all(log, [left(3, ada), left(4)]).ended).toBe(true);
    expect(all(log, [left(3, ada), joined(4, ada)]).ended).toBe(false);
  });

  test('a pin marks the message and is a notice without its text', () => {
    const log = all(openLog(messages(1, 3), false, 3, 'first'), [pinned(4, message(2))]);
    expect(log.messages[1]?.pinnedAt).toBeTruthy();
    expect(log.notices).toEqual([expect.objectContaining({ __typename: 'MessagePinned', about: 'm2', by: ada })]);
    expect(JSON.stringify(log.notices)).not.toContain('"body"');
  });

  test('Tomás is called otherwise wherever he stands, and what does not name him stays the same', () => {
    const liked = message(2, { reactions: [{ emoji: '👍', count: 2, users: [ada, tomas] }], mentions: [tomas] });
    const log = all(openLog([message(1), liked, message(3, { author: tomas })], false, 3, 'first'), [joined(4)]);
    const news = { userId: tomas.id, user: { ...tomas, displayName: 'Tom', colour: 3 } };
    const now = withPerson(log, news);
    expect(now.messages[0]).toBe(log.messages[0]);
    expect(now.messages[1]?.reactions[0]?.users.map(({ displayName }) => displayName)).toEqual([
      'Ada Lindqvist',
      'Tom',
    ]);
    expect(now.messages[2]?.author).toMatchObject({ displayName: 'Tom', colour: 3 });
    expect(now.notices[0]).toMatchObject({ user: { displayName: 'Tom' } });
    const gone = withPerson(log, { userId: tomas.id, user: null });
    expect(gone.messages[1]).toMatchObject({ mentions: [], reactions: [{ count: 1, users: [ada] }] });
    expect(gone.messages[2]?.author).toBeNull();
  });

  test('a Reset moves to its position and epoch', () => {
    const log = all(openLog(messages(1, 9), false, 9, 'first'), [reset(4)]);
    expect(log).toMatchObject({ last: 4, epoch: 'restored' });
    expect(placeOf(log, sent(5))).toBe('next');
  });
});

describe('a message that is known before the log tells of it', () => {
  test('stands at its place once the log has caught up', () => {
    const acknowledged = addMessage(openLog(messages(1, 2), false, 2, 'first'), message(5), true);
    expect(acknowledged.last).toBe(0);
    const log = all(acknowledged, [sent(3), sent(4), sent(5), sent(6)]);
    expect(seqs(log)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('an answer that is late does not undo an edit or a deletion', () => {
    const now = all(openLog(messages(1, 2), false, 2, 'first'), [
      edited(3, message(1, { body: 'newer', editedAt: '2026-03-03T13:00:00Z' })),
      deleted(4, message(2)),
    ]);
    const log = withChanges(now, [message(1), message(2, { body: 'back', editedAt: '2026-03-03T14:00:00Z' })]);
    expect(bodies(log)).toEqual(['newer', null]);
  });
});

describe('the window', () => {
  test('holds at most 300 messages while the reader follows, and knows that there are older ones', () => {
    const log = all(
      openLog(messages(1, 50), false, 50, 'first'),
      messages(51, 1_000).map((one) => sent(one.seq)),
    );
    expect(log.messages.length).toBeLessThanOrEqual(WINDOW);
    expect(seqs(log).at(-1)).toBe(1_000);
    expect(log.hasOlder).toBe(true);
  });

  test('is left alone while the reader is up in the room and it is full', () => {
    const full = openLog(messages(1, WINDOW), false, WINDOW, 'first');
    const log = all(
      full,
      messages(301, 350).map((one) => sent(one.seq)),
      reading,
    );
    expect(log.messages).toBe(full.messages);
    expect(isAtEnd(log)).toBe(false);
    expect(log.last).toBe(350);
  });

  test('older pages push out the newest messages, newer pages the oldest, without a gap', () => {
    let log = openLog(messages(951, 1_000), true, 1_000, 'first');
    for (let first = 951; first > 601; first -= 50) log = addOlder(log, messages(first - 50, first - 1), true);
    expect(seqs(log)).toEqual(messages(601, 900).map(({ seq }) => seq));
    expect(isAtEnd(log)).toBe(false);
    log = addNewer(log, messages(901, 950), true);
    log = addNewer(log, messages(951, 1_000), false);
    expect(seqs(log)).toEqual(messages(701, 1_000).map(({ seq }) => seq));
    expect(isAtEnd(log)).toBe(true);
  });

  test('a message that arrives while a newer page is on its way is not lost', () => {
    let log = addOlder(openLog(messages(301, 350), true, 350, 'first'), messages(1, 300), false);
    log = applyEvent(log, sent(351), reading);
    log = addNewer(log, messages(301, 350), false);
    expect(isAtEnd(log)).toBe(false);
    log = addNewer(log, messages(351, 351), false);
    expect(seqs(log).at(-1)).toBe(351);
    expect(isAtEnd(log)).toBe(true);
  });

  test('does not wait for ever for a message that the server does not give', () => {
    const behind = { ...openLog(messages(1, 5), false, 5, 'first'), newest: 9 };
    expect(isAtEnd(addNewer(behind, [], false))).toBe(true);
  });

  test('a page that was asked for before an edit does not take it back', () => {
    const page = addOlder(openLog(messages(51, 60), true, 60, 'first'), messages(1, 50), false);
    const log = withChanges(page, [message(20, { body: 'twenty', editedAt: '2026-03-03T13:00:00Z' })]);
    expect(log.messages[19]?.body).toBe('twenty');
  });
});

describe('messages that the room keeps no longer', () => {
  test('go from the window with what quotes say of them, and nothing older is to be had', () => {
    const quoting = message(5, { replyTo: { ...message(2), files: [] } });
    const log = all(openLog([...messages(1, 4), quoting], true, 5, 'first'), [expired(6, 3)]);
    expect(seqs(log)).toEqual([4, 5]);
    expect(log).toMatchObject({ hasOlder: false, last: 6, expired: 3 });
    expect(log.messages[1]?.replyTo).toMatchObject({ body: null, deletedAt: expect.any(String) });
  });

  test('do not come back with a page that was asked for before, nor with an answer that was late', () => {
    const log = all(openLog(messages(4, 5), true, 5, 'first'), [expired(6, 3)]);
    expect(seqs(addOlder(log, messages(1, 3), false))).toEqual([4, 5]);
    expect(seqs(addMessage(log, message(2), true))).toEqual([4, 5]);
  });

  test('leave an empty window that is at the end, to which new ones come', () => {
    const log = all(openLog(messages(1, 2), false, 2, 'first'), [expired(3, 2)]);
    expect([seqs(log), isAtEnd(log)]).toEqual([[], true]);
    expect(seqs(all(log, [sent(4)]))).toEqual([4]);
  });
});
