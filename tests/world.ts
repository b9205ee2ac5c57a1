import { randomUUID } from 'node:crypto';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { readConfig } from '../api/config.ts';
import { type Core, openCore } from '../api/core.ts';
import { setUpLink } from '../api/instance/instance.ts';
import { createLog } from '../api/log.ts';
import { type App, openApp } from '../api/server.ts';
import { prepareTestDatabase } from './services/database.ts';

/** A running node with the address that people use. */
export interface Node {
  core: Core;
  app: App;
  url: string;
  close(): Promise<void>;
}

/** A database of its own and the nodes on it: embedded with one node, or PostgreSQL and Redis with any number. */
export async function openWorld(environment: Record<string, string> = {}) {
  const services = await prepareTestDatabase();
  const nodes: Node[] = [];
  const node = async (more: Record<string, string> = {}) => {
    const opened = await openNode({ ...services.environment, ...GENEROUS, ...environment, ...more });
    nodes.push(opened);
    return opened;
  };
  const first = await node();
  return {
    node: first,
    /** One more node on the same database and bus; only where there is a cluster. */
    anotherNode: node,
    clustered: services.clustered,
    person: (name: string, on: Node = first) => register(on, name),
    stranger: (on: Node = first) => new Person(on, { name: 'stranger', id: '', accessToken: '' }),
    close: async () => {
      for (const opened of nodes) await opened.close();
      await services.drop();
    },
  };
}
export type World = Awaited<ReturnType<typeof openWorld>>;

/** Limits have their own tests; elsewhere many people live at one address. */
export const GENEROUS = {
  LIMIT_LOGINS_PER_MINUTE: '100000',
  LIMIT_REGISTRATIONS_PER_HOUR: '100000',
  LIMIT_MESSAGES_PER_10_SECONDS: '100000',
  LIMIT_CHANGES_PER_MINUTE: '100000',
  LIMIT_PROFILE_CHANGES_PER_HOUR: '100000',
  LIMIT_UPLOADS_PER_HOUR: '100000',
  LIMIT_EXPORTS_PER_HOUR: '100000',
  LIMIT_KEY_CLAIMS_PER_HOUR: '100000',
  LIMIT_MARKS_PER_10_SECONDS: '100000',
};

export async function openNode(environment: Record<string, string>, webFolder = 'no-web-client'): Promise<Node> {
  const config = readConfig({ PORT: '0', LOG_LEVEL: 'error', ...environment });
  const core = await openCore(config, createLog(config.logLevel));
  const app = await openApp(core, webFolder);
  const url = await app.listen();
  let closed: Promise<void> | undefined;
  const close = async () => {
    await app.close();
    await core.close();
  };
  return { core, app, url, close: () => (closed ??= close()) };
}

export const PASSWORD = 'quiet enough here';

/** Somebody who has just made an account at the node. */
export async function register(node: Node, name: string): Promise<Person> {
  const input = {
    username: `${name}.${randomUUID().slice(0, 6)}`,
    displayName: name,
    password: PASSWORD,
    cookies: false,
  };
  const document =
    'mutation ($input: RegisterInput!) { register(input: $input) { accessToken refreshToken viewer { id user { username } } } }';
  const anyone = new Person(node, { name, id: '', accessToken: '' });
  const { accessToken, refreshToken, viewer } = (await anyone.graphql(document, { input })).register;
  return new Person(node, { name, id: viewer.id, username: viewer.user.username, accessToken, refreshToken });
}

/** The same person with one more session. */
export async function signedInAgain({ node, name, id, username }: Person): Promise<Person> {
  const document = 'mutation ($input: LogInInput!) { logIn(input: $input) { accessToken refreshToken } }';
  const anyone = new Person(node, { name, id: '', accessToken: '' });
  const { logIn } = await anyone.graphql(document, { input: { username, password: PASSWORD, cookies: false } });
  return new Person(node, { name, id, username, ...logIn });
}

