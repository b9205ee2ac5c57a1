import type { Core } from '../core.ts';
import { isUniqueViolation } from '../db/driverErrors.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { appendMessages, type NewMessage } from '../realtime/newMessages.ts';

const MOST = 64;

type Sent = LogEntry | undefined;
interface Waiting {
  message: NewMessage;
  resolve: (entry: Sent) => void;
  reject: (error: unknown) => void;
}

/**
 * Appends the message, together with the others that are waiting for the same room by the time its turn comes: while
 * one statement runs, the next ones gather. Idle rooms wait for nothing. Undefined when the message was not added.
 */
export function sendTogether(core: Core, roomId: string, message: NewMessage): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const queue = queuesOf(core);
    const waiting = queue.get(roomId);
    if (waiting) return void waiting.push({ message, resolve, reject });
    queue.set(roomId, [{ message, resolve, reject }]);
    void drain(core, roomId);
  });
}

const queues = new WeakMap<Core, Map<string, Waiting[]>>();
function queuesOf(core: Core) {
  const known = queues.get(core) ?? new Map<string, Waiting[]>();
  queues.set(core, known);
  return known;
}

async function drain(core: Core, roomId: string): Promise<void> {
  const queue = queuesOf(core);
  const waiting = queue.get(roomId) ?? [];
  while (waiting.length > 0) await send(core, roomId, takeDistinct(waiting));
  queue.delete(roomId);
}

// The same id or file twice in one statement would collide with itself, and a reply would not find what is only being
// sent: the second waits for the next one.
function takeDistinct(waiting: Waiting[]): Waiting[] {
  const ids = new Set<string>();
  const taken: Waiting[] = [];
  const left: Waiting[] = [];
  for (const item of waiting) {
    const { id, replyTo = '', files = [] } = item.message;
    const fits = taken.length < MOST && ![id, replyTo, ...files].some((named) => ids.has(named));
    for (const own of [id, ...files]) ids.add(own);
    (fits ? taken : left).push(item);
  }
  waiting.splice(0, waiting.length, ...left);
  return taken;
}

async function send(core: Core, roomId: string, batch: Waiting[]): Promise<void> {
  try {
    const entries = await append(
      core,
      roomId,
      batch.map(({ message }) => message),
    );
    core.roomFeeds.announce(entries);
    const added = new Map(entries.map((entry) => [entry.id, entry]));
    for (const { message, resolve } of batch) resolve(added.get(message.id));
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

// An id that another node or room commits while this statement waits is seen by the next try: each has one id less.
async function append(core: Core, roomId: string, messages: NewMessage[], tries = MOST): Promise<LogEntry[]> {
  return appendMessages(core.db, roomId, messages).catch((error) => {
    if (tries > 0 && isUniqueViolation(error)) return append(core, roomId, messages, tries - 1);
    throw error;
  });
}
