import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendMessage } from '../../api/messages/messages.ts';
import { meanwhile } from '../meanwhile.ts';
import {
  addMember,
  edit,
  expectSound,
  leave,
  listMessages,
  listOwn,
  type Page,
  people,
  read,
  removeMember,
  roomOf,
  send,
  tablesWith,
  unsend,
  viewer,
} from '../rooms.ts';
import { type Node, openWorld, type Person, type World } from '../world.ts';

let world: World;
let alice: Person;
let bob: Person;
let carol: Person;

beforeAll(async () => {
  world = await openWorld();
  ({ alice, bob, carol } = await people(world, 'alice', 'bob', 'carol'));
});
afterAll(() => world.close());

const page = async (person: Person, room: string, wanted: Page = {}) =>
  (await person.graphql(...listMessages(room, wanted))).room.messages;
const bodies = async (person: Person, room: string): Promise<string[]> =>
  (await page(person, room)).nodes.map((message: any) => message.body);
const uuids = (count: number) => Array.from({ length: count }, () => randomUUID());

test('who left and is back before the answer has changed nothing, and is told so', async () => {
  const room = await roomOf(alice, bob);
  const { id } = await bob.say(room, 'as it was');
  for (const act of [edit(id, 'otherwise'), unsend(id)]) {
    const awhile = {
      before: () => bob.graphql(...leave(room)),
      after: () => alice.graphql(...addMember(room, bob.id)),
    };
    meanwhile(world.node, awhile);
    expect(await bob.refused(...act)).toMatchObject({ code: 'NOT_FOUND' });
  }
  expect(await bodies(bob, room)).toEqual(['as it was']);
  await expectSound(world.node, room);
});

describe('sending', () => {
  test('the message is there for the others when its author has the answer', async () => {
    const room = await roomOf(alice, bob);
    const id = randomUUID();
    const { sendMessage } = await alice.graphql(...send(room, 'hello', id));
    expect(sendMessage).toMatchObject({ id, roomId: room, seq: 3, body: 'hello', editedAt: null, deletedAt: null });
    expect(sendMessage.author.id).toBe(alice.id);
    expect((await page(bob, room)).nodes).toEqual([sendMessage]);
    const { rooms } = (await bob.graphql(...listOwn())).viewer;
    expect(rooms.find((each: any) => each.id === room).lastMessage.body).toBe('hello');
  });

  test('messages stand in the order of their answers', async () => {
    const room = await roomOf(alice, bob);
    for (const body of ['one', 'two', 'three']) await alice.say(room, body);
    await bob.say(room, 'four');
    expect(await bodies(bob, room)).toEqual(['one', 'two', 'three', 'four']);
  });

  test.runIf(process.env.SERVICES === 'embedded')(
    'the statement that stores them is planned once, however many come',
    async () => {
      const room = await roomOf(alice, bob);
      for (const body of ['one', 'two', 'three']) await alice.say(room, body);
      const kept = await world.node.core.db.$queryRaw<{ runs: number }[]>`
      SELECT (generic_plans + custom_plans)::int AS runs FROM pg_prepared_statements
      WHERE statement LIKE '/* prepared */%' AND statement LIKE '%INSERT INTO entry%'`;
      expect(Math.max(...kept.map(({ runs }) => runs))).toBeGreaterThanOrEqual(3);
    },
  );

  test('messages that are sent at once all arrive, each once, and leave no hole', async () => {
    const room = await roomOf(alice, bob, carol);
    const sent = await Promise.all(
      Array.from({ length: 150 }, (_, n) => ([alice, bob, carol][n % 3] as Person).say(room, `message ${n}`)),
    );
    expect(new Set(sent.map(({ seq }) => seq)).size).toBe(150);
    await expectSound(world.node, room);
    expect((await alice.graphql(...read(room))).room.lastSeq).toBe(153);
  });

  test('who sends too fast is asked to wait', async () => {
    const strict = await openWorld({ LIMIT_MESSAGES_PER_10_SECONDS: '2' });
    const dan = await strict.person('dan');
    const room = await dan.createRoom();
    await dan.say(room, 'one');
    await dan.say(room, 'two');
    const refusal = await dan.refused(...send(room, 'three'));
    expect(refusal).toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
    expect(await bodies(dan, room)).toEqual(['one', 'two']);
    await strict.close();
  });
});

