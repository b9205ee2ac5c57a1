import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium } from '../../services/chromium.ts';
import { freePort, startServer } from '../../services/server.ts';
import { type Account, enter } from './account.ts';

const DIST = resolve(import.meta.dirname, '../../../dist');
export const WEB = join(DIST, 'web');

const GENEROUS = {
  LIMIT_MESSAGES_PER_10_SECONDS: '1000000',
  LIMIT_FRAMES_PER_SECOND: '1000000',
  LIMIT_REGISTRATIONS_PER_HOUR: '1000',
};

/** The built product in a process of its own, as people start it, with a browser beside it. */
export interface Place {
  url: string;
  browser: Browser;
  /** Where the browser can be driven by other tools. */
  debugging: number;
  account(name: string): Promise<Account>;
  /** A browser that was never here, signed in or not. */
  visit(account?: Account, options?: BrowserContextOptions): Promise<Page>;
  close(): Promise<void>;
}

export async function openPlace(): Promise<Place> {
  const [port, debugging] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const folder = mkdtempSync(join(tmpdir(), 'shh-bench-'));
  const server = await startServer({
    name: 'shh',
    command: process.execPath,
    args: [join(DIST, 'main.js')],
    // Lighthouse sets DEBUG in this process, for its own log.
    options: {
      env: {
        ...process.env,
        DEBUG: undefined,
        ...GENEROUS,
        PORT: String(port),
        DATA_DIR: folder,
        NODE_ENV: 'production',
      },
    },
    folder,
    answers: () => fetch(`${url}/readyz`).then(({ ok }) => ok || Promise.reject()),
  });
  const browser = await launchChromium({ args: [`--remote-debugging-port=${debugging}`] });
  return {
    url,
    browser,
    debugging,
    account: (name) => enter(url, `${name}.${randomUUID().slice(0, 6)}`, name),
    visit: (account, options) => visit(browser, url, account, options),
    close: async () => {
      await browser.close();
      await server.stop();
    },
  };
}

async function visit(browser: Browser, url: string, account?: Account, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 800 }, ...options });
  // What runs in the page comes through esbuild, which wraps each function in a call that gives it its name.
  await context.addInitScript({ content: 'globalThis.__name = (it) => it;' });
  if (account) await context.addCookies([{ name: 'access_token', value: account.token, url }]);
  return context.newPage();
}
