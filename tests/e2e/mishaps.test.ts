import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PASSWORD } from '../world.ts';
import { openSite, type Site, type Visitor } from './site.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;
let room: string;

// A service worker would keep requests away from what stands between page and server here.
const OPEN = { serviceWorkers: 'block' as const };

const HOUR = 3_600_000;

beforeAll(async () => {
  site = await openSite();
  [ada, bea] = [await site.visitor('Ada'), await site.visitor('Bea')];
  await ada.register();
  await bea.register();
  room = await ada.createRoom('boat-shed');
  await bea.joinByLink(room);
});
afterAll(() => site?.close());

test('a server that does not answer, answers with errors or slowly: the page says what to do, and goes on', async () => {
  const { page, context } = await site.visitor('Ada', OPEN);
  await context.route('**/graphql', (route) => route.abort());
  await page.goto('/login');
  await page.getByRole('heading', { name: 'The server does not answer' }).waitFor();
  await context.unroute('**/graphql');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByLabel('Email or username').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);

  const signIn = page.getByRole('button', { name: 'Sign in' });
  await context.route('**/graphql', (route) => route.fulfill({ status: 502, body: '<h1>Bad gateway</h1>' }));
  await signIn.click();
  await page.getByText('The server cannot be reached. Check the connection and try again.').waitFor();
  await context.unroute('**/graphql');

  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await context.route('**/graphql', async (route) => {
    await held;
    await route.continue();
  });
  await signIn.click();
  await page.locator('button[aria-disabled=true]').waitFor();
  answer();
  await page.getByLabel('Rooms and people').waitFor();
  await context.close();
});

test('a server that is newer than the page: what the page does not know is told in a sentence, the rest works', async () => {
  const visitor = await site.visitor('Ada', OPEN);
  const { page, context } = visitor;
  await speakNewer(context);
  await visitor.signIn();
  await page.goto(room);
  await visitor.say('is anybody here?');
  await bea.sees('is anybody here?');
  await bea.say('yes');
  await visitor.sees('yes');
  await page.getByText('Something happened here that this page is too old to show: reload it.').first().waitFor();
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await page.getByRole('complementary', { name: 'Details' }).getByText('Bea').waitFor();
  await context.unrouteAll({ behavior: 'wait' });
  await context.close();
});

test('Empty, loading, offline, error and no-permission each say what is going on.', async () => {
  const [visitor, guest] = [await site.visitor('Ada', OPEN), await site.visitor('Guest', OPEN)];
  const { page, context } = visitor;
  const release = await hold(context, (text) => text.includes('query Rooms'));
  await visitor.signIn();
  await page.getByRole('status', { name: 'Loading your rooms' }).waitFor();
  release();
  await page.getByRole('link', { name: /boat-shed/ }).waitFor();
  await page.goto('/r/01890000-0000-7000-8000-000000000000');
  await page.getByRole('heading', { name: 'There is no room here for you' }).waitFor();
  await page.goto('/');
  await visitor.createRoom('nobody-yet');
  await page.getByRole('heading', { name: 'It is quiet in here' }).waitFor();
  await context.setOffline(true);
  await page.getByText('You are offline').first().waitFor();
  await guest.context.route('**/graphql', (route) => route.fulfill({ status: 500, body: 'out of order' }));
  await guest.page.goto('/login');
  await guest.page.getByRole('heading', { name: 'The server does not answer' }).waitFor();
  for (const one of [context, guest.context]) {
    await one.unrouteAll({ behavior: 'ignoreErrors' });
    await one.close();
  }
});

test('Appears at once as sending, then sent; a refusal says why and offers retry.', async () => {
  const visitor = await site.visitor('Ada', OPEN);
  const { page, context } = visitor;
  let deliver = () => {};
  let told = (text: string): string | Promise<string> => text;
  await context.routeWebSocket('**/graphql', (socket) => {
    const server = socket.connectToServer();
    socket.onMessage(async (frame) => server.send(isSend(frame) ? await told(String(frame)) : frame));
  });
  await visitor.signIn();
  await page.goto(room);
  await visitor.sees('yes');
  told = (text) => new Promise((resolve) => (deliver = () => resolve(text)));
  await visitor.say('the rope is coiled');
  await visitor.row('the rope is coiled').getByText('Sending').waitFor();
  expect((await bea.reads()).join()).not.toContain('the rope is coiled');
  deliver();
  await bea.sees('the rope is coiled');
  await visitor.sees('the rope is coiled');

  // What arrives has no text any more, which the server refuses.
  told = (text) => text.replace('the anchor holds', ' ');
  await visitor.say('the anchor holds');
  const row = visitor.row('the anchor holds');
  await row.getByText(/^Not sent\. \S.+/).waitFor();
  await visitor.picture('refused-light-1280');
  told = (text) => text;
  await row.getByRole('button', { name: 'Retry' }).click();
  await bea.sees('the anchor holds');
  expect((await bea.reads()).filter((text) => text === 'the anchor holds')).toHaveLength(1);
  await context.close();
});

test('storage forbidden, as in private browsing: the page works, and says what it cannot keep', async () => {
  const visitor = await site.visitor('Ada', OPEN);
  await visitor.context.addInitScript(() => {
    const refuse = () => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    };
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
      Object.defineProperty(window, name, { get: refuse });
    }
  });
  await worksWithoutStorage(visitor, 'from a private window');
});

