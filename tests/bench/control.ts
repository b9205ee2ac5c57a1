import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** How a server is told to publish: one room at once, or one message to each room, each in a turn of its own. */
export interface Order {
  count: number;
  spread: boolean;
}

export type Publish = (room: number) => void;

/** Takes orders from the client over a socket, which costs the server less than a message between processes. */
export async function listenForOrders(rooms: () => number, publish: Publish): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    createInterface({ input: socket }).on('line', (line) => obey(JSON.parse(line) as Order, rooms(), publish));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function obey({ count, spread }: Order, rooms: number, publish: Publish) {
  if (!spread) {
    for (let times = 0; times < count; times++) publish(0);
    return;
  }
  let next = 0;
  const step = () => {
    publish(next % rooms);
    if (++next < rooms * count) setImmediate(step);
  };
  step();
}
