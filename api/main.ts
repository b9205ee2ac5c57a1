import { fileURLToPath } from 'node:url';
import { readConfig } from './config.ts';
import { openCore } from './core.ts';
import { StartError } from './errors.ts';
import { keepHouse } from './housekeeping.ts';
import { setUpLink } from './instance/instance.ts';
import { createLog, type Log } from './log.ts';
import { purgeDeletedRooms } from './rooms/purge.ts';
import { seedPeople } from './seed.ts';
import { type App, openApp } from './server.ts';

const WEB = fileURLToPath(new URL('./web', import.meta.url));
const PATIENCE = 10_000;
const EXPOSED =
  'Others reach this over plain http, where passwords and messages can be read on the way: put a proxy that speaks ' +
  'https in front, and set PUBLIC_URL.\n';

// A machine without a battery begins in 1970.
const OLDEST = Date.UTC(2025, 0);
const CLOCK =
  'The clock of this machine is years behind: set it right, or sessions and links end at once where clocks are right.\n';

async function start() {
  heed(() => process.exit(0));
  // Whoever reads them may go: the server stays.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const config = readConfig();
  const log = createLog(config.logLevel);
  const core = await openCore(config, log);
  await purgeDeletedRooms(core);
  void keepHouse(core);
  if (config.seed) await seedPeople(core);
  const app = await openApp(core, WEB);
  heed(() => void stopOnce(app, core.close, log));
  const address = config.publicUrl ?? (await app.listen());
  if (config.publicUrl) await app.listen();
  process.stdout.write(`shh is listening on ${address}\n`);
  if (config.isExposed) process.stdout.write(EXPOSED);
  if (Date.now() < OLDEST) process.stdout.write(CLOCK);
  const link = await setUpLink(core);
  if (link) process.stdout.write(`Make the first administrator here, once: ${address}${link}\n`);
}

// The first process of a container is ended by no signal that it does not listen for.
function heed(stop: () => void) {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.removeAllListeners(signal).once(signal, stop);
}

async function stopOnce(app: App, close: () => Promise<void>, log: Log) {
  setTimeout(() => process.exit(1), PATIENCE).unref();
  await app.close();
  await close();
  log.info('stopped');
  process.exit(0);
}

start().catch((error) => {
  const known = error instanceof StartError ? error.message : whyNotListening(error);
  process.stderr.write(`${known ?? error.stack}\n`);
  process.exit(1);
});

function whyNotListening(error: NodeJS.ErrnoException & { port?: number; address?: string }): string | undefined {
  if (error.syscall !== 'listen' && error.syscall !== 'getaddrinfo') return undefined;
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${error.port} is taken by another program: stop it, or choose another with PORT.`;
    case 'EACCES':
      return `Port ${error.port} is not for this user: choose one above 1023 with PORT, and put a proxy in front.`;
    default:
      return `HOST is not an address of this machine: 127.0.0.1 is for this machine only, 0.0.0.0 for all (${error.code}).`;
  }
}
