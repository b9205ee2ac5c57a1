import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { UploadServer } from '../../web/files/upload';
import type { UnsentFile } from '../../web/lib/outbox';
import { until } from './patience';

const device = vi.hoisted(() => ({ rows: new Map<string, unknown>(), forbidden: false }));
const server = vi.hoisted(() => ({
  rows: new Set<string>(),
  made: 0,
  asked: 0,
  answers: [] as (() => void)[],
  cancelled: [] as string[],
}));

vi.mock('../../web/lib/database', () => {
  const at = (...names: string[]) => names.join(' ');
  return {
    read: async (table: string, owner: string, key: string) => device.rows.get(at(table, owner, key)),
    readAll: async () => [],
    keysOf: async () => [],
    write: async (table: string, owner: string, key: string, value: unknown) => {
      if (!device.forbidden) device.rows.set(at(table, owner, key), value);
      return !device.forbidden;
    },
    remove: async (table: string, owner: string, key: string) => void device.rows.delete(at(table, owner, key)),
  };
});

// It makes room at once, and answers when the test lets it.
vi.mock('../../web/files/uploadServer', () => ({
  uploadServer: {
    create: async () => {
      const id = `file-${++server.made}`;
      server.rows.add(id);
      await new Promise<void>((resolve) => server.answers.push(resolve));
      return id;
    },
    ask: async () => ({ offset: 0, length: SIZE }),
    put: (_id, _offset, _piece, _onSent, signal) => {
      server.asked += 1;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('No answer'))));
    },
  } satisfies UploadServer,
  cancel: async (id: string) => {
    server.cancelled.push(id);
    server.rows.delete(id);
  },
}));

const { uploadsOf } = await import('../../web/files/uploads');
const { uploadStates } = await import('../../web/files/uploadStates');

const SIZE = 9;
const bytes = new Blob(['the tides']);
let uploads: ReturnType<typeof uploadsOf>;
let file: UnsentFile;
let people = 0;

beforeEach(() => {
  people += 1;
  uploads = uploadsOf(`ada-${people}`);
  file = { key: `tides-${people}`, name: 'tides.txt', type: 'text/plain', size: SIZE };
  device.forbidden = false;
  Object.assign(server, { made: 0, asked: 0, answers: [], cancelled: [] });
});
afterEach(() => {
  server.rows.clear();
  device.rows.clear();
});

const answer = () => server.answers.shift()?.();
const isAsked = () => until(() => expect(server.answers).toHaveLength(1));

test('Ada cancels a file before the server has told its name: neither the server nor her device keeps it', async () => {
  uploads.add('harbour', file, bytes);
  await isAsked();
  await uploads.drop(file);
  expect(server.rows.size).toBe(1);
  answer();
  await until(() => expect(server.cancelled).toEqual(['file-1']));
  expect([server.rows.size, device.rows.size, uploadStates.has(file.key)]).toEqual([0, 0, false]);
});

test('Ada cancels a file of which a piece is on its way: neither the server nor her device keeps it', async () => {
  uploads.add('harbour', file, bytes);
  await isAsked();
  answer();
  await until(() => expect(server.asked).toBe(1));
  await uploads.drop(file);
  expect(server.cancelled).toEqual(['file-1']);
  expect([server.rows.size, device.rows.size, uploadStates.has(file.key)]).toEqual([0, 0, false]);
});

test('where storage is forbidden, Cancel still knows what to remove from the server', async () => {
  device.forbidden = true;
  uploads.add('harbour', file, bytes);
  await isAsked();
  answer();
  await until(() => expect(server.asked).toBe(1));
  await uploads.drop(file);
  expect(server.rows.size).toBe(0);
});

test('the outbox, which asks for a file just after Ada has cancelled its message, does not send it anew', async () => {
  uploads.add('harbour', file, bytes);
  await isAsked();
  const dropped = uploads.drop(file);
  const item = { id: 'never-mind', roomId: 'harbour', body: 'never mind', files: [file], createdAt: '' };
  await expect(uploads.ready(item)).rejects.toThrow();
  answer();
  await dropped;
  await expect(uploads.ready(item)).rejects.toThrow();
  await until(() => expect(server.rows.size).toBe(0));
  expect([server.made, uploadStates.has(file.key)]).toEqual([1, false]);
});
