import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

type Connection = { onReply(bytes: Uint8Array): void; onEnd(error: Error): void };
type Note = { reply?: Uint8Array; connection?: number; copied?: string };

/** The thread that runs PGlite. Should it ever die, the next connection starts another on the same folder. */
export class PgliteThread {
  #worker?: Worker;
  #ready?: Promise<void>;
  #connection?: Connection;
  #connectionId = 0;
  #copied: (complaint: string) => void = () => {};

  constructor(readonly folder: string) {}

  /** Resolves when it answers, rejects when it cannot open the folder. */
  ready(): Promise<void> {
    this.#ready ??= this.#start();
    return this.#ready;
  }

  /** A way to send whole protocol messages. What comes back goes to the connection opened last. */
  open(connection: Connection): (bytes: Uint8Array) => void {
    this.#connection = connection;
    const id = ++this.#connectionId;
    return (bytes) => this.#worker?.postMessage({ bytes, connection: id });
  }

  /** Copies its files, as they are between two statements: what a killed process would leave. */
  async copyTo(folder: string): Promise<void> {
    const worker = this.#worker;
    if (!worker) throw new Error('it is not open yet');
    const copied = new Promise<string>((resolve) => {
      this.#copied = resolve;
    });
    worker.postMessage({ copyTo: folder });
    const complaint = await copied;
    if (complaint) throw new Error(complaint);
  }

  /** Writes everything out and ends the thread. */
  async stop() {
    if (!this.#worker) return;
    const exit = once(this.#worker, 'exit');
    this.#worker.postMessage({});
    await exit;
  }

  #start(): Promise<void> {
    const worker = new Worker(new URL('./pgliteWorker.js', import.meta.url), {
      workerData: { folder: this.folder },
      execArgv: [],
    });
    this.#worker = worker;
    let reason = new Error('The embedded database stopped.');
    worker.on('error', (error: Error) => {
      reason = error;
    });
    return new Promise((resolve, reject) => {
      worker.on('message', (note: Note) => {
        if (note.copied !== undefined) this.#copied(note.copied);
        else if (note.reply) this.#deliver(note);
        else resolve();
      });
      worker.on('exit', () => {
        this.#end(reason);
        reject(reason);
      });
    });
  }

  #deliver({ reply, connection }: Note) {
    if (reply && connection === this.#connectionId) this.#connection?.onReply(reply);
  }

  #end(reason: Error) {
    this.#copied('it was closed');
    this.#worker = undefined;
    this.#ready = undefined;
    this.#connection?.onEnd(reason);
    this.#connection = undefined;
  }
}
