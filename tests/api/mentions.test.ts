import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addMember,
  edit,
  expectSound,
  leave,
  listMentions,
  listMessages,
  markRead,
  markUnread,
  openDirect,
  people,
  reading,
  roomOf,
  send,
  setRole,
  unsend,
} from '../rooms.ts';
import { openWorld, type Person, type World } from '../world.ts';

let world: World;
let alice: Person;
let bob: Person;
let carol: Person;
let mallory: Person;

beforeAll(async () => {
  world = await openWorld();
  ({ alice, bob, carol, mallory } = await people(world, 'alice', 'bob', 'carol', 'mallory'));
});
afterAll(() => world.close());

const count = async (person: Person, room: string): Promise<number> =>
  (await person.graphql(...reading(room))).room.mentionCount;
const say = async (person: Person, room: string, body: string) =>
  (await person.graphql(...send(room, body))).sendMessage as { id: string; seq: number; mentions: { id: string }[] };
const mentioned = ({ mentions }: { mentions: { id: string }[] }) => mentions.map(({ id }) => id);
const bodies = async (person: Person, unread = false): Promise<string[]> =>
  (await person.graphql(...listMentions(unread))).viewer.mentions.nodes.map(({ body }: any) => body);

describe('who is named', () => {
  test('by somebody whom they block, by name or with everyone, has no mention of it until the block is taken back', async () => {
    const [dan, erin] = [await world.person('dan'), await world.person('erin')];
    const room = await roomOf(mallory, dan, erin);
    await dan.graphql('mutation ($id: ID!) { blockUser(userId: $id) { id } }', { id: mallory.id });
    await say(mallory, room, `@${dan.username} @${erin.username} look at me`);
    await say(mallory, room, '@room look at me, all of you');
    expect(await count(erin, room)).toBe(2);
    expect([await count(dan, room), await bodies(dan), await bodies(dan, true)]).toEqual([0, [], []]);
    await say(erin, room, `@${dan.username} never mind`);
    expect([await count(dan, room), await bodies(dan)]).toEqual([1, [`@${dan.username} never mind`]]);
    await dan.graphql('mutation ($id: ID!) { unblockUser(userId: $id) { id } }', { id: mallory.id });
    expect(await count(dan, room)).toBe(3);
  });

  test('counts it, and everyone who listens is told whom the message names', async () => {
    const room = await roomOf(alice, bob, carol);
    const heard = carol.follow(room, { after: 0 });
    const said = await say(alice, room, `@${bob.username} and @${carol.username.toUpperCase()}, look`);
    expect(mentioned(said).toSorted()).toEqual([bob.id, carol.id].toSorted());
    for (const person of [bob, carol]) expect(await count(person, room)).toBe(1);
    expect(await count(alice, room)).toBe(0);
    const [told] = (await heard.upTo((event) => event.seq === said.seq)).slice(-1);
    expect(mentioned(told.message).toSorted()).toEqual(mentioned(said).toSorted());
    heard.stop();
  });

  test('is named at the end of a sentence, in brackets and between commas, and once however often', async () => {
    const room = await roomOf(alice, bob);
    for (const text of [
      '@NAME.',
      '(@NAME)',
      'so,@NAME,yes',
      '@NAME @NAME @NAME!',
      '**@NAME**',
      '@NAME…',
      '\n@NAME\n',
    ]) {
      const said = await say(alice, room, text.replaceAll('NAME', bob.username));
      expect([text, mentioned(said)]).toEqual([text, [bob.id]]);
    }
    expect(await count(bob, room)).toBe(7);
  });

  test('is not named by an address, within a word, in code, or by nobody’s name', async () => {
    const room = await roomOf(alice, bob);
    for (const text of ['mail@NAME', 'x.@NAME', '@@NAME', '`@NAME`', '```\n@NAME\n```', '@ NAME', '@NAMEx', '@']) {
      const said = await say(alice, room, text.replaceAll('NAME', bob.username));
      expect([text, mentioned(said)]).toEqual([text, []]);
    }
    expect(await count(bob, room)).toBe(0);
  });

  test('is a member: strangers and oneself stay text and notify nobody', async () => {
    const room = await roomOf(alice, bob);
    const said = await say(alice, room, `@${mallory.username} @${alice.username} @nobody-at-all`);
    expect(mentioned(said)).toEqual([]);
    await alice.graphql(...addMember(room, mallory.id));
    expect(await count(mallory, room)).toBe(0);
    expect(await bodies(mallory)).toEqual([]);
    await mallory.graphql(...leave(room));
    expect(mentioned(await say(alice, room, `bye @${mallory.username}`))).toEqual([]);
  });

  test('a text full of names mentions fifty at most and is stored all the same', async () => {
    const room = await roomOf(alice, bob);
    const names = Array.from({ length: 300 }, () => `@${randomUUID().slice(0, 8)}`).join(' ');
    expect(mentioned(await say(alice, room, `@${bob.username} ${names}`))).toEqual([bob.id]);
    expect(mentioned(await say(alice, room, `${names} @${bob.username}`))).toEqual([]);
  });
});

