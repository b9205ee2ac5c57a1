import { beforeEach, expect, test, vi } from 'vitest';
import { shallowReactive, shallowRef } from 'vue';
import type { SealedRoom } from '../../web/crypto/types';
import { linkFragment, readFragment } from '../../web/rooms/linkFragment';
import type { Room } from '../../web/rooms/unreadCounts';
import { ada } from './roomLogs';

const crypto = vi.hoisted(() => ({ asked: [] as string[] }));
const rooms = shallowReactive(new Map<string, SealedRoom>());
const status = shallowRef('ready');
const problem = shallowRef('');
vi.mock('../../web/encryption/start', () => ({
  start: async () => {},
  openedRoom: (client: { source(id: string): unknown }, id: string) => client.source(id),
  cryptoClient: {
    rooms,
    status,
    problem,
    source: (id: string) => ({ send: async () => crypto.asked.push(id), latest: async () => ({ messages: [] }) }),
  },
}));

vi.mock('../../web/lib/live', () => ({ subscribe: () => () => {} }));

const { asDecrypted, asServed } = await import('../../web/encryption/asDecrypted');
const { isEncrypted, pin } = await import('../../web/encryption/pinnedRooms');
const { openCrypto } = await import('../../web/encryption/useCrypto');
const { useEncryptedRoom } = await import('../../web/encryption/useEncryptedRoom');
const { sourceOf } = await import('../../web/messages/roomSource');

const author = { id: ada.id, displayName: ada.displayName };
const lastMessage = {
  id: 'm9',
  seq: 9,
  body: null,
  files: [],
  createdAt: '2026-03-03T12:00:00.000Z',
  author,
  mentions: [],
  mentionsRoom: false,
};
const attic: Room = {
  id: 'attic',
  kind: 'PRIVATE',
  encryption: 'MLS',
  name: null,
  topic: '',
  createdAt: '2026-03-03T12:00:00.000Z',
  memberCount: 2,
  lastSeq: 9,
  countedSeq: 9,
  readSeq: 5,
  retentionDays: null,
  expiredSeq: 0,
  unreadCount: 3,
  mentionCount: 0,
  notify: 'ALL',
  directWith: null,
  membership: { role: 'MEMBER' },
  lastMessage,
};
const known: SealedRoom = {
  roomId: 'attic',
  state: 'ready',
  name: 'Attic',
  topic: 'boxes',
  history: 'joining',
  mentionsAfter: [4, 7],
  lastMessage: { ...lastMessage, body: 'the ladder is back', author: ada },
  members: [],
  onlyInTree: [],
  onlyOnServer: [],
  notAskedIn: [],
  asking: [],
  blockedBy: [],
  readableFrom: 0,
};

beforeEach(async () => {
  await openCrypto();
  rooms.clear();
  [status.value, problem.value] = ['ready', ''];
  crypto.asked.length = 0;
});

test('a room that was once seen as encrypted is never plain again, whatever the server says', async () => {
  expect(sourceOf('cellar').keeps).toBe(true);
  pin('cellar');
  expect(isEncrypted('cellar')).toBe(true);
  expect(sourceOf('cellar').keeps).toBe(false);
  await sourceOf('cellar').send({ id: '1', roomId: 'cellar', body: 'secret', createdAt: '' });
  expect(crypto.asked).toEqual(['cellar']);
});

test('the list shows what only this device knows of an encrypted room, and counts the calls that are not read', () => {
  expect(asDecrypted(attic)).toBe(attic);
  rooms.set('attic', known);
  const shown = asDecrypted(attic);
  expect(shown).toMatchObject({ name: 'Attic', topic: 'boxes', mentionCount: 1 });
  expect(shown.lastMessage?.body).toBe('the ladder is back');
});

test('what the browser keeps of the list in plain text says nothing of what was encrypted', () => {
  rooms.set('attic', known);
  const kept = JSON.stringify(asServed(asDecrypted(attic)));
  expect(kept).toContain('attic');
  expect(kept).not.toMatch(/Attic|boxes|ladder/);
});

test('the secret of a link stands behind its token, and a link into a room that is not encrypted has none', () => {
  expect(readFragment(`#${linkFragment('token', 'link', 'secret')}`)).toEqual({
    token: 'token',
    group: { linkId: 'link', secret: 'secret' },
  });
  expect(readFragment('#token')).toEqual({ token: 'token' });
});

const bar = () => useEncryptedRoom(() => 'attic').bar.value;

test.each([
  ['catching-up', { progress: { done: 120, of: 400 } }, 'Catching up… 120 of 400', undefined, false],
  ['broken', { problem: 'A commit was damaged.' }, 'A commit was damaged.', 'renew', true],
  ['not-joined', {}, 'Open the link once more', undefined, true],
  ['ready', { blockedBy: ['bea'] }, 'has changed', 'trust', true],
] as const)('Ada is told what an encrypted room waits for: %s', (state, parts, words, act, closed) => {
  rooms.set('attic', { ...known, state, ...parts });
  expect(bar()).toMatchObject({ sentence: expect.stringContaining(words), closed });
  expect(bar()?.act).toBe(act);
});

test('a browser without keys or without https says what to do, and nothing can be written', () => {
  rooms.set('attic', known);
  expect(bar()).toBeUndefined();
  status.value = 'elsewhere';
  expect(bar()).toMatchObject({ act: 'recover', closed: true });
  [status.value, problem.value] = ['unsupported', 'Encrypted conversations need a page that is served over https.'];
  expect(bar()).toMatchObject({ sentence: expect.stringContaining('https'), closed: true });
});
