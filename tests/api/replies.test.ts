import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendMessage } from '../../api/messages/messages.ts';
import {
  edit,
  expectSound,
  listMessages,
  people,
  reply,
  roomOf,
  send,
  startTyping,
  tablesWith,
  unsend,
  viewer,
} from '../rooms.ts';
import { openWorld, type Person, type World } from '../world.ts';

let world: World;
let alice: Person;
let bob: Person;
let mallory: Person;

beforeAll(async () => {
  world = await openWorld();
  ({ alice, bob, mallory } = await people(world, 'alice', 'bob', 'mallory'));
});
afterAll(() => world.close());

const page = async (person: Person, room: string) => (await person.graphql(...listMessages(room))).room.messages.nodes;
const atSeq = (seq: number) => (event: any) => event.seq === seq;

test('a reply shows what it replies to, in the answer, on every page and to all who listen', async () => {
  const room = await roomOf(alice, bob);
  const heard = bob.follow(room, { after: 0 });
  const question = await alice.say(room, 'tea or coffee?');
  const { sendMessage: answer } = await bob.graphql(...reply(room, question.id, 'tea'));
  const { id, seq } = question;
  const quote = { id, seq, body: 'tea or coffee?', deletedAt: null, author: { id: alice.id } };
  expect(answer).toMatchObject({ body: 'tea', replyTo: quote });
  expect((await page(alice, room))[1]).toEqual(answer);
  expect((await heard.upTo(atSeq(answer.seq))).at(-1)).toMatchObject({ message: { replyTo: quote } });
  expect(question).not.toHaveProperty('replyTo.id');
  heard.stop();
});

test('the quote of a long message is its beginning, with no character cut in half', async () => {
  const room = await roomOf(alice);
  const long = await alice.say(room, '🫖'.repeat(1_000));
  const { sendMessage: answer } = await alice.graphql(...reply(room, long.id, 'indeed'));
  expect(answer.replyTo.body).toBe('🫖'.repeat(280));
});

test('when what was replied to is edited or deleted, the quote says what is left of it', async () => {
  const room = await roomOf(alice, bob);
  const question = await alice.say(room, 'a secret');
  const answer = (await bob.graphql(...reply(room, question.id, 'oh'))).sendMessage;
  await alice.graphql(...edit(question.id, 'a smaller secret'));
  expect((await page(bob, room))[1].replyTo.body).toBe('a smaller secret');
  await alice.graphql(...unsend(question.id));
  expect((await page(bob, room))[1].replyTo).toMatchObject({
    id: question.id,
    body: null,
    deletedAt: expect.any(String),
  });
  const again = bob.follow(room, { after: 0 });
  const events = await again.upTo(atSeq(answer.seq + 2));
  again.stop();
  expect(JSON.stringify(events)).not.toContain('secret');
  expect(await tablesWith(world.node, 'secret')).toEqual([]);
});

test('who catches up while others stay gets no deleted text out of memory, in no quote', async () => {
  const room = await roomOf(alice, bob);
  const staying = alice.follow(room, { after: 0 });
  const question = await alice.say(room, 'forget this');
  const { sendMessage: answer } = await bob.graphql(...reply(room, question.id, 'what?'));
  await staying.upTo(atSeq(answer.seq));
  await alice.graphql(...unsend(question.id));
  await staying.upTo(atSeq(answer.seq + 1));
  const late = bob.follow(room, { after: 0 });
  expect(JSON.stringify(await late.upTo(atSeq(answer.seq + 1)))).not.toContain('forget');
  staying.stop();
  late.stop();
});

