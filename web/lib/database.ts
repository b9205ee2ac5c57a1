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
let opening: Promise<IDBDatabase> | undefined;

/** Whether something could not be written: storage is full, or not allowed here. */
export const isForgetful = readonly(forgetful);

export function noteForgetful() {
  forgetful.value = true;
}

/** What an owner keeps under a key. */
export function read<Value>(table: Table, owner: string, key: string): Promise<Value | undefined> {
  return attempt((db) => inTable<Value | undefined>(db, table, 'readonly', (rows) => rows.get([owner, key])));
}

/** Everything that an owner keeps, in the order of the keys. */
export function readAll<Value>(table: Table, owner: string): Promise<Value[] | undefined> {
  return attempt((db) => inTable<Value[]>(db, table, 'readonly', (rows) => rows.getAll(ownedBy(owner))));
}

/** The keys of everything that an owner keeps. */
export async function keysOf(table: Table, owner: string): Promise<string[]> {
  const keys = await attempt((db) => inTable(db, table, 'readonly', (rows) => rows.getAllKeys(ownedBy(owner))));
  return (keys as [string, string][] | undefined)?.map(([, key]) => key) ?? [];
}

/** Says whether it is written: false where storage is full or not allowed. */
export async function write(table: Table, owner: string, key: string, value: unknown): Promise<boolean> {
  if (closed) return false;
  const patience = table === 'files' ? PATIENCE_FOR_FILES : PATIENCE;
  const written =
    (await attempt((db) => inTable(db, table, 'readwrite', (rows) => rows.put(value, [owner, key])), patience)) !==
    undefined;
  if (!written) noteForgetful();
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
    let next: Value | undefined;
    await inTable<Value | undefined>(db, table, 'readwrite', (rows) => {
      const kept: IDBRequest<Value | undefined> = rows.get([owner, key]);
      kept.onsuccess = () => {
        next = how(kept.result);
        if (next === undefined) rows.delete([owner, key]);
        else rows.put(next, [owner, key]);
      };
      return kept;
    });
    return next;
  });
}

export async function remove(table: Table, owner: string, key: string) {
  await attempt((db) => inTable(db, table, 'readwrite', (rows) => rows.delete([owner, key])));
}

/** Removes what an owner keeps in these tables, or everything. Nothing is written by this page from then on. */
export async function removeAll(owner: string, tables: Table[] = TABLES) {
  closed = true;
  await attempt(async (db) => {
    for (const table of tables) await inTable(db, table, 'readwrite', (rows) => rows.delete(ownedBy(owner)));
  });
}

const ownedBy = (owner: string) => IDBKeyRange.bound([owner], [owner, []]);

/** Never rejects, and never waits long: a page without storage is a page that forgets. */
async function attempt<Result>(
  act: (db: IDBDatabase) => Promise<Result>,
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

/** Gives what was asked for once the transaction is done: what was written is kept then. */
function inTable<Result>(
  db: IDBDatabase,
  table: Table,
  mode: IDBTransactionMode,
  ask: (rows: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(table, mode);
    const asked = ask(transaction.objectStore(table));
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => upgrade(request.result);
    request.onsuccess = () => resolve(watched(request.result));
    request.onerror = () => reject(request.error);
  });
}

function upgrade(db: IDBDatabase) {
  // Rooms as an earlier version kept them lack what this one shows.
  if (db.objectStoreNames.contains('logs')) db.deleteObjectStore('logs');
  for (const table of TABLES) if (!db.objectStoreNames.contains(table)) db.createObjectStore(table);
}

function watched(db: IDBDatabase): IDBDatabase {
  // A newer page wants to upgrade.
  db.onversionchange = () => {
    db.close();
    opening = undefined;
  };
  db.onclose = () => {
    opening = undefined;
  };
  return db;
}

function within<Result>(ms: number, promise: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, ms, new Error('No answer from IndexedDB'));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
