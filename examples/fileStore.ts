// Where a program in Node keeps what its device must not lose: one file, a line for each transaction.
import { open, readFile, rename } from 'node:fs/promises';
import { MemoryStore } from '../web/crypto/device/memoryStore.ts';
import type { Keys, Store } from '../web/crypto/device/ports.ts';
import { decodeRecord, encodeRecord } from '../web/crypto/device/records.ts';
import type { Signer } from '../web/crypto/mls/engine.ts';

type Puts = Parameters<Store['write']>[0];
type Line = { puts: Puts; removes: readonly string[] };

export interface FileStore extends Store {
  close(): Promise<void>;
}

/** Everything in `path`, which nobody else may read: the keys are in it. One program at a time. */
export async function openFileStore(path: string): Promise<FileStore> {
  const memory = new MemoryStore();
  const text = await readFile(path, 'utf8').catch(() => '');
  // What stands after the last end of a line was not written to its end: it has never happened.
  for (const line of text.split('\n').slice(0, -1)) {
    const { puts, removes } = decodeRecord<Line>(new TextEncoder().encode(line));
    await memory.write(puts, removes);
  }
  const fresh = await open(`${path}.new`, 'w', 0o600);
  const append = async (line: Line) => {
    await fresh.appendFile(`${new TextDecoder().decode(encodeRecord(line))}\n`);
    await fresh.datasync();
  };
  await append({ puts: await memory.readAll(''), removes: [] });
  await rename(`${path}.new`, path);
  return {
    read: (key) => memory.read(key),
    readAll: (prefix) => memory.readAll(prefix),
    write: async (puts, removes = []) => {
      await append({ puts, removes });
      await memory.write(puts, removes);
    },
    close: () => fresh.close(),
  };
}

/** Signature keys, kept beside the rest. A browser would not let them out; a file is as safe as its folder. */
export function keysIn(store: Store): Keys {
  return { make, find };

  async function make(name: string): Promise<Signer> {
    const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair;
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
    const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
    await store.write([[`signer/${name}`, { pkcs8, publicKey }]]);
    return signerOf(pair.privateKey, publicKey);
  }

  async function find(name: string): Promise<Signer | undefined> {
    const kept = await store.read<Record<'pkcs8' | 'publicKey', Uint8Array<ArrayBuffer>>>(`signer/${name}`);
    if (!kept) return undefined;
    return signerOf(await crypto.subtle.importKey('pkcs8', kept.pkcs8, 'Ed25519', false, ['sign']), kept.publicKey);
  }
}

const signerOf = (key: CryptoKey, publicKey: Uint8Array<ArrayBuffer>): Signer => ({
  publicKey,
  sign: async (bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, bytes)),
});