/** Whoever makes the first administrator out of the link that the node printed. */
export async function administrator(node: Node, name = 'ada', more: object = {}): Promise<Person> {
  const token = (await setUpLink(node.core))?.split('#')[1];
  const document = 'mutation ($input: SetUpInput!) { setUp(input: $input) { accessToken refreshToken viewer { id } } }';
  const input = { username: name, password: PASSWORD, cookies: false, token, ...more };
  const anyone = new Person(node, { name, id: '', accessToken: '' });
  const { accessToken, refreshToken, viewer } = (await anyone.graphql(document, { input })).setUp;
  return new Person(node, { name, id: viewer.id, username: name, accessToken, refreshToken });
}

interface Identity {
  name: string;
  id: string;
  accessToken: string;
  refreshToken?: string;
  username?: string;
}

/** Somebody with a program that speaks GraphQL. */
export class Person {
  readonly name: string;
  readonly id: string;
  readonly username: string;
  accessToken: string;
  refreshToken: string;
  private socket: Client | undefined;

  constructor(
    readonly node: Node,
    identity: Identity,
  ) {
    this.name = identity.name;
    this.id = identity.id;
    this.username = identity.username ?? '';
    this.accessToken = identity.accessToken;
    this.refreshToken = identity.refreshToken ?? '';
  }

  /** The same person at another node. */
  at(node: Node): Person {
    return new Person(node, { ...this });
  }

  /** The data of the answer; throws a Refusal when there are errors. */
  async graphql(document: string, variables: object = {}): Promise<any> {
    const { data, errors } = await this.ask(document, variables);
    if (errors) throw new Refusal(errors[0]);
    return data;
  }

  /** The first error of the answer: its code, message and what else stands in its extensions. */
  async refused(
    document: string,
    variables: object = {},
  ): Promise<{ code: string; message: string; fields?: Record<string, string[]> }> {
    const { errors } = await this.ask(document, variables);
    if (!errors) throw new Error(`${this.name} was not refused`);
    return { message: errors[0].message, ...errors[0].extensions };
  }

  async ask(document: string, variables: object = {}): Promise<{ data?: any; errors?: any[] }> {
    const answer = await this.post('/graphql', JSON.stringify({ query: document, variables }));
    return (await answer.json()) as { data?: any; errors?: any[] };
  }

  post(path: string, body: BodyInit | null, headers: Record<string, string> = {}): Promise<Response> {
    const authorization: Record<string, string> = this.accessToken
      ? { authorization: `Bearer ${this.accessToken}` }
      : {};
    return fetch(this.node.url + path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...authorization, ...headers },
    });
  }

  /** Subscribes over a real graphql-ws socket, one for each person; gives what arrives, in order. */
  subscribe(document: string, variables: object = {}): Arrivals {
    this.socket ??= connect(this.node, this.accessToken);
    const arrivals = new Arrivals();
    const stop = this.socket.subscribe(
      { query: document, variables: variables as Record<string, unknown> },
      arrivals.sink,
    );
    arrivals.stop = stop;
    return arrivals;
  }

  /** Cuts the socket, as a train in a tunnel does. */
  disconnect() {
    this.socket?.terminate();
    this.socket = undefined;
  }

  async createRoom(input: { name?: string; kind?: 'PUBLIC' | 'PRIVATE' } = {}): Promise<string> {
    const document = 'mutation ($input: CreateRoomInput!) { createRoom(input: $input) { id } }';
    const name = `${input.name ?? 'room'}-${randomUUID().slice(0, 8)}`;
    return (await this.graphql(document, { input: { ...input, name } })).createRoom.id;
  }

  async join(roomId: string): Promise<void> {
    await this.graphql('mutation ($id: ID!) { joinRoom(id: $id) { id } }', { id: roomId });
  }

  async say(
    roomId: string,
    body: string,
    id: string = randomUUID(),
  ): Promise<{ id: string; seq: number; body: string | null }> {
    const document = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id seq body createdAt } }';
    return (await this.graphql(document, { input: { id, roomId, body } })).sendMessage;
  }

  /** Follows a room: every entry of its log from a position on. */
  follow(roomId: string, cursor: { after?: number; epoch?: string } = {}): Arrivals {
    return this.subscribe(ROOM_LOG, { roomId, ...cursor });
  }
}

export class Refusal extends Error {
  readonly code: string;
  constructor(error: { message: string; extensions?: { code?: string } }) {
    super(`${error.extensions?.code}: ${error.message}`);
    this.code = error.extensions?.code ?? '';
  }
}

