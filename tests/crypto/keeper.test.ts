import { beforeEach, expect, test, vi } from 'vitest';
import { CHANNEL, type Message } from '../../web/crypto/worker/protocol.ts';

const browser = vi.hoisted(() => ({
  /** Of each time that the store was opened: lets it be open, and has the browser close it. */
  stores: [] as { open(): void; closes(): void }[],
  desks: [] as { status: 'open' | 'closed' }[],
}));

vi.mock('../../web/crypto/worker/browserStore.ts', () => ({
  TakenOver: class extends Error {},
  BrowserStore: {
    open: (_name: string, closes: () => void) =>
      new Promise<void>((open) => {
        browser.stores.push({ open, closes });
      }),
  },
}));
vi.mock('../../web/crypto/worker/desk.ts', () => ({
  Desk: class {
    status = 'opening';
    constructor() {
      browser.desks.push(this as never);
    }
    async open() {
      this.status = 'open';
    }
    async close() {
      this.status = 'closed';
    }
  },
}));
vi.mock('../../web/crypto/worker/calls.ts', () => ({ callsOf: () => ({ hello: async () => [] }) }));

const ann = { id: 'ann', deviceName: 'Browser' };
const heard: Message[] = [];
let command: (command: object) => void;

beforeEach(async () => {
  vi.resetModules();
  for (const list of [browser.stores, browser.desks, heard]) list.length = 0;
  vi.stubGlobal('navigator', { locks: new Locks() });
  vi.stubGlobal('addEventListener', (_: string, listener: (event: object) => void) => {
    command = (data) => listener({ data });
  });
  await import('../../web/crypto/worker/main.ts');
});

/** Ann's tab, which hears what her Worker tells, and asks it. */
function tab() {
  const channel = new BroadcastChannel(`${CHANNEL} ann`);
  channel.addEventListener('message', ({ data }) => heard.push(data));
  return channel;
}

const answers = () => heard.filter(({ kind }) => kind === 'alive').length;
const opened = (times: number) => expect.poll(() => browser.stores.length).toBe(times);
const statuses = () => browser.desks.map(({ status }) => status);

/** Ann's tab, for which the keys are just being opened. */
async function begun() {
  const channel = tab();
  command({ what: 'begin', viewer: ann });
  await opened(1);
  return channel;
}

test('whoever takes over while the keys are still being opened is the only one who has them, and answers once', async () => {
  const channel = await begun();
  command({ what: 'takeOver' });
  browser.stores[0]?.open();
  await opened(2);
  browser.stores[1]?.open();
  await expect.poll(statuses).toEqual(['closed', 'open']);
  channel.postMessage({ kind: 'asked' });
  await expect.poll(answers).toBe(1);
  channel.postMessage({ kind: 'call', from: 'tab', id: 1, name: 'hello', args: [] });
  await expect.poll(() => heard.at(-1)).toMatchObject({ kind: 'answer', id: 1 });
  expect(heard.map(({ kind }) => kind)).toEqual(['here', 'alive', 'answer']);
  channel.close();
});

test('who signs out while the keys are still being opened leaves nobody with them', async () => {
  const channel = await begun();
  command({ what: 'end' });
  browser.stores[0]?.open();
  await expect.poll(statuses).toEqual(['closed']);
  expect(heard).toEqual([]);
  channel.close();
});

test('a store that the browser closes by itself is opened again, and who waits is told', async () => {
  const channel = await begun();
  browser.stores[0]?.open();
  await expect.poll(statuses).toEqual(['open']);
  browser.stores[0]?.closes();
  await opened(2);
  browser.stores[1]?.open();
  await expect.poll(statuses).toEqual(['closed', 'open']);
  await expect.poll(() => heard.map(({ kind }) => kind)).toEqual(['here', 'here']);
  channel.close();
});

/** The locks of a browser, of which there is one here: whoever steals it has it at once. */
class Locks {
  private held: ((error: Error) => void) | undefined;
  private readonly waiting: (() => void)[] = [];

  request(_name: string, { steal }: LockOptions, work: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = async () => {
        this.held = reject;
        await work();
        resolve();
        if (this.held === reject) this.next();
      };
      if (steal) this.held?.(new DOMException('Stolen.', 'AbortError'));
      if (steal || !this.held) setTimeout(begin);
      else this.waiting.push(begin);
    });
  }

  private next() {
    this.held = undefined;
    this.waiting.shift()?.();
  }
}
