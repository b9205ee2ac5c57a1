import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const LEASH = fileURLToPath(new URL('./leash.js', import.meta.url));
const PATIENCE = 60_000;

type Program = {
  name: string;
  command: string;
  args: string[];
  options?: { uid?: number; gid?: number; cwd?: string; env?: NodeJS.ProcessEnv };
  /** Removed at the end. */
  folder?: string;
  stopSignal?: NodeJS.Signals;
  /** Rejects while the server does not answer yet. */
  answers(): Promise<unknown>;
};

export type TestServer = {
  /** Of the server itself, for signals. */
  readonly pid: number;
  stop(): Promise<void>;
  restart(): Promise<void>;
};

/** A server that answers, and that ends with this process, however this process ends. */
export async function startServer({ name, answers, stopSignal = 'SIGTERM', ...program }: Program): Promise<TestServer> {
  const child = spawn(process.execPath, [LEASH, JSON.stringify({ ...program, stopSignal })], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const state: { pid: number; failed?: string } = { pid: 0 };
  createInterface({ input: child.stdout }).on('line', (line) => {
    Object.assign(state, { failed: undefined }, JSON.parse(line));
  });
  const ready = () => untilReady(name, state, answers);
  const stop = async () => {
    if (child.exitCode !== null) return;
    child.stdin.end();
    await once(child, 'exit');
  };
  const restart = async () => {
    state.pid = 0;
    child.stdin.write('restart\n');
    await ready();
  };
  await ready().catch(async (error) => {
    await stop();
    throw error;
  });
  return {
    get pid() {
      return state.pid;
    },
    stop,
    restart,
  };
}

async function untilReady(name: string, state: { pid: number; failed?: string }, answers: () => Promise<unknown>) {
  const deadline = Date.now() + PATIENCE;
  while (Date.now() < deadline) {
    if (state.pid && (await answers().then(yes, no))) return;
    if (state.pid && state.failed) throw new Error(`${name} did not start: ${state.failed}`);
    await sleep(20);
  }
  throw new Error(`${name} did not answer in ${PATIENCE / 1000} s.`);
}

const yes = () => true;
const no = () => false;

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}
