import { afterEach, expect, test, vi } from 'vitest';
import { Outbox, type Unsent } from '../../web/lib/outbox';
import type { OutboxStore } from '../../web/lib/outboxStore';
import { wake } from '../../web/lib/retry';
import { until } from './patience';

type Answer = (item: Unsent) => Promise<string>;

const refusal = (code: string, message = 'No.') => [{ message, extensions: { code } }];
const unreachable = () => Promise.reject(new Error('offline'));
const accept: Answer = async ({ body }) => body;

let people = 0;
afterEach(() => vi.restoreAllMocks());

function memory(): OutboxStore {
  const items = new Map<string, Unsent>();
  return {
    all: async () => [...items.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    put: async (item) => void items.set(item.id, item),
    remove: async ({ id }) => void items.delete(id),
  };
}

/** An outbox and the server it sends to. `answer` can be changed while it runs. */
function setUp(answer: Answer = accept, store = memory(), owner = `person-${++people}`) {
  const server = { answer, received: [] as string[], acknowledged: [] as string[] };
  const discarded: string[] = [];
  const send = (item: Unsent) => {
    server.received.push(item.body);
    return server.answer(item);
  };
  const outbox = new Outbox<string>({
    ...{ owner, store, send },
    onSent: (_item, sent) => server.acknowledged.push(sent),
    onDiscarded: ({ body }) => discarded.push(body),
  });
  return { outbox, server, discarded, store, owner };
}

const bodies = (outbox: Outbox<string>, room = 'room') => outbox.items(room).value.map(({ body }) => body);

test('what Ada writes is shown at once and leaves when the server has it', async () => {
  const { outbox, server } = setUp();
  const added = outbox.add('room', 'hello');
  expect(bodies(outbox)).toEqual(['hello']);
  await added;
  await until(() => expect(bodies(outbox)).toEqual([]));
  expect(server.acknowledged).toEqual(['hello']);
});

test('a room is sent in order, one at a time', async () => {
  let open = 0;
  let most = 0;
  const { outbox, server } = setUp(async ({ body }) => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve, 20 - Number(body) * 4));
    open -= 1;
    return body;
  });
  await Promise.all(['0', '1', '2', '3', '4'].map((body) => outbox.add('room', body)));
  await until(() => expect(server.acknowledged).toHaveLength(5));
  expect(server.acknowledged).toEqual(['0', '1', '2', '3', '4']);
  expect(most).toBe(1);
});

test('offline, the first message is tried again and nothing overtakes it', async () => {
  const { outbox, server } = setUp(unreachable);
  await outbox.add('room', 'one');
  await outbox.add('room', 'two');
  await until(() => expect(server.received.length).toBeGreaterThan(0));
  expect(new Set(server.received)).toEqual(new Set(['one']));
  server.answer = accept;
  wake();
  await until(() => expect(server.acknowledged).toEqual(['one', 'two']));
});

test('an acknowledgement that was lost is asked for again under the same id', async () => {
  const ids: string[] = [];
  const { outbox, server } = setUp(async ({ id, body }) => {
    ids.push(id);
    if (ids.length === 1) throw new Error('connection lost');
    return body;
  });
  await outbox.add('room', 'once');
  await until(() => {
    wake();
    expect(server.acknowledged).toEqual(['once']);
  });
  expect(new Set(ids).size).toBe(1);
});

test('what was written before a reload is sent after it, in order', async () => {
  const first = setUp(unreachable);
  await first.outbox.add('room', 'one');
  await first.outbox.add('room', 'two');
  first.server.answer = () => new Promise(() => {});
  const second = setUp(accept, first.store, 'the same person on a new page');
  await until(() => expect(second.server.acknowledged).toEqual(['one', 'two']));
});

test('a refused message stays, says why, and lets the next one pass', async () => {
  const { outbox, server } = setUp(async ({ body }) => {
    if (body === 'bad') throw refusal('INVALID_INPUT', 'Message is too long.');
    return body;
  });
  await outbox.add('room', 'bad');
  await outbox.add('room', 'good');
  await until(() => expect(server.acknowledged).toEqual(['good']));
  expect(outbox.items('room').value).toMatchObject([{ body: 'bad', refusal: { sentence: 'Message is too long.' } }]);
});

