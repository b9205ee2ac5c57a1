import { type Bytes, utf8 } from '../bytes.ts';
import type { Keys, Store } from '../device/ports.ts';
import { decodeRecord, encodeRecord } from '../device/records.ts';
import { newKeyPair, randomBytes } from '../primitives.ts';
import { answered, finished, openDatabase } from './database.ts';

/** A record as it lies on the disk. Its key is in the clear, and is what the value is bound to. */
interface SealedRecord {
  nonce: Bytes;
  ciphertext: ArrayBuffer;
}

interface StoredPair {
  publicKey: Bytes;
  privateKey: CryptoKey;
}

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
    private readonly db: IDBDatabase,
    private readonly sealing: CryptoKey,
    private readonly writer: string,
  ) {}

  /** `onClosed` is called when the browser has closed it by itself: nothing can be read or written any more. */
  static async open(name: string, onClosed: () => void): Promise<BrowserStore> {
    const db = await openDatabase(name, [KEYS, RECORDS]);
    db.onclose = onClosed;
    const writer = crypto.randomUUID();
    await put(db, WRITER, writer);
    return new BrowserStore(db, await sealingKey(db), writer);
  }

  /** Signature keys (Ed25519) beside it, which never leave the browser. */
  get keys(): Keys {
    return {
      make: async (name) => {
        const pair = await newKeyPair('Ed25519', ['sign', 'verify']);
        const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
        await put(this.db, pairKey(name), { publicKey, privateKey: pair.privateKey } satisfies StoredPair);
        return signerOf({ publicKey, privateKey: pair.privateKey });
      },
      find: async (name) => {
        const pair = await get<StoredPair>(this.db, KEYS, pairKey(name));
        return pair && signerOf(pair);
      },
    };
  }

  async read<Value>(key: string): Promise<Value | undefined> {
    const record = await get<SealedRecord>(this.db, RECORDS, key);
    return record && this.opened<Value>(key, record);
  }

  async readAll<Value>(prefix: string): Promise<[key: string, value: Value][]> {
    const table = this.db.transaction(RECORDS).objectStore(RECORDS);
    const asked = [
      answered(table.getAllKeys(below(prefix))),
      answered<SealedRecord[]>(table.getAll(below(prefix))),
    ] as const;
    const [keys, records] = await Promise.all(asked);
    return Promise.all(
      keys.map(
        async (key, at): Promise<[string, Value]> => [
          String(key),
          await this.opened(String(key), records[at] as SealedRecord),
        ],
      ),
    );
  }

  async write(puts: readonly (readonly [key: string, value: unknown])[], removes: readonly string[] = []) {
    // Before the transaction begins: it would end while something else than the database is waited for.
    const sealed = await Promise.all(puts.map(async ([key, value]) => [key, await this.sealed(key, value)] as const));
    const change = this.db.transaction([KEYS, RECORDS], 'readwrite', { durability: 'strict' });
    const [keys, records] = [change.objectStore(KEYS), change.objectStore(RECORDS)];
    if ((await answered(keys.get(WRITER))) !== this.writer) throw new TakenOver('Another tab writes.');
    for (const key of removes) records.delete(key.endsWith('/') ? below(key) : key);
    for (const [key, record] of sealed) records.put(record, key);
    await finished(change);
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
async function sealingKey(db: IDBDatabase): Promise<CryptoKey> {
  const known = await get<CryptoKey>(db, KEYS, SEALING);
  if (known) return known;
  const fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  await put(db, SEALING, fresh);
  return fresh;
}

const get = <Value>(db: IDBDatabase, table: string, key: string): Promise<Value | undefined> =>
  answered(db.transaction(table).objectStore(table).get(key));

async function put(db: IDBDatabase, key: string, value: unknown) {
  const change = db.transaction(KEYS, 'readwrite', { durability: 'strict' });
  change.objectStore(KEYS).put(value, key);
  await finished(change);
}

const signerOf = ({ publicKey, privateKey }: StoredPair) => ({
  publicKey,
  sign: async (message: Bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, message)),
});

const pairKey = (name: string) => `device ${name}`;
const rule = (key: string, iv: Bytes) => ({ name: 'AES-GCM', iv, additionalData: utf8(key) });
const below = (prefix: string) => IDBKeyRange.bound(prefix, `${prefix}\uffff`);
