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

async function start() {
  const config = readConfig();
  const log = createLog(config.logLevel);
  const core = await openCore(config, log);
  await purgeDeletedRooms(core);
  await keepHouse(core);
  if (config.seed) await seedPeople(core);
  const app = await openApp(core, WEB);
  const address = config.publicUrl ?? (await app.listen());
  if (config.publicUrl) await app.listen();
  process.stdout.write(`shh is listening on ${address}\n`);
  if (config.isExposed) process.stdout.write(EXPOSED);
  const link = await setUpLink(core);
  if (link) process.stdout.write(`Make the first administrator here, once: ${address}${link}\n`);
  const stop = () => void stopOnce(app, core.close, log);
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

async function stopOnce(app: App, close: () => Promise<void>, log: Log) {
  setTimeout(() => process.exit(1), PATIENCE).unref();
  await app.close();
  await close();
  log.info('stopped');
  process.exit(0);
}

start().catch((error) => {
  const known = error instanceof StartError || error.code === 'EADDRINUSE';
  process.stderr.write(`${known ? sentence(error) : error.stack}\n`);
  process.exit(1);
});

function sentence(error: Error & { code?: string; port?: number }): string {
  if (error.code !== 'EADDRINUSE') return error.message;
  return `Port ${error.port} is taken by another program: stop it, or choose another with PORT.`;
}
