import { scriptAddress } from '../lib/scriptAddress';
import { uuidv7 } from '../lib/uuid';
import type { CryptoViewer, SealedFileKey } from './types';
import type { Calls } from './worker/calls';
import workerUrl from './worker/main.ts?worker&url';
import { CHANNEL, type Command, type Done, type Message, type News, type Order } from './worker/protocol';

type Name = keyof Calls;
export type Result<Asked extends Name> = Awaited<ReturnType<Calls[Asked]>>;

/** Asks whoever holds the keys, as soon as somebody does. */
export type Ask = <Asked extends Name>(name: Asked, ...args: Parameters<Calls[Asked]>) => Promise<Result<Asked>>;

interface Waiting {
  resolve(result: never): void;
  reject(problems: unknown): void;
  /** What to ask again when another Worker takes over. */
  again?(): void;
}

const ANSWER_WITHIN = 4_000;
const NOT_LOADED = 'What opens encrypted conversations could not be loaded. Check the connection, or reload the page.';

/** This tab's Worker, and the one of all tabs that holds the keys. `onNews` is told what that one tells everybody. */
export class Keyholder {
  private worker: Worker | undefined;
  private readonly channel: BroadcastChannel;
  private readonly tab = uuidv7();
  private readonly calls = new Map<number, Waiting>();
  private readonly orders = new Map<number, Waiting>();
  private last = 0;
  private alive = false;
  private watching: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly viewer: CryptoViewer,
    private readonly onNews: (news: News) => void,
  ) {
    this.channel = new BroadcastChannel(`${CHANNEL} ${viewer.id}`);
    this.channel.addEventListener('message', ({ data }: MessageEvent<Message>) => this.heed(data));
    addEventListener('pagehide', this.leave);
    this.hired();
  }

  /** Asks the Worker that holds the keys. While there is none, or another takes over, the answer is late. */
  call<Asked extends Name>(name: Asked, ...args: Parameters<Calls[Asked]>): Promise<Result<Asked>> {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      const again = () => this.tell({ kind: 'call', from: this.tab, id, name, args });
      this.calls.set(id, { resolve, reject, again });
      this.hired();
      again();
      this.watch();
    });
  }

  seal(file: Blob): Promise<{ bytes: Blob; key: SealedFileKey }> {
    return this.order((id) => ({ id, what: 'seal', file }));
  }

  open(address: string, key: SealedFileKey, type: string): Promise<Blob> {
    return this.order((id) => ({ id, what: 'open', address, key, type }));
  }

  /** Everybody stops, and the keys are closed. */
  forget() {
    this.tell({ kind: 'forgotten' });
    this.end();
  }

  /** The Worker; another one, where its script could not be loaded before. */
  private hired(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(scriptAddress(workerUrl), { type: 'module', name: 'encryption' });
    worker.addEventListener('message', ({ data }: MessageEvent<Done>) => settle(this.orders, data));
    worker.addEventListener('error', (event) => event instanceof ErrorEvent || this.lose());
    this.worker = worker;
    this.command({ what: 'begin', viewer: { ...this.viewer } });
    return worker;
  }

  /** WebKit keeps a page that was left as it was, and in it the lock, for which the next one would wait: who comes back has it load anew. */
  private readonly leave = ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return;
    this.worker?.terminate();
    addEventListener('pageshow', () => location.reload(), { once: true });
  };

  private lose() {
    this.worker = undefined;
    const problems = [{ message: NOT_LOADED, extensions: { code: 'UNAVAILABLE' } }];
    for (const waiting of [this.calls, this.orders])
      for (const id of [...waiting.keys()]) settle(waiting, { id, problems });
    this.onNews({ kind: 'state', status: 'failed', problem: NOT_LOADED, recovery: 'none', messagesOnlyHere: 0 });
  }

  private heed(message: Message) {
    if (message.kind === 'call' || message.kind === 'asked') return;
    this.alive = true;
    if (message.kind === 'answer') return message.to === this.tab ? settle(this.calls, message) : undefined;
    if (message.kind === 'here') for (const { again } of this.calls.values()) again?.();
    if (message.kind === 'forgotten') this.end();
    this.onNews(message);
  }

  /** A browser may have put the tab that holds the keys to sleep, lock and all: then this one takes over. */
  private watch() {
    this.watching ??= setTimeout(() => this.look(), ANSWER_WITHIN);
  }

  private async look() {
    this.alive = false;
    this.tell({ kind: 'asked' });
    await new Promise((resolve) => setTimeout(resolve, ANSWER_WITHIN));
    this.watching = undefined;
    if (!this.calls.size) return;
    if (!this.alive && document.visibilityState === 'visible') this.command({ what: 'takeOver' });
    this.watch();
  }

  private order<Answer>(make: (id: number) => Order): Promise<Answer> {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.orders.set(id, { resolve, reject });
      this.hired().postMessage(make(id));
    });
  }

  private end() {
    clearTimeout(this.watching);
    removeEventListener('pagehide', this.leave);
    this.command({ what: 'end' });
  }

  private command(command: Command) {
    this.worker?.postMessage(command);
  }

  private tell(message: Message) {
    this.channel.postMessage(message);
  }
}

function settle(waiting: Map<number, Waiting>, { id, result, problems }: Done) {
  const one = waiting.get(id);
  waiting.delete(id);
  if (problems) one?.reject(problems);
  else one?.resolve(result as never);
}
