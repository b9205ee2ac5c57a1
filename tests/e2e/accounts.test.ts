import { afterAll, beforeAll, expect, test } from 'vitest';
import { setUpLink } from '../../api/instance/instance.ts';
import { PASSWORD } from '../world.ts';
import { look } from './look.ts';
import { openSite, type Site, type Visitor } from './site.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;

beforeAll(async () => {
  site = await openSite();
  [ada, bea] = [await site.visitor('Ada'), await site.visitor('Bea')];
  const { page } = ada;
  await page.goto((await setUpLink(site.node.core)) ?? '');
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('Username').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('Name').fill('The kitchen');
  await page.getByText('Anyone with the address').click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'A first room' }).waitFor();
});
afterAll(() => site?.close());

const isIn = ({ page }: Visitor) => page.getByLabel('Rooms and people').waitFor();

test('Bea makes an account and is offered a recovery code, which she keeps', async () => {
  const { page } = bea;
  await page.goto('/register');
  await page.getByLabel('Your name').fill('Bea');
  await page.getByLabel('Username').fill('bea');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Make my account' }).click();
  await page.getByRole('button', { name: 'Make a recovery code' }).click();
  expect(await page.getByLabel('Recovery code', { exact: true }).innerText()).toMatch(/^(\w{4}-){6}\w{4}$/);
  await bea.picture('recovery-code-light-1280');
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await isIn(bea);
});

