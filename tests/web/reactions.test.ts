import { beforeEach, expect, test } from 'vitest';
import { shallowRef } from 'vue';
import { addMessage, type Message, openLog } from '../../web/lib/roomStore';
import { reactorNames, withWishes } from '../../web/messages/reactions';
import { useReactions } from '../../web/messages/useReactions';
import { useNotice } from '../../web/ui/useNotice';
import { until } from './patience';
import { ada, message, tomas } from './roomLogs';

const server = { asked: [] as boolean[], answers: [] as (() => Message | Promise<Message>)[] };
const source = {
  react: async (_id: string, _emoji: string, on: boolean) => {
    server.asked.push(on);
    return (server.answers.shift() ?? message.bind(null, 1))();
  },
};

const by = (...users: (typeof ada)[]) => ({ emoji: '👍', count: users.length, users });

beforeEach(() => {
  server.asked.length = server.answers.length = 0;
});

test('names: the others first, then you, and how many more', () => {
  expect(reactorNames(by(tomas), ada.id)).toBe('Tomás Rivera');
  expect(reactorNames(by(ada, tomas), ada.id)).toBe('Tomás Rivera and you');
  const crowd = Array.from({ length: 30 }, (_, n) => ({ ...tomas, id: `${n}`, displayName: `N${n}` }));
  expect(reactorNames({ ...by(ada, ...crowd), count: 130 }, ada.id)).toMatch(/^N0, .*N8, you,? and 120 more$/);
});

test('what Ada wants is done to the message, as the server will do it', () => {
  const liked = message(1, { reactions: [by(tomas)] });
  const on = (emoji: string, wanted: boolean) => withWishes(liked, new Map([[emoji, wanted]]), ada).reactions;
  expect(on('👍', true)).toEqual([by(tomas, ada)]);
  expect(on('🎉', true)).toEqual([by(tomas), { emoji: '🎉', count: 1, users: [ada] }]);
  expect(on('👍', false)).toBe(liked.reactions);
  const own = message(1, { reactions: [by(ada)] });
  expect(withWishes(own, new Map([['👍', false]]), ada).reactions).toEqual([]);
});

function open() {
  const log = shallowRef(openLog([message(1)], false, 1, 'e'));
  const room = useReactions(source, log, ada, (now) => {
    log.value = addMessage(log.value, now, true);
  });
  const chips = () => room.shown.value?.messages[0]?.reactions.map(({ emoji, count }) => `${emoji}${count}`);
  return { chips, react: () => room.react(room.shown.value?.messages[0] ?? message(1), '👍') };
}

test('a reaction is there at once, and taken back when the server refuses it', async () => {
  server.answers.push(() => {
    throw [{ message: 'A message has at most 20 different reactions.', extensions: { code: 'CONFLICT' } }];
  });
  const { chips, react } = open();
  react();
  expect(chips()).toEqual(['👍1']);
  await until(() => expect(chips()).toEqual([]));
  expect(useNotice().value).toContain('not kept');
});

test('whoever changes their mind before the answer is obeyed in the end', async () => {
  let answer = (_: Message) => {};
  server.answers.push(() => new Promise((resolve) => (answer = resolve)));
  server.answers.push(() => message(1, { changedSeq: 3 }));
  const { chips, react } = open();
  react();
  react();
  expect(chips()).toEqual([]);
  answer(message(1, { changedSeq: 2, reactions: [by(ada)] }));
  await until(() => expect(server.asked).toEqual([true, false]));
  await until(() => expect(chips()).toEqual([]));
});