const PERSON = '{ id username displayName }';
const QUOTE = `replyTo { id seq body createdAt deletedAt author ${PERSON} }`;
const MARKS = 'reactions { emoji count users { id } } mentions { id } mentionsRoom pinnedAt';
const MESSAGE = `{ id roomId seq changedSeq body createdAt editedAt deletedAt author ${PERSON} ${QUOTE} ${MARKS} }`;

export const ROOM_LOG = `subscription ($roomId: ID!, $after: Int, $epoch: ID) {
  roomLog(roomId: $roomId, after: $after, epoch: $epoch) {
    __typename seq roomId at
    ... on Reset { epoch }
    ... on RoomChanged { name topic retentionDays retentionChanged }
    ... on MessagesExpired { upTo }
    ... on MemberJoined { user ${PERSON} role }
    ... on MemberLeft { user ${PERSON} }
    ... on MemberRemoved { user ${PERSON} by ${PERSON} }
    ... on MemberBanned { user ${PERSON} by ${PERSON} wasMember }
    ... on MemberUnbanned { user ${PERSON} by ${PERSON} }
    ... on OwnershipTransferred { user ${PERSON} by ${PERSON} }
    ... on RoleChanged { user ${PERSON} role }
    ... on MessageSent { message ${MESSAGE} }
    ... on MessageEdited { message ${MESSAGE} }
    ... on MessageDeleted { message ${MESSAGE} }
    ... on MessagePinned { message ${MESSAGE} by ${PERSON} }
    ... on MessageUnpinned { message ${MESSAGE} by ${PERSON} }
    ... on ReactionsChanged { message ${MESSAGE} by ${PERSON} emoji on }
  }
}`;

/** What a subscription brings, kept until it is asked for, so that no test sleeps. */
export class Arrivals {
  /** Everything so far. */
  readonly all: any[] = [];
  ended: 'complete' | { code: string; message: string } | null = null;
  stop: () => void = () => {};
  private taken = 0;
  private wake: () => void = () => {};

  readonly sink = {
    next: ({ data, errors }: { data?: any; errors?: any }) => {
      if (errors) this.end({ message: errors[0].message, ...errors[0].extensions });
      else this.push(Object.values(data as object)[0]);
    },
    error: (error: unknown) => this.end(reason(error)),
    complete: () => this.end('complete'),
  };

  /** The next thing that arrives. */
  async next(): Promise<any> {
    await this.until(() => this.all.length > this.taken || this.ended !== null);
    if (this.all.length <= this.taken) throw new Error(`the subscription ended: ${JSON.stringify(this.ended)}`);
    return this.all[this.taken++];
  }

  /** Everything that arrives up to the first thing for which it is true. */
  async upTo(isLast: (event: any) => boolean): Promise<any[]> {
    const events: any[] = [];
    do events.push(await this.next());
    while (!isLast(events.at(-1)));
    return events;
  }

  /** How the subscription ended, once it has. */
  async ending(): Promise<'complete' | { code: string; message: string }> {
    await this.until(() => this.ended !== null);
    return this.ended as 'complete';
  }

  private push(event: unknown) {
    this.all.push(event);
    this.wake();
  }

  private end(how: 'complete' | { code: string; message: string }) {
    this.ended ??= how;
    this.wake();
  }

  private async until(condition: () => boolean) {
    const deadline = Date.now() + 20_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`nothing more arrived after ${JSON.stringify(this.all.at(-1))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

function reason(error: unknown): { code: string; message: string } {
  if (Array.isArray(error)) return { message: error[0].message, ...error[0].extensions };
  const { code, reason: text, message } = error as { code?: number; reason?: string; message?: string };
  return { code: String(code ?? 'ERROR'), message: text ?? message ?? '' };
}

function connect(node: Node, accessToken: string): Client {
  return createClient({
    url: `${node.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${accessToken}` },
  });
}

/** Does something again and again, until what is awaited is there. */
export async function whileWaiting<Result>(awaited: Promise<Result>, work: () => Promise<unknown>): Promise<Result> {
  let over = false;
  const end = () => {
    over = true;
  };
  awaited.then(end, end);
  while (!over) await work();
  return awaited;
}
