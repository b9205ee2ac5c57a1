import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EffectScope, effectScope, nextTick, shallowRef } from 'vue';
import type { UnsentFile } from '../../web/lib/outbox';

const asked = vi.hoisted(() => ({ begin: [] as string[], add: [] as string[] }));
vi.mock('../../web/files/uploads', () => ({
  uploadsOf: () => ({
    begin: (_room: string, { name }: UnsentFile) => asked.begin.push(name),
    add: (_room: string, { name }: UnsentFile) => asked.add.push(name),
    drop: async () => {},
  }),
}));
vi.mock('../../web/auth/useStart', () => ({ useStart: () => ({ server: { value: undefined } }) }));
vi.mock('../../web/encryption/pinnedRooms', () => ({ isEncrypted: () => false }));

const { useAttachments } = await import('../../web/files/useAttachments');

const kept: UnsentFile = { key: 'kept', name: 'kept.txt', type: 'text/plain', size: 4 };
const chosen = (name: string) => new File(['tide'], name, { type: 'text/plain' });
const files = shallowRef<readonly UnsentFile[]>([]);
const settled = async () => {
  await nextTick();
  await vi.dynamicImportSettled();
};

let scope: EffectScope;
beforeEach(() => {
  asked.begin.length = asked.add.length = 0;
  files.value = [];
  scope = effectScope();
});
afterEach(() => scope.stop());

const start = () => scope.run(() => useAttachments('ada', 'room', files)) as ReturnType<typeof useAttachments>;

test('what a draft has kept goes on, whether it is read at once or later', async () => {
  files.value = [kept];
  start();
  await settled();
  expect(asked.begin).toEqual(['kept.txt']);
  scope.stop();
  scope = effectScope();
  files.value = [];
  start();
  await settled();
  files.value = [kept];
  await settled();
  expect(asked.begin).toEqual(['kept.txt', 'kept.txt']);
});

test('a file that was refused is not sent anew because another one comes or goes', async () => {
  files.value = [kept];
  const { attach, remove, retry } = start();
  await settled();
  await attach([chosen('one.txt'), chosen('two.txt')]);
  await settled();
  remove(files.value[1] as UnsentFile);
  await settled();
  expect(files.value.map(({ name }) => name)).toEqual(['kept.txt', 'two.txt']);
  expect(asked).toEqual({ begin: ['kept.txt'], add: ['one.txt', 'two.txt'] });
  retry(kept);
  expect(asked.begin).toEqual(['kept.txt', 'kept.txt']);
});
