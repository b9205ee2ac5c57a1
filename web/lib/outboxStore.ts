import { type IDBPDatabase, openDB } from 'idb';

/** A message that the server has not acknowledged. */
export interface Unsent {
  id: string;
  roomId: string;
  body: string;
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

const PATIENCE = 2_000;
const TABLE = 'outbox';

/** Keeps the owner's messages in IndexedDB; what cannot be written there is kept in memory. Never rejects. */
export function openOutboxStore(owner: string): OutboxStore {
  const spare = new Map<string, Unsent>();
  let opening: Promise<IDBPDatabase> | undefined;

  return { all, put, remove };

  async function all() {
    const range = () => IDBKeyRange.bound([owner], [owner, []]);
    const stored = await attempt((db) => db.getAll(TABLE, range()) as Promise<Unsent[]>);
    return [...(stored ?? []), ...spare.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async function put(item: Unsent) {
    const written = await attempt((db) => db.put(TABLE, item, [owner, item.id]));
    if (!written) spare.set(item.id, item);
  }

  async function remove(id: string) {
    spare.delete(id);
    await attempt((db) => db.delete(TABLE, [owner, id]));
  }

  async function attempt<Result>(act: (db: IDBPDatabase) => Promise<Result>): Promise<Result | undefined> {
    try {
      opening ??= open();
      return await within(PATIENCE, opening.then(act));
    } catch {
      opening = undefined;
      return undefined;
    }
  }

  function open() {
    return openDB('shh', 1, {
      upgrade: (db) => void db.createObjectStore(TABLE),
      terminated: () => {
        opening = undefined;
      },
    });
  }
}

function within<Result>(ms: number, promise: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, ms, new Error('No answer from IndexedDB'));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