describe('the same message again', () => {
  test('Send the same clientId five times: one message, five equal answers.', async () => {
    const room = await roomOf(alice);
    const id = randomUUID();
    const answers = [];
    for (let n = 0; n < 5; n++) answers.push(await alice.graphql(...send(room, 'once', id)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await bodies(alice, room)).toEqual(['once']);
    await expectSound(world.node, room);
  });

  test('sent twenty times at once it is there once, and all answers are equal', async () => {
    const room = await roomOf(alice);
    const id = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => alice.graphql(...send(room, 'once', id))));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await bodies(alice, room)).toEqual(['once']);
    await expectSound(world.node, room);
  });

  test('an id in capitals is the same id', async () => {
    const room = await roomOf(alice);
    const id = randomUUID();
    const first = await alice.graphql(...send(room, 'once', id));
    expect(await alice.graphql(...send(room, 'once', id.toUpperCase()))).toEqual(first);
  });

  test('after an edit or a deletion a retry gives the message as it is now', async () => {
    const room = await roomOf(alice);
    const id = randomUUID();
    await alice.graphql(...send(room, 'first wording', id));
    await alice.graphql(...edit(id, 'second wording'));
    expect((await alice.graphql(...send(room, 'first wording', id))).sendMessage.body).toBe('second wording');
    await alice.graphql(...unsend(id));
    expect((await alice.graphql(...send(room, 'first wording', id))).sendMessage.body).toBeNull();
    await expectSound(world.node, room);
  });

  test('the id of another’s message, or of one in another room, is a conflict', async () => {
    const [here, there] = [await roomOf(alice, bob), await roomOf(alice)];
    const id = randomUUID();
    await alice.graphql(...send(here, 'mine', id));
    expect(await bob.refused(...send(here, 'mine', id))).toMatchObject({ code: 'CONFLICT' });
    expect(await alice.refused(...send(there, 'mine', id))).toMatchObject({ code: 'CONFLICT' });
    expect(await bodies(bob, here)).toEqual(['mine']);
    expect(await bodies(alice, there)).toEqual([]);
    for (const room of [here, there]) await expectSound(world.node, room);
  });

  test('when two people send the same id at once, one has it and the other a conflict', async () => {
    const room = await roomOf(alice, bob);
    for (const id of uuids(10)) {
      const answers = await Promise.all([alice, bob].map((person) => person.ask(...send(room, person.name, id))));
      const codes = answers.map(({ errors }) => errors?.[0].extensions.code);
      expect(codes.toSorted()).toEqual(['CONFLICT', undefined]);
    }
    await expectSound(world.node, room);
  });

  test('when ids are sent to two rooms at once, each is in one of them and a conflict in the other', async () => {
    const [one, two] = [world.node, await secondNode()];
    for (let round = 0; round < 5; round++) {
      const [here, there] = [await roomOf(alice), await roomOf(alice)];
      const ids = uuids(200);
      const [answers, others] = await Promise.all([
        sendAll(one, here, shuffled(ids)),
        sendAll(two, there, shuffled(ids)),
      ]);
      for (const id of ids) expect(new Set([answers.get(id), others.get(id)])).toEqual(new Set(['CONFLICT', id]));
      for (const room of [here, there]) await expectSound(world.node, room);
    }
  });

  test('who was removed may still ask for the answer that got lost, and says nothing new', async () => {
    const room = await roomOf(alice, bob);
    const id = randomUUID();
    const answer = await bob.graphql(...send(room, 'in time', id));
    await alice.graphql(...removeMember(room, bob.id));
    expect(await bob.graphql(...send(room, 'in time', id))).toEqual(answer);
    expect(await bob.refused(...send(room, 'too late'))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test.each(['', 'hello', '123', `${randomUUID()}0`])(
    'an id such as "%s" is refused, and the field is named',
    async (id) => {
      const room = await roomOf(alice);
      const refusal = await alice.refused(...send(room, 'hello', id));
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { id: [expect.any(String)] } });
    },
  );

  test('sent to three nodes at once, in different order, every message is there once and all answers are equal', async ({
    skip,
  }) => {
    if (!world.clustered) return skip();
    const nodes = [world.node, await secondNode(), await world.anotherNode()];
    for (let round = 0; round < 3; round++) {
      const room = await roomOf(alice);
      const ids = uuids(500);
      const answers = await Promise.all(nodes.map((node) => sendAll(node, room, shuffled(ids))));
      for (const id of ids) expect(answers.map((each) => each.get(id))).toEqual([id, id, id]);
      expect((await alice.graphql(...read(room))).room.lastSeq).toBe(501);
      await expectSound(world.node, room);
    }
  });

  let second: Promise<Node> | undefined;
  const secondNode = () => (second ??= world.clustered ? world.anotherNode() : Promise.resolve(world.node));
  const shuffled = (ids: string[]) =>
    ids
      .map((id) => ({ id, at: Math.random() }))
      .sort(byPlace)
      .map(({ id }) => id);
  const byPlace = (one: { at: number }, other: { at: number }) => one.at - other.at;

  // As densely as they can come, not one request after the other: the id of the message, or the code of the refusal.
  async function sendAll({ core }: Node, room: string, ids: string[]): Promise<Map<string, string>> {
    const sending = ids.map(async (id) => {
      const answer = sendMessage(core, viewer(alice), room, { id, body: `text of ${id}` });
      return [
        id,
        await answer.then(
          (message) => message.id,
          (error) => error.code,
        ),
      ] as const;
    });
    return new Map(await Promise.all(sending));
  }
});

