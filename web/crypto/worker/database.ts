const VERSION = 1;

/** An IndexedDB with these tables. It is closed when somebody removes it. */
export async function openDatabase(name: string, tables: readonly string[]): Promise<IDBDatabase> {
  const request = indexedDB.open(name, VERSION);
  request.onupgradeneeded = () => {
    for (const table of tables) request.result.createObjectStore(table);
  };
  const database = await answered(request);
  database.onversionchange = () => database.close();
  return database;
}

/** Waits until everybody who has it open has closed it. */
export async function removeDatabase(name: string) {
  await answered(indexedDB.deleteDatabase(name));
}

export function answered<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** All of it is on the disk, or nothing. */
export function finished(change: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    change.oncomplete = () => resolve();
    change.onabort = () => reject(change.error);
  });
}
