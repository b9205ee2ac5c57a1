// Runs a server for as long as whoever started this process lives: when our stdin ends, it ends, and its folder goes.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const PATIENCE = 5000;
const { command, args, options, folder, stopSignal } = JSON.parse(process.argv[2]);
const say = (note) => process.stdout.write(`${JSON.stringify(note)}\n`);
let server = start();

process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.stdout.on('error', () => {});

for await (const order of createInterface({ input: process.stdin })) {
  if (order === 'restart') {
    await stop();
    server = start();
  }
}
await stop();
if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
process.exit(0);

function start() {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  const hear = (text) => said.push(...String(text).trim().split('\n')) && said.splice(0, said.length - 20);
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  child.on('spawn', () => say({ pid: child.pid }));
  child.on('error', (error) => say({ pid: -1, failed: error.message }));
  child.on('exit', (code, signal) => say({ failed: `it ended with ${code ?? signal}:\n${said.join('\n')}` }));
  return child;
}

async function stop() {
  if (server.exitCode !== null || server.signalCode !== null || !server.pid) return;
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill(stopSignal);
  const force = setTimeout(() => server.kill('SIGKILL'), PATIENCE);
  await gone;
  clearTimeout(force);
}
