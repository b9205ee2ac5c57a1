import { beforeEach, expect, test, vi } from 'vitest';
import { until } from './patience';

const act = vi.hoisted(() => vi.fn());
vi.mock('../../web/request', () => ({ act }));

const { cancel } = await import('../../web/files/uploadServer');
const { wake } = await import('../../web/lib/retry');

beforeEach(() => {
  act.mockReset();
});

test('that Ada has cancelled a file is said until the server hears it', async () => {
  const busy = [{ message: 'Busy', extensions: { code: 'UNAVAILABLE' } }];
  act.mockRejectedValueOnce(new Error('No answer')).mockRejectedValueOnce(busy).mockResolvedValue({});
  const told = cancel('file-1');
  await until(() => {
    wake();
    expect(act).toHaveBeenCalledTimes(3);
  });
  await told;
  expect(act).toHaveBeenLastCalledWith(expect.anything(), { id: 'file-1' });
});

test('a file that the server does not have is cancelled once', async () => {
  act.mockRejectedValue([{ message: 'Gone', extensions: { code: 'NOT_FOUND' } }]);
  await cancel('file-1');
  expect(act).toHaveBeenCalledTimes(1);
});