describe('what a message may be', () => {
  test.each([
    ['nothing', ''],
    ['blanks', '  '],
    ['line ends', '\n\r\n\t'],
    ['blanks of other scripts', '\u00a0\u3000\u2003'],
    ['8,001 characters', 'x'.repeat(8_001)],
    ['a NUL', 'before\0after'],
    ['half a character', 'before\ud83dafter'],
    ['the other half', 'before\ude00after'],
    ['two halves in the wrong order', '\ude00\ud83d'],
  ])('%s is refused, on sending and on editing, and the field is named', async (_, body) => {
    const room = await roomOf(alice);
    const { id } = await alice.say(room, 'a good one');
    for (const operation of [send(room, body), edit(id, body)]) {
      const refusal = await alice.refused(...operation);
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { body: [expect.any(String)] } });
    }
    expect(await bodies(alice, room)).toEqual(['a good one']);
  });

  test.each([
    ['8,000 characters', 'ж'.repeat(8_000)],
    ['blanks and line ends around it', '\n  indented\n\n'],
    ['combining marks in heaps', `Z${'\u0300\u0301\u0302\u0336'.repeat(100)}algo`],
    ['text in both directions', 'abc \u202eמזל\u202c \u2067טוב\u2069 def'],
    ['people made of many signs', '👩‍👩‍👧‍👦🏳️‍🌈'],
    ['quotes, markup and SQL', `'; DROP TABLE entry; -- <script>alert("&amp;")</script> $1 {{x}}`],
    ['unnormalised letters', 'e\u0301 \u212b ﬁ'],
    ['unusual line ends', 'a\u2028b\u2029c\u0085d\u000be'],
  ])('%s comes back as it was sent', async (_, body) => {
    const room = await roomOf(alice, bob);
    const { id } = await alice.say(room, body);
    expect(await bodies(bob, room)).toEqual([body]);
    await alice.graphql(...edit(id, 'short'));
    await alice.graphql(...edit(id, body));
    expect(await bodies(bob, room)).toEqual([body]);
  });
});

