// npm run bench:e2ee: the bars of the encryption, in a Worker of a page in Chromium.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { launchChromium } from '../../services/chromium.ts';
import { type Figure, figureTable, passes } from '../figures.ts';
import { machine } from '../machine.ts';
import type { Measured } from './worker.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

const [script, engine] = await Promise.all([
  bundle('tests/bench/e2ee/worker.ts'),
  bundle('web/crypto/mls/tsMlsEngine.ts'),
]);
const { measured, longest } = await inChromium(script);
const figures = figuresOf(measured, longest, gzipSync(engine, { level: 9 }).length / 1000);
console.log(`${figureTable(figures)}\n\nMeasured on ${machine()}.`);
process.exit(process.argv.includes('--strict') && figures.some((figure) => passes(figure) === false) ? 1 : 0);

async function bundle(entry: string): Promise<string> {
  const made = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return made.outputFiles[0]?.text ?? '';
}

/** From this machine itself, because a page that is not served by https has no WebCrypto. */
async function inChromium(text: string): Promise<{ measured: Measured; longest: number }> {
  const server = createServer(({ url }, answer) => {
    const isScript = url === '/worker.js';
    answer
      .setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
      .end(isScript ? text : '<!doctype html>');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    // tsx wraps each function in a call that gives it its name.
    await page.addInitScript({ content: 'globalThis.__name = (it) => it;' });
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return await page.evaluate(watch);
  } finally {
    await browser.close();
    server.close();
  }
}

/** In the page: the Worker's figures, and the longest that the page itself stood still while the Worker caught up. */
function watch(): Promise<{ measured: Measured; longest: number }> {
  return new Promise((done, failed) => {
    const worker = new Worker('/worker.js', { type: 'module' });
    let [last, longest] = [0, 0];
    const tick = () => {
      const now = performance.now();
      if (last > 0) longest = Math.max(longest, now - last);
      last = now;
    };
    worker.onerror = ({ message }) => failed(new Error(message));
    worker.onmessage = ({ data }) => {
      if (data === 'catching up') setInterval(tick, 5);
      else done({ measured: data, longest });
    };
    worker.postMessage('go');
  });
}

function figuresOf(it: Measured, longest: number, chunk: number): Figure[] {
  const { sizes } = it;
  return [
    { name: 'seal 120 characters, 100 members', value: it.seal, unit: 'ms', atMost: 1 },
    { name: 'open them', value: it.open, unit: 'ms', atMost: 1 },
    { name: 'join a room of 100 by a welcome', value: it.join, unit: 'ms', atMost: 500 },
    { name: 'join it by oneself', value: it.joinExternal, unit: 'ms', atMost: 500 },
    { name: 'catch up 100 epochs and messages, 100 members', value: it.catchUp / 1000, unit: 's', atMost: 10 },
    { name: 'longest that the page stood still meanwhile', value: longest, unit: 'ms', atMost: 50 },
    { name: 'add 99 at once', value: it.addAll, unit: 'ms' },
    { name: 'remove one', value: it.remove, unit: 'ms' },
    { name: 'follow the removal', value: it.follow, unit: 'ms' },
    { name: 'save a state, load it', value: it.save + it.load, unit: 'ms' },
    { name: 'welcome, group info', value: (sizes.welcome + sizes.groupInfo) / 1000, unit: 'kB' },
    { name: 'message', value: sizes.message, unit: 'B' },
    { name: 'saved with each epoch', value: sizes.saved / 1000, unit: 'kB' },
    { name: 'saved with each message', value: sizes.ratchet / 1000, unit: 'kB' },
    { name: 'the engine and what it needs, gzip', value: chunk, unit: 'kB', atMost: 60 },
  ];
}
