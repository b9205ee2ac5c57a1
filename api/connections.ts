import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { watchSessions } from './auth/sessions.ts';
import type { Core } from './core.ts';
import type { Viewer } from './users/users.ts';

const STUCK = 30_000;
const SPREAD = 2_000;

/** The open sockets of this node: whose they are, and what makes them close. */
export interface Connections {
  /** Watches a new socket: too many frames, or a reader that does not read, close it. */
  guard(socket: WebSocket): void;
  /**
   * Ties a socket to the viewer's session: when that ends, it is closed with `endCode`. False when the person has as
   * many sockets as one may have.
   */
  add(socket: WebSocket, viewer: Viewer, endCode: number): boolean;
  /** How many sockets are open. */
  size(): number;
  drain(): Promise<void>;
}

interface Entry {
  socket: WebSocket;
  viewer: Viewer;
  endCode: number;
}

export async function openConnections(core: Core): Promise<Connections> {
  const all = new Set<WebSocket>();
  const entries = new Set<Entry>();
  const counts = new Map<string, number>();
  const sessions = () => [...new Set([...entries].map((entry) => entry.viewer.sessionId))];
  await watchSessions(core, sessions, (sessionId) => {
    for (const { socket, viewer, endCode } of entries) {
      if (viewer.sessionId === sessionId) socket.close(endCode, 'Your session has ended.');
    }
  });
  const stuck = new Map<WebSocket, { sent: number; since: number }>();
  core.heartbeat.every(async () => {
    for (const socket of all) closeIfStuck(socket, stuck);
  });

  return {
    guard: (socket) => {
      all.add(socket);
      limitFrames(core, socket);
      socket.on('error', () => socket.terminate());
      socket.on('close', () => {
        all.delete(socket);
        stuck.delete(socket);
      });
    },
    add: (socket, viewer, endCode) => {
      const own = counts.get(viewer.id) ?? 0;
      if (own >= core.config.socketsPerPerson) return false;
      if (socket.readyState !== socket.OPEN) return true;
      const entry = { socket, viewer, endCode };
      entries.add(entry);
      counts.set(viewer.id, own + 1);
      socket.on('close', () => {
        entries.delete(entry);
        countDown(counts, viewer.id);
      });
      return true;
    },
    size: () => all.size,
    drain: async () => {
      const closing = [...all].map((socket) => closeLater(socket, Math.random() * SPREAD));
      await Promise.all(closing);
    },
  };
}

function countDown(counts: Map<string, number>, userId: string) {
  const left = (counts.get(userId) ?? 0) - 1;
  if (left > 0) counts.set(userId, left);
  else counts.delete(userId);
}

function limitFrames(core: Core, socket: WebSocket) {
  const { framesPerSecond } = core.config;
  let allowance = framesPerSecond * 2;
  let last = Date.now();
  socket.on('message', () => {
    const now = Date.now();
    allowance = Math.min(framesPerSecond * 2, allowance + ((now - last) / 1_000) * framesPerSecond) - 1;
    last = now;
    if (allowance < 0) socket.close(4429, 'Too many frames.');
  });
}

// What waits to be written and does not get shorter belongs to a reader that has stopped reading.
function closeIfStuck(socket: WebSocket, stuck: Map<WebSocket, { sent: number; since: number }>) {
  const { _socket: stream } = socket as unknown as { _socket?: Socket };
  if (!stream || socket.bufferedAmount === 0) return void stuck.delete(socket);
  const sent = (stream.bytesWritten ?? 0) - stream.writableLength;
  const before = stuck.get(socket);
  if (before?.sent !== sent) return void stuck.set(socket, { sent, since: Date.now() });
  if (Date.now() - before.since < STUCK) return;
  socket.close(1013, 'You have stopped reading.');
  socket.terminate();
}

async function closeLater(socket: WebSocket, delay: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delay));
  socket.close(1012, 'The server restarts.');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1_000))]);
  socket.terminate();
}
