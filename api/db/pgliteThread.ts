import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

type Connection = { onReply(bytes: Uint8Array): void; onEnd(error: Error): void };
type Note = { ready: true } | { reply: Uint8Array; connection: number };

/** The thread that runs PGlite. Should it ever die, the next connection starts another on the same folder. */
export class PgliteThread {
  #worker: Worker;
  #ready: Promise<unknown>;
  #connections = new Map<number, Connection>();
  #lastConnection = 0;
  #alive = true;

  constructor(readonly folder: string) {
    [this.#worker, this.#ready] = this.#start();
  }

  /** Resolves when it answers, rejects when it cannot open the folder. */
  async ready() {
    if (!this.#alive) [this.#worker, this.#ready] = this.#start();
    await this.#ready;
  }

  /** A way to send whole protocol messages; the answers and the end come to the connection that is given. */
  open(connection: Connection): (bytes: Uint8Array) => void {
    const id = ++this.#lastConnection;
    this.#connections.clear();
    this.#connections.set(id, connection);
    return (bytes) => this.#worker.postMessage({ bytes, connection: id });
  }

  /** Writes everything out and ends the thread. */
  async stop() {
    if (!this.#alive) return;
    const exit = once(this.#worker, 'exit');
    this.#worker.postMessage({});
    await exit;
  }

  #start(): [Worker, Promise<unknown>] {
    const worker = new Worker(new URL('./pgliteWorker.js', import.meta.url), {
      workerData: { folder: this.folder },
      execArgv: [],
    });
    this.#alive = true;
    const ready = once(worker, 'message');
    ready.catch(() => {});
    worker.on('message', (note: Note) => {
      if ('reply' in note) this.#connections.get(note.connection)?.onReply(note.reply);
    });
    worker.on('error', (error) => this.#end(error));
    worker.on('exit', () => this.#end(new Error('The embedded database stopped.')));
    return [worker, ready];
  }

  #end(error: Error) {
    this.#alive = false;
    for (const connection of this.#connections.values()) connection.onEnd(error);
    this.#connections.clear();
  }
}
