// npm run dev: the server on 8000, built again and restarted at every change, and Vite on 5173, which passes on to it
// what is not its own. The people alice, bob and carol are there, in a data folder apart.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { context } from 'esbuild';
import { createServer } from 'vite';
import { serverBundle } from './build.mjs';

const ROOT = resolve(import.meta.dirname, '..');
const SERVER = 'http://127.0.0.1:8000';
const CLIENT_PORT = 5173;

const environment = {
  DEBUG: 'true',
  SEED: 'true',
  DATA_DIR: resolve(ROOT, 'data/dev'),
  CORS_ALLOWED_ORIGINS: `http://localhost:${CLIENT_PORT},http://127.0.0.1:${CLIENT_PORT}`,
  ...process.env,
  HOST: '127.0.0.1',
  PORT: '8000',
};

// Exactly the server's: Vite serves the sources of the client below /rooms/ and the like.
const PASSED_ON =
  '^/(graphql|ws/.*|(register|login|refresh|logout|rooms|rooms/create|room/.*|api/.*)/?|healthz|readyz)(\\?.*)?$';

let server;
let restarting = Promise.resolve();

// What lies in dist/ from here on is not what the last build put there.
rmSync(resolve(ROOT, 'dist/.stamps/server'), { force: true });
const bundle = await context({
  ...serverBundle(),
  sourcemap: 'linked',
  plugins: [{ name: 'restart', setup: restartWhenBuilt }],
});
await bundle.watch();

const client = await createServer({
  configFile: resolve(ROOT, 'web/vite.config.ts'),
  // Its workers are asked for in a way that only Vite's own plugins understand.
  optimizeDeps: { exclude: ['@graphiql/react/setup-workers/vite'] },
  server: { port: CLIENT_PORT, strictPort: true, proxy: { [PASSED_ON]: { target: SERVER, ws: true, bypass } } },
});
await client.listen();
console.log(`Open http://localhost:${CLIENT_PORT}/`);

process.on('exit', () => server?.killed || server?.kill());
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);

function restartWhenBuilt(build) {
  build.onEnd(({ errors }) => {
    if (errors.length === 0) restarting = restarting.then(restart);
  });
}

async function restart() {
  await stopServer();
  server = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
    cwd: ROOT,
    env: environment,
    stdio: 'inherit',
  });
}

async function stopServer() {
  if (!server || server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, 'exit');
  server.kill();
  await gone;
}

// A page that is opened at an address of the server's, such as /login/, is the client's.
function bypass(request) {
  return request.method === 'GET' && request.headers.accept?.includes('text/html') ? '/index.html' : undefined;
}

async function stop() {
  await restarting;
  await Promise.all([stopServer(), client.close(), bundle.dispose()]);
  process.exit(0);
}
