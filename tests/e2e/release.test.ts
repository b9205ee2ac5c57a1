import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyOfBuild } from './builds.ts';
import { openSite, type Site, type Visitor } from './site.ts';

const build = copyOfBuild();
const ours = build.newKey('ours');
const next = build.newKey('next');
const EVIL = '\n/* and tell somebody else */';
let site: Site;
let ann: Visitor;

beforeAll(async () => {
  build.become('first', { version: '1.0.0', key: ours });
  build.sign('ours');
  site = await openSite({}, build.web);
  ann = await site.visitor('Ann');
  await ann.register();
  await ann.page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await ann.page.reload();
});
afterAll(async () => {
  await site?.close();
  build.remove();
});

/** The script that runs in the page, as the worker gives it. */
const script = () => ann.page.evaluate(async (entry) => (await fetch(entry)).text(), build.entry);
const runs = () => ann.page.evaluate(() => document.documentElement.dataset.build);
const list = () => ann.page.getByLabel('Rooms and people');
const strip = (text: string) => list().getByRole('status').filter({ hasText: text });
const signature = () => fetch(`${site.node.url}/.well-known/app-manifest.sig`);

/** The browser looks for another version until it has the build, or until it has refused one. */
const lookForUpdate = (build?: string) =>
  ann.page.evaluate(async (wanted) => {
    for (let found = false; !found; ) {
      const registration = await navigator.serviceWorker.getRegistration();
      await registration?.update().catch(() => {});
      const worker = registration?.installing;
      while (worker?.state === 'installing') await new Promise((done) => worker.addEventListener('statechange', done));
      const installed = await (await caches.match('/installed', { cacheName: 'release' }))?.text();
      found = wanted ? installed === wanted : worker?.state === 'redundant';
    }
  }, build);

/** With no page left the worker that waited is the one that runs. */
async function newestHasTakenOver() {
  const devtools = await ann.context.newCDPSession(ann.page);
  const statuses = new Map<string, string>();
  devtools.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
    for (const { versionId, status } of versions) statuses.set(versionId, status);
  });
  await devtools.send('ServiceWorker.enable');
  const living = () => [...statuses.values()].filter((status) => status !== 'redundant');
  await expect.poll(living, { timeout: 30_000 }).toEqual(['activated']);
}

async function load(button: string) {
  await Promise.all([ann.page.getByRole('button', { name: button }).click(), ann.page.waitForEvent('load')]);
  await list().waitFor();
}

test('Ann sees which version she has, and with which key it is signed', async () => {
  const { page } = ann;
  expect((await signature()).status).toBe(200);
  await page.goto('/settings');
  await page.getByText(`Signed with the key ${ours}`).waitFor();
  await page.getByText('shh 1.0.0').waitFor();
  await page.getByText('A server that serves you altered code').waitFor();
  expect(await page.getByText('Fingerprint').locator('code').textContent()).toMatch(/^[0-9a-f]{64}$/);
  await page.getByText('what you wrote, until it is deleted').waitFor();
  await page.getByText('Nobody has audited shh').scrollIntoViewIfNeeded();
  await ann.picture('version-light-1280');
});

test('a build whose files are not those that it names is not taken', async () => {
  build.become('mixed');
  build.sign('ours');
  build.slipIn('<script src="/assets/listens.js"></script>');
  await lookForUpdate();
  await ann.page.reload();
  await list().waitFor();
  expect(await runs()).toBe('first');
});

test('a build that is signed is offered, and may name the key of those after it', async () => {
  const second = build.become('second', { version: '1.1.0', key: next });
  build.sign('ours');
  build.sign('next');
  await lookForUpdate(second);
  await strip('Update ready').waitFor();
  await load('Load it');
  expect(await runs()).toBe('second');
  const third = build.become('third');
  build.sign('next');
  await lookForUpdate(third);
  await strip('Update ready').waitFor();
  await load('Load it');
  expect(await runs()).toBe('third');
});

test('of a build that is not signed Ann is warned, and hers goes on working', async () => {
  const { page } = ann;
  const altered = build.become('altered', { key: '', script: EVIL });
  expect((await signature()).status).toBe(404);
  await lookForUpdate(altered);
  await strip('A version that is not signed').waitFor();
  await page.reload();
  await list().getByRole('button', { name: 'Decide' }).click();
  await page.getByRole('dialog', { name: 'Another version of shh' }).waitFor();
  await ann.picture('version-warning-light-1280');
  await page.getByRole('button', { name: 'Stay with mine' }).click();
  await strip('A version that is not signed').waitFor({ state: 'detached' });
  expect(await runs()).toBe('third');
});

test('so it does when every tab was closed, and without a network', async () => {
  await ann.page.goto('about:blank');
  await newestHasTakenOver();
  await ann.page.goto('/settings');
  await list().waitFor();
  expect(await runs()).toBe('third');
  await ann.context.setOffline(true);
  await ann.page.reload();
  await list().waitFor();
  expect(await runs()).toBe('third');
  expect(await script()).not.toContain(EVIL);
  await ann.context.setOffline(false);
});

test('used all the same, it decides nothing about those after it', async () => {
  const { page } = ann;
  await page.goto('/settings');
  await page.getByText('This server offers a version that is not signed').waitFor();
  await page.getByRole('main').getByRole('button', { name: 'Decide' }).click();
  await load('Use it anyway');
  expect(await runs()).toBe('altered');
  expect(await script()).toContain(EVIL);
  await page.getByText('Not signed: nobody vouches').waitFor();
  const again = build.become('altered again');
  await lookForUpdate(again);
  await strip('A version that is not signed').waitFor();
});

test('a key of somebody else is worth nothing, and an older version is called that', async () => {
  const strangers = build.become('of a stranger', { version: '1.2.0', key: build.newKey('stranger') });
  build.sign('stranger');
  await lookForUpdate(strangers);
  await strip('A version that is not signed').waitFor();
  const old = build.become('old', { version: '1.0.9', key: next });
  build.sign('next');
  await lookForUpdate(old);
  await strip('An older version is offered').waitFor();
  expect(site.complaints()).toEqual([]);
});
