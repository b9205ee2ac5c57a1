import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Tally } from './tally.ts';

const PASSWORD = 'a password for the load';
const TOKEN = '{ accessToken viewer { id } }';
const LOG_IN = `mutation ($input: LogInInput!) { answer: logIn(input: $input) ${TOKEN} }`;
const REGISTER = `mutation ($input: RegisterInput!) { answer: register(input: $input) ${TOKEN} }`;
const ROOMS = '{ viewer { roomsVersion rooms { id name lastSeq unreadCount lastMessage { body } } } }';
const PAGE = `query ($id: ID!, $before: String) { room(id: $id) {
  messages(last: 50, before: $before) { nodes { id seq body author { id displayName } } pageInfo { hasPreviousPage } } } }`;
const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { seq } }';
const TYPE = 'mutation ($roomId: ID!) { setTyping(roomId: $roomId) }';
const READ = 'mutation ($roomId: ID!, $seq: Int!) { markRead(roomId: $roomId, seq: $seq) { id } }';
const LOG = `subscription ($after: [RoomPosition!]) { viewerLog(after: $after) {
  __typename roomId seq ... on MessageSent { message { body } } } }`;
const EVENTS = 'subscription { viewerEvents { __typename } }';
const TYPING = 'subscription ($roomId: ID!) { typing(roomId: $roomId) { user { id } } }';

/** What a server closes sockets with when it is to be started again. */
const RESTARTING = 1012;
const TRIES = 20;

/** One person at one device, over one socket, as the web client is. */
export class Member {
  id = '';
  roomId = '';
  /** Resolves when the server has come back from the last of its restarts. */
  back: Promise<void> = Promise.resolve();
  private token = '';
  private client: Client | undefined;
  private readonly seen = new Map<string, number>();
  private onHeard: () => void = () => {};
  private cut = false;

  constructor(
    readonly url: string,
    readonly name: string,
    private readonly tally: Tally,
  ) {}

  /** Signs in; the first time the account is made. */
  async signIn() {
    const input = { username: this.name, password: PASSWORD, cookies: false };
    const known = await this.post(LOG_IN, { input }).catch((error: Error) => {
      if (!error.message.startsWith('UNAUTHENTICATED')) throw error;
    });
    const { answer } = known ?? (await this.post(REGISTER, { input: { ...input, displayName: this.name } }));
    this.token = answer.accessToken;
    this.id = answer.viewer.id;
  }