describe('@room', () => {
  test('of owners and moderators mentions everyone, of a member nobody', async () => {
    const room = await roomOf(alice, bob, carol);
    await say(bob, room, '@room hello');
    expect(await count(carol, room)).toBe(0);
    await alice.graphql(...setRole(room, bob.id, 'MODERATOR'));
    const said = await say(bob, room, `@room and @${carol.username}`);
    expect(said).toMatchObject({ mentionsRoom: true });
    expect([await count(alice, room), await count(bob, room), await count(carol, room)]).toEqual([1, 0, 1]);
    await alice.graphql(...setRole(room, bob.id, 'MEMBER'));
    await bob.graphql(...edit(said.id, '@room once more'));
    expect(await count(carol, room)).toBe(0);
  });

  test('in messages that cross a change of role is what the role was in the log', async () => {
    const room = await roomOf(alice, bob, carol);
    const sends = Array.from({ length: 10 }, (_, n) => say(bob, room, `@room ${n}`));
    await Promise.all([...sends, alice.graphql(...setRole(room, bob.id, 'MODERATOR')), say(bob, room, '@room last')]);
    const heard = carol.follow(room, { after: 0 });
    const end = await alice.say(room, 'end');
    const events = await heard.upTo(({ seq }) => seq === end.seq);
    heard.stop();
    const turned = events.find(({ __typename }) => __typename === 'RoleChanged').seq;
    for (const { seq, message } of events.filter(({ message }) => message?.body.startsWith('@room')))
      expect(message.mentionsRoom).toBe(seq > turned);
  });
});

describe('what is mentioned', () => {
  test('follows edits and deletions', async () => {
    const room = await roomOf(alice, bob, carol);
    const { id } = await say(alice, room, `@${bob.username}`);
    const { editMessage } = await alice.graphql(...edit(id, `@${carol.username}`));
    expect(mentioned(editMessage)).toEqual([carol.id]);
    expect([await count(bob, room), await count(carol, room)]).toEqual([0, 1]);
    await alice.graphql(...edit(id, `@${carol.username} and @${bob.username}`));
    expect([await count(bob, room), await count(carol, room)]).toEqual([1, 1]);
    expect(mentioned((await alice.graphql(...unsend(id))).deleteMessage)).toEqual([]);
    expect([await count(bob, room), await count(carol, room)]).toEqual([0, 0]);
    expect(await alice.refused(...edit(id, `@${bob.username}`))).toMatchObject({ code: 'CONFLICT' });
    expect(await count(bob, room)).toBe(0);
  });

  test('is exact after edits and a deletion that cross', async () => {
    const room = await roomOf(alice, bob, carol);
    for (let round = 0; round < 5; round++) {
      const { id } = await say(alice, room, 'hello');
      const names = [bob, carol].map(({ username }) => `@${username}`);
      const edits = Array.from({ length: 6 }, (_, n) => alice.ask(...edit(id, `${names[n % 2]} ${n}`)));
      await Promise.all([...edits, ...(round % 2 ? [alice.graphql(...unsend(id))] : [])]);
    }
    const { nodes } = (await bob.graphql(...listMessages(room))).room.messages;
    for (const person of [bob, carol])
      expect(await count(person, room)).toBe(nodes.filter((node: any) => mentioned(node).includes(person.id)).length);
    for (const node of nodes.filter(({ body }: any) => body)) {
      const named = node.body.includes(bob.username) ? bob : carol;
      expect(mentioned(node)).toEqual([named.id]);
    }
    await expectSound(world.node, room);
  });

  test('is gone from the count once it is read, and there again when it is unread', async () => {
    const room = await roomOf(alice, bob);
    const { seq } = await say(alice, room, `@${bob.username}`);
    expect((await bob.graphql(...markRead(room, seq))).markRead).toMatchObject({ mentionCount: 0, unreadCount: 0 });
    expect((await bob.graphql(...markUnread(room, seq))).markUnread).toMatchObject({ mentionCount: 1, unreadCount: 1 });
  });
});

test('waiting for you: what names one, what names all, and direct messages, newest first, page by page', async () => {
  const dan = await world.person('dan');
  const [room, other] = [await roomOf(alice, dan, bob), await roomOf(bob, dan)];
  const direct = (await carol.graphql(...openDirect(dan.id))).openDirectRoom.id;
  const first = await say(alice, room, `@${dan.username} one`);
  await say(bob, other, '@room two');
  await say(bob, other, 'nothing');
  await carol.say(direct, 'three');
  await say(bob, room, `@${dan.username} four`);
  const hidden = await roomOf(mallory);
  await say(mallory, hidden, `@${dan.username} not a member`);
  expect(await bodies(dan, true)).toEqual([`@${dan.username} four`, 'three', '@room two', `@${dan.username} one`]);
  expect(await bodies(dan)).toEqual([`@${dan.username} four`, '@room two', `@${dan.username} one`]);
  await dan.graphql(...markRead(room, first.seq));
  await dan.graphql(...markRead(direct, 1_000));
  expect(await bodies(dan, true)).toEqual([`@${dan.username} four`, '@room two']);
  const seen: string[] = [];
  for (let after: string | undefined; ; ) {
    const { nodes, pageInfo } = (await dan.graphql(...listMentions(false, { first: 1, after }))).viewer.mentions;
    seen.push(...nodes.map(({ body }: any) => body));
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  expect(seen).toEqual([`@${dan.username} four`, '@room two', `@${dan.username} one`]);
  expect(await dan.refused(...listMentions(false, { first: 1, after: 'hello' }))).toMatchObject({
    code: 'INVALID_INPUT',
  });
  await dan.graphql(...leave(other));
  expect(await bodies(dan)).toEqual([`@${dan.username} four`, `@${dan.username} one`]);
});