test('Lose the password: get back in with the code; without the code, with a link from an administrator.', async () => {
  await bea.page.goto('/settings');
  await bea.page.getByRole('button', { name: 'Make a recovery code' }).click();
  await bea.page.getByRole('dialog').getByLabel('Your password').fill(PASSWORD);
  await bea.page.getByRole('button', { name: 'Make the code' }).click();
  const code = await bea.page.getByLabel('Recovery code', { exact: true }).innerText();

  const { page } = await site.visitor('Bea');
  await page.goto('/login');
  await page.getByRole('link', { name: 'Lost your password?' }).click();
  await page.getByRole('heading', { name: 'Lost your password?' }).waitFor();
  await page.getByLabel('Email or username').fill('bea');
  await page.getByLabel('Recovery code', { exact: true }).fill(code.toLowerCase());
  await page.getByLabel('New password', { exact: true }).fill('the second password');
  await page.getByRole('button', { name: 'Sign in with the code' }).click();
  await page.getByRole('heading', { name: 'You are in again' }).waitFor();
  expect(await page.getByLabel('Recovery code', { exact: true }).innerText()).not.toBe(code);
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByLabel('Rooms and people').waitFor();
  await bea.page.waitForURL(/\/login/);

  await ada.page.goto('/admin');
  await ada.page.getByRole('button', { name: 'Manage Bea' }).click();
  await ada.page.getByRole('button', { name: 'Make a reset link' }).click();
  const link = await ada.page.getByText(/\/reset#/).innerText();
  await bea.page.goto(link);
  await bea.page.getByLabel('New password', { exact: true }).fill('the third password');
  await bea.page.getByRole('button', { name: 'Save and sign in' }).click();
  await isIn(bea);
  await bea.page.goto('/settings');
  await bea.page.getByText('An administrator made a reset link').waitFor();
  await page.waitForURL(/\/login/);
});

test('A link for one person works once.', async () => {
  await ada.page.goto('/');
  await ada.page.getByRole('button', { name: 'New room' }).first().click();
  const dialog = ada.page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('pantry');
  await dialog.getByText('People who are added').click();
  await dialog.getByRole('switch', { name: 'End-to-end encrypted' }).click();
  await dialog.getByRole('button', { name: 'Create room' }).click();
  await ada.page.getByRole('button', { name: 'Invite with a link' }).first().click();
  await ada.page.getByRole('button', { name: 'Make a link' }).click();
  const link = await ada.page.getByText(/\/join#/).innerText();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();

  // Somebody who is not signed in yet comes to the room through the door.
  const cleo = await site.visitor('Cleo');
  await cleo.page.goto(link);
  await cleo.page.waitForURL(/\/login/);
  expect(new URL(cleo.page.url()).search).not.toContain(link.split('#')[1]);
  await cleo.page.getByRole('link', { name: 'Make an account' }).click();
  await cleo.page.getByRole('heading', { name: 'Join The kitchen' }).waitFor();
  await cleo.page.getByLabel('Username').fill('cleo');
  await cleo.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await cleo.page.getByRole('button', { name: 'Make my account' }).click();
  await cleo.page.getByRole('button', { name: 'Not now' }).click();
  await cleo.page.getByRole('button', { name: 'Join pantry' }).click();
  await cleo.say('Found it');
  await cleo.sees('Found it');

  await bea.page.goto(link);
  await bea.page.getByRole('heading', { name: 'This link does not work any more' }).waitFor();
});

test('Start from a profile; after a block nothing arrives, and the other is not told.', async () => {
  await bea.writeTo('Ada');
  await bea.say('Hello Ada');
  await bea.sees('Hello Ada');
  await ada.page.getByRole('link', { name: /Bea/ }).click();
  await ada.sees('Hello Ada');
  await ada.page.getByRole('button', { name: 'Details', exact: true }).click();
  await ada.page.getByRole('button', { name: 'Block Bea' }).click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Block', exact: true }).click();
  await ada.page.getByRole('link', { name: /Bea/ }).waitFor({ state: 'detached' });

  await bea.say('Are you there?');
  await bea.sees('Are you there?');
  await ada.page.goto('/settings');
  await ada.page.getByRole('button', { name: 'Unblock Bea' }).waitFor();
  expect(await ada.page.getByRole('link', { name: /Bea/ }).count()).toBe(0);
  await ada.page.getByRole('button', { name: 'Unblock Bea' }).click();
  await ada.page.getByRole('link', { name: /Bea/ }).click();
  await ada.sees('Are you there?');
});

test('Bea takes her data with her, deletes her account, and her name is free', async () => {
  await bea.page.goto('/settings');
  await bea.picture('settings-account-light-1280');
  const download = bea.page.waitForEvent('download');
  await bea.page.getByRole('link', { name: 'Download my data' }).click();
  expect((await download).suggestedFilename()).toBe('shh-export.json');
  await bea.page.getByRole('button', { name: 'Delete my account' }).click();
  const dialog = bea.page.getByRole('dialog');
  await dialog.getByText('Delete them').click();
  await dialog.getByLabel('Your password').fill('the third password');
  await dialog.getByRole('button', { name: 'Delete for good' }).click();
  await bea.page.waitForURL(/\/login/);
  await ada.page.getByText('Message deleted').first().waitFor();
  await bea.register();
});

test('Ada makes a token and webhooks in the browser, sees each secret once, and what is posted says who posted it', async () => {
  const { page } = ada;
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Make an access token' }).click();
  const making = page.getByRole('dialog');
  await making.getByLabel('What is it for?').fill('Weather station');
  await making.getByText('Read and write').click();
  await look(ada, 'token-make');
  await making.getByRole('button', { name: 'Make the token' }).click();
  const token = await page.getByLabel('Access token', { exact: true }).innerText();
  const list = page.getByRole('list', { name: 'Your access tokens' });
  await list.getByText('Weather station').waitFor();
  await list.scrollIntoViewIfNeeded();
  await look(ada, 'tokens');
  const { status, json } = await asked(token, '{ viewer { user { username } } }');
  expect([status, json.data.viewer.user.username]).toEqual([200, 'ada']);
  await page.reload();
  await list.getByText('last used on').waitFor();
  expect(await page.getByText(token).count()).toBe(0);
  await page.getByRole('button', { name: 'Revoke Weather station' }).click();
  await list.waitFor({ state: 'detached' });
  expect((await asked(token, '{ viewer { id } }')).json.data.viewer).toBeNull();

  await page.goto('/');
  await ada.createRoom('builds');
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await page.getByRole('button', { name: 'Webhooks' }).click();
  const hooks = page.getByRole('dialog');
  await hooks.getByLabel('Name of the program').fill('Build');
  await hooks.getByRole('button', { name: 'Make an address' }).click();
  const address = await hooks.getByLabel('Link', { exact: true }).innerText();
  await hooks.getByLabel('Address to tell').fill('https://127.0.0.1/');
  await hooks.getByRole('button', { name: 'Tell this address' }).click();
  await hooks.getByText('not on the public internet').waitFor();
  await look(ada, 'webhooks');
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ text: 'Build 7 is green' });
  const posted = await fetch(address, { method: 'POST', headers, body });
  expect(posted.status).toBe(200);
  await page.keyboard.press('Escape');
  await ada.sees('Build 7 is green');
  const row = ada.row('Build 7 is green');
  await row.getByText('Integration').waitFor();
  await row.hover();
  await row.getByRole('button', { name: 'More' }).click();
  await look(ada, 'menu-of-webhook');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('dialog', { name: 'Delete this message?' }).getByRole('button', { name: 'Delete' }).click();
  await row.waitFor({ state: 'detached' });
  await page.getByText('Message deleted').waitFor();
});

test('the API page is searched and read by everyone, and asks no other host', async () => {
  const dark = await site.visitor('Dora', { colorScheme: 'dark' });
  for (const { visitor, name } of [
    { visitor: ada, name: 'api-light-1280' },
    { visitor: dark, name: 'api-dark-1280' },
  ]) {
    await visitor.page.goto('/docs/api');
    await visitor.page.getByLabel('Find a field or type').fill('sendMessage');
    await visitor.page.getByText(/^\d+ of \d+ fit\.$/).waitFor();
    expect(await visitor.page.locator('[id="Mutation.sendMessage"]').isVisible()).toBe(true);
    expect(await visitor.page.locator('[id="Mutation.leaveRoom"]').isVisible()).toBe(false);
    await look(visitor, name);
  }
});

