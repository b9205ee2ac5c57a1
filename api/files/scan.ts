import { connect } from 'node:net';
import type { Core } from '../core.ts';
import { AppError } from '../errors.ts';

const PATIENCE = 60_000;

/**
 * Has the bytes looked at by the operator's clamd, where there is one: INVALID_INPUT when it finds something in them,
 * UNAVAILABLE when it does not answer, so that nothing is kept unseen.
 */
export async function scan(core: Core, bytes: AsyncIterable<Buffer>): Promise<void> {
  const { scanner } = core.config;
  if (!scanner) return;
  const said = await ask(scanner, bytes).catch((error) => {
    core.log.warn('scanner.away', { error });
    throw unseen();
  });
  if (/^stream: OK$/.test(said)) return;
  if (/ FOUND$/.test(said)) throw harmful();
  core.log.warn('scanner.failed', {});
  throw unseen();
}

// clamd's INSTREAM: each chunk after its length, an empty one at the end, then one answer.
async function ask({ host, port }: { host: string; port: number }, bytes: AsyncIterable<Buffer>): Promise<string> {
  const socket = connect({ host, port }).setTimeout(PATIENCE, () => socket.destroy(new Error('no answer')));
  const answer = heard(socket);
  answer.catch(() => socket.destroy());
  try {
    socket.write('zINSTREAM\0');
    for await (const chunk of bytes) {
      if (socket.destroyed) break;
      if (!socket.write(Buffer.concat([lengthOf(chunk), chunk]))) await Promise.race([drained(socket), answer]);
    }
    socket.write(lengthOf(Buffer.alloc(0)));
    return await answer;
  } finally {
    socket.destroy();
  }
}

async function heard(socket: ReturnType<typeof connect>): Promise<string> {
  let text = '';
  for await (const part of socket.setEncoding('utf8')) text += part;
  return text.replace(/\0$/, '');
}

const drained = (socket: ReturnType<typeof connect>) => new Promise((resolve) => socket.once('drain', resolve));

function lengthOf(chunk: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(chunk.length);
  return length;
}

const harmful = () => new AppError('INVALID_INPUT', 'The scanner of this server takes this file for a harmful one.');
const unseen = () =>
  new AppError('UNAVAILABLE', 'The file cannot be looked at for what is harmful right now. Try again in a moment.');
