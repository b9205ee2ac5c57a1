import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OUT = fileURLToPath(new URL(`../../node_modules/.cache/bench-${process.pid}`, import.meta.url));

/** A process of the bench: one server, or the client. */
export interface Child {
  call<Result = unknown>(name: string, args?: object): Promise<Result>;
  stop(): Promise<void>;
}

/** Makes plain JavaScript of every process, as the product is made: what tsx adds would be measured too. */
export async function bundleChildren(): Promise<void> {
  const servers = readdirSync(join(HERE, 'servers')).map((file) => join(HERE, 'servers', file));
  await build({
    entryPoints: [...servers, join(HERE, 'client.ts'), join(HERE, 'stormClient.ts')],
    entryNames: '[name]',
    outdir: OUT,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    logLevel: 'warning',
  });
  process.on('exit', () => rmSync(OUT, { recursive: true, force: true }));
}

/** Starts one of them. BENCH_NODE_ARGS are options for Node, such as --cpu-prof. */
export async function startChild(name: string, label = name): Promise<Child> {
  const options = (process.env.BENCH_NODE_ARGS ?? '').split(' ').filter(Boolean);
  const child = fork(join(OUT, `${name}.js`), [], {
    execArgv: ['--expose-gc', '--enable-source-maps', ...options],
    env: { PATH: process.env.PATH, NODE_ENV: 'production' },
  });
  const calls = new Calls(child, label);
  await calls.ready;
  return { call: (asked, args) => calls.call(asked, args), stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.disconnect();
  const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(late);
}

class Calls {
  readonly ready: Promise<void>;
  private readonly waiting = new Map<number, { resolve: (result: any) => void; reject: (error: Error) => void }>();
  private last = 0;

  constructor(
    private readonly child: ChildProcess,
    private readonly name: string,
  ) {
    this.ready = new Promise((resolve, reject) => {
      child.on('message', (message: { ready?: boolean }) =>
        message.ready ? resolve() : this.answered(message as any),
      );
      child.on('exit', (code) => {
        const ended = new Error(`${name} ended with ${code}`);
        reject(ended);
        for (const { reject: fail } of this.waiting.values()) fail(ended);
      });
    });
  }

  call<Result>(name: string, args: object = {}): Promise<Result> {
    const id = ++this.last;
    this.child.send({ id, name, args });
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  private answered({ id, result, error }: { id: number; result: unknown; error?: string }) {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (error) waiting?.reject(new Error(`${this.name}: ${error}`));
    else waiting?.resolve(result);
  }
}
