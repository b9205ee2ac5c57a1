import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHUNK, TAG } from '../../web/crypto/sealing/chunks';
import { decryptFile, encryptFile, type FileSecret } from '../../web/crypto/sealing/files';

type Bytes = Uint8Array<ArrayBuffer>;

const stream = (...pieces: Bytes[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
const read = async (flow: ReadableStream<Uint8Array>) => new Uint8Array(await new Response(flow).arrayBuffer());
const made = (size: number) => Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8)) & 0xff);

async function seal(...pieces: Bytes[]) {
  const { sealed, secret } = encryptFile(stream(...pieces));
  const bytes = await read(sealed);
  return { bytes, secret: await secret };
}

const open = (bytes: Bytes, secret: FileSecret) => read(decryptFile(stream(bytes), secret));
const refused = (opened: Promise<unknown>) =>
  expect(opened).rejects.toMatchObject({ name: 'SealError', code: 'BAD_FILE' });

/** The file as who wants it accepted would name it: with the hash and the size of what it is now. */
const vouched = (bytes: Bytes, secret: FileSecret, size: number): FileSecret => ({
  ...secret,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  size,
});

describe('a file that Ada sends', () => {
  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])('of %i bytes comes out as it went in', async (size) => {
    const file = made(size);
    const { bytes, secret } = await seal(file);
    expect(secret.size).toBe(size);
    expect(bytes.length).toBe(size + TAG * Math.max(1, Math.ceil(size / CHUNK)));
    expect(Buffer.from(await open(bytes, secret)).equals(file)).toBe(true);
  });

  test('may flow in pieces of any size, in both directions', async () => {
    const file = made(CHUNK + 5_000);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: file.length }), { maxLength: 6 }), async (cuts) => {
        const borders = [0, ...cuts.sort((a, b) => a - b), file.length];
        const pieces = borders.slice(1).map((border, n) => file.slice(borders[n], border));
        const { bytes, secret } = await seal(...pieces);
        const parts = borders.slice(1).map((border, n) => bytes.slice(borders[n], border));
        const opened = await read(decryptFile(stream(...parts, bytes.slice(file.length)), secret));
        expect(Buffer.from(opened).equals(file)).toBe(true);
      }),
      { numRuns: 6 },
    );
  });

  test('is read no further than it is written: a chunk is asked for when the last one was taken', async () => {
    let given = 0;
    const source = new ReadableStream<Uint8Array>(
      { pull: (controller) => controller.enqueue(made(CHUNK * Number(++given > 0))) },
      { highWaterMark: 0 },
    );
    const reader = encryptFile(source).sealed.getReader();
    await reader.read();
    expect(given).toBe(2);
    await reader.read();
    expect(given).toBe(3);
    await reader.cancel();
  });

  test('has a key of its own, so that the same file twice does not look the same', async () => {
    const [one, two] = [await seal(made(40)), await seal(made(40))];
    expect(one.secret.key).not.toBe(two.secret.key);
    expect(Buffer.from(one.bytes).equals(two.bytes)).toBe(false);
  });

  test('that cannot be read to its end has no key', async () => {
    const broken = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error('unplugged')) });
    const { sealed, secret } = encryptFile(broken);
    await expect(read(sealed)).rejects.toThrow('unplugged');
    await expect(secret).rejects.toThrow('unplugged');
  });
});

describe('a file is refused', () => {
  const whole = seal(made(2 * CHUNK + 10));
  const size = 2 * CHUNK + 10;
  const SEALED = CHUNK + TAG;

  test.each([0, SEALED - 1, SEALED, 2 * SEALED + 25])('when a bit at %i is another', async (at) => {
    const { bytes, secret } = await whole;
    const wrong = bytes.slice();
    wrong[at] = (wrong[at] ?? 0) ^ 0x80;
    await refused(open(wrong, vouched(wrong, secret, size)));
  });

  test.each([
    [0, 0],
    [1, 0],
    [SEALED, CHUNK],
    [2 * SEALED, 2 * CHUNK],
    [2 * SEALED + 25, size - 1],
  ])('when it ends after %i bytes', async (length, left) => {
    const { bytes, secret } = await whole;
    const wrong = bytes.slice(0, length);
    await refused(open(wrong, vouched(wrong, secret, left)));
  });

  test('when chunks have changed places, stand twice or are added', async () => {
    const { bytes, secret } = await whole;
    const [first, second, last] = [bytes.slice(0, SEALED), bytes.slice(SEALED, 2 * SEALED), bytes.slice(2 * SEALED)];
    for (const chunks of [
      [second, first, last],
      [first, first, last],
      [first, last],
      [first, second, second, last],
      [first, second, last, last],
    ]) {
      const wrong = new Uint8Array(Buffer.concat(chunks));
      await refused(open(wrong, vouched(wrong, secret, size)));
    }
  });

  test('when it is another one, of the same key even, or of another size than the message says', async () => {
    const { bytes, secret } = await seal(made(10));
    await refused(open(bytes, { ...secret, sha256: '0'.repeat(64) }));
    await refused(open(bytes, { ...secret, size: 11 }));
    await refused(open((await seal(made(10))).bytes, secret));
  });

  test('when its key is none', async () => {
    const { bytes, secret } = await seal(made(10));
    await refused(open(bytes, { ...secret, key: 'short' }));
  });
});