  /** Opens the socket and follows what the web client follows; resolves when the rooms are there. */
  async connect() {
    const client = createClient({
      url: `${this.url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${this.token}` },
      retryAttempts: 0,
      lazy: false,
      onNonLazyError: () => {},
      on: { closed: (event) => this.client === client && this.lose((event as CloseEvent).code) },
    });
    this.client = client;
    const { viewer } = await this.answer(ROOMS);
    this.cut = false;
    for (const { id, lastSeq } of viewer.rooms) if (!this.seen.has(id)) this.seen.set(id, lastSeq);
    this.follow(LOG, { after: [...this.seen].map(([roomId, seq]) => ({ roomId, seq })) }, (data) =>
      this.hear(data.viewerLog),
    );
    this.follow(EVENTS, {}, () => {});
    this.follow(TYPING, { roomId: this.roomId }, () => {});
  }

  /** Loses the connection, and comes back; resolves when a message that was sent meanwhile has arrived. */
  async breakOff(meanwhile: () => Promise<number>) {
    await this.back;
    this.close();
    const seq = await meanwhile();
    await this.tally.time('resumed', async () => {
      const heard = new Promise<void>((resolve) => {
        this.onHeard = () => (this.seen.get(this.roomId) ?? 0) >= seq && resolve();
      });
      await this.comeBack();
      await within(30_000, heard, 'what was missed did not arrive');
    });
    this.onHeard = () => {};
  }

  async write(): Promise<number> {
    await this.ask(TYPE, { roomId: this.roomId });
    const body = `load ${randomUUID()}`;
    const input = { id: randomUUID(), roomId: this.roomId, body };
    this.tally.sends(body);
    return (await this.tally.time('sent', () => this.ask(SEND, { input }))).sendMessage.seq;
  }

  /** Reads a page, often the newest, and marks the room read. */
  async read() {
    const end = this.seen.get(this.roomId) ?? 0;
    const before = Math.random() < 0.7 ? null : String(1 + Math.floor(Math.random() * end));
    await this.tally.time('read', () => this.ask(PAGE, { id: this.roomId, before }));
    await this.ask(READ, { roomId: this.roomId, seq: end });
  }

  /** An operation over the socket, again where a restart came between; throws what the server says against it. */
  async ask(query: string, variables: Record<string, unknown> = {}): Promise<any> {
    await this.back;
    try {
      return await this.answer(query, variables);
    } catch (error) {
      if ((error as CloseEvent).code !== RESTARTING) throw error;
      await this.back;
      return this.answer(query, variables);
    }
  }

  private async answer(query: string, variables: Record<string, unknown> = {}): Promise<any> {
    if (!this.client) throw new Error('not connected');
    const answers = this.client.iterate({ query, variables });
    const first = await within(30_000, answers.next(), 'no answer');
    void answers.return?.();
    const { data, errors } = first.value ?? {};
    if (errors) throw new Error(`${errors[0]?.extensions?.code}: ${errors[0]?.message}`);
    return data;
  }

  close() {
    this.cut = true;
    this.client?.terminate();
    this.client = undefined;
  }

  /** A server that is to be started again says so: that is no error. */
  private lose(code: number) {
    if (this.cut) return;
    if (code !== RESTARTING) return this.tally.error(`closed with ${code}`);
    this.cut = true;
    this.back = this.comeBack();
  }

  /** Tries until somebody answers, each time after a longer pause, as the web client does. */
  private async comeBack() {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        return await this.connect();
      } catch {
        this.close();
        await pause(tries);
      }
    }
    this.tally.error('the server did not come back');
  }

  private follow(query: string, variables: Record<string, unknown>, next: (data: any) => void) {
    const client = this.client as Client;
    client.subscribe(
      { query, variables },
      {
        next: ({ data, errors }) => (errors ? this.tally.error(`subscription: ${errors[0]?.message}`) : next(data)),
        error: (error) => this.cut || this.client !== client || this.tally.error(`subscription: ${reasonOf(error)}`),
        complete: () => {},
      },
    );
  }

  private hear({
    __typename,
    roomId,
    seq,
    message,
  }: {
    __typename: string;
    roomId: string;
    seq: number;
    message?: { body: string };
  }) {
    const last = this.seen.get(roomId);
    if (last !== undefined && seq !== last + 1)
      this.tally.error(seq <= last ? 'an entry came twice' : 'a hole in the log');
    this.seen.set(roomId, seq);
    if (__typename === 'Reset') this.tally.error('a Reset');
    if (message) this.tally.hears(message.body);
    this.onHeard();
  }

  async post(query: string, variables: object): Promise<any> {
    const headers = {
      'content-type': 'application/json',
      ...(this.token && { authorization: `Bearer ${this.token}` }),
    };
    const answer = await this.fetch({ method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    const { data, errors } = (await answer.json()) as { data?: any; errors?: any[] };
    if (errors) throw new Error(`${errors[0]?.extensions?.code}: ${errors[0]?.message}`);
    return data;
  }

  /** Nobody answers while a server restarts. When that was not planned, the sockets tell. */
  private async fetch(request: RequestInit): Promise<Response> {
    for (let tries = 0; ; tries++) {
      try {
        return await fetch(`${this.url}/graphql`, request);
      } catch (error) {
        if (tries === TRIES) throw error;
        await pause(tries);
      }
    }
  }
}

const pause = (tries: number) => sleep(Math.min(5_000, 300 * 2 ** tries) * (0.5 + Math.random()));

const reasonOf = (error: unknown) =>
  Array.isArray(error) ? error[0]?.message : ((error as Error).message ?? `closed with ${(error as CloseEvent).code}`);

function within<Result>(ms: number, promise: Promise<Result>, otherwise: string): Promise<Result> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${otherwise} within ${ms / 1_000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
