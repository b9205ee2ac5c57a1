import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeAt, stepAt } from '../../api/auth/totp.ts';
import { bytesOf } from '../authenticator.ts';
import { PASSWORD } from '../world.ts';
import { look } from './look.ts';
import { openSite, PHONE, type Site, type Visitor } from './site.ts';

let site: Site;
let ann: Visitor;
let ben: Visitor;
let dora: Visitor;
let emil: Visitor;

// Browsers know no passkeys for a number: the site is called by its name.
beforeAll(async () => {
  site = await openSite();
  const baseURL = site.node.url.replace('127.0.0.1', 'localhost');
  Object.assign(site.node, { url: baseURL });
  await site.node.core.db.instance.updateMany({ data: { name: 'Harbour House', setUpAt: new Date() } });
  ann = await site.visitor('Ann', { colorScheme: 'light' });
  ben = await site.visitor('Ben', { ...PHONE, colorScheme: 'dark' });
  for (const { page, context } of [ann, ben]) await withAuthenticator(context, page);
});
afterAll(() => site?.close());

/** Gives the browser a place for passkeys, whose owner is there and says yes. */
async function withAuthenticator(context: Visitor['context'], page: Visitor['page']) {
  const session = await context.newCDPSession(page);
  await session.send('WebAuthn.enable');
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

async function addPasskey({ page }: Visitor, name: string) {
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a passkey' });
  await dialog.getByLabel('What to call it').fill(name);
  await dialog.getByLabel('Your password').fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Add it' }).click();
  await page.getByRole('list', { name: 'Your passkeys' }).getByText(name).waitFor();
}

/** Signs out, as one does who may be asked whether this browser shall forget its keys. */
async function leave({ page }: Visitor) {
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
  const asked = page.getByRole('dialog').getByRole('button', { name: 'Sign out' });
  const door = page.getByLabel('Email or username');
  await asked.or(door).first().waitFor();
  if (await asked.isVisible()) await asked.click();
  await door.waitFor();
}

const usePasskey = ({ page }: Visitor) => page.getByRole('button', { name: 'Use a passkey' });

test('Log in with a passkey: Ann and Ben add one each, and come back without name and password', async () => {
  for (const visitor of [ann, ben]) {
    await visitor.register();
    await visitor.hasKeys();
    await addPasskey(visitor, `${visitor.name}’s pocket`);
    await leave(visitor);
    await visitor.page.goto('/login');
    await usePasskey(visitor).waitFor();
    await look(visitor, 'login-passkey');
    await usePasskey(visitor).click();
    await visitor.page.getByLabel('Rooms and people').waitFor();
    await visitor.page.goto('/settings');
    await visitor.page.getByRole('main').getByText(`@${visitor.username}`).waitFor();
    await visitor.page.getByText('last used on').first().waitFor();
    await visitor.page.getByRole('heading', { name: 'Passkeys' }).scrollIntoViewIfNeeded();
    await look(visitor, 'passkeys');
  }
});

test('when their sessions have run out, Dora and Emil come back with passkeys, have their keys, and write encrypted', async () => {
  [dora, emil] = [await site.visitor('Dora', { ...PHONE, colorScheme: 'light' }), await site.visitor('Emil')];
  for (const visitor of [dora, emil]) {
    await withAuthenticator(visitor.context, visitor.page);
    await visitor.register();
    await visitor.hasKeys();
    await addPasskey(visitor, 'pocket');
    await visitor.context.clearCookies();
    await visitor.page.goto('/login');
    await usePasskey(visitor).click();
    await visitor.page.getByLabel('Rooms and people').waitFor();
    await visitor.hasKeys();
  }
  const path = await dora.writeTo('Emil');
  await dora.say('by a finger alone');
  await emil.page.goto(path);
  await emil.sees('by a finger alone');
});

test('Dora, who signed out without a recovery key, starts anew by her passkey alone, and Emil is told', async () => {
  const { page } = dora;
  await leave(dora);
  await page.goto('/login');
  await usePasskey(dora).click();
  await page.getByLabel('Rooms and people').waitFor();
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Restore, or start anew' }).press('Enter');
  await page.getByRole('button', { name: 'I do not have it' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Continue without old messages' });
  await dialog.getByRole('button', { name: 'Use a passkey instead' }).waitFor();
  await look(dora, 'anew-passkey');
  await dialog.getByRole('button', { name: 'Use a passkey instead' }).press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Make a recovery key' }).waitFor();
  await page.reload();
  await page.getByText('Your security key was replaced').waitFor();
  await emil.page.getByRole('button', { name: 'Look at it' }).click();
  await emil.page.getByRole('heading', { name: 'The security key of Dora has changed' }).waitFor();
});

test('Dora changes her password by passkey, and one that she removed confirms nothing', async () => {
  const { page } = dora;
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByLabel('New password').fill('another quiet one');
  await page.getByRole('button', { name: 'Use a passkey instead' }).click();
  await page.getByText('Your password is changed.').waitFor();
  await page.getByRole('button', { name: 'Make a recovery code' }).click();
  await page.getByRole('button', { name: 'Use a passkey instead' }).waitFor();
  await dora.asks('mutation ($id: ID!) { removePasskey(id: $id) }', {
    id: (await dora.asks('{ viewer { passkeys { id } } }')).data.viewer.passkeys[0].id,
  });
  await page.getByRole('button', { name: 'Use a passkey instead' }).click();
  await page.getByText('You have no passkey.').waitFor();
  await page.getByRole('textbox', { name: 'Your password' }).fill('another quiet one');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Your recovery code' }).waitFor();
});

test('by keyboard alone Ann renames her passkey and removes it, and then it opens nothing', async () => {
  const { page } = ann;
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Rename Ann’s pocket' }).press('Enter');
  await page.getByRole('dialog').getByLabel('Name').fill('the blue key');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Remove the blue key' }).press('Enter');
  await page.getByRole('list', { name: 'Your passkeys' }).waitFor({ state: 'detached' });
  await page.reload();
  await page.getByText('A passkey was removed').waitFor();
  await leave(ann);
  await page.goto('/login');
  await usePasskey(ann).click();
  await page.getByRole('alert').getByText('This passkey opens nothing here').waitFor();
  await ann.signIn();
});

test('a stolen password alone fails: Ben sets an app up, and from then on his password asks for its code', async () => {
  const { page } = ben;
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Set up an app with codes' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Your password').fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await dialog.getByRole('img', { name: 'QR code for the app' }).waitFor();
  const secret = bytesOf((await dialog.getByLabel('Secret for the app').innerText()).replace(/\s/g, ''));
  await look(ben, 'code-app');
  await dialog.getByLabel('The six digits').fill('12');
  await dialog.getByRole('button', { name: 'Switch it on' }).click();
  await dialog.getByText('This code is wrong').waitFor();
  await dialog.getByLabel('The six digits').fill(codeAt(secret, stepAt(Date.now()) - 1));
  await dialog.getByRole('button', { name: 'Switch it on' }).click();
  await page.getByText('Your password alone opens nothing:').waitFor();

  const thief = await site.visitor('Thief', { colorScheme: 'light' });
  await thief.page.goto('/login');
  await thief.page.getByLabel('Email or username').fill('ben');
  await thief.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await thief.page.keyboard.press('Enter');
  await thief.page.getByLabel('Code of your app').waitFor();
  await look(thief, 'login-code');
  await thief.page.keyboard.type('000000');
  await thief.page.keyboard.press('Enter');
  await thief.page.getByText('This code is wrong').waitFor();
  await thief.page.getByLabel('Code of your app').fill(codeAt(secret, stepAt(Date.now())));
  await thief.page.keyboard.press('Enter');
  await thief.page.getByLabel('Rooms and people').waitFor();
});

test('a browser on an address that is a number is offered none', async () => {
  const { page } = await site.visitor('Cleo', { baseURL: site.node.url.replace('localhost', '127.0.0.1') });
  await page.goto('/login');
  await page.getByLabel('Email or username').waitFor();
  expect(await page.getByText('passkey').count()).toBe(0);
});

test('no page broke its policy or failed', () => {
  expect(site.complaints().filter((complaint) => !complaint.startsWith('Cleo: asked'))).toEqual([]);
});
