import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from 'graphql-ws';
import { type Account, isPassing, Refused } from './account.ts';
import { ImpatientSocket } from './impatientSocket.ts';
import type { Ledger } from './ledger.ts';
import type { NodeProcess } from './nodeProcess.ts';
import type { Random } from './random.ts';

/** Sends one message, or gives the one that there is under its id. */
export const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id seq roomId } }';
const EDIT = 'mutation ($input: EditMessageInput!) { editMessage(input: $input) { id } }';
const UNSEND = 'mutation ($id: ID!) { deleteMessage(id: $id) { id } }';
const PATIENCE = 4_000;
const RECENT = 50;

type Variables = Record<string, unknown>;

/**
 * Somebody who writes, edits and deletes without a pause, one thing after the other. What is not acknowledged is sent
 * again under the same id, to either node, over HTTP or a socket; some of it two to four times for no reason, or to
 * both nodes at once.
 */
export class Sender {
  /** When it sent the same to two nodes at once. */
  twins = 0;
  private readonly recent: string[] = [];
  private readonly sockets = new Map<NodeProcess, Client>();
  private stopped = false;
  private done: Promise<void> | undefined;
  private edits = 0;

  constructor(
    readonly account: Account,
    private readonly rooms: () => string[],
    private readonly nodes: NodeProcess[],
    private readonly ledger: Ledger,
    private readonly random: Random,
    private readonly pause: number,
    private readonly burst: number,
  ) {}

  start() {
    this.done = this.write();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done;
    for (const client of this.sockets.values()) client.terminate();
  }

  private async write() {
    while (!this.stopped) {
      const dice = this.random.next();
      if (dice < 0.88 || this.recent.length < 5) await this.sendSome();
      else if (dice < 0.95) await this.edit();
      else await this.unsend();
      if (this.pause > 0) await sleep(this.random.next() * this.pause * 2);
    }
  }

  // Often many at once: sends that wait for one room share a statement.
  private async sendSome() {
    const count = this.random.chance(0.3) ? this.random.between(2, this.burst) : 1;
    await Promise.all(Array.from({ length: count }, () => this.send()));
  }

  private async send() {
    const rooms = this.rooms();
    if (rooms.length === 0) return void (await sleep(100));
    const id = this.random.uuid();
    const input = { id, roomId: this.random.pick(rooms), body: this.body(id) };
    const dice = this.random.next();
    if (dice < 0.06) await this.sendToBoth(input);
    const times = dice < 0.94 ? 1 : this.random.between(2, 4);
    for (let i = 0; i < times; i++) await this.deliver(input);
  }

  private async deliver(input: Variables) {
    const data = await this.insist(SEND, { input });
    if (!data) return;
    this.ledger.acknowledge(data.sendMessage);
    this.remember(data.sendMessage.id);
  }

  private async sendToBoth(input: Variables) {
    this.twins++;
    const both = this.nodes.map((node) => this.account.ask(node, SEND, { input }));
    for (const answer of await Promise.allSettled(both)) {
      if (answer.status === 'fulfilled') this.ledger.acknowledge(answer.value.sendMessage);
    }
  }

  private async edit() {
    const id = this.random.pick(this.recent);
    const data = await this.insist(EDIT, { input: { id, body: `${id} again, ${++this.edits}` } });
    if (data) this.ledger.edits.add(id);
  }

  private async unsend() {
    const [id] = this.recent.splice(this.random.between(0, this.recent.length - 1), 1);
    if (id && (await this.insist(UNSEND, { id }))) this.ledger.deletions.add(id);
  }

  private remember(id: string) {
    if (this.recent.includes(id)) return;
    this.recent.push(id);
    if (this.recent.length > RECENT) this.recent.shift();
  }

  private body(id: string): string {
    return this.random.chance(0.01) ? `${id} ${'long '.repeat(this.random.between(100, 1_500))}` : id;
  }

  // Until it is acknowledged or refused for good: then nothing was promised.
  private async insist(document: string, variables: Variables): Promise<any> {
    for (let tries = 0; !this.stopped || tries === 0; tries++) {
      try {
        const node = this.random.pick(this.nodes);
        if (this.random.chance(0.3)) return await this.askOverSocket(node, document, variables);
        return await this.account.ask(node, document, variables);
      } catch (error) {
        if (error instanceof Refused && !isPassing(error.code)) return null;
        await sleep(this.random.next() * Math.min(1_000, 50 * 2 ** tries));
      }
    }
  }

  private async askOverSocket(node: NodeProcess, document: string, variables: Variables): Promise<any> {
    const client = this.sockets.get(node) ?? this.connect(node);
    this.sockets.set(node, client);
    try {
      return await ask(client, document, variables);
    } catch (error) {
      this.sockets.delete(node);
      client.terminate();
      throw error;
    }
  }

  private connect(node: NodeProcess): Client {
    return createClient({
      url: `ws://127.0.0.1:${node.port}/graphql`,
      webSocketImpl: ImpatientSocket,
      connectionParams: () => ({ authorization: `Bearer ${this.account.accessToken}` }),
      lazy: true,
      lazyCloseTimeout: 60_000,
      retryAttempts: 0,
      onNonLazyError: () => {},
    });
  }
}

function ask(client: Client, query: string, variables: Variables): Promise<any> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Refused('NETWORK', 'no answer over the socket')), PATIENCE);
    const fail = (code: string, message: string) => {
      clearTimeout(timer);
      reject(new Refused(code, message));
    };
    client.subscribe<any>(
      { query, variables },
      {
        next: ({ data, errors }) => {
          clearTimeout(timer);
          if (data && !errors) resolve(data);
          else fail(String(errors?.[0]?.extensions?.code ?? 'UNKNOWN'), errors?.[0]?.message ?? '');
        },
        error: (error) => {
          if (Array.isArray(error)) fail(String(error[0]?.extensions?.code ?? 'UNKNOWN'), String(error[0]?.message));
          else fail('NETWORK', 'the socket closed');
        },
        complete: () => fail('NETWORK', 'completed without an answer'),
      },
    );
  });
}