test.each([
  'deleted',
  'of another room',
  'of a room that one cannot see',
  'an entry that is no message',
  'no id at all',
])('a reply to what is %s is refused, and nothing is stored', async (kind) => {
  const [room, elsewhere, hidden] = [await roomOf(alice, bob), await roomOf(alice), await roomOf(mallory)];
  const targets: Record<string, () => Promise<string>> = {
    deleted: async () => (await alice.graphql(...unsend((await alice.say(room, 'gone')).id))).deleteMessage.id,
    'of another room': async () => (await alice.say(elsewhere, 'there')).id,
    'of a room that one cannot see': async () => (await mallory.say(hidden, 'hidden')).id,
    'an entry that is no message': async () =>
      (await world.node.core.db.entry.findFirstOrThrow({ where: { roomId: room, seq: 1 } })).id,
    'no id at all': async () => 'hello',
  };
  const target = (await targets[kind]?.()) ?? '';
  const refusal = await alice.refused(...reply(room, target, 'lost'));
  expect(refusal).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('Message') });
  expect(await tablesWith(world.node, 'lost')).toEqual([]);
  expect((await alice.refused(...reply(room, randomUUID(), 'lost'))).message).toBe(refusal.message);
  await expectSound(world.node, room);
});

test('a stranger learns nothing from replying', async () => {
  const room = await roomOf(alice);
  const { id } = await alice.say(room, 'private');
  const refusals = [await mallory.refused(...reply(room, id, 'hi')), await mallory.refused(...send(room, 'hi'))];
  expect(refusals.map(({ code, message }) => ({ code, message }))).toEqual([
    { code: 'NOT_FOUND', message: expect.stringContaining('Room') },
    { code: 'NOT_FOUND', message: expect.stringContaining('Room') },
  ]);
});

test('a message and the reply to it may be on their way together', async () => {
  const room = await roomOf(alice);
  const { core } = world.node;
  const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()];
  const sending = [
    sendMessage(core, viewer(alice), room, { id: randomUUID(), body: 'zero' }),
    sendMessage(core, viewer(alice), room, { id: first, body: 'one' }),
    sendMessage(core, viewer(alice), room, { id: second, body: 'two', replyTo: first }),
    sendMessage(core, viewer(alice), room, { id: third, body: 'three', replyTo: second }),
  ];
  const sent = await Promise.all(sending);
  expect(sent.map(({ replyTo }) => replyTo?.body)).toEqual([undefined, undefined, 'one', 'two']);
  await expectSound(world.node, room);
});

test('replies and deletions that cross leave no deleted text in what is told', async () => {
  const room = await roomOf(alice, bob);
  const heard = bob.follow(room, { after: 0 });
  for (let round = 0; round < 20; round++) {
    const { id } = await alice.say(room, `secret ${round}`);
    await Promise.all([
      alice.graphql(...unsend(id)),
      ...Array.from({ length: 5 }, () => bob.ask(...reply(room, id, 'answer'))),
      bob.graphql(...startTyping(room)),
    ]);
  }
  const end = await alice.say(room, 'end');
  const events = await heard.upTo(atSeq(end.seq));
  heard.stop();
  const deleted = new Map<string, number>();
  for (const { __typename, seq, message } of events) if (__typename === 'MessageDeleted') deleted.set(message.id, seq);
  const told = events.filter(({ seq, message }) => message?.replyTo && seq > (deleted.get(message.replyTo.id) ?? 0));
  expect(told.filter(({ message }) => message.replyTo.body !== null)).toEqual([]);
  await expectSound(world.node, room);
});

test('a reply stands on its own when it is edited, deleted or sent again', async () => {
  const room = await roomOf(alice, bob);
  const { id: question } = await alice.say(room, 'question');
  const id = randomUUID();
  const answer = (await bob.graphql(...send(room, 'answer', id, question))).sendMessage;
  expect((await bob.graphql(...send(room, 'answer', id, question))).sendMessage).toEqual(answer);
  const { editMessage } = await bob.graphql(...edit(id, 'better answer'));
  expect(editMessage).toMatchObject({ body: 'better answer', changedSeq: answer.seq + 1, replyTo: answer.replyTo });
  await alice.graphql(...unsend(question));
  expect((await bob.graphql(...send(room, 'answer', id, question))).sendMessage.replyTo.body).toBeNull();
  expect((await bob.graphql(...unsend(id))).deleteMessage).toMatchObject({ body: null, replyTo: { id: question } });
  await expectSound(world.node, room);
});
