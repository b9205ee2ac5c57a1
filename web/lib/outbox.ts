import { type ShallowRef, shallowRef } from 'vue';
import { type ErrorCode, errorCode, errorSentence, isFinal } from './errors';
import { exclusively } from './lease';
import { type OutboxStore, openOutboxStore, type Unsent, type UnsentFile } from './outboxStore';
import { delayAfter, pause } from './retry';
import type { Quote } from './roomStore';
import { uuidv7 } from './uuid';

export type { Unsent, UnsentFile } from './outboxStore';

export interface OutboxOptions<Sent> {
  owner: string;
  /** Sends one message, and gives it as it is in the log. Rejects with the server's errors. */
  send: (item: Unsent) => Promise<Sent>;
  /** Called for each acknowledged message before it leaves the outbox, in every tab. */
  onSent: (item: Unsent, sent: Sent) => void;
  /** Called for each message that was given up, in every tab: what goes with it ends wherever it is on its way. */
  onDiscarded?: (item: Unsent) => void;
  store?: OutboxStore;
}

type News<Sent> = { kind: 'kept' | 'removed' | 'discarded'; item: Unsent } | { kind: 'sent'; item: Unsent; sent: Sent };

const MOST_FAULTS = 6;
const DONE = Number.POSITIVE_INFINITY;

/**
 * What one person has written and the server has not acknowledged. It survives a reload, keeps the order of each room,
 * and sends each message once: a retry has the same id, which the server takes only once. One tab sends at a time.
 */
export class Outbox<Sent> {
  private readonly rooms = new Map<string, ShallowRef<readonly Unsent[]>>();
  private readonly queues = new Map<string, Promise<void>>();
  private readonly faults = new Map<string, number>();
  private readonly store: OutboxStore;
  private readonly channel: BroadcastChannel | undefined;
  private failures = 0;

  constructor(private readonly options: OutboxOptions<Sent>) {
    this.store = options.store ?? openOutboxStore(options.owner);
    this.channel = globalThis.BroadcastChannel && new BroadcastChannel(`shh-outbox-${options.owner}`);
    this.channel?.addEventListener('message', ({ data }) => {
      this.learn(data);
      this.drain(data.item.roomId);
    });
    void this.load();
  }

  /** The unsent messages of a room in the order in which they were written. Reactive. */
  items(roomId: string): ShallowRef<readonly Unsent[]> {
    const known = this.rooms.get(roomId) ?? shallowRef<readonly Unsent[]>([]);
    this.rooms.set(roomId, known);
    return known;
  }

  /** Shows the message at once, then stores it, then sends it. */
  async add(roomId: string, body: string, replyTo?: Quote, files?: readonly UnsentFile[]) {
    await this.keep({ id: uuidv7(), roomId, body, replyTo, files, createdAt: new Date().toISOString() });
    this.drain(roomId);
  }

  /** Sends a refused message again; under a new id where the server said that its id was taken. */
  async retry({ refusal, ...item }: Unsent) {
    if (refusal?.code !== 'CONFLICT') await this.keep(item);
    else {
      await this.remove(item, 'removed');
      await this.keep({ ...item, id: uuidv7() });
    }
    this.drain(item.roomId);
  }

  /** Forgets a message that was not sent. */
  async discard(item: Unsent) {
    await this.remove(item, 'discarded');
    this.options.onDiscarded?.(item);
  }

  private async load() {
    const take = async (kept: Promise<Unsent[]> | undefined) => {
      for (const item of (await kept) ?? []) this.show(item);
      for (const roomId of this.rooms.keys()) this.drain(roomId);
    };
    await take(this.store.all());
    await take(this.store.encrypted?.());
  }

  private drain(roomId: string) {
    const before = this.queues.get(roomId) ?? Promise.resolve();
    this.queues.set(
      roomId,
      before.then(() => this.sendAll(roomId)),
    );
  }

  private async sendAll(roomId: string) {
    for (;;) {
      const turn = exclusively(this.options.owner, `outbox ${roomId}`, () => this.sendFirst(roomId));
      const wait = await turn.catch((error) => this.waitAfter(error));
      if (wait === DONE) return;
      if (wait) await pause(wait);
    }
  }

  /** Gives the ms to wait before the next. Reads the store, because another tab may have added or sent. */
  private async sendFirst(roomId: string): Promise<number> {
    const stored = await this.store.all(roomId);
    const item = stored.find((one) => one.roomId === roomId && !one.refusal);
    if (!item) return DONE;
    try {
      await this.acknowledged(item, await this.options.send(item));
      return 0;
    } catch (error) {
      return this.refused(item, error);
    }
  }

  private async acknowledged(item: Unsent, sent: Sent) {
    this.failures = 0;
    this.faults.delete(item.id);
    await this.store.remove(item);
    const news = { kind: 'sent', item, sent } as const;
    this.learn(news);
    this.tell(news);
  }

  private async refused(item: Unsent, error: unknown): Promise<number> {
    const code = errorCode(error) ?? 'NETWORK';
    if (code === 'UNAUTHENTICATED') return DONE;
    if (isFinal(code) || this.isHopeless(item, code)) {
      if (await this.isKept(item)) await this.keep({ ...item, refusal: { code, sentence: errorSentence(error) } });
      return 0;
    }
    return this.waitAfter(error);
  }

  private waitAfter(error: unknown): number {
    this.failures += 1;
    return delayAfter(error, this.failures);
  }

  /** Not once it was given up, here or in another tab. */
  private async isKept({ id, roomId }: Unsent) {
    return (await this.store.all(roomId)).some((one) => one.id === id);
  }

  private isHopeless({ id }: Unsent, code: ErrorCode) {
    if (code !== 'INTERNAL_SERVER_ERROR') return false;
    const times = (this.faults.get(id) ?? 0) + 1;
    this.faults.set(id, times);
    return times >= MOST_FAULTS;
  }

  private async keep(item: Unsent) {
    this.show(item);
    await this.store.put(item);
    this.tell({ kind: 'kept', item });
  }

  private async remove(item: Unsent, kind: 'removed' | 'discarded') {
    this.hide(item);
    await this.store.remove(item);
    this.tell({ kind, item });
  }

  private tell(news: News<Sent>) {
    this.channel?.postMessage(news);
  }

  private learn(news: News<Sent>) {
    if (news.kind === 'kept') return this.show(news.item);
    if (news.kind === 'sent') this.options.onSent(news.item, news.sent);
    if (news.kind === 'discarded') this.options.onDiscarded?.(news.item);
    this.hide(news.item);
  }

  private show(item: Unsent) {
    const items = this.items(item.roomId);
    const others = items.value.filter(({ id }) => id !== item.id);
    items.value = [...others, item].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  private hide(item: Unsent) {
    const items = this.items(item.roomId);
    items.value = items.value.filter(({ id }) => id !== item.id);
  }
}
