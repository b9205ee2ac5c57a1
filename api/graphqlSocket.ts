import { CloseCode, makeServer, type ServerOptions } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Core } from './core.ts';

/** What graphql-ws hands on with everything that it tells of a socket. */
export interface Wire {
  socket: WebSocket;
}

/**
 * The protocol of graphql-ws on sockets of `ws`. What the library’s own transport prints on the console, the client’s
 * words among it, goes to the log without them; pings are sent by `connections`.
 */
export function speakGraphQL<Params extends Record<string, unknown>, Extra extends Wire>(
  core: Core,
  options: ServerOptions<Params, Extra>,
): (wire: Extra) => void {
  const server = makeServer<Params, Extra>(options);
  return (wire) => {
    const { socket } = wire;
    let heard = false;
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (text) => write(socket, text),
        close: (code, reason) => {
          if (code !== CloseCode.ConnectionInitialisationTimeout) return socket.close(code, shortened(reason));
          // In a crowd the first frame may have arrived and not been read: whatever is there is read before this runs.
          setImmediate(() => heard || socket.close(code, reason));
        },
        onMessage: (read) =>
          socket.on('message', (data) => {
            heard = true;
            read(String(data)).catch((error) => {
              if (isServersOwn(error)) return socket.close(CloseCode.BadRequest, 'Invalid message received');
              core.log.warn('socket.message_failed', { error });
              socket.close(CloseCode.InternalServerError, 'Internal server error');
            });
          }),
      },
      wire,
    );
    socket.once('close', (code, reason) => {
      closed(code, String(reason)).catch((error) => core.log.warn('socket.close_failed', { error }));
    });
  };
}

// A type of message that only a server sends: the library knows no code for it.
const isServersOwn = (error: Error) => error.message.startsWith('Unexpected message of type ');

// It may quote an id of the client, and a close frame has room for 123 bytes; no letter takes more than three.
const shortened = (reason = '') => (Buffer.byteLength(reason) > 123 ? reason.slice(0, 41) : reason);

function write(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) return resolve();
    socket.send(text, (error) => (error ? reject(error) : resolve()));
  });
}