test('The banned person’s open subscription ends; rejoining fails.', async () => {
  await ada.page.goto('/');
  const room = await ada.createRoom('boat-shed');
  await ada.say('Only boats that float');
  await bea.joinByLink(room);
  await ada.page.getByRole('button', { name: 'Details', exact: true }).click();
  await ada.page.getByRole('button', { name: 'Manage Bea' }).click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Ban', exact: true }).click();
  await ada.page.getByLabel('Reason').fill('Sells boats');
  await look(ada, 'ban');
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Ban', exact: true }).click();
  await ada.page.getByText('Ada banned Bea').waitFor();
  await bea.composer.waitFor({ state: 'detached' });
  // Until the browser has kept her list without it, the address shows the room, and then leads home.
  await bea.page.waitForFunction(() => !JSON.stringify({ ...localStorage }).includes('boat-shed'));
  await bea.page.goto(room);
  await bea.page.getByRole('button', { name: 'Join boat-shed' }).click();
  await bea.page.getByText('You are banned from this room.').waitFor();

  await ada.page.getByRole('button', { name: 'Banned people' }).click();
  await ada.page.getByText('Sells boats').waitFor();
  await look(ada, 'bans');
  await ada.page.getByRole('button', { name: 'Lift the ban on Bea' }).click();
  await ada.page.getByText('Nobody is banned').waitFor();
  await ada.page.keyboard.press('Escape');
  await expect.poll(() => ada.page.evaluate(() => document.activeElement?.textContent)).toBe('Banned people');
  await ada.page.getByText('Ada lifted the ban on Bea').waitFor();
  await bea.joinByLink(room);
});

test('who has left is banned from what they wrote, and Bea, who is back, gets the room from Ada', async () => {
  const { page } = ada;
  const dialog = (name: string) => page.getByRole('dialog', { name, exact: true });
  await bea.say('Boats, cheap');
  await bea.page.getByRole('button', { name: 'Details', exact: true }).click();
  await bea.page.getByRole('button', { name: 'Leave this room' }).click();
  await bea.page.getByRole('dialog').getByRole('button', { name: 'Leave', exact: true }).click();
  await page.getByText('Bea left').waitFor();
  const row = ada.row('Boats, cheap');
  await row.focus();
  await row.getByRole('button', { name: 'More' }).click();
  await dialog('Message').getByRole('button', { name: 'Bea' }).click();
  await look(ada, 'card-of-one-who-left');
  await dialog('Bea').getByRole('button', { name: 'Ban from this room' }).click();
  await dialog('Ban Bea?').getByRole('button', { name: 'Ban', exact: true }).click();
  await page.getByText('Ada banned Bea').nth(1).waitFor();

  await page.getByRole('button', { name: 'Banned people' }).click();
  await page.getByRole('button', { name: 'Lift the ban on Bea' }).click();
  await page.getByText('Nobody is banned').waitFor();
  await page.keyboard.press('Escape');
  await bea.joinByLink(new URL(page.url()).pathname);
  await page.getByRole('button', { name: 'Manage Bea' }).click();
  await look(ada, 'manage-member');
  await dialog('Bea').getByRole('button', { name: 'Hand over the room' }).click();
  await look(ada, 'hand-over');
  await dialog('Hand this room over to Bea?').getByRole('button', { name: 'Hand over' }).click();
  await page.getByRole('listitem').filter({ hasText: 'Bea' }).getByText('Owner').waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Members');
});

test('Ada disables Bea, who is signed out at once, and lets her in again; the log says so', async () => {
  await ada.page.goto('/admin');
  await ada.page.getByRole('button', { name: 'Manage Bea' }).click();
  await ada.page.getByRole('button', { name: 'Disable', exact: true }).click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Disable', exact: true }).click();
  await bea.page.waitForURL(/\/login/);
  const signIn = async () => {
    await bea.page.getByLabel('Email or username').fill('bea');
    await bea.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await bea.page.getByRole('button', { name: 'Sign in' }).click();
  };
  await signIn();
  await bea.page.getByText('This account is disabled').waitFor();
  await ada.page.getByRole('button', { name: 'Let them sign in again' }).click();
  await ada.page.getByRole('button', { name: 'Disable', exact: true }).waitFor();
  await ada.page.keyboard.press('Escape');
  await signIn();
  await isIn(bea);
  await ada.page.getByRole('link', { name: 'Log', exact: true }).click();
  await ada.page.getByText('Account enabled again').last().waitFor();
  await bea.page.goto('/admin');
  await isIn(bea);
  expect(new URL(bea.page.url()).pathname).toBe('/');
});

async function asked(token: string, query: string) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const answer = await fetch(`${site.node.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return { status: answer.status, json: (await answer.json()) as any };
}

test('no page complained', () => {
  expect(site.complaints()).toEqual([]);
});
