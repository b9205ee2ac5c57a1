import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { findProgram } from './findProgram.ts';
import { freePort, startServer } from './server.ts';

export type TestRedis = {
  url: string;
  stop(): Promise<void>;
  /** Only for a server that was started here: its process, for signals. */
  readonly pid?: number;
  restart?(): Promise<void>;
};

/** The Redis at TEST_REDIS_URL, else an installed one, else Valkey from npm. The latter two keep nothing. */
export async function startRedis(): Promise<TestRedis> {
  const given = process.env.TEST_REDIS_URL;
  if (given) return { url: given, stop: async () => {} };
  const port = await freePort();
  const server = await startServer({ name: 'Redis', ...program(port), answers: () => ping(port) });
  return Object.assign(server, { url: `redis://127.0.0.1:${port}` });
}

function program(port: number) {
  const installed = findProgram('redis-server', 'valkey-server');
  if (installed) return { command: installed, args: ['--port', `${port}`, '--bind', '127.0.0.1', '--save', ''] };
  const valkey = fileURLToPath(new URL('./valkey.js', import.meta.url));
  return { command: process.execPath, args: ['--no-warnings', valkey, `${port}`] };
}

async function ping(port: number) {
  const socket = connect(port, '127.0.0.1').setTimeout(1000, () => socket.destroy());
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [answer] = await once(socket, 'data');
    if (!String(answer).startsWith('+PONG')) throw new Error(`Redis answers ${answer}`);
  } finally {
    socket.destroy();
  }
}
