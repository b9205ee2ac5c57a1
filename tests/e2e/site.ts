import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { launchChromium } from '../services/chromium.ts';
import { prepareTestDatabase } from '../services/database.ts';
import { type Node, openNode, PASSWORD } from '../world.ts';
import { keptPlaces } from './overheard.ts';

/** A name of the server as on a network at home: not this machine to a browser, and without https. */
export const LAN = 'harbour.home.arpa';
export const WEB = resolve(import.meta.dirname, '../../dist/web');
const PICTURES = resolve(import.meta.dirname, '../screenshots');

/** The product as people meet it: a node with the built web client, and browsers that are started with these arguments. */
export async function openSite(environment: Record<string, string> = {}, web = WEB, started: string[] = []) {
  const database = await prepareTestDatabase();
  const limits = { LIMIT_REGISTRATIONS_PER_HOUR: '1000', LIMIT_LOGINS_PER_MINUTE: '1000' };
  const node = await openNode({ ...database.environment, ...limits, ...environment }, web);
  const browser = await launchChromium({ args: [`--host-resolver-rules=MAP ${LAN} 127.0.0.1`, ...started] });
  const visitors: Visitor[] = [];
  const { dataDir } = database;
  const whispers = () => visitors.flatMap((visitor) => visitor.whispers);
  return {
    node,
    dataDir,
    /** Somebody with a browser of their own, at the front door. */
    visitor: async (name: string, options: BrowserContextOptions = {}) => {
      const visitor = await arrive(browser, node, name, options);
      visitors.push(visitor);
      return visitor;
    },
    /** What no page may do: break its policy, ask another host, fail in a script. Empty when all is well. */
    complaints: () => visitors.flatMap((visitor) => visitor.complaints),
    /** What was said in encrypted rooms, and is long enough to be looked for. */
    whispers,
    /** Fails if the server has kept anything that was said in an encrypted room. */
    close: async () => {
      await browser.close();
      const kept = await keptPlaces({ node, dataDir }, whispers());
      await node.close();
      await database.drop();
      expect(kept).toEqual([]);
    },
  };
}
export type Site = Awaited<ReturnType<typeof openSite>>;

const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 360, height: 780 }, hasTouch: true, isMobile: true };

