import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectSound, listMessages, people, react, removeMember, roomOf, tablesWith, unsend } from '../rooms.ts';
import { openWorld, type Person, type World } from '../world.ts';

let world: World;
let alice: Person;
let bob: Person;
let carol: Person;

beforeAll(async () => {
  world = await openWorld();
  ({ alice, bob, carol } = await people(world, 'alice', 'bob', 'carol'));
});
afterAll(() => world.close());

const reactions = async (person: Person, room: string) =>
  (await person.graphql(...listMessages(room))).room.messages.nodes[0].reactions;
const atSeq = (seq: number) => (event: any) => event.seq === seq;
const shown = (emoji: string, ...who: Person[]) => ({ emoji, count: who.length, users: who.map(({ id }) => ({ id })) });

test('two people, same emoji: one chip with 2 and both names', async () => {
  const room = await roomOf(alice, bob, carol);
  const heard = carol.follow(room, { after: 0 });
  const { id, seq } = await alice.say(room, 'good news');
  await bob.graphql(...react(id, '🎉'));
  const { setReaction } = await carol.graphql(...react(id, '🎉'));
  expect(setReaction).toMatchObject({ changedSeq: seq + 2, reactions: [shown('🎉', bob, carol)] });
  await carol.graphql(...react(id, '❤️'));
  expect(await reactions(alice, room)).toEqual([shown('🎉', bob, carol), shown('❤️', carol)]);
  await bob.graphql(...react(id, '🎉', false));
  const told = (await heard.upTo(atSeq(seq + 4))).slice(-4);
  expect(told.map(({ __typename, by, emoji, on }) => [__typename, by.id, emoji, on])).toEqual([
    ['ReactionsChanged', bob.id, '🎉', true],
    ['ReactionsChanged', carol.id, '🎉', true],
    ['ReactionsChanged', carol.id, '❤️', true],
    ['ReactionsChanged', bob.id, '🎉', false],
  ]);
  expect(told.map(({ message }) => message.reactions.length)).toEqual([1, 1, 2, 2]);
  expect(told.at(-1).message.reactions).toEqual([shown('🎉', carol), shown('❤️', carol)]);
  heard.stop();
});

test('the same reaction again tells nobody anything', async () => {
  const room = await roomOf(alice, bob);
  const { id, seq } = await alice.say(room, 'hello');
  await bob.graphql(...react(id, '👍', false));
  for (let n = 0; n < 3; n++) await bob.graphql(...react(id, '👍'));
  expect((await bob.graphql(...react(id, '👍'))).setReaction).toMatchObject({ changedSeq: seq + 1 });
  await expectSound(world.node, room);
});

test('a hundred reactions at once leave one exact state, for who listens, who comes later and who asks', async () => {
  const room = await roomOf(alice, bob, carol);
  const heard = bob.follow(room, { after: 0 });
  const { id } = await alice.say(room, 'vote');
  const emoji = ['👍', '👎', '🎉', '😂'];
  await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      ([alice, bob, carol][n % 3] as Person).graphql(...react(id, emoji[n % 4] ?? '👍', n % 5 !== 0)),
    ),
  );
  const end = await alice.say(room, 'closed');
  const truth = await reactions(alice, room);
  const late = carol.follow(room, { after: 0 });
  for (const arrivals of [heard, late]) {
    const states = (await arrivals.upTo(atSeq(end.seq))).filter(({ message }) => message?.id === id);
    expect(states.at(-1).message.reactions).toEqual(truth);
    const newest = states.reduce((a, b) => (b.message.changedSeq >= a.message.changedSeq ? b : a));
    expect(newest.message.reactions).toEqual(truth);
    arrivals.stop();
  }
  const rows = await world.node.core.db.reaction.count({ where: { roomId: room } });
  expect(truth.reduce((sum: number, { count }: any) => sum + count, 0)).toBe(rows);
  await expectSound(world.node, room);
});

test.each(['', ' ', 'a', 'hello', '👍👍', '👍 ', '1', '#', '😀a', '<b>', '\0', '👍'.repeat(40)])(
  '"%s" is no reaction',
  async (emoji) => {
    const room = await roomOf(alice);
    const { id } = await alice.say(room, 'hello');
    expect(await alice.refused(...react(id, emoji))).toMatchObject({
      code: 'INVALID_INPUT',
      fields: { emoji: [expect.any(String)] },
    });
  },
);

