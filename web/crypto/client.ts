import { shallowReactive, shallowRef, watch } from 'vue';
import { connection } from '../lib/live';
import { type Ask, Keyholder } from './keyholder';
import { LiveLogs } from './liveLogs';
import { LiveSignals } from './liveSignals';
import { removeKept } from './removeKept';
import { sealedSource } from './sealedSource';
import type { CryptoClient, CryptoStatus, CryptoViewer, People, Recovery, SealedRoom, SealedSource } from './types';
import type { News } from './worker/protocol';

const status = shallowRef<CryptoStatus>('off');
const problem = shallowRef('');
const rooms = shallowReactive(new Map<string, SealedRoom>());
const sources = new Map<string, SealedSource>();
const recoveryState = shallowRef<Recovery['state']['value']>('none');
const messagesOnlyHere = shallowRef(0);

let keyholder: Keyholder | undefined;
let give: (holder: Keyholder) => void = () => {};
const given = new Promise<Keyholder>((resolve) => {
  give = resolve;
});
/** Until `start` was called everything waits. */
const holder = () => given;

const ask: Ask = (name, ...args) => holder().then((keys) => keys.call(name, ...args));
const logs = new LiveLogs(ask);
const signals = new LiveSignals(ask, status);

async function start(viewer: CryptoViewer) {
  if (status.value === 'unsupported') return;
  if (!isSecureContext || !globalThis.navigator?.locks) return refuse(INSECURE);
  keyholder ??= begin(viewer);
  if (status.value !== 'ready') await hello();
}

function begin(viewer: CryptoViewer) {
  status.value = 'starting';
  const begun = new Keyholder(viewer, heed);
  give(begun);
  watch(connection, (now) => now === 'online' && status.value !== 'off' && void greet());
  return begun;
}

let greeting: Promise<void> | undefined;

/** Whoever holds the keys now tells this page what there is: once, however many ask meanwhile. */
function hello(): Promise<void> {
  greeting ??= ask('hello')
    .then(takeRooms)
    .finally(() => {
      greeting = undefined;
    });
  return greeting;
}

const greet = () => hello().catch((error) => console.error(error));

function refuse(sentence: string) {
  status.value = 'unsupported';
  problem.value = sentence;
}

const INSECURE =
  'Encrypted conversations need a page that is served over https, and a browser of this year or the last. Ask whoever runs this server for an https address.';

function heed(news: News) {
  switch (news.kind) {
    case 'here':
      return void greet();
    case 'state':
      problem.value = news.problem;
      recoveryState.value = news.recovery;
      messagesOnlyHere.value = news.messagesOnlyHere;
      status.value = news.status;
      return;
    case 'rooms':
      return takeRooms(news.rooms);
    case 'signal':
      return signals.heard(news);
    case 'forgotten':
      return leave();
  }
}

let isAsked = false;

/** What goes with the browser's storage cannot be read again: the browser is asked not to clear it by itself. */
function keepStorage() {
  if (isAsked || !rooms.size) return;
  isAsked = true;
  // It may say no, or not know the question (WebKitGTK), and then it is as it was.
  navigator.storage?.persist().catch(() => false);
}

function takeRooms(shown: Extract<News, { kind: 'rooms' }>['rooms']) {
  for (const { room, end, run } of shown) {
    rooms.set(room.roomId, room);
    logs.reached(room.roomId, end, run);
  }
  keepStorage();
}

function leave() {
  status.value = 'off';
  rooms.clear();
}

function source(roomId: string): SealedSource {
  const known = sources.get(roomId) ?? sealedSource(roomId, { holder, ask, logs });
  sources.set(roomId, known);
  return known;
}

const people: People = {
  trustOf: (userId) => ask('trustOf', userId),
  safetyNumber: (userId) => ask('safetyNumber', userId),
  compareCode: (userId, scanned) => ask('compareCode', userId, scanned),
  verify: (userId, key) => ask('verify', userId, key),
  accept: (userId, key) => ask('accept', userId, key),
};

let askedBack: readonly [number, number] = [0, 1];

const recovery: Recovery = {
  state: recoveryState,
  messagesOnlyHere,
  make: async () => {
    const { key, asked } = await ask('makeRecoveryKey');
    askedBack = asked;
    return key;
  },
  asked: () => askedBack,
  confirm: (groups) => ask('confirmRecoveryKey', groups),
  check: (key) => ask('checkRecoveryKey', key),
  use: (key) => ask('useRecoveryKey', key),
  startAnew: (password) => ask('startAnew', password),
};

/** Also of an account that was never opened here since the page was loaded. */
async function forget() {
  keyholder?.forget();
  leave();
  await removeKept();
}

export const cryptoClient: CryptoClient = {
  status,
  problem,
  start,
  source,
  rooms,
  signals: (roomId) => signals.of(roomId),
  isPinned: (roomId) => ask('isPinned', roomId),
  heard: (roomId, seq) => void ask('heard', roomId, seq).catch((error) => console.error(error)),
  begin: (roomId) => ask('begin', roomId),
  invite: (roomId, userId) => ask('invite', roomId, userId),
  renew: (roomId) => ask('renew', roomId),
  setCard: (roomId, change) => ask('setCard', roomId, change),
  makeLink: (roomId, linkId) => ask('makeLink', roomId, linkId),
  joinByLink: (roomId, linkId, secret) => ask('joinByLink', roomId, linkId, secret),
  people,
  recovery,
  kept: {
    read: async <Value>(key: string) => (await ask('keptRead', key)) as Value | undefined,
    readAll: async <Value>(prefix: string) => (await ask('keptReadAll', prefix)) as Value[],
    write: (key, value) => ask('keptWrite', key, value),
    remove: (key) => ask('keptRemove', key),
  },
  sealFile: async (file) => (await holder()).seal(file),
  forget,
};
