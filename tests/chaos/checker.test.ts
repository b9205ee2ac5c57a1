import { expect, test } from 'vitest';
import { check, isClean, type RoomLog, type Violation } from './checker.ts';
import { History } from './history.ts';
import { Ledger } from './ledger.ts';

const PAST = Date.now() - 60_000;
const sent = (seq: number, id: string) => ({ seq, id, what: `MessageSent ${id}`, at: PAST, text: id });

/** A room with three messages, of which all were acknowledged, and which bob has followed from its start. */
function aliceAndBob() {
  const log: RoomLog = {
    roomId: 'room',
    lastSeq: 3,
    count: 3,
    deleted: false,
    entries: [sent(1, 'a'), sent(2, 'b'), sent(3, 'c')],
    members: new Set(['bob']),
  };
  const ledger = new Ledger();
  for (const { id, seq } of log.entries) ledger.acknowledge({ roomId: 'room', id, seq });
  return { log, ledger, bob: new History('bob', 'bob', 'room') };
}

const tell = (history: History, ...messages: [seq: number, id: string][]) => {
  for (const [seq, id] of messages) {
    history.add({ __typename: 'MessageSent', roomId: 'room', seq, message: { id, body: id, deletedAt: null } });
  }
};

function found(log: RoomLog, ledger: Ledger, history: History): Violation[] {
  const { counts } = check([log], ledger, [history]);
  return (Object.keys(counts) as Violation[]).filter((kind) => counts[kind] > 0);
}

test('a reader that got everything once and in order is content, over any number of subscriptions', () => {
  const { log, ledger, bob } = aliceAndBob();
  bob.begin(0);
  tell(bob, [1, 'a'], [2, 'b']);
  bob.begin(2);
  tell(bob, [3, 'c']);
  expect(isClean(check([log], ledger, [bob]))).toBe(true);
});

test.for<[Violation[], [number, string][]]>([
  [
    ['holes'],
    [
      [1, 'a'],
      [3, 'c'],
    ],
  ],
  [
    ['duplicated'],
    [
      [1, 'a'],
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ],
  ],
  [
    ['holes', 'reordered'],
    [
      [1, 'a'],
      [3, 'c'],
      [2, 'b'],
    ],
  ],
  [
    ['phantoms'],
    [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'd'],
    ],
  ],
  [
    ['undelivered'],
    [
      [1, 'a'],
      [2, 'b'],
    ],
  ],
])('it finds %j in %j', ([expected, arrivals]) => {
  const { log, ledger, bob } = aliceAndBob();
  bob.begin(0);
  tell(bob, ...arrivals);
  const other: Violation[] = ['wrongState'];
  expect(found(log, ledger, bob).filter((kind) => !other.includes(kind))).toEqual(expected);
});

test('it finds an acknowledged send that is not in the log, and a number taken twice', () => {
  const { log, ledger, bob } = aliceAndBob();
  ledger.acknowledge({ roomId: 'room', id: 'gone', seq: 3 });
  bob.begin(0);
  tell(bob, [1, 'a'], [2, 'b'], [3, 'c']);
  expect(found(log, ledger, bob)).toEqual(['lost', 'duplicated']);
});

test('it finds what a removed member still got, until they are back', () => {
  const { log, ledger, bob } = aliceAndBob();
  log.entries = [sent(1, 'a'), { seq: 2, id: 'x', what: 'MemberRemoved bob', at: PAST }, sent(3, 'c')];
  ledger.sends.delete('b');
  log.members.delete('bob');
  bob.begin(0);
  tell(bob, [1, 'a']);
  bob.add({ __typename: 'MemberRemoved', roomId: 'room', seq: 2, user: { id: 'bob' } });
  expect(found(log, ledger, bob)).toEqual([]);
  tell(bob, [3, 'c']);
  expect(found(log, ledger, bob)).toEqual(['afterRemoval']);
  log.entries.push({ seq: 4, id: 'y', what: 'MemberJoined bob', at: PAST });
  Object.assign(log, { lastSeq: 4, count: 4 });
  expect(found(log, ledger, bob)).toEqual([]);
});

test('one subscription to all rooms goes on with the return, and only with that', () => {
  const { log, ledger } = aliceAndBob();
  const [removed, returned] = [
    { seq: 4, id: 'x', what: 'MemberRemoved bob', at: PAST },
    { seq: 6, id: 'y', what: 'MemberJoined bob', at: PAST },
  ];
  log.entries.push(removed, sent(5, 'e'), returned, sent(7, 'g'));
  Object.assign(log, { lastSeq: 7, count: 7 });
  const follow = (...last: [number, string][]) => {
    const bob = new History('bob', 'bob', 'room', true, true, true);
    bob.begin(0);
    tell(bob, [1, 'a'], [2, 'b'], [3, 'c']);
    bob.add({ __typename: 'MemberRemoved', roomId: 'room', seq: 4, user: { id: 'bob' } });
    if (last.length > 1) bob.add({ __typename: 'MemberJoined', roomId: 'room', seq: 6, user: { id: 'bob' } });
    tell(bob, last.at(-1) as [number, string]);
    return found(log, ledger, bob);
  };
  expect(follow([6, 'y'], [7, 'g'])).toEqual([]);
  expect(follow([7, 'g'])).toEqual(['holes', 'wrongState']);
});

test('it finds a Reset that nothing called for, and one that is missing', () => {
  const { log, ledger, bob } = aliceAndBob();
  bob.begin(0);
  tell(bob, [1, 'a']);
  bob.add({ __typename: 'Reset', roomId: 'room', seq: 3 });
  expect(found(log, ledger, bob)).toContain('wrongReset');
  const stray = new History('stray', 'bob', 'room');
  stray.begin(99, false);
  tell(stray, [1, 'a']);
  expect(found(log, ledger, stray)).toContain('wrongReset');
});

test('it finds a count that is not the last number, and a wording that is not the newest', () => {
  const { log, ledger, bob } = aliceAndBob();
  bob.begin(0);
  tell(bob, [1, 'a'], [2, 'b'], [3, 'c']);
  log.count = 2;
  Object.assign(log.entries[0] as object, { text: 'changed since' });
  expect(found(log, ledger, bob)).toEqual(['wrongState', 'wrongCount']);
});