describe('changing what was said', () => {
  test('an author edits a message, and everyone sees the new text and that it was edited', async () => {
    const room = await roomOf(alice, bob);
    const { id, seq } = await alice.say(room, 'tomorow');
    const { editMessage } = await alice.graphql(...edit(id, 'tomorrow'));
    expect(editMessage).toMatchObject({ id, seq, body: 'tomorrow', editedAt: expect.any(String), deletedAt: null });
    expect((await page(bob, room)).nodes).toEqual([editMessage]);
    expect(await tablesWith(world.node, 'tomorow')).toEqual([]);
    await expectSound(world.node, room);
  });

  test('the same text again changes nothing', async () => {
    const room = await roomOf(alice);
    const { id } = await alice.say(room, 'as it is');
    const { editMessage } = await alice.graphql(...edit(id, 'as it is'));
    expect(editMessage.editedAt).toBeNull();
    expect((await alice.graphql(...read(room))).room.lastSeq).toBe(2);
  });

  test('what is deleted is nowhere in the database, and a tombstone stays in its place', async () => {
    const room = await roomOf(alice, bob);
    const { id, seq } = await alice.say(room, 'the first secret wording');
    await bob.say(room, 'what did you say?');
    await alice.graphql(...edit(id, 'the second secret wording'));
    const { deleteMessage } = await alice.graphql(...unsend(id));
    expect(deleteMessage).toMatchObject({ id, seq, body: null, editedAt: null, deletedAt: expect.any(String) });
    expect((await page(bob, room)).nodes[0]).toEqual(deleteMessage);
    expect(await tablesWith(world.node, 'secret wording')).toEqual([]);
    await expectSound(world.node, room);
  });

  test('deleted twice is deleted once, and what is deleted is not edited', async () => {
    const room = await roomOf(alice);
    const { id } = await alice.say(room, 'gone');
    const once = await alice.graphql(...unsend(id));
    expect(await alice.graphql(...unsend(id))).toEqual(once);
    expect(await alice.refused(...edit(id, 'back'))).toMatchObject({ code: 'CONFLICT' });
    expect((await alice.graphql(...read(room))).room.lastSeq).toBe(3);
  });

  test('nobody changes what another said, not even the owner of the room', async () => {
    const room = await roomOf(alice, bob);
    const { id } = await bob.say(room, 'my words');
    expect(await alice.refused(...edit(id, 'her words'))).toMatchObject({ code: 'FORBIDDEN' });
    expect(await alice.refused(...unsend(id))).toMatchObject({ code: 'FORBIDDEN' });
    expect(await bodies(alice, room)).toEqual(['my words']);
  });

  test('a message that is not there cannot be changed', async () => {
    for (const id of [randomUUID(), 'hello', '']) {
      expect(await alice.refused(...edit(id, 'x'))).toMatchObject({ code: 'NOT_FOUND' });
      expect(await alice.refused(...unsend(id))).toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  test('edits and deletions at once leave one state, which everyone sees, and a log without a hole', async () => {
    const room = await roomOf(alice, bob);
    for (let round = 0; round < 10; round++) {
      const { id } = await alice.say(room, 'contested');
      const answers = await Promise.all([
        ...Array.from({ length: 5 }, (_, n) => alice.ask(...edit(id, `wording ${n}`))),
        alice.ask(...unsend(id)),
        alice.ask(...unsend(id)),
      ]);
      const codes = answers.flatMap(({ errors }) => errors?.map((error) => error.extensions.code) ?? []);
      expect(codes.filter((code) => code !== 'CONFLICT')).toEqual([]);
      expect((await page(bob, room, { last: 1 })).nodes[0]).toMatchObject({ id, body: null });
    }
    expect(await tablesWith(world.node, 'contested')).toEqual([]);
    await expectSound(world.node, room);
  });
});

describe('pages', () => {
  test('an empty room has an empty page', async () => {
    const room = await roomOf(alice);
    const empty = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
    expect(await page(alice, room)).toEqual({ nodes: [], edges: [], pageInfo: empty });
  });

  test('without a wish one gets the last fifty, and a hundred at most', async () => {
    const room = await roomOf(alice);
    await Promise.all(Array.from({ length: 102 }, (_, n) => alice.say(room, `message ${n}`)));
    const usual = await page(alice, room);
    expect(usual.nodes.map((message: any) => message.seq)).toEqual(range(54, 103));
    expect(usual.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true, startCursor: '54', endCursor: '103' });
    const most = await page(alice, room, { first: 100 });
    expect(most.nodes.map((message: any) => message.seq)).toEqual(range(2, 101));
    expect(most.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: false, startCursor: '2', endCursor: '101' });
  });

  test('a page may begin anywhere, also where no message is', async () => {
    const room = await roomOf(alice, bob, carol);
    for (const body of ['one', 'two', 'three']) await alice.say(room, body);
    const seqs = async (wanted: Page) => (await page(alice, room, wanted)).nodes.map((message: any) => message.seq);
    expect(await seqs({ first: 10, after: '2' })).toEqual([4, 5, 6]);
    expect(await seqs({ first: 2, after: '4' })).toEqual([5, 6]);
    expect(await seqs({ last: 10, before: '6' })).toEqual([4, 5]);
    expect(await seqs({ last: 10, before: '4' })).toEqual([]);
    expect(await seqs({ first: 10, after: '4', before: '6' })).toEqual([5]);
    expect(await seqs({ last: 1, after: '4', before: '9999999999' })).toEqual([6]);
    expect(await seqs({ first: 10, after: '9999999999' })).toEqual([]);
  });

  test.each<Page>([
    { first: 0 },
    { first: -1 },
    { first: 101 },
    { last: 0 },
    { last: -5 },
    { last: 101 },
    { first: 1, last: 1 },
    { first: 5, after: 'hello' },
    { first: 5, after: '' },
    { first: 5, after: '-1' },
    { last: 5, before: '1.5' },
    { last: 5, before: '1e3' },
    { last: 5, before: '99999999999' },
    { last: 5, before: '5\0' },
  ])('a page of %j is refused as input', async (wanted) => {
    const room = await roomOf(alice);
    expect(await alice.refused(...listMessages(room, wanted))).toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('Page 1,000 messages back and forth: no repeat, no hole, while others write.', async () => {
    const room = await roomOf(alice, bob, carol);
    const first = await sendMany(alice, room, 1_000);
    const writing = Promise.all([bob, carol].map((writer) => sendMany(writer, room, 200)));
    const [back, forward] = await Promise.all([walkBack(alice, room), walkForward(bob, room)]);
    const later = (await writing).flat();
    const everything = [...first, ...later].toSorted((a, b) => a - b);
    expect(back.slice(0, 1_000)).toEqual(everything.slice(0, 1_000));
    expect(back).toEqual(everything.slice(0, back.length));
    expect(forward).toEqual(everything.slice(0, forward.length));
    expect(await walkForward(carol, room)).toEqual(everything);
    expect(await walkBack(carol, room)).toEqual(everything);
    await expectSound(world.node, room);
  });

  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

  async function sendMany(person: Person, room: string, count: number): Promise<number[]> {
    const sent: number[] = [];
    while (sent.length < count) {
      const some = range(1, Math.min(50, count - sent.length)).map((n) => person.say(room, `message ${n}`));
      sent.push(...(await Promise.all(some)).map(({ seq }) => seq));
    }
    return sent;
  }

  async function walkBack(person: Person, room: string): Promise<number[]> {
    const seen: number[] = [];
    for (let before: string | undefined; ; ) {
      const { nodes, pageInfo } = await page(person, room, { last: 30, before });
      seen.unshift(...nodes.map((message: any) => message.seq));
      if (!pageInfo.hasPreviousPage) return seen;
      before = pageInfo.startCursor;
    }
  }

  async function walkForward(person: Person, room: string): Promise<number[]> {
    const seen: number[] = [];
    for (let after = '0'; ; ) {
      const { nodes, pageInfo } = await page(person, room, { first: 30, after });
      seen.push(...nodes.map((message: any) => message.seq));
      if (!pageInfo.hasNextPage) return seen;
      after = pageInfo.endCursor;
    }
  }
});
