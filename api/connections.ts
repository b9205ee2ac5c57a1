import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { watchSessions } from './auth/sessions.ts';
import type { Core } from './core.ts';
import type { Viewer } from './users/users.ts';

const PING = 12_000;
const STUCK = 30_000;
const SPREAD = 2_000;
const GOODBYE = 1_000;
/** How many answers to pings may wait to be written. */
const ANSWERS = 60;
/** With so many bytes to write, a socket is not read from: who asks on has to take the answers. */
const UNREAD = 1_024 * 1_024;

/** The open sockets of this node: whose they are, and what makes them close. */
export interface Connections {
  /** Whether one more socket may be opened from there; else the HTTP status that says why not. */
  refusal(network: string): string | null;
  /**
   * Watches a new socket, and answers its pings: too many frames, more pings than answers can leave, a peer that does not
   * answer ours, or a reader that does not read, close it.
   * Until a viewer is known it counts among the strangers of its network.
   */
  guard(socket: WebSocket, network: string): void;
  /**
   * Ties a socket to the viewer's session: when that ends, it is closed with `endCode`. False when the person has as
   * many sockets as one may have.
   */
  add(socket: WebSocket, viewer: Viewer, endCode: number): boolean;
  /** How many sockets are open. */
  size(): number;
  /** The sessions that have one. */
  sessions(): string[];
  /** How many of them nobody has signed in on. */
  strangers(): number;
  /** How many bytes wait to be written. */
  waiting(): number;
  /** How many were cut so far, and why. */
  readonly cut: Readonly<Record<Fault, number>>;
  /** Closes every socket, spread over two seconds so that they do not all come back at once, and every one that comes. */
  drain(): Promise<void>;
}

/** Sent too many frames; pinged faster than answers leave; did not answer a ping; stopped reading what waited for it. */
export type Fault = 'flooding' | 'pinging' | 'silent' | 'stuck';

interface Guarded {
  network: string;
  isStranger: boolean;
  viewer?: Viewer;
  endCode?: number;
  /** When it was last pinged, or opened. */
  pinged: number;
  answered: boolean;
  /** What of the bytes that wait to be written was sent at which time; null when none wait. */
  stuck: { sent: number; since: number } | null;
}

export async function openConnections(core: Core): Promise<Connections> {
  const { unknownSockets, unknownSocketsPerAddress, socketsPerPerson } = core.config;
  const all = new Map<WebSocket, Guarded>();
  const [people, networks] = [new Tally(), new Tally()];
  const cut: Record<Fault, number> = { flooding: 0, pinging: 0, silent: 0, stuck: 0 };
  let draining = false;
  const sessions = () => [...new Set([...all.values()].flatMap(({ viewer }) => viewer?.sessionId ?? []))];
  await watchSessions(core, sessions, (sessionId) => {
    for (const [socket, { viewer, endCode }] of all) {
      if (viewer?.sessionId === sessionId) socket.close(endCode, 'Your session has ended.');
    }
  });
  core.heartbeat.every(async () => {
    const now = performance.now();
    for (const [socket, guarded] of all) {
      if (closeIfStuck(socket, guarded, now)) cut.stuck++;
      else if (closeIfSilent(socket, guarded, now)) cut.silent++;
    }
  });

  return {
    refusal: (network) => {
      if (draining || networks.total >= unknownSockets) return '503 Service Unavailable';
      return networks.of(network) >= unknownSocketsPerAddress ? '429 Too Many Requests' : null;
    },
    guard: (socket, network) => {
      const guarded: Guarded = { network, isStranger: true, pinged: performance.now(), answered: true, stuck: null };
      all.set(socket, guarded);
      networks.add(network);
      limitFrames(core, socket, () => cut.flooding++);
      answerPings(socket, () => cut.pinging++);
      socket.on('pong', () => {
        guarded.answered = true;
      });
      socket.on('error', () => socket.terminate());
      socket.on('close', () => {
        all.delete(socket);
        if (guarded.isStranger) networks.remove(network);
        if (guarded.viewer) people.remove(guarded.viewer.id);
      });
    },
    add: (socket, viewer, endCode) => {
      if (people.of(viewer.id) >= socketsPerPerson) return false;
      const guarded = all.get(socket);
      if (!guarded || socket.readyState !== socket.OPEN) return true;
      networks.remove(guarded.network);
      people.add(viewer.id);
      Object.assign(guarded, { viewer, endCode, isStranger: false });
      return true;
    },
    size: () => all.size,
    sessions,
    strangers: () => networks.total,
    waiting: () => [...all.keys()].reduce((sum, socket) => sum + socket.bufferedAmount, 0),
    cut,
    drain: async () => {
      draining = true;
      await Promise.all([...all.keys()].map((socket) => closeLater(socket, Math.random() * SPREAD)));
    },
  };
}