test('Retry sends a refused message under its id, and under a new one after CONFLICT', async () => {
  const ids: string[] = [];
  const { outbox, server } = setUp(async ({ id }) => {
    ids.push(id);
    throw refusal(ids.length === 1 ? 'FORBIDDEN' : 'CONFLICT');
  });
  const refused = async (times: number) => {
    await until(() => expect(ids).toHaveLength(times));
    await until(() => expect(outbox.items('room').value[0]?.refusal).toBeDefined());
    return outbox.items('room').value[0] as Unsent;
  };
  await outbox.add('room', 'hello');
  await outbox.retry(await refused(1));
  const conflict = await refused(2);
  server.answer = accept;
  await outbox.retry(conflict);
  await until(() => expect(server.acknowledged).toEqual(['hello']));
  expect(ids[1]).toBe(ids[0]);
  expect(server.received).toHaveLength(3);
});

test('a message that makes the server fail again and again does not hold up the room', async () => {
  const { outbox, server } = setUp(async ({ body }) => {
    if (body === 'cursed') throw refusal('INTERNAL_SERVER_ERROR');
    return body;
  });
  await outbox.add('room', 'cursed');
  await outbox.add('room', 'fine');
  await until(() => {
    wake();
    expect(server.acknowledged).toEqual(['fine']);
  });
  expect(outbox.items('room').value[0]?.refusal?.code).toBe('INTERNAL_SERVER_ERROR');
});

test('signed out, nothing is sent and nothing is lost', async () => {
  const { outbox, server, store } = setUp(() => Promise.reject(refusal('UNAUTHENTICATED')));
  await outbox.add('room', 'later');
  await until(() => expect(server.received).toContain('later'));
  expect(server.acknowledged).toEqual([]);
  expect(await store.all()).toMatchObject([{ body: 'later' }]);
});

test('a second tab shows what the first one has not sent, and sees it leave', async () => {
  const first = setUp(unreachable);
  const second = setUp(unreachable, first.store, first.owner);
  await first.outbox.add('room', 'hello');
  await until(() => expect(bodies(second.outbox)).toEqual(['hello']));
  first.server.answer = accept;
  second.server.answer = () => new Promise(() => {});
  await until(() => {
    wake();
    expect(bodies(second.outbox)).toEqual([]);
  });
  expect(second.server.acknowledged).toEqual(['hello']);
});

test('Delete forgets a message', async () => {
  const { outbox, discarded, store } = setUp(() => Promise.reject(refusal('NOT_FOUND')));
  await outbox.add('room', 'hello');
  await until(() => expect(outbox.items('room').value[0]?.refusal).toBeDefined());
  await outbox.discard(outbox.items('room').value[0] as Unsent);
  expect([bodies(outbox), discarded]).toEqual([[], ['hello']]);
  expect(await store.all()).toEqual([]);
});

test('a message that Ada cancels in one tab ends in the other, which was sending it, and does not come back as refused', async () => {
  let refuse = (_: unknown) => {};
  const first = setUp(unreachable);
  const held: Answer = () =>
    new Promise((_, reject) => {
      refuse = reject;
    });
  const second = setUp(held, first.store, first.owner);
  await first.outbox.add('room', 'never mind');
  await until(() => {
    wake();
    expect(second.server.received).toEqual(['never mind']);
  });
  await first.outbox.discard(first.outbox.items('room').value[0] as Unsent);
  await until(() => expect(second.discarded).toEqual(['never mind']));
  second.server.answer = accept;
  refuse(refusal('INVALID_INPUT'));
  await second.outbox.add('room', 'after it');
  await until(() => expect(second.server.acknowledged).toContain('after it'));
  expect(await second.store.all()).toEqual([]);
  expect(bodies(second.outbox)).toEqual([]);
});

test('when a refusal cannot be written, the message is tried again and the room is not dead', async () => {
  const store = memory();
  const put = store.put;
  const { outbox, server } = setUp(() => Promise.reject(refusal('INVALID_INPUT')), store);
  await outbox.add('room', 'one');
  store.put = () => Promise.reject(new Error('The disk is full.'));
  await until(() => expect(server.received.length).toBeGreaterThan(1));
  server.answer = accept;
  store.put = put;
  await outbox.add('room', 'two');
  await until(() => {
    wake();
    expect(server.acknowledged).toEqual(['one', 'two']);
  });
});
