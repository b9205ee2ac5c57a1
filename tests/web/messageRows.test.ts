import { expect, test } from 'vitest';
import { applyEvent, openLog, type RoomEvent } from '../../web/lib/roomStore';
import { messageRows, type Row } from '../../web/messages/messageRows';
import { ada, joined, message, messages, sent, tomas } from './roomLogs';

const today = new Date('2026-03-03T18:00:00.000Z');
const reader = { viewerId: ada.id, following: true };
const unsent = (id: string, createdAt = '2026-03-03T15:00:00.000Z') => ({ id, roomId: 'room', body: id, createdAt });
const brief = (row: Row) => (row.kind === 'message' ? `${row.continues ? '  ' : ''}${row.message.body}` : row.kind);

test('messages of one author within five minutes are one group', () => {
  const log = openLog([...messages(1, 2), message(3, { author: tomas }), message(4), message(10)], false, 10, 'e');
  expect(messageRows(log, [], ada, today).map(brief)).toEqual(['day', '1', '  2', '3', '4', '10']);
});

test('accounts that are gone are not one author', () => {
  const log = openLog([message(1, { author: null }), message(2, { author: null })], false, 2, 'e');
  expect(messageRows(log, [], ada, today).map(brief)).toEqual(['day', '1', '2']);
});

test('each day begins with its name, and a notice ends a group', () => {
  const before = message(1, { createdAt: '2026-03-02T11:00:00.000Z' });
  const log = applyEvent(openLog([before, message(2), message(3)], false, 3, 'e'), joined(4), reader);
  const rows = messageRows(applyEvent(log, sent(5), reader), [], ada, today);
  expect(rows.map((row) => ('label' in row ? row.label : 'sentence' in row ? row.sentence : row.key))).toEqual([
    'Yesterday',
    'm1',
    'Today',
    'm2',
    'm3',
    'Tomás Rivera joined',
    'm5',
  ]);
  expect(rows.at(-1)).toMatchObject({ continues: false });
});

test('an entry, or a role, that is newer than the page is told in a sentence', () => {
  const waved = { ...joined(4), __typename: 'MemberWaved' } as unknown as RoomEvent;
  const changed = { ...joined(5), __typename: 'RoleChanged', role: 'GARDENER' } as unknown as RoomEvent;
  const log = [waved, changed].reduce((held, entry) => applyEvent(held, entry, reader), openLog([], false, 3, 'e'));
  const sentences = messageRows(log, [], ada, today).flatMap((row) => ('sentence' in row ? row.sentence : []));
  expect(sentences).toEqual([
    'Something happened here that this page is too old to show: reload it.',
    'Tomás Rivera made Tomás Rivera something that this page is too old to show: reload it',
  ]);
});

test('what is not sent stands at the end under its own id, and only once when the log has it', () => {
  const log = openLog(messages(1, 2), false, 2, 'e');
  const items = [unsent('m3'), unsent('m4')];
  expect(
    messageRows(log, items, ada, today)
      .map(({ key }) => key)
      .slice(-2),
  ).toEqual(['m3', 'm4']);
  const rows = messageRows(applyEvent(log, sent(3), reader), items, ada, today);
  expect(rows.map(({ key }) => key)).toEqual(['day-2026-03-03', 'm1', 'm2', 'm3', 'm4']);
  expect(rows.map((row) => 'unsent' in row && Boolean(row.unsent))).toEqual([false, false, false, false, true]);
});

test('a device whose clock is days behind does not open a day twice', () => {
  const rows = messageRows(
    openLog(messages(1, 2), false, 2, 'e'),
    [unsent('m3', '2026-02-01T00:00:00.000Z')],
    ada,
    today,
  );
  expect(rows.filter(({ kind }) => kind === 'day')).toHaveLength(1);
});

test('away from the end of the room neither unsent messages nor later notices are shown', () => {
  const log = { ...applyEvent(openLog(messages(1, 2), true, 2, 'e'), joined(3), reader), newest: 9 };
  expect(messageRows(log, [unsent('m10')], ada, today).map(brief)).toEqual(['day', '1', '  2']);
});

test('what names Ada or calls everyone is for her, unless she wrote it', () => {
  const named = message(1, { author: tomas, mentions: [ada] });
  const everyone = message(2, { author: tomas, mentionsRoom: true });
  const own = message(3, { mentionsRoom: true });
  const other = message(4, { author: tomas, body: '@ada, if that was your name', mentions: [tomas] });
  const rows = messageRows(openLog([named, everyone, own, other], false, 4, 'e'), [], ada, today);
  expect(rows.flatMap((row) => ('mentions' in row ? [row.mentions] : []))).toEqual([true, true, false, false]);
});
