import { deleteDB, type IDBPDatabase, openDB } from 'idb';
import { type Bytes, utf8 } from '../bytes.ts';
import type { Keys, Store } from '../device/ports.ts';
import { decodeRecord, encodeRecord } from '../device/records.ts';
import { randomBytes } from '../primitives.ts';

/** A record as it lies on the disk. Its key is in the clear, and is what the value is bound to. */
interface SealedRecord {
  nonce: Bytes;
  ciphertext: ArrayBuffer;
}

interface StoredPair {
  publicKey: Bytes;
  privateKey: CryptoKey;
}

const VERSION = 1;
const KEYS = 'keys';
const RECORDS = 'records';
const SEALING = 'records';
const WRITER = 'writer';

/** Somebody else of this browser writes now: nothing of what was to be written is. */
export class TakenOver extends Error {
  override readonly name = 'TakenOver';
}

/**
 * What a device keeps, in IndexedDB. Values are encrypted (AES-256-GCM) with a key that no script can read, signature
 * keys are such keys themselves. Who opened it last is the only one who can write: whoever did before gets `TakenOver`,
 * whatever they hold for true.
 */
export class BrowserStore implements Store {
  private constructor(
    private readonly db: IDBPDatabase,
    private readonly sealing: CryptoKey,
    private readonly writer: string,
  ) {}

  static async open(name: string): Promise<BrowserStore> {
    const db = await openDB(name, VERSION, {
      upgrade: (fresh) => {
        for (const table of [KEYS, RECORDS]) fresh.createObjectStore(table);
      },
      // It is being removed.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    });
    const writer = crypto.randomUUID();
    await db.put(KEYS, writer, WRITER);
    return new BrowserStore(db, await sealingKey(db), writer);
  }

  /** Signature keys (Ed25519) beside it, which never leave the browser. */
  get keys(): Keys {
    return {
      make: async (name) => {
        const pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
        const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
        await this.db.put(KEYS, { publicKey, privateKey: pair.privateKey } satisfies StoredPair, pairKey(name));
        return signerOf({ publicKey, privateKey: pair.privateKey });
      },
      find: async (name) => {
        const pair: StoredPair | undefined = await this.db.get(KEYS, pairKey(name));
        return pair && signerOf(pair);
      },
    };
  }

  async read<Value>(key: string): Promise<Value | undefined> {
    const record: SealedRecord | undefined = await this.db.get(RECORDS, key);
    return record && this.opened<Value>(key, record);
  }

  async readAll<Value>(prefix: string): Promise<[key: string, value: Value][]> {
    const { store } = this.db.transaction(RECORDS);
    const [keys, records] = await Promise.all([store.getAllKeys(below(prefix)), store.getAll(below(prefix))]);
    return Promise.all(
      keys.map(async (key, at): Promise<[string, Value]> => [String(key), await this.opened(String(key), records[at])]),
    );
  }

  async write(puts: readonly (readonly [key: string, value: unknown])[], removes: readonly string[] = []) {
    // Before the transaction begins: it would end while something else than the database is waited for.
    const sealed = await Promise.all(puts.map(async ([key, value]) => [key, await this.sealed(key, value)] as const));
    const change = this.db.transaction([KEYS, RECORDS], 'readwrite', { durability: 'strict' });
    const [keys, records] = [change.objectStore(KEYS), change.objectStore(RECORDS)];
    if ((await keys.get(WRITER)) !== this.writer) throw new TakenOver('Another tab of this browser writes now.');
    for (const key of removes) records.delete(key.endsWith('/') ? below(key) : key);
    for (const [key, record] of sealed) records.put(record, key);
    await change.done;
  }

  async destroy() {
    this.db.close();
    await deleteDB(this.db.name);
  }

  close() {
    this.db.close();
  }

  private async sealed(key: string, value: unknown): Promise<SealedRecord> {
    const nonce = randomBytes(12);
    return { nonce, ciphertext: await crypto.subtle.encrypt(rule(key, nonce), this.sealing, encodeRecord(value)) };
  }

  private async opened<Value>(key: string, { nonce, ciphertext }: SealedRecord): Promise<Value> {
    const plaintext = await crypto.subtle.decrypt(rule(key, nonce), this.sealing, ciphertext);
    return decodeRecord(new Uint8Array(plaintext));
  }
}

/** Made once for each database, and not readable by any script. */
async function sealingKey(db: IDBPDatabase): Promise<CryptoKey> {
  const known: CryptoKey | undefined = await db.get(KEYS, SEALING);
  if (known) return known;
  const fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  await db.put(KEYS, fresh, SEALING);
  return fresh;
}

const signerOf = ({ publicKey, privateKey }: StoredPair) => ({
  publicKey,
  sign: async (message: Bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, message)),
});

const pairKey = (name: string) => `device ${name}`;
const rule = (key: string, iv: Bytes) => ({ name: 'AES-GCM', iv, additionalData: utf8(key) });
const below = (prefix: string) => IDBKeyRange.bound(prefix, `${prefix}\uffff`);
