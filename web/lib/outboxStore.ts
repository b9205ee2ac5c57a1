import { readAll, remove as removeRow, write } from './database';
import type { Quote } from './roomStore';

/** A file that goes with a message, and is not sent. Its bytes are kept elsewhere under its key. */
export interface UnsentFile {
  /** A UUID of version 7, made on this device. */
  key: string;
  name: string;
  type: string;
  size: number;
  /** In pixels, of what this browser can show. */
  width?: number;
  height?: number;
}

/** A message that the server has not acknowledged. */
export interface Unsent {
  id: string;
  roomId: string;
  body: string;
  files?: readonly UnsentFile[];
  replyTo?: Quote;
  createdAt: string;
  /** Why the server refused it; it is not sent again by itself. */
  refusal?: { code: string; sentence: string };
}

export interface OutboxStore {
  /** Every unsent message of the owner, in the order in which they were written. */
  all(): Promise<Unsent[]>;
  put(item: Unsent): Promise<void>;
  remove(id: string): Promise<void>;
}

/** Keeps the owner's messages in IndexedDB; what cannot be written there is kept in memory. Never rejects. */
export function openOutboxStore(owner: string): OutboxStore {
  const spare = new Map<string, Unsent>();

  return {
    async all() {
      const stored = (await readAll<Unsent>('outbox', owner)) ?? [];
      const both = new Map([...stored, ...spare.values()].map((item) => [item.id, item]));
      return [...both.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    async put(item) {
      if (await write('outbox', owner, item.id, item)) spare.delete(item.id);
      else spare.set(item.id, item);
    },
    async remove(id) {
      spare.delete(id);
      await removeRow('outbox', owner, id);
    },
  };
}
