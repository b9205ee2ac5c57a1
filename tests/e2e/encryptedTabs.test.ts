import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite, type Site, type Visitor } from './site.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;
let conversation: string;

beforeAll(async () => {
  site = await openSite({ LIMIT_MESSAGES_PER_10_SECONDS: '1000' });
  [ada, bea] = [await site.visitor('Ada'), await site.visitor('Bea')];
  for (const one of [bea, ada]) {
    await one.register();
    await one.hasKeys();
  }
  conversation = await ada.writeTo('Bea');
  await ada.say('the tide turns at four');
  await ada.sees('the tide turns at four');
  await bea.page.goto(conversation);
  await bea.sees('the tide turns at four');
});
afterAll(() => site?.close());

/** Another tab of Ada's browser, in the conversation. */
async function tab(): Promise<Visitor> {
  const page = await ada.context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(conversation);
  const other = Object.assign(Object.create(Object.getPrototypeOf(ada)), ada, { page }) as Visitor;
  await other.sees('the tide turns at four');
  return other;
}

const lockOf = ({ page }: Visitor) =>
  page.evaluate(
    async () => (await navigator.locks.query()).held?.find(({ name }) => name?.startsWith('shh-crypto'))?.name,
  );

test('the tab that holds the keys is closed while two others write: each message arrives, once and in order', async () => {
  const [second, third] = [await tab(), await tab()];
  const texts = Array.from({ length: 6 }, (_, n) => n);
  const writing = [second, third].map(async (one, at) => {
    for (const n of texts) await one.say(`${at} ${n}`);
  });
  await ada.page.close();
  await Promise.all(writing);
  for (const at of [0, 1]) await bea.sees(`${at} 5`);
  const said = (await bea.reads()).filter((text) => /^\d \d$/.test(text));
  for (const at of ['0', '1']) expect(said.filter((text) => text[0] === at)).toEqual(texts.map((n) => `${at} ${n}`));
  Object.assign(ada, { page: second.page });
  await third.page.close();
});

test('a browser has put the tab with the keys to sleep, lock and all: the tab that is looked at takes over', async () => {
  const asleep = await tab();
  const name = (await lockOf(ada)) as string;
  // As one that sleeps: it has the lock, and answers nothing.
  await asleep.page.evaluate((lock) => {
    void navigator.locks.request(lock, { steal: true }, () => new Promise(() => {})).catch(() => {});
  }, name);
  await ada.page.bringToFront();
  await ada.say('is anybody awake?');
  await bea.sees('is anybody awake?');
  await asleep.page.close();
  await ada.say('now again');
  await bea.sees('now again');
});

test('a page that WebKit keeps as it was when it is left lets go of the keys, and takes them when somebody comes back', async () => {
  const turn = (kind: string) =>
    ada.page.evaluate((name) => dispatchEvent(new PageTransitionEvent(name, { persisted: true })), kind);
  await turn('pagehide');
  await expect.poll(() => lockOf(ada)).toBeUndefined();
  await turn('pageshow');
  await ada.say('back again');
  await bea.sees('back again');
  expect(await lockOf(ada)).toBeDefined();
});

test('what lies on the disk says nothing, and its keys do not leave the browser', async () => {
  const kept = await ada.page.evaluate(readDatabase);
  expect(kept.records).toBeGreaterThan(20);
  expect(kept.text).not.toMatch(/tide|awake|accountSeed/);
  expect(kept.extractable).toEqual([false, false]);
});

/** Runs in the page: everything that is readable in the database, and whether its keys can be exported. */
async function readDatabase() {
  const databases = await indexedDB.databases();
  const { name = '' } = databases.find((one) => one.name?.startsWith('shh-crypto')) ?? {};
  const answered = <Value>(request: IDBRequest<Value>) =>
    new Promise<Value>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const db = await answered(indexedDB.open(name));
  const all = async (table: string) => answered(db.transaction(table).objectStore(table).getAll());
  const [keys, records] = [await all('keys'), await all('records')];
  db.close();
  const bytes = records.flatMap(({ ciphertext }) => [...new Uint8Array(ciphertext)]);
  return {
    records: records.length,
    text: new TextDecoder('latin1').decode(Uint8Array.from(bytes)),
    extractable: keys.flatMap((key) =>
      key instanceof CryptoKey ? key.extractable : (key.privateKey?.extractable ?? []),
    ),
  };
}

test('without a network the conversation opens as it was, and what is written then is sent later', async () => {
  await ada.page.evaluate(() => navigator.serviceWorker.ready);
  await ada.context.setOffline(true);
  await ada.page.reload();
  await ada.sees('the tide turns at four');
  await ada.say('from the tunnel');
  await ada.row('from the tunnel').getByText('Sending').waitFor();
  await ada.context.setOffline(false);
  await bea.sees('from the tunnel');
});

test('the storage was taken away under a session that goes on: the browser says that it has no keys, and sends nothing', async () => {
  await bea.page.goto('about:blank');
  await bea.page.goto('/icon.svg');
  await bea.page.evaluate(async () => {
    for (const { name = '' } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
  });
  await bea.page.goto(conversation);
  await bea.page.getByText('This browser does not have your keys yet').waitFor();
  expect(await bea.composer.count()).toBe(0);
});

test('who signs out in one tab leaves nothing, although another was open', async () => {
  const other = await tab();
  const { page } = ada;
  await ada.signOut();
  await other.page.waitForURL(/\/login/);
  const databases = () => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  expect((await databases()).filter((name) => name?.startsWith('shh-crypto'))).toEqual([]);
});

test('what was said here is looked for on the server when it closes', () => {
  expect(site.whispers()).toEqual(expect.arrayContaining(['is anybody awake?', 'from the tunnel']));
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});