async function arrive(browser: Browser, node: Node, name: string, options: BrowserContextOptions) {
  const context = await browser.newContext({ ...DESKTOP, baseURL: node.url, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  return new Visitor(name, options.baseURL ? { ...node, url: options.baseURL } : node, context, page);
}

/** A person at a browser. Acts by role and label, as a keyboard or a screen reader does. */
export class Visitor {
  readonly complaints: string[] = [];
  readonly whispers: string[] = [];
  readonly username: string;

  constructor(
    readonly name: string,
    readonly node: Node,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    this.username = name.toLowerCase();
    page.on('pageerror', (error) => this.complaints.push(`${name}: ${error.message}`));
    page.on('request', (request) => this.checkHost(request.url()));
    page.on('console', (message) => {
      if (/Content Security Policy|Trusted|violat/i.test(message.text()))
        this.complaints.push(`${name}: ${message.text()}`);
    });
  }

  async register() {
    const { page } = this;
    await page.goto('/register');
    await page.getByLabel('Your name').fill(this.name);
    await page.getByLabel('Username').fill(this.username);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Make my account' }).click();
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.getByLabel('Rooms and people').waitFor();
  }

  async signIn(username = this.username) {
    const { page } = this;
    await page.goto('/login');
    await page.getByLabel('Email or username').fill(username);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByLabel('Rooms and people').waitFor();
  }

  /** For who has keys in this browser, and is asked before they go. */
  async signOut() {
    const { page } = this;
    await page.goto('/settings');
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Email or username').waitFor();
  }

  /** In a browser that has no keys of theirs, and without their recovery key; at a conversation that is encrypted. */
  async startAnew(conversation: string) {
    const { page } = this;
    await this.signIn();
    await page.goto(conversation);
    await page.getByRole('button', { name: 'What you can do' }).click();
    await page.getByRole('button', { name: 'I do not have it' }).click();
    await page.getByLabel('Your password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Continue without old messages' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }

  /** Waits until this browser has keys, and others can begin a conversation with it. */
  async hasKeys() {
    await this.page.goto('/settings');
    await this.page.getByRole('button', { name: /Make a (new )?recovery key/ }).waitFor();
  }

  /** Begins a conversation of two, and gives its path. */
  async writeTo(name: string): Promise<string> {
    const { page } = this;
    await page.goto('/');
    await page.getByRole('button', { name: 'Write to someone' }).first().click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: `Write ${name}` })
      .click();
    await page.waitForURL(/\/r\//);
    return new URL(page.url()).pathname;
  }

  /** Gives the path of the new room. */
  async createRoom(name: string): Promise<string> {
    const { page } = this;
    await page.getByRole('button', { name: 'New room' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByRole('button', { name: 'Create room' }).click();
    await page.waitForURL(/\/r\//);
    await page.getByRole('heading', { level: 1, name }).waitFor();
    return new URL(page.url()).pathname;
  }

  /** Gives the path of the new room, with these people in it. */
  async createPrivateRoom(name: string, people: string[], { encrypted = true } = {}): Promise<string> {
    const { page } = this;
    await page.goto('/');
    await page.getByRole('button', { name: 'New room' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByText('People who are added').click();
    if (!encrypted) await dialog.getByRole('switch', { name: 'End-to-end encrypted' }).click();
    await dialog.getByRole('button', { name: 'Create room' }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await page.getByRole('button', { name: 'Add people' }).click();
    for (const one of people) await page.getByRole('button', { name: `Add ${one}` }).click();
    await page
      .getByText('Added')
      .nth(people.length - 1)
      .waitFor();
    await page.keyboard.press('Escape');
    return new URL(page.url()).pathname;
  }

  async joinByLink(path: string) {
    await this.page.goto(path);
    await this.page.getByRole('button', { name: /^Join / }).click();
    await this.composer.waitFor();
  }

  get composer() {
    return this.page.getByRole('textbox', { name: /^Message / });
  }

  get log() {
    return this.page.getByRole('log');
  }

  async say(text: string) {
    await this.composer.fill(text);
    const lock = this.page.getByRole('button', { name: 'End-to-end encrypted' });
    if (text.length > 8 && (await lock.count()) > 0) this.whispers.push(text);
    await this.composer.press('Enter');
  }

  /** Chooses files for what is being written. */
  async attach(...files: { name: string; mimeType: string; buffer: Buffer }[]) {
    await this.page.locator('input[type="file"]').setInputFiles(files);
  }

  /** Chooses a file of this machine. */
  async attachFrom(path: string) {
    await this.page.locator('input[type="file"]').setInputFiles(path);
  }

  /** Sends by a program, with the session of this browser: many messages, one after the other. Gives the answers. */
  async program(room: string, texts: string[]) {
    const answers = [];
    for (const body of texts) {
      const input = { id: crypto.randomUUID(), roomId: room.split('/')[2], body };
      answers.push(
        await this.asks('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { seq } }', { input }),
      );
    }
    return answers;
  }

  /** Asks by a program, with the session of this browser. */
  async asks(query: string, variables: object = {}): Promise<any> {
    const token = (await this.context.cookies()).find((cookie) => cookie.name === 'access_token')?.value;
    const response = await fetch(`${this.node.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    });
    return response.json();
  }

  /** The row of a message on screen. */
  row(text: string) {
    return this.log.locator('.msg').filter({ hasText: text }).last();
  }

  /** Waits until the text stands in the conversation, sent. */
  async sees(text: string) {
    await this.log.locator('.msg:not(.pending)').filter({ hasText: text }).first().waitFor();
  }

  /** The texts of the messages on screen, in order. */
  async reads(): Promise<string[]> {
    return this.log.locator('.msg .body').allInnerTexts();
  }

  async picture(name: string) {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled' });
  }

  private checkHost(url: string) {
    const own = url.startsWith(this.node.url) || /^(data|blob|about):/.test(url);
    if (!own) this.complaints.push(`${this.name}: asked ${new URL(url).host}`);
  }
}