test.each(['👍🏽', '👩‍👩‍👧‍👦', '🏳️‍🌈', '🇳🇱', '1️⃣', '❤️‍🔥', '🫠'])('%s is one', async (emoji) => {
  const room = await roomOf(alice);
  const { id } = await alice.say(room, 'hello');
  expect((await alice.graphql(...react(id, emoji))).setReaction.reactions).toEqual([shown(emoji, alice)]);
});

test('a message has at most twenty different ones, however many are sent at once, and each can be joined', async () => {
  const room = await roomOf(alice, bob);
  const { id } = await alice.say(room, 'hello');
  const emoji = Array.from({ length: 30 }, (_, n) => String.fromCodePoint(0x1f600 + n));
  const answers = await Promise.all(emoji.map((each) => alice.ask(...react(id, each))));
  const refused = answers.flatMap(({ errors }) => errors ?? []);
  expect(refused.map(({ extensions }) => extensions.code)).toEqual(Array.from({ length: 10 }, () => 'CONFLICT'));
  const [first] = await reactions(bob, room);
  expect(await reactions(bob, room)).toHaveLength(20);
  await bob.graphql(...react(id, first.emoji));
  await alice.graphql(...react(id, first.emoji, false));
  expect((await reactions(bob, room)).at(0)).toBeDefined();
});

test('an emoji that comes and goes is never taken for one too many', async () => {
  const room = await roomOf(alice, bob);
  const { id } = await alice.say(room, 'hello');
  const turns = Array.from({ length: 60 }, (_, n) => (n % 2 ? alice : bob).ask(...react(id, '👍', n % 3 !== 0)));
  expect((await Promise.all(turns)).flatMap(({ errors }) => errors ?? [])).toEqual([]);
  await expectSound(world.node, room);
});

test('a deleted message has none, and takes none', async () => {
  const room = await roomOf(alice, bob);
  const { id } = await alice.say(room, 'hello');
  await bob.graphql(...react(id, '🦄'));
  expect((await alice.graphql(...unsend(id))).deleteMessage.reactions).toEqual([]);
  expect(await bob.refused(...react(id, '👍'))).toMatchObject({ code: 'CONFLICT' });
  expect(await tablesWith(world.node, '🦄')).toEqual([]);
  const late = bob.follow(room, { after: 0 });
  const told = (await late.upTo(({ __typename }) => __typename === 'MessageDeleted')).slice(-2);
  expect(told.map(({ emoji, message }) => [emoji, message.reactions])).toEqual([
    [null, []],
    [undefined, []],
  ]);
  late.stop();
  const { id: other } = await alice.say(room, 'again');
  await Promise.all([
    ...Array.from({ length: 10 }, (_, n) => bob.ask(...react(other, String.fromCodePoint(0x1f600 + n)))),
    alice.graphql(...unsend(other)),
  ]);
  expect(await world.node.core.db.reaction.count({ where: { roomId: room } })).toBe(0);
  await expectSound(world.node, room);
});

test('who was removed reacts no more', async () => {
  const room = await roomOf(alice, bob);
  const { id } = await alice.say(room, 'hello');
  await alice.graphql(...removeMember(room, bob.id));
  expect(await bob.refused(...react(id, '👍'))).toMatchObject({ code: 'NOT_FOUND' });
});

test('in an encrypted room the server takes no reaction, by code and by constraint', async () => {
  const { db } = world.node.core;
  const room = await roomOf(alice, bob);
  const { id, seq } = await alice.say(room, 'before it was encrypted');
  await db.room.update({ where: { id: room }, data: { encryption: 'MLS', name: null } });
  expect(await bob.refused(...react(id, '🐙'))).toMatchObject({ code: 'CONFLICT', reason: 'E2EE_REQUIRED' });
  await expect(db.reaction.create({ data: { roomId: room, seq, emoji: '🐙', userId: bob.id } })).rejects.toThrow();
  await expect(
    db.mention.create({ data: { roomId: room, seq, userId: bob.id, createdAt: new Date() } }),
  ).rejects.toThrow();
  await expect(db.entry.update({ where: { id }, data: { pinnedAt: new Date() } })).rejects.toThrow();
  const sealed = { roomId: room, seq: seq + 1, id: randomUUID(), kind: 'MESSAGE' as const, encoding: 'MLS' as const };
  const numbered = { ordinal: 2, changedSeq: seq + 1, generation: 0, groupEpoch: 0 };
  await expect(db.entry.create({ data: { ...sealed, ...numbered, targetId: id } })).rejects.toThrow();
  await expect(db.entry.create({ data: { ...sealed, ...numbered, mentionsRoom: true } })).rejects.toThrow();
  await db.entry.create({ data: { ...sealed, ...numbered } });
  expect(await tablesWith(world.node, '🐙')).toEqual([]);
});
