import { expect, test, vi } from 'vitest';
import { isForgetful } from '../../web/lib/database';
import { Outbox } from '../../web/lib/outbox';
import { until } from './patience';

const disk = vi.hoisted(() => ({ isFull: true, rows: new Map<string, unknown>() }));
vi.mock('../../web/encryption/start', () => ({
  start: async () => {},
  cryptoClient: {
    kept: {
      readAll: async (prefix: string) => [...disk.rows].filter(([key]) => key.startsWith(prefix)).map(([, row]) => row),
      remove: async (key: string) => void disk.rows.delete(key),
      write: async (key: string, row: unknown) => {
        if (disk.isFull) throw [{ message: 'Full.', extensions: { code: 'INTERNAL_SERVER_ERROR' } }];
        disk.rows.set(key, row);
      },
    },
  },
}));

const { pin } = await import('../../web/encryption/pinnedRooms');

test('what Ada writes in an encrypted room is sent though it cannot be kept, and she is told to leave the page open', async () => {
  pin('attic');
  const sent: string[] = [];
  const outbox = new Outbox<void>({
    owner: 'ada',
    send: async ({ body }) => void sent.push(body),
    onSent: () => {},
  });
  await outbox.add('attic', 'the ladder');
  expect(isForgetful.value).toBe(true);
  await until(() => expect(outbox.items('attic').value).toEqual([]));
  disk.isFull = false;
  await outbox.add('attic', 'is back');
  await until(() => expect(sent).toEqual(['the ladder', 'is back']));
  await until(() => expect(disk.rows.size).toBe(0));
});
