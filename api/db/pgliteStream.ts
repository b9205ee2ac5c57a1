import { Duplex } from 'node:stream';
import type { PgliteThread } from './pgliteThread.ts';

type Done = (error?: Error | null) => void;

/** What node-postgres takes for a socket: the server at its other end is PGlite in its thread. */
export class PgliteStream extends Duplex {
  #thread: PgliteThread;
  #send: (bytes: Uint8Array) => void = () => {};

  constructor(thread: PgliteThread) {
    super();
    this.#thread = thread;
  }

  connect() {
    this.#thread.ready().then(
      () => this.#connected(),
      (error) => this.destroy(error),
    );
  }

  #connected() {
    this.#send = this.#thread.open({
      onReply: (bytes) => this.push(bytes),
      onEnd: (error) => this.destroy(error),
    });
    this.emit('connect');
  }

  override _write(chunk: Buffer, _encoding: string, done: Done) {
    this.#send(new Uint8Array(chunk));
    done();
  }

  // One query is several messages, written under one cork: PGlite has to get them as one.
  override _writev(chunks: { chunk: Buffer }[], done: Done) {
    this.#send(new Uint8Array(Buffer.concat(chunks.map(({ chunk }) => chunk))));
    done();
  }

  override _final(done: Done) {
    this.push(null);
    done();
  }

  override _read() {}
  setNoDelay() {}
  setKeepAlive() {}
  ref() {}
  unref() {}
}
