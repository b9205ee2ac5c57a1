import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, linkSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../errors.ts';

/** What the address of a Unix socket may measure on every system. */
const ADDRESS_LIMIT = 100;
const PATIENCE = 2_000;
const NO_SOCKETS_HERE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'EPERM', 'ENOSYS']);

type Unlock = () => Promise<void>;
/** What the holder of a folder does for another process of the same person, and says then. */
export type Errand = (request: string) => Promise<string>;

/**
 * Takes the folder for this process until `Unlock` or the end of the process, however it ends.
 * A folder that another process holds throws StartError, which names that process.
 */
export async function lockFolder(folder: string, errand?: Errand): Promise<Unlock> {
  const [first = '', second] = addressesOf(folder);
  if (process.platform === 'win32') return lockPipe(first, folder, errand);
  return lockSocket(first, folder, errand).catch((error) => {
    // Some shared and mounted folders hold no sockets: the lock then covers one machine, not every container.
    if (second && NO_SOCKETS_HERE.has(error.code)) return lockSocket(second, folder, errand);
    throw error;
  });
}

/** Whether a process holds the folder at this moment. */
export async function isHeld(folder: string): Promise<boolean> {
  return (await holderOf(folder)) !== undefined;
}

/** Asks the process that holds the folder for something, and gives what it says then; empty when it broke off. */
export async function askHolder(folder: string, request: string): Promise<string> {
  const address = await holderOf(folder);
  if (!address) return '';
  const socket = connect(address);
  try {
    await once(socket, 'data');
    socket.write(`${request}\n`);
    return await text(socket);
  } catch {
    return '';
  }
}

async function holderOf(folder: string): Promise<string | undefined> {
  if (!existsSync(folder)) return undefined;
  for (const address of addressesOf(folder)) if (await whoAnswers(address)) return address;
  return undefined;
}

// Where the lock may be, the better place first.
function addressesOf(folder: string): string[] {
  const name = `shh-${createHash('sha256').update(realpathSync.native(folder)).digest('hex').slice(0, 32)}`;
  if (process.platform === 'win32') return [`\\\\.\\pipe\\${name}`];
  const [inside, outside] = [join(folder, 'lock'), join(tmpdir(), name)];
  return inside.length > ADDRESS_LIMIT ? [outside] : [inside, outside];
}

async function lockPipe(address: string, folder: string, errand?: Errand): Promise<Unlock> {
  const server = answering(errand);
  try {
    await listen(server, address);
  } catch (error) {
    throw isTaken(error) ? busy(folder, await whoAnswers(address)) : error;
  }
  return () => close(server);
}

// Listens under a name of its own and then takes the common one, so that closing never removes another's.
async function lockSocket(address: string, folder: string, errand?: Errand): Promise<Unlock> {
  const own = `${address}.${randomUUID().slice(0, 8)}`;
  const server = answering(errand);
  await listen(server, own);
  try {
    await takeName(own, address, server.answer, folder);
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

interface Holder {
  server: Server;
  /** What it says to whoever comes. */
  answer: string;
  visitors: Set<Socket>;
}

function answering(errand?: Errand): Holder {
  const answer = `${process.pid} ${randomUUID()}`;
  const visitors = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    visitors.add(socket.on('close', () => visitors.delete(socket)));
    receive(socket, answer, errand);
  });
  return { server: server.unref(), answer, visitors };
}

// Says who it is; whoever then asks for something is answered once it is done.
function receive(socket: Socket, answer: string, errand?: Errand) {
  socket.on('error', () => {}).setTimeout(PATIENCE, () => socket.destroy());
  // It repeats what goes wrong with the socket.
  const lines = createInterface({ input: socket }).on('error', () => {});
  lines.once('line', async (request) => {
    socket.setTimeout(0);
    socket.end(errand ? await errand(request) : 'Nothing is done here for others.');
  });
  lines.once('close', () => socket.writableEnded || socket.destroy());
  socket.write(`${answer}\n`);
}

async function listen({ server }: Holder, address: string) {
  const listening = once(server, 'listening');
  server.listen(address);
  await listening;
}

async function close({ server, visitors }: Holder) {
  const closed = once(server.close(), 'close');
  for (const socket of visitors) socket.destroy();
  await closed;
}

/** The answer at that address; undefined when nobody listens, `?` when somebody does and is too busy to say. */
async function whoAnswers(address: string): Promise<string | undefined> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
  } catch {
    return undefined;
  }
  socket.setTimeout(PATIENCE, () => socket.destroy());
  const [said] = await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => []);
  socket.destroy();
  return Buffer.isBuffer(said) ? String(said).trim() : '?';
}

function busy(folder: string, answer = '?') {
  const [id] = answer.split(' ');
  const owner = id === '?' ? 'another process' : `process ${id}`;
  return new StartError(`The data folder ${folder} is in use by ${owner}: stop that one first.`);
}

const isTaken = (error: unknown) => (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
