import { afterAll, beforeAll, expect, test } from 'vitest';
import { setUpLink } from '../../api/instance/instance.ts';
import { PASSWORD } from '../world.ts';
import { openSite, PHONE, type Site, type Visitor } from './site.ts';

let site: Site;
let olga: Visitor;
let pia: Visitor;

beforeAll(async () => {
  site = await openSite();
  [olga, pia] = [await site.visitor('Olga'), await site.visitor('Pia')];
});
afterAll(() => site?.close());

test('Open the link, give a name and a password, land in a room. The link does not work twice.', async () => {
  const { page } = olga;
  const link = (await setUpLink(site.node.core)) ?? '';
  await page.goto(link);
  await page.getByLabel('Your name').fill('Olga');
  await page.getByLabel('Username').fill('olga');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await olga.picture('setup-light-1280');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('Name').fill('Harbour House');
  await page.getByText('Anyone with the address').click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'A first room' }).waitFor();
  await olga.picture('setup-room-light-1280');
  await page.getByLabel('Name of the room').fill('front-porch');
  await page.getByRole('button', { name: 'Create room' }).click();
  await page.getByRole('heading', { level: 1, name: 'front-porch' }).waitFor();
  expect(await setUpLink(site.node.core)).toBeNull();
  const stranger = await site.visitor('Stranger');
  await stranger.page.goto(link);
  await stranger.page.getByRole('heading', { level: 1 }).waitFor();
  expect(await stranger.page.getByRole('textbox').count()).toBe(0);
});

test('Olga says who runs the server, and whoever comes to the door reads it', async () => {
  await olga.page.goto('/admin/server');
  await olga.page.getByLabel('Run by').fill('Olga Marsh');
  await olga.page.getByRole('button', { name: 'Save' }).click();
  await olga.page.getByText('Saved.').waitFor();
  await pia.page.goto('/login');
  await pia.page.getByText('Run by Olga Marsh').waitFor();
});

test('Pia signs in with a wrong password and is told what to do', async () => {
  const { page } = pia;
  await page.goto('/');
  await page.getByLabel('Email or username').fill('pia');
  await page.getByLabel('Password', { exact: true }).fill('not hers at all');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('do not belong together').waitFor();
  await pia.picture('login-light-1280');
});

test('her password is masked until she asks, can be pasted, and is known to password managers', async () => {
  const { page } = pia;
  const field = page.getByLabel('Password', { exact: true });
  expect(await field.getAttribute('type')).toBe('password');
  expect(await field.getAttribute('autocomplete')).toBe('current-password');
  const pasted = await field.evaluate((input) =>
    input.dispatchEvent(new Event('paste', { cancelable: true, bubbles: true })),
  );
  expect(pasted).toBe(true);
  await page.getByRole('button', { name: 'Show password' }).click();
  expect(await field.getAttribute('type')).toBe('text');
  await page.goto('/register');
  expect(await field.getAttribute('type')).toBe('password');
  expect(await field.getAttribute('autocomplete')).toBe('new-password');
});

test('Pia finds a public room in the list and joins it', async () => {
  await olga.page.goto('/');
  await olga.createRoom('boat-shed');
  await pia.register();
  await pia.page.getByRole('button', { name: 'Find a room' }).first().click();
  const dialog = pia.page.getByRole('dialog');
  await dialog.getByRole('button', { name: /^Join boat-shed/ }).click();
  await pia.composer.waitFor();
  await pia.page.getByRole('heading', { level: 1, name: 'boat-shed' }).waitFor();
});

test('Pia writes to Olga alone, and the conversation appears on Olga’s screen by itself', async () => {
  await pia.page.getByRole('button', { name: 'Write to someone' }).first().click();
  await pia.page.getByRole('dialog').getByRole('button', { name: 'Write Olga' }).click();
  await pia.page.getByRole('heading', { level: 1, name: 'Olga' }).waitFor();
  await pia.say('Only for you');
  await pia.sees('Only for you');
  await olga.page.getByRole('link', { name: /Pia/ }).click();
  await olga.sees('Only for you');
});

test('Pia leaves the room, and it is gone from her list', async () => {
  await pia.page.getByRole('link', { name: /boat-shed/ }).click();
  await pia.page.getByRole('heading', { level: 1, name: 'boat-shed' }).waitFor();
  await pia.page.getByRole('button', { name: 'Details', exact: true }).click();
  await pia.page.getByRole('button', { name: /Leave/ }).click();
  await pia.page.getByRole('dialog').getByRole('button', { name: /Leave/ }).click();
  await pia.page.getByRole('link', { name: /boat-shed/ }).waitFor({ state: 'detached' });
});

test('Revoke the other browser: it is signed out within 2 seconds and its socket closes.', async () => {
  const phone = await site.visitor('Pia', PHONE);
  const opened = phone.page.waitForEvent('websocket');
  await phone.page.goto('/login');
  await phone.page.getByLabel('Email or username').fill('pia');
  await phone.page.getByLabel('Password', { exact: true }).fill('quiet enough here');
  await phone.page.getByRole('button', { name: 'Sign in' }).click();
  await phone.page.getByLabel('Rooms and people').waitFor();
  const closed = (await opened).waitForEvent('close');
  await pia.page.goto('/settings');
  await pia.picture('settings-light-1280');
  await pia.page.getByRole('button', { name: /^Sign out .+/ }).click();
  await closed;
  await phone.page.waitForURL(/\/login/);
});

test('Pia signs out and the door is closed behind her', async () => {
  await pia.signOut();
  await pia.page.waitForURL(/\/login/);
  await pia.page.goto('/settings');
  await pia.page.waitForURL(/\/login/);
});

test('an engineer explores the API in GraphiQL with the session of the page', async () => {
  const { page } = olga;
  await page.goto('/graphql');
  await page.locator('.graphiql-container').waitFor();
  const answer = await page.evaluate(async () => {
    const body = JSON.stringify({ query: '{ viewer { user { username } } }' });
    const headers = { 'content-type': 'application/json' };
    return (await fetch('/graphql', { method: 'POST', headers, body })).json();
  });
  expect(answer).toEqual({ data: { viewer: { user: { username: 'olga' } } } });
  await olga.picture('graphiql-1280');
});

test('Open it, log in, subscribe, send from the app: the event appears.', async () => {
  const engineer = await site.visitor('Olga');
  const { page } = engineer;
  await page.goto('/graphql');
  await page.locator('.graphiql-container').waitFor();
  await engineer.signIn();
  await page.getByRole('link', { name: /front-porch/ }).click();
  await engineer.composer.waitFor();
  const id = new URL(page.url()).pathname.split('/')[2];
  const explorer = await engineer.context.newPage();
  explorer.setDefaultTimeout(30_000);
  await explorer.goto('/graphql');
  const editor = explorer.locator('.graphiql-query-editor');
  await editor.locator('.view-line').first().click();
  await explorer.keyboard.press('Control+a');
  const told = '__typename ... on MessageSent { message { body } }';
  await explorer.keyboard.insertText(`subscription Live { roomLog(roomId: "${id}", after: 0) { ${told} } }`);
  await explorer.getByRole('tab', { name: 'Live' }).waitFor();
  await explorer.keyboard.press('Control+Enter');
  const result = explorer.locator('.result-window');
  await result.getByText('roomLog').first().waitFor();
  await engineer.say('high-tide-at-nine');
  await result.getByText('high-tide-at-nine').first().waitFor();
  await explorer.screenshot({ path: 'tests/screenshots/graphiql-live-1280.png' });
  await engineer.context.close();
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});
