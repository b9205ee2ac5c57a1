import type { Core } from '../core.ts';
import { isUniqueViolation } from '../db/driverErrors.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { appendMessages, type NewMessage } from '../realtime/newMessages.ts';
import { appendSealed, type NewSealed } from '../realtime/newSealed.ts';

const MOST = 64;

type Sent = LogEntry | undefined;
type Append<Item> = (db: Core['db'], roomId: string, items: Item[]) => Promise<LogEntry[]>;
interface Waiting<Item> {
  item: Item;
  resolve: (entry: Sent) => void;
  reject: (error: unknown) => void;
}
interface Sendable {
  id: string;
  files?: string[] | undefined;
  replyTo?: string | undefined;
  targetId?: string | undefined;
}

/**
 * Appends the message, together with the others that are waiting for the same room by the time its turn comes: while
 * one statement runs, the next ones gather. Idle rooms wait for nothing. Undefined when the message was not added.
 */
export const sendTogether = sendingBy<NewMessage>(appendMessages);

/** The same for what devices say in encrypted rooms. */
export const sendSealedTogether = sendingBy<NewSealed>(appendSealed);

function sendingBy<Item extends Sendable>(append: Append<Item>) {
  const queues = new WeakMap<Core, Map<string, Waiting<Item>[]>>();
  return (core: Core, roomId: string, item: Item): Promise<Sent> =>
    new Promise((resolve, reject) => {
      const queue = queues.get(core) ?? new Map<string, Waiting<Item>[]>();
      queues.set(core, queue);
      const waiting = queue.get(roomId);
      if (waiting) return void waiting.push({ item, resolve, reject });
      queue.set(roomId, [{ item, resolve, reject }]);
      void drain(core, queue, roomId, append);
    });
}

async function drain<Item extends Sendable>(
  core: Core,
  queue: Map<string, Waiting<Item>[]>,
  roomId: string,
  append: Append<Item>,
): Promise<void> {
  const waiting = queue.get(roomId) ?? [];
  while (waiting.length > 0) await send(core, roomId, takeDistinct(waiting), append);
  queue.delete(roomId);
}

// The same id or file twice in one statement would collide with itself, and a reply would not find what is only being
// sent: the second waits for the next one.
function takeDistinct<Item extends Sendable>(waiting: Waiting<Item>[]): Waiting<Item>[] {
  const ids = new Set<string>();
  const taken: Waiting<Item>[] = [];
  const left: Waiting<Item>[] = [];
  for (const each of waiting) {
    const { id, replyTo = '', targetId = '', files = [] } = each.item;
    const fits = taken.length < MOST && ![id, replyTo, targetId, ...files].some((named) => ids.has(named));
    for (const own of [id, ...files]) ids.add(own);
    (fits ? taken : left).push(each);
  }
  waiting.splice(0, waiting.length, ...left);
  return taken;
}

async function send<Item extends Sendable>(core: Core, roomId: string, batch: Waiting<Item>[], append: Append<Item>) {
  try {
    const items = batch.map(({ item }) => item);
    const entries = await appendAgain(() => append(core.db, roomId, items));
    core.roomFeeds.announce(entries);
    const added = new Map(entries.map((entry) => [entry.id, entry]));
    for (const { item, resolve } of batch) resolve(added.get(item.id));
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

// An id that another node or room commits while this statement waits is seen by the next try: each has one id less.
async function appendAgain(append: () => Promise<LogEntry[]>, tries = MOST): Promise<LogEntry[]> {
  return append().catch((error) => {
    if (tries > 0 && isUniqueViolation(error)) return appendAgain(append, tries - 1);
    throw error;
  });
}
