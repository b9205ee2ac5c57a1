import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { linkSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../errors.ts';

/** What the address of a Unix socket may measure on every system. */
const ADDRESS_LIMIT = 100;
const NO_SOCKETS_HERE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'EPERM', 'ENOSYS']);

type Unlock = () => Promise<void>;

/**
 * Takes the folder for this process until `Unlock` or the end of the process, however it ends.
 * A folder that another process holds throws StartError, which names that process.
 */
export async function lockFolder(folder: string): Promise<Unlock> {
  const name = `shh-${createHash('sha256').update(realpathSync.native(folder)).digest('hex').slice(0, 32)}`;
  if (process.platform === 'win32') return lockPipe(`\\\\.\\pipe\\${name}`, folder);
  const inside = join(folder, 'lock');
  const outside = join(tmpdir(), name);
  if (inside.length > ADDRESS_LIMIT) return lockSocket(outside, folder);
  return lockSocket(inside, folder).catch((error) => {
    // Some shared and mounted folders hold no sockets: the lock then covers one machine, not every container.
    if (NO_SOCKETS_HERE.has(error.code)) return lockSocket(outside, folder);
    throw error;
  });
}

async function lockPipe(address: string, folder: string): Promise<Unlock> {
  const { server } = answering();
  try {
    await listen(server, address);
  } catch (error) {
    throw isTaken(error) ? busy(folder, await whoAnswers(address)) : error;
  }
  return () => close(server);
}

// Listens under a name of its own and then takes the common one, so that closing never removes another's.
async function lockSocket(address: string, folder: string): Promise<Unlock> {
  const own = `${address}.${randomUUID().slice(0, 8)}`;
  const { server, answer } = answering();
  await listen(server, own);
  try {
    await takeName(own, address, answer, folder);
  } catch (error) {
    await close(server);
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return () => {
    rmSync(address, { force: true });
    return close(server);
  };
}

async function takeName(own: string, address: string, answer: string, folder: string) {
  if (linked(own, address)) return;
  const owner = await whoAnswers(address);
  if (owner) throw busy(folder, owner);
  renameSync(own, address);
  // Another process may have found the same dead lock in the same moment: the later one has it.
  await sleep(100);
  const winner = await whoAnswers(address);
  if (winner !== answer) throw busy(folder, winner);
}

function linked(own: string, address: string): boolean {
  try {
    linkSync(own, address);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function answering() {
  const answer = `${process.pid} ${randomUUID()}`;
  const server = createServer((socket) => socket.on('error', () => {}).end(answer));
  return { server: server.unref(), answer };
}

async function listen(server: Server, address: string) {
  const listening = once(server, 'listening');
  server.listen(address);
  await listening;
}

async function close(server: Server) {
  await once(server.close(), 'close');
}

/** The answer at that address; undefined when nobody listens, `?` when somebody does and is too busy to say. */
async function whoAnswers(address: string): Promise<string | undefined> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
  } catch {
    return undefined;
  }
  socket.setTimeout(2000, () => socket.destroy());
  return (await text(socket).catch(() => '')) || '?';
}

function busy(folder: string, answer = '?') {
  const [id] = answer.split(' ');
  const owner = id === '?' ? 'another process' : `process ${id}`;
  return new StartError(`The data folder ${folder} is in use by ${owner}: stop that one first.`);
}

const isTaken = (error: unknown) => (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
