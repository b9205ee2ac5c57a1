import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Account } from './account.ts';
import { History, ROOM_LOG, type RoomEvent } from './history.ts';
import { ImpatientSocket } from './impatientSocket.ts';
import type { NodeProcess } from './nodeProcess.ts';
import type { Random } from './random.ts';

const HANDSHAKE = 4_000;
const PING = 2_000;
const LONGEST_WAIT = 1_500;

/** What one device keeps of one room: its cursor, and everything that it ever got. */
export interface Following {
  readonly roomId: string;
  readonly history: History;
  cursor: number;
}

/**
 * A browser with one socket and a subscription for each of its rooms. It resumes with today's cursor, tries again for
 * ever with full jitter, and moves between the nodes.
 */
export class Device {
  readonly following: Following[];
  /** Whether it has stopped reading for a while. */
  paused = false;
  private stopped = false;
  private state = { what: 'new', since: 0 };
  private socket: WebSocket | undefined;
  private hangUp: (() => void) | undefined;
  private node: NodeProcess;
  private next: NodeProcess | undefined;
  private closed: Promise<void> | undefined;
  private readonly errors: string[] = [];

  constructor(
    readonly name: string,
    readonly account: Account,
    roomIds: string[],
    private readonly nodes: NodeProcess[],
    private readonly random: Random,
    private readonly epoch: string,
    readonly prompt = true,
  ) {
    this.node = random.pick(nodes);
    this.following = roomIds.map((roomId) => ({
      roomId,
      history: new History(name, account.id, roomId, prompt),
      cursor: 0,
    }));
  }

  start() {
    this.closed = this.stayConnected();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.paused = false;
    this.hangUp?.();
    this.socket?.terminate();
    await this.closed;
  }

  /** Goes to a node, as a load balancer would send it there. */
  move(node: NodeProcess) {
    this.next = node;
    this.socket?.terminate();
  }

  /** Reads nothing for so long; its socket fills up on the server's side. */
  async stopReading(milliseconds: number): Promise<void> {
    const { socket } = this;
    if (!socket || socket.readyState !== WebSocket.OPEN) return;
    this.paused = true;
    socket.pause();
    await sleep(milliseconds);
    socket.resume();
    this.paused = false;
  }

  /** Where its socket stands, for people who ask why it is late. */
  get status(): string {
    return `${this.name}: ${this.state.what} at ${this.node.name} for ${Date.now() - this.state.since} ms`;
  }

  /** What went wrong that no fault explains. */
  get complaints(): readonly string[] {
    return this.errors;
  }

  private note(what: string) {
    this.state = { what, since: Date.now() };
  }

  private async stayConnected() {
    for (let tries = 0; !this.stopped; tries++) {
      const since = Date.now();
      await this.connectOnce().catch((error) => this.errors.push(String(error)));
      if (this.stopped) return;
      const lasted = this.following.some(({ history }) => history.lastArrival > since);
      if (lasted) tries = 0;
      await sleep(this.random.next() * Math.min(LONGEST_WAIT, 100 * 2 ** Math.min(tries, 10)));
      this.node = this.next ?? (lasted ? this.random.pick(this.nodes) : this.anotherNode());
      this.next = undefined;
    }
  }

  private anotherNode(): NodeProcess {
    return this.nodes[(this.nodes.indexOf(this.node) + 1) % this.nodes.length] as NodeProcess;
  }

  private async connectOnce() {
    const token = this.account.accessToken;
    const broken = new AbortController();
    const client = this.connect(token, broken);
    this.hangUp = () => broken.abort();
    await Promise.all(this.following.map((following) => this.follow(client, following, broken.signal)));
    this.socket?.terminate();
    void client.dispose();
    if (broken.signal.reason === 4401) await Promise.race([this.account.signInAgain(token), sleep(5_000)]);
  }

  private connect(token: string, broken: AbortController): Client {
    let pong: NodeJS.Timeout | undefined;
    const client = createClient({
      url: `ws://127.0.0.1:${this.node.port}/graphql`,
      webSocketImpl: ImpatientSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      connectionAckWaitTimeout: HANDSHAKE,
      retryAttempts: 0,
      keepAlive: PING,
      on: {
        connecting: () => this.note('connecting'),
        connected: () => this.note('connected'),
        opened: (socket) => {
          this.note('opened');
          this.socket = socket as WebSocket;
        },
        ping: (received) => {
          if (received) return;
          clearTimeout(pong);
          pong = setTimeout(() => !this.paused && this.socket?.terminate(), PING * 2);
        },
        pong: (received) => received && clearTimeout(pong),
        closed: (event) => {
          clearTimeout(pong);
          this.note('closed');
          broken.abort((event as { code?: number }).code);
        },
      },
    });
    return client;
  }

  // One room, until the socket is gone: who is not a member asks again from time to time.
  private async follow(client: Client, following: Following, broken: AbortSignal) {
    while (!broken.aborted && !this.stopped) {
      const how = await subscribe(client, following, this.epoch, broken);
      if (how === 'broken') return;
      await sleep(100 + this.random.next() * 400);
    }
  }
}

/** One subscription from the cursor that there is now. Resolves with how it ended. */
function subscribe(client: Client, following: Following, epoch: string, broken: AbortSignal): Promise<string> {
  const { roomId, history, cursor } = following;
  const stream = history.begin(cursor);
  return new Promise((resolve) => {
    const end = (how: string) => {
      if (stream.ended !== 'open') return;
      stream.ended = how;
      broken.removeEventListener('abort', onBroken);
      resolve(how);
    };
    const onBroken = () => end('broken');
    broken.addEventListener('abort', onBroken);
    client.subscribe<{ roomLog: RoomEvent }>(
      { query: ROOM_LOG, variables: { roomId, after: cursor, epoch } },
      {
        next: ({ data, errors }) => {
          if (stream.ended !== 'open') return;
          if (data?.roomLog) take(following, data.roomLog);
          else end(String(errors?.[0]?.extensions?.code ?? 'UNKNOWN'));
        },
        error: (error) => end(Array.isArray(error) ? String(error[0]?.extensions?.code) : 'broken'),
        complete: () => end('complete'),
      },
    );
  });
}

function take(following: Following, event: RoomEvent) {
  following.history.add(event);
  following.cursor = event.__typename === 'Reset' ? event.seq : Math.max(following.cursor, event.seq);
}
