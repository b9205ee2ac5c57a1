import { createServer, type Socket } from 'node:net';

/** A ClamAV daemon that knows one signature: it speaks INSTREAM as clamd does, each chunk after its length. */
export async function openScanner(signature: string) {
  const server = createServer((socket) => void look(socket, signature).catch(() => socket.destroy()));
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => new Promise((resolve) => server.close(resolve));
  await listen(0);
  const { port } = server.address() as { port: number };
  return { address: `127.0.0.1:${port}`, stop: close, start: () => listen(port) };
}

async function look(socket: Socket, signature: string) {
  let rest = Buffer.alloc(0);
  const seen: Buffer[] = [];
  let greeted = false;
  for await (const part of socket) {
    rest = Buffer.concat([rest, part]);
    if (!greeted) {
      const end = rest.indexOf(0);
      if (end < 0) continue;
      if (String(rest.subarray(0, end)) !== 'zINSTREAM') throw new Error('another command');
      greeted = true;
      rest = rest.subarray(end + 1);
    }
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE()) {
      const length = rest.readUInt32BE();
      if (length === 0) return void socket.end(`stream: ${verdict(Buffer.concat(seen), signature)}\0`);
      seen.push(rest.subarray(4, 4 + length));
      rest = rest.subarray(4 + length);
    }
  }
}

const verdict = (bytes: Buffer, signature: string) => (bytes.includes(signature) ? 'Test.Signature FOUND' : 'OK');
