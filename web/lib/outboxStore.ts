import type { SealedFileKey } from '../crypto/types';
import { hasEncrypted, isEncrypted } from '../encryption/pinnedRooms';
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
  placeholder?: string;
  /** Of a file that is kept and sent encrypted: what opens it. `size` is that of the file itself. */
  sealed?: SealedFileKey;
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
  /** The owner's unsent messages in the order in which they were written: of a room, or of all that are kept in the same way. */
  all(roomId?: string): Promise<Unsent[]>;
  /** Those of encrypted rooms, which may take a while. */
  encrypted?(): Promise<Unsent[]>;
  put(item: Unsent): Promise<void>;
  remove(item: Unsent): Promise<void>;
}

/** Keeps the owner's messages in IndexedDB; those of encrypted rooms where the rooms are kept, encrypted. Never rejects. */
export function openOutboxStore(owner: string): OutboxStore {
  const plain = openPlainStore(owner);
  const sealed = async () => (await import('../encryption/unsentStore')).unsentStore;
  const of = async (roomId?: string) => (roomId && isEncrypted(roomId) ? sealed() : plain);

  return {
    all: async (roomId) => (await of(roomId)).all(),
    encrypted: async () => (hasEncrypted() ? (await sealed()).all() : []),
    put: async (item) => (await of(item.roomId)).put(item),
    remove: async (item) => (await of(item.roomId)).remove(item.id),
  };
}

/** What cannot be written there is kept in memory. */
function openPlainStore(owner: string) {
  const spare = new Map<string, Unsent>();

  return {
    async all() {
      const stored = (await readAll<Unsent>('outbox', owner)) ?? [];
      return inOrder([...stored, ...spare.values()]);
    },
    async put(item: Unsent) {
      if (await write('outbox', owner, item.id, item)) spare.delete(item.id);
      else spare.set(item.id, item);
    },
    async remove(id: string) {
      spare.delete(id);
      await removeRow('outbox', owner, id);
    },
  };
}

/** Each once, in the order in which they were written. */
export function inOrder(items: Unsent[]) {
  const once = new Map(items.map((item) => [item.id, item]));
  return [...once.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
