import { ServerError } from '../device/errors.ts';
import { isSuiteSupported } from '../mls/suite.ts';
import { decryptFile, encryptFile } from '../sealing/files.ts';
import type { CryptoViewer } from '../types.ts';
import { BrowserStore, TakenOver } from './browserStore.ts';
import { type Calls, callsOf } from './calls.ts';
import { Desk } from './desk.ts';
import { problemsOf } from './problems.ts';
import { type CallMessage, CHANNEL, type Command, type Done, type Message, type Order } from './protocol.ts';
import { fetchFile } from './signedInServer.ts';

/*
 * Each tab has such a Worker. One of them holds the lock of the account, and with it the keys; the others wait for it,
 * and take over when its tab closes. Files are sealed and opened by the tab's own.
 */
let waiting: AbortController | undefined;
let name = '';
let viewer: CryptoViewer | undefined;
let ended = false;

addEventListener('message', ({ data }: MessageEvent<Command | Order>) => {
  if (data.what === 'begin') return begin(data.viewer);
  if (data.what === 'takeOver') return void hold({ steal: true });
  if (data.what === 'end') return end();
  void carryOut(data);
});

function begin(person: CryptoViewer) {
  if (viewer || ended) return;
  viewer = person;
  name = `${CHANNEL} ${person.id}`;
  waiting = new AbortController();
  void hold({ signal: waiting.signal });
}

function end() {
  ended = true;
  waiting?.abort();
  stop();
}

/** Until the tab is closed, or somebody has signed out. Who loses the keys to another tab waits for them again. */
async function hold(how: LockOptions) {
  do {
    try {
      await navigator.locks.request(name, how, work);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
    }
    stop();
  } while (!ended && !how.steal);
}

let stop = () => {};
let opening: Promise<unknown> = Promise.resolve();

async function work() {
  if (ended || !viewer) return;
  const person = viewer;
  const channel = new BroadcastChannel(name);
  let isOpen = true;
  const over = new Promise<void>((resolve) => {
    stop = () => {
      isOpen = false;
      channel.close();
      resolve();
    };
  });
  const close = stop;
  // What was begun may end after somebody else has taken over.
  const tell = (message: Message) => isOpen && channel.postMessage(message);
  // Not at once with one that was begun before: who opens the store last is the one who can write.
  const opened = opening.then(() => openDesk(person, tell, close));
  opening = opened;
  const desk = await opened;
  if (isOpen) attend(desk, channel, tell);
  await over;
  if (desk instanceof Desk) void desk.close();
}

type Tell = (message: Message) => unknown;

function attend(desk: Desk | State, channel: BroadcastChannel, tell: Tell) {
  const calls: Partial<Calls> = desk instanceof Desk ? callsOf(desk) : { hello: () => toldBy(tell, desk) };
  channel.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    if (data.kind === 'asked') tell({ kind: 'alive' });
    if (data.kind === 'call') void answer(calls, data, tell);
    if (data.kind === 'forgotten') end();
  });
  tell({ kind: 'here' });
  if (desk instanceof Desk) void desk.open();
}

async function answer(calls: Partial<Calls>, { from, id, name: asked, args }: CallMessage, tell: Tell) {
  try {
    const call = calls[asked] as ((...given: unknown[]) => Promise<unknown>) | undefined;
    if (!call) throw new ServerError('UNAVAILABLE', 'There are no keys in this browser.');
    tell({ kind: 'answer', to: from, id, result: await call(...args) });
  } catch (error) {
    // Whoever writes now is asked again.
    if (!(error instanceof TakenOver)) tell({ kind: 'answer', to: from, id, problems: problemsOf(error) });
  }
}

/** Or what to tell everybody where this browser cannot keep keys. */
async function openDesk(person: CryptoViewer, tell: Tell, onClosed: () => void): Promise<Desk | State> {
  if (!(await isSuiteSupported())) return unsupported(TOO_OLD);
  try {
    return new Desk(await BrowserStore.open(name, onClosed), person, tell);
  } catch (error) {
    console.error(error);
    return unsupported(KEEPS_NOTHING);
  }
}

async function toldBy(tell: Tell, state: State) {
  tell(state);
  return [];
}

type State = Extract<Message, { kind: 'state' }>;

const unsupported = (problem: string): State => ({
  kind: 'state',
  status: 'unsupported',
  problem,
  recovery: 'none',
  messagesOnlyHere: 0,
});

const TOO_OLD = 'Encrypted conversations need a newer browser.';
const KEEPS_NOTHING = 'Private windows keep no keys: open encrypted conversations in an ordinary one.';

async function carryOut(order: Order) {
  const done: Done = { id: order.id };
  try {
    done.result = order.what === 'seal' ? await seal(order.file) : await open(order);
  } catch (error) {
    done.problems = problemsOf(error);
  }
  postMessage(done);
}

async function seal(file: Blob) {
  const { sealed, secret } = encryptFile(file.stream());
  const bytes = await new Response(sealed).blob();
  return { bytes, key: await secret };
}

/** All of it has come and is what was sent, before anything of it is shown. */
async function open({ address, key, type }: Extract<Order, { what: 'open' }>) {
  const bytes = await new Response(decryptFile(await fetchFile(address), key)).blob();
  return bytes.slice(0, bytes.size, type);
}
