import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareTestDatabase } from './services/database.ts';
import { freePort, startServer, type TestServer } from './services/server.ts';
import { GENEROUS, type Node, type Person, Refusal, register } from './world.ts';

const ROOT = join(import.meta.dirname, '..');
export const MAIN = join(ROOT, 'dist/main.js');

/** A node as `npm start` has it, a process of its own, which can be killed and comes back at the address that it had. */
export class Mortal {
  kills = 0;
  private coming: Promise<void> = Promise.resolve();
  private isHere = true;

  private constructor(
    readonly url: string,
    private readonly server: TestServer,
  ) {}

  static async start(environment: Record<string, string>): Promise<Mortal> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const answers = async () => {
      if (!(await fetch(`${url}/readyz`)).ok) throw new Error('it is not ready');
    };
    const env = { ...GENEROUS, ...environment, PORT: `${port}`, LIMIT_FRAMES_PER_SECOND: '100000' };
    const program = { command: process.execPath, args: [MAIN], options: { cwd: tmpdir(), env } };
    return new Mortal(url, await startServer({ name: 'shh', ...program, answers }));
  }

  get pid() {
    return this.server.pid;
  }

  /** By SIGKILL, and started again. Whoever is gone already is not killed. */
  kill(): Promise<void> {
    if (this.isHere) {
      this.kills += 1;
      process.kill(this.pid, 'SIGKILL');
      this.coming = this.restart();
    }
    return this.coming;
  }

  /** By SIGTERM, as Docker stops. */
  async restart() {
    this.isHere = false;
    await this.server.restart();
    this.isHere = true;
  }

  /** Resolves when it answers again. */
  back = () => this.coming;

  stop = () => this.server.stop();
}

/** What `npm start` starts, from what is here now. */
export function buildServer() {
  const built = spawnSync(process.execPath, ['api/build.mjs', '--server'], { cwd: ROOT, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`the server cannot be built: ${built.stderr}`);
}

/** A database of its own with one mortal node on it where it is embedded, and two on PostgreSQL and Redis. */
export async function openMortals() {
  buildServer();
  const { environment, clustered, drop } = await prepareTestDatabase();
  const first = await Mortal.start(environment);
  const nodes = clustered ? [first, await Mortal.start(environment)] : [first];
  const back = async () => void (await Promise.all(nodes.map((node) => node.back())));
  return {
    nodes,
    node: nodeAt(first),
    clustered,
    /** The other node, where there are two. */
    anotherNode: async () => nodeAt(nodes[1] ?? first),
    person: (name: string) => register(nodeAt(first), name),
    back,
    kills: () => nodes.reduce((sum, { kills }) => sum + kills, 0),
    close: async () => {
      await back();
      await Promise.all(nodes.map((node) => node.stop()));
      await drop();
    },
  };
}
export type Mortals = Awaited<ReturnType<typeof openMortals>>;

/** What is known of a node from outside. */
export const nodeAt = ({ url }: Mortal) => ({ url }) as Node;

/** Asks until there is an answer. Whoever was not answered may have been heard: a refusal of the same says that they were. */
export async function heard(by: Person, operation: [document: string, variables: object], back = nobody) {
  for (let tries = 0; ; tries++) {
    try {
      return await by.graphql(...operation);
    } catch (error) {
      if (error instanceof Refusal && tries > 0) return undefined;
      if (error instanceof Refusal) throw error;
      await back();
    }
  }
}

const nobody = async () => {};
