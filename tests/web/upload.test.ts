import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { BodyTooLarge, type Progress, Upload, type UploadServer } from '../../web/files/upload';
import type { UploadState } from '../../web/files/uploadStates';
import { wake } from '../../web/lib/retry';
import { until } from './patience';

const SIZE = 3_000_000;
const refusal = (code: string, message = 'No.') => [{ message, extensions: { code } }];
type Fault = (keep: (bytes: number) => void) => unknown;

/** A server that keeps what comes, as ours does, and what befalls the pieces that are sent to it, one after the other. */
function setUp(faults: Fault[] = [], id?: string) {
  const stop = new AbortController();
  const server = {
    kept: new Map<string, Buffer>(),
    made: [] as (string | undefined)[],
    asked: 0,
    most: Number.POSITIVE_INFINITY,
    refuses: undefined as unknown,
  };
  const append = (name: string, piece: ArrayBuffer, bytes = piece.byteLength) =>
    server.kept.set(name, Buffer.concat([server.kept.get(name) as Buffer, Buffer.from(piece.slice(0, bytes))]));
  const progress = (name: string): Progress => {
    const kept = server.kept.get(name);
    if (!kept) throw refusal('NOT_FOUND');
    return { offset: kept.length, length: SIZE };
  };
  const double: UploadServer = {
    create: async (_room, _file, sha256) => {
      if (server.refuses) throw server.refuses;
      server.made.push(sha256);
      const name = `file-${server.made.length}`;
      server.kept.set(name, Buffer.alloc(0));
      return name;
    },
    ask: async (name) => {
      server.asked += 1;
      return progress(name);
    },
    put: async (name, offset, piece, onSent) => {
      if (piece.byteLength > server.most) throw new BodyTooLarge();
      const problem = faults.shift()?.((bytes) => append(name, piece, bytes));
      if (problem) throw problem;
      if (offset !== progress(name).offset) throw refusal('CONFLICT');
      onSent(piece.byteLength);
      append(name, piece);
      return progress(name);
    },
  };
  const bytes = Buffer.alloc(SIZE, 'the tide table ');
  const states: UploadState[] = [];
  const upload = new Upload({
    roomId: 'room',
    file: { key: 'key', name: 'tides.txt', type: 'text/plain', size: SIZE },
    bytes: new Blob([bytes]),
    id,
    server: double,
    signal: stop.signal,
    onId: () => undefined,
    onChange: (state) => states.push(state),
  });
  const done = upload.run();
  done.catch(() => undefined);
  /** Wakes it from its waits until it is done. */
  const impatiently = async () => {
    const waking = setInterval(wake, 5);
    return done.finally(() => clearInterval(waking));
  };
  return { server, states, stop, bytes, done, impatiently };
}

const broken: Fault = () => new Error('connection lost');
const brokenAfter =
  (bytes: number): Fault =>
  (keep) => {
    keep(bytes);
    return new Error('connection lost');
  };

test('a file is brought in pieces, with its hash, and how much has come is told', async () => {
  const { server, states, bytes, done } = setUp();
  const id = await done;
  expect(server.kept.get(id)?.equals(bytes)).toBe(true);
  expect(server.made).toEqual([createHash('sha256').update(bytes).digest('hex')]);
  const sent = states.map((state) => state.sent);
  expect(sent).toEqual([...sent].sort((a, b) => a - b));
  expect(states.at(-1)).toEqual({ phase: 'ready', sent: SIZE, sentence: '' });
});

test('a line that breaks in the middle of a piece loses nothing: it goes on where the server stands', async () => {
  const { server, bytes, states, impatiently } = setUp([brokenAfter(100_000), broken, brokenAfter(1)]);
  const id = await impatiently();
  expect(server.kept.get(id)?.equals(bytes)).toBe(true);
  expect(server.asked).toBe(3);
  expect(server.made).toHaveLength(1);
  expect(states.find(({ phase }) => phase === 'waiting')?.sentence).toContain('cannot be reached');
});

test('an answer that was lost is not a piece that is sent twice', async () => {
  const { server, bytes, impatiently } = setUp([brokenAfter(524_288)]);
  expect(server.kept.get(await impatiently())?.equals(bytes)).toBe(true);
});

test('when another tab has brought it further, it goes on from there', async () => {
  const ahead: Fault = (keep) => {
    keep(200_000);
    return refusal('CONFLICT');
  };
  const { server, bytes, states, impatiently } = setUp([ahead]);
  expect(server.kept.get(await impatiently())?.equals(bytes)).toBe(true);
  expect(states.every(({ phase }) => phase !== 'waiting')).toBe(true);
});

test('a file that the server no longer has is brought anew', async () => {
  const { server, bytes, done } = setUp([], 'of-last-week');
  expect(server.kept.get(await done)?.equals(bytes)).toBe(true);
});

test('a proxy that takes only small requests gets small pieces; one that takes none is named', async () => {
  const small = setUp();
  small.server.most = 100_000;
  expect(small.server.kept.get(await small.done)?.equals(small.bytes)).toBe(true);
  const none = setUp();
  none.server.most = 1;
  await expect(none.done).rejects.toMatchObject([{ message: expect.stringContaining('proxy') }]);
  expect(none.states.at(-1)).toMatchObject({ phase: 'refused' });
});

test('what the server refuses is refused with its sentence, and not tried again', async () => {
  const large = setUp();
  large.server.refuses = refusal('INVALID_INPUT', 'A file has at most 1 MB.');
  await expect(large.done).rejects.toMatchObject([{ message: 'tides.txt: A file has at most 1 MB.' }]);
  const wrong = setUp([() => refusal('INVALID_INPUT', 'This image cannot be read.')]);
  await expect(wrong.done).rejects.toBeDefined();
  expect(wrong.states.at(-1)).toEqual({ phase: 'refused', sent: 0, sentence: 'This image cannot be read.' });
});

test('a server that fails again and again is given up on, with a sentence', async () => {
  const { states, impatiently } = setUp(Array.from({ length: 6 }, () => () => refusal('INTERNAL_SERVER_ERROR')));
  await expect(impatiently()).rejects.toBeDefined();
  expect(states.at(-1)?.phase).toBe('refused');
});

test('Cancel ends it, and nothing more is told', async () => {
  const { server, states, stop, done } = setUp([broken]);
  await until(() => expect(states.at(-1)?.phase).toBe('waiting'));
  stop.abort();
  const told = states.length;
  wake();
  await expect(done).rejects.toMatchObject({ name: 'AbortError' });
  expect(states).toHaveLength(told);
  expect(server.kept.get('file-1')).toHaveLength(0);
});
