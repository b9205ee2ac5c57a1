import { WebSocket } from 'ws';

const HANDSHAKE = 4_000;

/** A WebSocket that gives up on a node that takes the connection and says nothing, and that never throws. */
export class ImpatientSocket extends WebSocket {
  constructor(url: string, protocols: string) {
    super(url, protocols, { handshakeTimeout: HANDSHAKE });
    this.on('error', () => {});
  }
}
