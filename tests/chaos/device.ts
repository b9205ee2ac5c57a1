import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Account } from './account.ts';
import { History, ROOM_LOG, type RoomEvent, type Stream, VIEWER_LOG } from './history.ts';
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

// They tell a client to give up: nothing that a device does deserves one.
const FATAL = [4400, 4403, 4406, 4409, 4429, 4500];

/** How a device follows: each of its rooms by itself, or with one subscription whatever rooms its person is in. */
export type Way = 'roomLog' | 'viewerLog';

/**
 * A browser with one socket and a subscription for each of its rooms, or one for all. It resumes with today's cursor,
 * tries again for ever with full jitter, and moves between the nodes.
 */
export class Device {
  readonly following: Following[];
  /** Whether it has stopped reading for a while. */
  paused = false;
  /** The node that it is at, or tries next. */
  node: NodeProcess;
  private stopped = false;
  private state = { what: 'new', since: 0 };
  private socket: WebSocket | undefined;
  private hangUp: (() => void) | undefined;
  private next: NodeProcess | undefined;
  private closed: Promise<void> | undefined;
  private readonly errors: string[] = [];

  constructor(
    readonly name: string,
    readonly account: Account,
    readonly rooms: readonly string[],
    private readonly nodes: NodeProcess[],
    private readonly random: Random,
    private readonly epoch: string,
    readonly prompt = true,
    private readonly way: Way = 'roomLog',
  ) {
    this.node = random.pick(nodes);
    this.following = rooms.map((roomId) => this.room(roomId, 0));
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

  private room(roomId: string, cursor: number): Following {
    const history = new History(this.name, this.account.id, roomId, this.prompt, true, this.way === 'viewerLog');
    return { roomId, history, cursor };
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
    if (this.way === 'viewerLog') await this.persist(broken.signal, () => this.followAll(client, broken.signal));
    else await Promise.all(this.following.map((following) => this.follow(client, following, broken.signal)));
    this.socket?.terminate();
    client.terminate();
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
          const { code = 0, reason } = event as { code?: number; reason?: string };
          if (FATAL.includes(code)) this.errors.push(`closed with ${code}: ${reason}`);
          broken.abort(code);
        },
      },
    });
    return client;
  }

  private follow(client: Client, following: Following, broken: AbortSignal): Promise<void> {
    const { roomId, history } = following;
    return this.persist(broken, () => {
      const stream = history.begin(following.cursor);
      const variables = { roomId, after: following.cursor, epoch: this.epoch };
      const end = (how: string) => {
        stream.ended = how;
      };
      return subscribe(client, ROOM_LOG, variables, broken, (event) => take(following, event), end);
    });
  }

  // Rooms that its person comes into meanwhile are told as well, from then on.
  private followAll(client: Client, broken: AbortSignal): Promise<string> {
    const streams = new Map<string, Stream>();
    for (const { roomId, history, cursor } of this.following) streams.set(roomId, history.begin(cursor));
    const variables = { after: this.following.map(({ roomId, cursor: seq }) => ({ roomId, seq })), epoch: this.epoch };
    const onEvent = (event: RoomEvent) => {
      let following = this.following.find(({ roomId }) => roomId === event.roomId);
      if (!following) {
        following = this.room(event.roomId, event.seq - 1);
        this.following.push(following);
        streams.set(event.roomId, following.history.begin(event.seq - 1));
      }
      take(following, event);
    };
    return subscribe(client, VIEWER_LOG, variables, broken, onEvent, (how) => {
      for (const stream of streams.values()) stream.ended = how;
    });
  }

  // Until the socket is gone: who is not a member asks again from time to time.
  private async persist(broken: AbortSignal, attempt: () => Promise<string>) {
    while (!broken.aborted && !this.stopped) {
      if ((await attempt()) === 'broken') return;
      await sleep(100 + this.random.next() * 400);
    }
  }
}

/** One subscription. Resolves with how it ended; nothing is told after that. */
function subscribe(
  client: Client,
  query: string,
  variables: Record<string, unknown>,
  broken: AbortSignal,
  onEvent: (event: RoomEvent) => void,
  onEnd: (how: string) => void,
): Promise<string> {
  return new Promise((resolve) => {
    let open = true;
    const end = (how: string) => {
      if (!open) return;
      open = false;
      broken.removeEventListener('abort', onBroken);
      onEnd(how);
      resolve(how);
    };
    const onBroken = () => end('broken');
    broken.addEventListener('abort', onBroken);
    client.subscribe<Record<string, RoomEvent>>(
      { query, variables },
      {
        next: ({ data, errors }) => {
          const [event] = Object.values(data ?? {});
          if (open && event) onEvent(event);
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
