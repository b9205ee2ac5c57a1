import type { Bytes } from '../bytes.ts';
import type { Store } from './ports.ts';
import { decodeRecord, encodeRecord } from './records.ts';

/** A store that lasts as long as the program: records are encoded, so that nothing in it is shared with who wrote it. */
export class MemoryStore implements Store {
  constructor(private records = new Map<string, Bytes>()) {}

  async read<Value>(key: string): Promise<Value | undefined> {
    const bytes = this.records.get(key);
    return bytes && decodeRecord<Value>(bytes);
  }

  async readAll<Value>(prefix: string): Promise<[key: string, value: Value][]> {
    const keys = [...this.records.keys()].filter((key) => key.startsWith(prefix)).sort();
    return keys.map((key) => [key, decodeRecord<Value>(this.records.get(key) as Bytes)]);
  }

  async write(puts: readonly (readonly [key: string, value: unknown])[], removes: readonly string[] = []) {
    for (const key of removes) this.remove(key);
    for (const [key, value] of puts) this.records.set(key, encodeRecord(value));
  }

  /** What is kept now, as if the disk had been copied. */
  copy(): MemoryStore {
    return new MemoryStore(new Map(this.records));
  }

  private remove(key: string) {
    if (!key.endsWith('/')) return void this.records.delete(key);
    for (const one of [...this.records.keys()]) if (one.startsWith(key)) this.records.delete(one);
  }
}
