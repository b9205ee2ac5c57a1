import { type IncomingHttpHeaders, request } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';
import type { Node } from './world.ts';

/** HTTP, cookies and WebSocket frames as they are: for what a well-behaved client leaves to its library. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json: any;
}

export interface Question {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** One HTTP request with exactly these headers, Host and Origin included. */
export function send(node: Node, { method = 'GET', path = '/', headers = {}, body }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request(node.url, { method, path, headers, agent: false }, async (response) => {
      let text = '';
      for await (const part of response.setEncoding('utf8')) text += part;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

/** A GraphQL document over HTTP as any program sends it, with more headers. */
export function post(node: Node, query: string, headers: Record<string, string> = {}): Promise<Answer> {
  const body = JSON.stringify({ query });
  return send(node, { method: 'POST', path: '/graphql', body, headers: { ...JSON_BODY, ...headers } });
}

/** One figure of what the node tells those who watch it. */
export const figureIn = (text: string, name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);

export const JSON_BODY = { 'content-type': 'application/json' };

/** A browser on a page of the server: it keeps cookies, sends its Origin, and shows no script a token. */
export class Browser {
  readonly cookies = new Map<string, string>();
  /** The Set-Cookie lines of the last answer. */
  changes: string[] = [];

  constructor(
    readonly node: Node,
    private readonly headers: Record<string, string> = {},
  ) {}

  async graphql(query: string, variables: object = {}): Promise<{ data?: any; errors?: any[] }> {
    const body = JSON.stringify({ query, variables });
    const headers = { ...JSON_BODY, origin: this.node.url, cookie: this.cookie, ...this.headers };
    const answer = await send(this.node, { method: 'POST', path: '/graphql', headers, body });
    this.keep(answer.headers['set-cookie'] ?? []);
    return answer.json;
  }

  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  private keep(changes: string[]) {
    this.changes = changes;
    for (const change of changes) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(change) ?? [];
      if (/Max-Age=0\b/.test(change)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}

/** A WebSocket whose frames are written by hand, and kept as they arrive until they are asked for. */
export class Line {
  /** Resolves with the HTTP status of the upgrade: 101, or that of the refusal. */
  readonly status: Promise<number>;
  readonly closing: Promise<{ code: number; reason: string }>;
  private readonly frames: any[] = [];
  private readonly all: any[] = [];
  private readonly socket: WebSocket;
  private wake = () => {};
  private closed = false;

  constructor(node: Node, { path = '/graphql', protocol = 'graphql-transport-ws', ...options }: Upgrade = {}) {
    this.socket = new WebSocket(node.url.replace('http', 'ws') + path, protocol, options);
    this.socket.on('error', () => {});
    this.socket.on('message', (frame) => {
      const parsed = JSON.parse(String(frame));
      this.frames.push(parsed);
      this.all.push(parsed);
      this.wake();
    });
    this.status = new Promise((resolve) => {
      this.socket.on('open', () => resolve(101));
      this.socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
    });
    this.closing = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        this.closed = true;
        this.wake();
        resolve({ code, reason: String(reason) });
      });
    });
  }

  /** Sends frames one after the other: objects as JSON, the rest as it is. */
  async send(...frames: (object | string | Buffer)[]): Promise<void> {
    await this.status;
    for (const frame of frames) this.socket.send(isRaw(frame) ? frame : JSON.stringify(frame));
  }

  /** Says who one is, and waits for the answer. */
  async init(accessToken?: string): Promise<any> {
    await this.send({
      type: 'connection_init',
      ...(accessToken && { payload: { authorization: `Bearer ${accessToken}` } }),
    });
    return this.next();
  }

  /** Sends an operation and gives its first frame: a result, or why there is none. */
  async ask(query: string, more: { variables?: object; operationName?: string } = {}): Promise<any> {
    const id = `ask-${this.asked++}`;
    await this.send({ id, type: 'subscribe', payload: { query, ...more } });
    const frame = await this.next((candidate) => candidate.id === id);
    if (frame.type === 'next') await this.next((candidate) => candidate.id === id && candidate.type === 'complete');
    return frame;
  }
  private asked = 0;

  /** The next frame, or the next for which it is true; pings and what precedes it are passed over. */
  async next(fits: (frame: any) => boolean = () => true): Promise<any> {
    for (;;) {
      const frame = this.frames.shift();
      if (frame && fits(frame)) return frame;
      if (frame) continue;
      if (this.closed) throw new Error(`the socket closed: ${JSON.stringify(await this.closing)}`);
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  /** Pings, as the protocol below ours has them, each when the one before was answered, until the socket closes. */
  async ping(times: number) {
    for (let n = 0; n < times && this.socket.readyState === this.socket.OPEN; n++) {
      const answered = new Promise((resolve) => this.socket.once('pong', resolve));
      this.socket.ping();
      await Promise.race([answered, this.closing]);
    }
  }

  /** Pings without waiting for an answer. */
  flood(times: number) {
    for (let n = 0; n < times; n++) this.socket.ping();
  }

  /** The protocol that was agreed upon. */
  get protocol(): string {
    return this.socket.protocol;
  }

  /** Everything that has arrived, what was taken before included. */
  heard(): any[] {
    return this.all;
  }

  /** Says goodbye, after what was sent before. */
  end() {
    this.socket.close();
  }

  stopReading() {
    this.socket.pause();
  }

  readOn() {
    this.socket.resume();
  }

  close() {
    this.socket.terminate();
  }
}

type Upgrade = Omit<ClientOptions, 'protocol'> & { path?: string; protocol?: string | string[] };

const isRaw = (frame: object | string | Buffer) => typeof frame === 'string' || Buffer.isBuffer(frame);

function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
