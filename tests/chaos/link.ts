import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a link does with what passes: carries it, refuses it, swallows it, or answers every request with an error. */
export type LinkState = 'open' | 'cut' | 'silent' | 'erring';

const ERROR = '-ERR chaos: this server answers errors\r\n';

/**
 * A TCP link between one program and one server that can be broken as networks break. Back pressure passes through
 * it: who does not read here is felt there.
 */
export class Link {
  private state: LinkState = 'open';
  private delay = 0;
  private refused: string | null = null;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: () => number,
  ) {
    server.on('connection', (socket) => this.accept(socket));
  }

  /** A link to whatever listens on `target()` at the time of each connection. */
  static async open(target: () => number): Promise<Link> {
    const server = createServer({ noDelay: true });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new Link(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Resets every connection, and each new one at once. */
  cut() {
    this.state = 'cut';
    this.reset();
  }

  /** Half-open: nothing passes any more, and neither side is told. */
  silence() {
    this.state = 'silent';
  }

  /** Every request is answered with an error of the Redis protocol. */
  err() {
    this.state = 'erring';
  }

  /** The next request that contains the word is answered with such an error, and never again. */
  refuseOnce(word: string) {
    this.refused = word;
  }

  /** Everything takes so much longer in each direction. */
  slow(milliseconds: number) {
    this.delay = milliseconds;
  }

  /** As before; connections that lost something are reset. */
  mend() {
    if (this.state !== 'open') this.reset();
    this.state = 'open';
    this.delay = 0;
  }

  /** Resets the connections that there are. */
  reset() {
    for (const socket of this.sockets) abort(socket);
    this.sockets.clear();
  }

  close() {
    this.reset();
    this.server.close();
  }

  private accept(near: Socket) {
    near.on('error', () => near.destroy());
    if (this.state === 'cut') return abort(near);
    const far = connect({ port: this.target(), host: '127.0.0.1', noDelay: true });
    far.on('error', () => abort(near));
    for (const socket of [near, far]) {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    }
    void this.carry(near, far, near);
    void this.carry(far, near, null);
  }

  private isRefused(chunk: Buffer, errorsTo: Socket | null): boolean {
    if (!errorsTo || this.refused === null || !chunk.includes(this.refused)) return false;
    this.refused = null;
    return true;
  }

  private async carry(from: Socket, to: Socket, errorsTo: Socket | null) {
    try {
      for await (const chunk of from) {
        if (this.delay > 0) await sleep(this.delay);
        if (this.state === 'erring' || this.isRefused(chunk, errorsTo)) errorsTo?.write(ERROR);
        else if (this.state !== 'silent' && !to.write(chunk)) await drained(to);
      }
      to.end();
    } catch {
      to.destroy();
    }
  }
}

// Node's loop spins for ever when a socket is reset that is already being shut down.
function abort(socket: Socket) {
  if (socket.destroyed || socket.connecting || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

async function drained(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}
