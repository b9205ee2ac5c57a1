import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Link } from './link.ts';

const PRELOAD = fileURLToPath(new URL('./preload.js', import.meta.url));
const START = 90_000;
const GRACE = 10_000;

/** An exact place in the work of a node at which it may be killed. */
export type Line = 'in mid-statement' | 'between commit and ring';

/** How to start a server: what the chaos is done to, or the control. */
export interface Program {
  args: string[];
  environment: Record<string, string>;
}

export interface Services {
  postgresUrl: string;
  redisUrl: string;
}

/**
 * One node of the server as a process of its own, with the links through which clients reach it and it reaches
 * PostgreSQL and Redis. Its address stays the same over restarts, as behind a load balancer.
 */
export class NodeProcess {
  /** Exits that nobody asked for, and stops that ended with an error. */
  readonly misbehaved: string[] = [];
  /** How long each SIGTERM took to end it, in milliseconds. */
  readonly stops: number[] = [];
  readonly agent = new Agent({ keepAlive: true, maxSockets: 256 });
  private child: ChildProcess | undefined;
  private listensOn = 1;
  private expected = false;
  private said: string[] = [];

  private constructor(
    readonly name: string,
    private readonly program: Program,
    readonly clients: Link,
    readonly postgres: Link,
    readonly redis: Link,
    private readonly environment: Record<string, string>,
  ) {}

  static async open(name: string, program: Program, services: Services): Promise<NodeProcess> {
    const self: { node?: NodeProcess } = {};
    const [database, bus] = [new URL(services.postgresUrl), new URL(services.redisUrl)];
    const clients = await Link.open(() => self.node?.listensOn ?? 1);
    const postgres = await Link.open(() => Number(database.port || 5432));
    const redis = await Link.open(() => Number(bus.port || 6379));
    const at = (url: URL, link: Link) => Object.assign(new URL(url), { host: `127.0.0.1:${link.port}` }).href;
    const environment = { DATABASE_URL: at(database, postgres), REDIS_URL: at(bus, redis) };
    self.node = new NodeProcess(name, program, clients, postgres, redis, environment);
    return self.node;
  }

  get port(): number {
    return this.clients.port;
  }

  /** The way past the links, for more connections than a link could carry. */
  get ownPort(): number {
    return this.listensOn;
  }

  get isUp(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves once it listens; tries again when it cannot start, as a supervisor does. */
  async start(): Promise<void> {
    const deadline = Date.now() + START;
    while (!(await this.startOnce())) {
      if (Date.now() > deadline) throw new Error(`node ${this.name} does not start:\n${this.said.join('\n')}`);
    }
  }

  /** kill -9, and gone when this resolves. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Killed by itself when its work next comes to that line; gone when this resolves. False if it never came there. */
  async dieAt(line: Line): Promise<boolean> {
    const { child } = this;
    if (!child || !this.isUp) return false;
    this.expected = true;
    const gone = once(child, 'exit').then(() => true);
    child.send({ die: line });
    const came = await Promise.race([gone, sleep(GRACE, false)]);
    if (!came) await this.kill();
    return came;
  }

  /** Its clock is so much ahead from now on, until its end. */
  moveClock(milliseconds: number) {
    if (this.isUp) this.child?.send({ shift: milliseconds });
  }

  /** SIGTERM: must end with 0. */
  async terminate(): Promise<void> {
    const since = Date.now();
    const code = await this.end('SIGTERM');
    this.stops.push(Date.now() - since);
    if (code !== 0) this.misbehaved.push(`${this.name}: SIGTERM ended with ${code} after ${this.stops.at(-1)} ms`);
  }

  async close(): Promise<void> {
    if (this.isUp) await this.kill();
    for (const link of [this.clients, this.postgres, this.redis]) link.close();
    this.agent.destroy();
  }

  private async startOnce(): Promise<boolean> {
    const env = { PATH: process.env.PATH ?? '', ...this.program.environment, ...this.environment, PORT: '0' };
    const args = ['--import', PRELOAD, ...this.program.args];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.child = child;
    this.expected = false;
    const leave = () => void child.kill('SIGKILL');
    process.once('exit', leave);
    child.once('exit', () => process.off('exit', leave));
    child.on('exit', (code, signal) => this.ended(code, signal));
    createInterface({ input: child.stderr as Readable }).on('line', (line) => this.hear(line));
    const port = await new Promise<number>((resolve) => {
      child.once('exit', () => resolve(0));
      createInterface({ input: child.stdout as Readable }).on('line', (line) => {
        const [, found] = /listening on http:\/\/[^:]+:(\d+)/.exec(line) ?? [];
        if (found) resolve(Number(found));
      });
    });
    this.listensOn = port || 1;
    return port > 0;
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    const { child } = this;
    if (!child || !this.isUp) return 0;
    this.expected = true;
    const gone = once(child, 'exit');
    child.kill(signal);
    const force = setTimeout(() => child.kill('SIGKILL'), GRACE * 2);
    const [code] = await gone;
    clearTimeout(force);
    return code;
  }

  private ended(code: number | null, signal: string | null) {
    const started = this.listensOn > 1;
    this.listensOn = 1;
    if (this.expected || !started) return;
    this.misbehaved.push(`${this.name}: ended by itself with ${code ?? signal}: ${this.said.slice(-5).join(' | ')}`);
    void this.start();
  }

  private hear(line: string) {
    this.said.push(line);
    if (this.said.length > 50) this.said.shift();
    if (process.env.CHAOS_LOG) process.stderr.write(`[${this.name}] ${line}\n`);
  }
}
