import { type IDBPDatabase, openDB } from 'idb';
import { readonly, ref } from 'vue';

/** What this device keeps: unsent messages and files, rooms as they were last shown, small things about a person. */
export type Table = 'outbox' | 'files' | 'logs' | 'facts';

const NAME = 'shh';
const VERSION = 4;
const TABLES: Table[] = ['outbox', 'files', 'logs', 'facts'];
const PATIENCE = 2_000;
const PATIENCE_FOR_FILES = 60_000;

const forgetful = ref(false);
let closed = false;
let opening: Promise<IDBPDatabase> | undefined;

/** Whether something could not be written: storage is full, or not allowed here. */
export const isForgetful = readonly(forgetful);

/** What an owner keeps under a key. */
export function read<Value>(table: Table, owner: string, key: string): Promise<Value | undefined> {
  return attempt((db) => db.get(table, [owner, key]) as Promise<Value | undefined>);
}

/** Everything that an owner keeps, in the order of the keys. */
export function readAll<Value>(table: Table, owner: string): Promise<Value[] | undefined> {
  return attempt((db) => db.getAll(table, ownedBy(owner)) as Promise<Value[]>);
}

/** The keys of everything that an owner keeps. */
export async function keysOf(table: Table, owner: string): Promise<string[]> {
  const keys = await attempt((db) => db.getAllKeys(table, ownedBy(owner)) as Promise<[string, string][]>);
  return keys?.map(([, key]) => key) ?? [];
}

/** Says whether it is written: false where storage is full or not allowed. */
export async function write(table: Table, owner: string, key: string, value: unknown): Promise<boolean> {
  if (closed) return false;
  const patience = table === 'files' ? PATIENCE_FOR_FILES : PATIENCE;
  const written = (await attempt((db) => db.put(table, value, [owner, key]), patience)) !== undefined;
  if (!written) forgetful.value = true;
  return written;
}

/** Changes what an owner keeps under a key, and no other tab comes between. Gives what is kept then. */
export async function change<Value>(
  table: Table,
  owner: string,
  key: string,
  how: (kept: Value | undefined) => Value | undefined,
): Promise<Value | undefined> {
  if (closed) return undefined;
  return attempt(async (db) => {
    const { store } = db.transaction(table, 'readwrite');
    const next = how(await store.get([owner, key]));
    await (next === undefined ? store.delete([owner, key]) : store.put(next, [owner, key]));
    return next;
  });
}

export async function remove(table: Table, owner: string, key: string) {
  await attempt((db) => db.delete(table, [owner, key]));
}

/** Removes what an owner keeps in these tables, or everything. Nothing is written by this page from then on. */
export async function removeAll(owner: string, tables: Table[] = TABLES) {
  closed = true;
  await attempt(async (db) => {
    for (const table of tables) await db.delete(table, ownedBy(owner));
  });
}

const ownedBy = (owner: string) => IDBKeyRange.bound([owner], [owner, []]);

/** Never rejects, and never waits long: a page without storage is a page that forgets. */
async function attempt<Result>(
  act: (db: IDBPDatabase) => Promise<Result>,
  patience = PATIENCE,
): Promise<Result | undefined> {
  try {
    opening ??= open();
    return await within(patience, opening.then(act));
  } catch {
    opening = undefined;
    return undefined;
  }
}

function open() {
  return openDB(NAME, VERSION, {
    upgrade: (db) => {
      // Rooms as an earlier version kept them lack what this one shows.
      if (db.objectStoreNames.contains('logs')) db.deleteObjectStore('logs');
      for (const table of TABLES) if (!db.objectStoreNames.contains(table)) db.createObjectStore(table);
    },
    // A newer page wants to upgrade.
    blocking: (_current, _blocked, event) => {
      (event.target as IDBDatabase).close();
      opening = undefined;
    },
    terminated: () => {
      opening = undefined;
    },
  });
}

function within<Result>(ms: number, promise: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, ms, new Error('No answer from IndexedDB'));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
