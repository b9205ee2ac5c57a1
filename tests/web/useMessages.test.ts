import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectScope } from 'vue';
import type { SealedEvent } from '../../web/crypto/types';
import { wake } from '../../web/lib/retry';
import type { Message, RoomEvent } from '../../web/lib/roomStore';
import type { Listener } from '../../web/lib/supervisor';
import { until } from './patience';
import { ada, deleted, edited, left, message, messages, reset, sent } from './roomLogs';

interface Subscription extends Listener<{ roomLog: RoomEvent }> {
  position: () => { after: number; epoch: string };
  ended: boolean;
}

const server = vi.hoisted(() => ({
  answers: [] as (() => unknown)[],
  asked: [] as Record<string, unknown>[],
  subscriptions: [] as unknown[],
  end: 0,
}));

vi.mock('../../web/request', () => ({
  ask: async (_: unknown, variables: Record<string, unknown>) => {
    if ('after' in variables && 'before' in variables) return { room: { notices: [] } };
    server.asked.push(variables);
    return server.answers.shift()?.();
  },
}));
vi.mock('../../web/lib/live', () => ({
  subscribe: (_: unknown, position: () => unknown, listener: object) => {
    const subscription = { ...listener, position, ended: false, variables: position() };
    server.subscriptions.push(subscription);
    return () => {
      subscription.ended = true;
    };
  },
}));

const { useNotice } = await import('../../web/ui/useNotice');
const { useMessages } = await import('../../web/messages/useMessages');

const page = (nodes: Message[], { hasOlder = false, end = nodes.at(-1)?.seq ?? 0, epoch = 'first' } = {}) => {
  server.end = Math.max(server.end, end);
  return {
    server: { epoch },
    room: { lastSeq: end, messages: { nodes, pageInfo: { hasPreviousPage: hasOlder, hasNextPage: false } } },
  };
};
const refused = (code: string) => () => {
  throw [{ message: 'Room not found.', extensions: { code } }];
};
const offline = () => {
  throw new Error('Failed to fetch');
};

let rooms = 0;
const scopes: { stop(): void }[] = [];

beforeEach(() => {
  for (const name of ['addEventListener', 'removeEventListener']) vi.stubGlobal(name, () => {});
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => setTimeout(callback, 1));
  server.end = 0;
  server.answers.length = server.asked.length = server.subscriptions.length = 0;
});
afterEach(() => {
  for (const scope of scopes.splice(0)) scope.stop();
  vi.restoreAllMocks();
});

function open(roomId = `room-${++rooms}`) {
  const scope = effectScope();
  scopes.push(scope);
  const events: SealedEvent[] = [];
  const arrived: Message[] = [];
  const room = scope.run(() =>
    useMessages(roomId, {
      viewerId: ada.id,
      following: () => true,
      onEvent: (event) => void events.push(event),
      onArrived: (fresh) => void arrived.push(...fresh),
    }),
  );
  if (!room) throw new Error('no scope');
  return { ...room, roomId, scope, events, arrived, bodies: () => room.log.value?.messages.map(({ body }) => body) };
}

const subscription = async (count = 1) =>
  until(() => {
    expect(server.subscriptions).toHaveLength(count);
    return server.subscriptions[count - 1] as Subscription;
  });
/** Tells what happened; first, as a server does, what lies between the position and what the page showed. */
const tell = (to: Subscription, ...events: RoomEvent[]) => {
  const from = to.position().after + 1;
  const again = Array.from({ length: Math.max(0, server.end - from + 1) }, (_, index) => sent(from + index));
  for (const roomLog of [...again, ...events]) to.next({ roomLog });
};