test('storage full: the page works, and says what it cannot keep', async () => {
  const visitor = await site.visitor('Ada', OPEN);
  const session = await visitor.context.newCDPSession(visitor.page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.node.url).origin, quotaSize: 1 });
  await visitor.context.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('No room.', 'QuotaExceededError');
    };
  });
  await worksWithoutStorage(visitor, 'from a full disk');
});

test('laptop asleep for hours: live again within 2 s of waking', async () => {
  const visitor = await site.visitor('Ada', OPEN);
  const { page, context } = visitor;
  await context.addInitScript(socketsThatCanDie);
  await page.clock.install();
  await visitor.signIn();
  await page.goto(room);
  await visitor.sees('from a full disk');
  await page.evaluate(() => (window as unknown as { cut: () => void }).cut());
  await bea.say('while Ada slept');
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 4 * HOUR);
  // A second of the page's own time has to be enough; what comes on top is the network.
  const opened = page.waitForEvent('websocket');
  await page.clock.runFor(1_000);
  await opened;
  await page.clock.resume();
  await visitor.sees('while Ada slept');
  await context.close();
});

test('two tabs without Web Locks: one of them sends, everything once and in order', async () => {
  const first = await site.visitor('Ada', OPEN);
  const { context } = first;
  await context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }));
  await first.signIn();
  await first.page.goto(room);
  await first.composer.waitFor();
  const second = await context.newPage();
  const [byFirst, bySecond] = [noteSends(first.page), noteSends(second)];
  await first.page.reload();
  await first.composer.waitFor();
  await second.goto(room);
  const other = second.getByRole('textbox', { name: /^Message / });
  await other.waitFor();
  await context.setOffline(true);
  for (let n = 1; n <= 3; n++) {
    await first.say(`one ${n}`);
    await other.fill(`two ${n}`);
    await other.press('Enter');
  }
  await second.getByRole('log').getByText('one 3').waitFor();
  // What was tried in vain is tried again by either of them, but for the first: its frame may wait in the old socket.
  byFirst.length = bySecond.length = 0;
  await context.setOffline(false);
  await bea.sees('one 3');
  await bea.sees('two 3');
  const said = (await bea.reads()).filter((text) => /^(one|two) \d$/.test(text));
  for (const word of ['one', 'two']) {
    expect(said.filter((text) => text.startsWith(word))).toEqual([1, 2, 3].map((n) => `${word} ${n}`));
  }
  expect(bySecond.filter((id) => byFirst.includes(id))).toEqual([]);
  expect(new Set([...byFirst, ...bySecond]).size).toBeGreaterThanOrEqual(5);
  await context.close();
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});

/** Lets what the page asks of the server wait, if it is such a thing, until it is released. */
async function hold(context: BrowserContext, isHeld: (text: string) => boolean): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await context.route('**/graphql', async (route) => {
    if (isHeld(route.request().postData() ?? '')) await released;
    await route.continue();
  });
  return release;
}

const isSend = (frame: string | Buffer) => String(frame).includes('mutation SendMessage');

async function worksWithoutStorage(visitor: Visitor, text: string) {
  await visitor.signIn();
  await visitor.page.goto(room);
  await visitor.say(text);
  await bea.sees(text);
  await visitor.sees(text);
  await visitor.page.getByText('This browser keeps nothing for this page').waitFor();
  await visitor.page.reload();
  await visitor.sees(text);
  await visitor.context.close();
}

/** As a later version would: other kinds, roles and entries than the page was made for, and nothing where it may be. */
async function speakNewer(context: BrowserContext) {
  await context.addInitScript(`
    globalThis.newer = ${newer};
    const { set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');
    Object.defineProperty(WebSocket.prototype, 'onmessage', {
      set(listener) { set.call(this, ({ data }) => listener({ data: newer(data) })); },
    });
  `);
  await context.route('**/graphql', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: newer(await answer.text()) });
  });
}

function newer(text: string) {
  return text
    .replaceAll('"MemberJoined"', '"MemberWaved"')
    .replaceAll('"kind":"PUBLIC"', '"kind":"GARDEN"')
    .replaceAll('"role":"OWNER"', '"role":"GARDENER"')
    .replaceAll('"notify":"ALL"', '"notify":"SOFTLY"')
    .replaceAll(/"topic":"[^"]*"/g, '"topic":null');
}

/** With them, `cut` leaves every open socket open and silent, as a network does that is gone. */
function socketsThatCanDie() {
  const [used, dead] = [new Set<WebSocket>(), new Set<WebSocket>()];
  const { prototype } = WebSocket;
  const { send } = prototype;
  const onmessage = Object.getOwnPropertyDescriptor(prototype, 'onmessage');
  prototype.send = function (data) {
    used.add(this);
    if (!dead.has(this)) send.call(this, data);
  };
  Object.defineProperty(prototype, 'onmessage', {
    set(this: WebSocket, listener: (event: MessageEvent) => void) {
      onmessage?.set?.call(this, (event: MessageEvent) => dead.has(this) || listener(event));
    },
  });
  Object.assign(window, { cut: () => [...used].map((socket) => dead.add(socket)) });
}

/** The ids of the messages that a page asks the server to send, over its socket or by a request, from now on. */
function noteSends(page: Page): string[] {
  const sent: string[] = [];
  const note = (text: string) => {
    if (text.includes('mutation SendMessage')) sent.push(/"id":"([0-9a-f-]{36})"/.exec(text)?.[1] ?? text);
  };
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => note(String(payload))));
  page.on('requestfinished', (request) => note(request.postData() ?? ''));
  return sent;
}