/** How many there are of each. */
class Tally {
  total = 0;
  private readonly counts = new Map<string, number>();

  of(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  add(key: string) {
    this.total++;
    this.counts.set(key, this.of(key) + 1);
  }

  remove(key: string) {
    this.total--;
    const left = this.of(key) - 1;
    if (left > 0) this.counts.set(key, left);
    else this.counts.delete(key);
  }
}

// A ping costs us an answer, so it counts as a frame.
function limitFrames(core: Core, socket: WebSocket, onFlood: () => void) {
  const { framesPerSecond } = core.config;
  let allowance = framesPerSecond * 2;
  let last = performance.now();
  const count = () => {
    const now = performance.now();
    allowance = Math.min(framesPerSecond * 2, allowance + ((now - last) / 1_000) * framesPerSecond) - 1;
    last = now;
    if (socket.readyState !== socket.OPEN) return;
    if (allowance >= 0) return holdBack(socket);
    onFlood();
    cutOff(socket, 'Too many frames.');
  };
  for (const event of ['message', 'ping', 'pong']) socket.on(event, count);
}

// The library's own answers have the same limit, but say to nobody why the socket was cut.
function answerPings(socket: WebSocket, onPileUp: () => void) {
  let waiting = 0;
  const answered = () => void waiting--;
  socket.on('ping', (data) => {
    if (socket.readyState !== socket.OPEN) return;
    if (waiting < ANSWERS) {
      waiting++;
      return socket.pong(data, false, answered);
    }
    onPileUp();
    cutOff(socket, 'Too many pings at once.');
  });
}

// Its answers would be kept without an end.
function holdBack(socket: WebSocket) {
  if (socket.bufferedAmount < UNREAD || socket.isPaused) return;
  socket.pause();
  streamOf(socket)?.once('drain', () => socket.resume());
}

function cutOff(socket: WebSocket, reason: string) {
  socket.close(4429, reason);
  setTimeout(() => socket.terminate(), GOODBYE).unref();
}

// A peer that vanished without a word would count as a socket of its person, and proxies cut what is silent.
function closeIfSilent(socket: WebSocket, guarded: Guarded, now: number): boolean {
  if (now - guarded.pinged < PING) return false;
  if (!guarded.answered) {
    socket.terminate();
    return true;
  }
  guarded.pinged = now;
  guarded.answered = false;
  if (socket.readyState === socket.OPEN) socket.ping();
  return false;
}

// What waits to be written and does not get shorter belongs to a reader that has stopped reading.
function closeIfStuck(socket: WebSocket, guarded: Guarded, now: number): boolean {
  const stream = streamOf(socket);
  if (!stream || socket.bufferedAmount === 0) {
    guarded.stuck = null;
    return false;
  }
  const sent = (stream.bytesWritten ?? 0) - stream.writableLength;
  if (guarded.stuck?.sent !== sent) {
    guarded.stuck = { sent, since: now };
    guarded.answered = true; // The answer to a ping waits behind what is being read.
  }
  if (now - guarded.stuck.since < STUCK) return false;
  socket.close(1013, 'You have stopped reading.');
  socket.terminate();
  return true;
}

const streamOf = (socket: WebSocket) => (socket as unknown as { _socket?: Socket | null })._socket;

async function closeLater(socket: WebSocket, delay: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delay));
  socket.close(1012, 'The server restarts.');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, GOODBYE))]);
  socket.terminate();
}