test('Ada sees the newest page, then each entry once and in order, and asks on from the last one', async () => {
  server.answers.push(() => page(messages(1, 2)));
  const room = open();
  const live = await subscription();
  tell(live, sent(2), sent(3), sent(3), sent(4));
  await until(() => expect(room.bodies()).toEqual(['1', '2', '3', '4']));
  expect(room.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  expect(room.arrived.map(({ seq }) => seq)).toEqual([3, 4]);
  expect(live.position()).toMatchObject({ after: 4, epoch: 'first' });
});

test('entries that wait for the next frame are counted when the cursor is asked for', async () => {
  server.answers.push(() => page(messages(1, 2)));
  open();
  const live = await subscription();
  tell(live, sent(3), sent(4));
  expect(live.position().after).toBe(4);
});

test('opened offline, the room is tried again until it is there', async () => {
  server.answers.push(offline, offline, () => page(messages(1, 1)));
  const room = open();
  await until(() => {
    wake();
    expect(room.bodies()).toEqual(['1']);
  });
  expect(room.problem.value).toBeUndefined();
});

test('a room that is refused is not asked for again', async () => {
  server.answers.push(refused('NOT_FOUND'));
  const room = open();
  await until(() => expect(room.problem.value).toBeDefined());
  wake();
  expect(server.asked).toHaveLength(1);
});

test('a hole is a bug: it is reported, and the log is asked for again from before it', async () => {
  const report = vi.spyOn(console, 'error').mockImplementation(() => {});
  server.answers.push(() => page(messages(1, 2)));
  const room = open();
  const live = await subscription();
  tell(live, sent(3), sent(5), sent(6));
  await until(() => expect(report).toHaveBeenCalledOnce());
  expect(useNotice().value).toContain('report this as a bug');
  expect(live.ended).toBe(true);
  await until(() => {
    wake();
    expect(server.subscriptions).toHaveLength(2);
  });
  const again = await subscription(2);
  expect(again.position().after).toBe(3);
  tell(again, sent(4), sent(5));
  await until(() => expect(room.bodies()).toEqual(['1', '2', '3', '4', '5']));
});

test('after a Reset the room is loaded anew, and what comes meanwhile is put over it', async () => {
  server.answers.push(() => page(messages(1, 9)));
  const room = open();
  const live = await subscription();
  let answer = (_page: unknown) => {};
  server.answers.push(() => new Promise((resolve) => (answer = resolve)));
  server.end = 0;
  tell(live, reset(3), edited(4, message(2, { body: 'two', editedAt: '2026-03-03T13:00:00Z' })), sent(5));
  await until(() => expect(server.asked).toHaveLength(2));
  tell(live, sent(6));
  answer(page(messages(1, 3), { epoch: 'restored' }));
  await until(() => expect(room.bodies()).toEqual(['1', 'two', '3', '5', '6']));
  expect(live.position()).toMatchObject({ after: 6, epoch: 'restored' });
  expect(server.subscriptions).toHaveLength(1);
});

test('a stream that ends is started again, unless Ada has left', async () => {
  server.answers.push(() => page(messages(1, 2)));
  const room = open();
  const live = await subscription();
  expect(live.complete?.()).toBe('again');
  tell(live, left(3, ada));
  expect(live.complete?.()).toBeUndefined();
  expect(room.log.value?.ended).toBe(true);
});

test('an older page that was asked for before an edit shows the edit', async () => {
  server.answers.push(() => page(messages(11, 12), { hasOlder: true }));
  const room = open();
  const live = await subscription();
  let answer = (_page: unknown) => {};
  server.answers.push(() => new Promise((resolve) => (answer = resolve)));
  const loaded = room.loadOlder();
  await until(() => expect(server.asked.at(-1)).toMatchObject({ before: '11' }));
  tell(live, edited(13, message(10, { body: 'ten', editedAt: '2026-03-03T13:00:00Z' })), deleted(14, message(9)));
  live.position();
  answer(page(messages(9, 10)));
  await loaded;
  expect(room.bodies()).toEqual([null, 'ten', '11', '12']);
});

test('a page of older messages is asked for once, however often the list asks', async () => {
  server.answers.push(() => page(messages(11, 12), { hasOlder: true }));
  const room = open();
  await subscription();
  server.answers.push(() => page(messages(9, 10)));
  await Promise.all([room.loadOlder(), room.loadOlder(), room.loadOlder()]);
  expect(server.asked).toHaveLength(2);
  expect(room.bodies()).toEqual(['9', '10', '11', '12']);
});

test('a room that was left a moment ago is there at once, and its log goes on from there', async () => {
  server.answers.push(() => page(messages(1, 2)));
  const first = open();
  tell(await subscription(), sent(3));
  first.scope.stop();
  const second = open(first.roomId);
  expect(second.bodies()).toEqual(['1', '2', '3']);
  expect((await subscription(2)).position().after).toBe(3);
  expect(server.asked).toHaveLength(1);
});

test('an acknowledged message stands in the list before the log tells of it, and once', async () => {
  server.answers.push(() => page(messages(1, 2)));
  const room = open();
  const live = await subscription();
  room.learn(message(4));
  expect(room.bodies()).toEqual(['1', '2', '4']);
  tell(live, sent(3), sent(4));
  await until(() => expect(room.bodies()).toEqual(['1', '2', '3', '4']));
});

test('Ada answers from an old page: the newest one was asked for before her answer was there, and it is shown after it', async () => {
  server.answers.push(() => page(messages(11, 12), { hasOlder: true }));
  const room = open();
  await subscription();
  server.answers.push(() => page(messages(1, 3)));
  await room.toMessage('m2');
  let answer = (_page: unknown) => {};
  server.answers.push(() => new Promise((resolve) => (answer = resolve)));
  server.answers.push(() => page(messages(13, 13)));
  const moved = room.toLatest();
  await until(() => expect(server.asked).toHaveLength(3));
  room.learn(message(13));
  answer(page(messages(11, 12), { hasOlder: true }));
  await moved;
  expect(room.bodies()).toEqual(['11', '12', '13']);
});

test('to the latest one gets although another page is on its way', async () => {
  server.answers.push(() => page(messages(11, 12), { hasOlder: true }));
  const room = open();
  await subscription();
  server.answers.push(() => page(messages(4, 6), { hasOlder: true }));
  await room.toMessage('m5');
  server.answers.push(
    () => page(messages(2, 3)),
    () => page(messages(11, 12), { hasOlder: true }),
  );
  await Promise.all([room.loadOlder(), room.toLatest(), room.loadOlder()]);
  expect(room.bodies()).toEqual(['11', '12']);
});
