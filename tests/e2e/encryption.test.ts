import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPushService } from '../services/pushService.ts';
import { startRedis, type TestRedis } from '../services/redis.ts';
import { photo } from './harbour.ts';
import { look, SIZES } from './look.ts';
import { listen } from './overheard.ts';
import { openSite, PHONE, type Site, type Visitor } from './site.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;
let conversation: string;
let recoveryKey: string;
let server: Awaited<ReturnType<typeof listen>>;
let redis: TestRedis;
let pushes: Awaited<ReturnType<typeof openPushService>>;

beforeAll(async () => {
  [redis, pushes] = [await startRedis(), await openPushService()];
  server = await listen(redis.url);
  site = await openSite({ LOG_LEVEL: 'debug', REDIS_URL: redis.url, OUTGOING_ORIGINS: pushes.url });
  [ada, bea] = [await site.visitor('Ada'), await site.visitor('Bea')];
  for (const one of [ada, bea]) server.to(one);
});
afterAll(async () => {
  await site?.close();
  await redis?.stop();
  pushes?.close();
});

async function signsOut({ page }: Visitor) {
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out' }).first().click();
  await page.getByText('You have no recovery key.').last().waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Email or username').waitFor();
}

const lock = ({ page }: Visitor) => page.getByRole('button', { name: 'End-to-end encrypted' });

test('two people who were never online together talk in an encrypted direct message', async () => {
  await bea.register();
  await bea.hasKeys();
  await bea.page.goto('about:blank');
  await ada.register();
  conversation = await ada.writeTo('Bea');
  await lock(ada).waitFor();
  await ada.say('the tide turns at four');
  await ada.sees('the tide turns at four');
  await ada.page.goto('about:blank');
  await bea.page.goto(conversation);
  await bea.sees('the tide turns at four');
  await bea.say('then we sail at five');
  await bea.sees('then we sail at five');
  await ada.page.goto(conversation);
  await ada.sees('then we sail at five');
});

test('what else belongs to a conversation goes on there: an answer, an edit, a reply, a deletion, typing', async () => {
  await bea.row('the tide turns at four').focus();
  await bea.page.keyboard.press('r');
  await bea.composer.fill('at half past');
  await ada.page.getByText('Bea is typing').waitFor();
  await bea.composer.press('Enter');
  await ada.sees('at half past');
  await ada.row('at half past').getByText('the tide turns at four').waitFor();
  await bea.composer.press('ArrowUp');
  await bea.page.getByRole('textbox', { name: 'Edit your message' }).fill('at a quarter past');
  await bea.page.keyboard.press('Enter');
  await ada.sees('at a quarter past');
  await ada.row('at a quarter past').focus();
  await ada.page.keyboard.press('e');
  await ada.page.getByRole('dialog').getByRole('button', { name: 'grinning', exact: true }).click();
  await bea.row('at a quarter past').getByRole('button', { name: /Ada/ }).waitFor();
  await ada.say('never mind');
  await bea.sees('never mind');
  await ada.row('never mind').focus();
  await ada.page.keyboard.press('ContextMenu');
  await ada.page
    .getByRole('button', { name: 'More' })
    .or(ada.page.getByRole('menuitem', { name: 'Delete' }))
    .first()
    .click();
  await ada.page.getByText('Delete', { exact: true }).first().click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await bea.sees('Message deleted');
});

test('a picture and a file arrive as they were, and the server has neither their names nor their bytes', async () => {
  await ada.attach(
    { name: 'north-pier.jpg', mimeType: 'image/jpeg', buffer: await photo() },
    { name: 'tides.txt', mimeType: 'text/plain', buffer: Buffer.from('high water 04:12') },
    { name: 'Makefile', mimeType: '', buffer: Buffer.from('all: boat') },
  );
  await ada.say('as promised');
  await bea.sees('as promised');
  await bea.row('as promised').getByRole('button', { name: 'Download Makefile' }).waitFor();
  const image = bea.row('as promised').getByRole('button', { name: 'Open north-pier.jpg' }).locator('img.loaded');
  await image.waitFor();
  expect(await image.getAttribute('src')).toMatch(/^blob:/);
  const [saved] = await Promise.all([
    bea.page.waitForEvent('download'),
    bea.row('as promised').getByRole('button', { name: 'Download tides.txt' }).click(),
  ]);
  expect(saved.suggestedFilename()).toBe('tides.txt');
  const bytes = await saved.createReadStream().then((stream) => stream.toArray());
  expect(Buffer.concat(bytes).toString()).toBe('high water 04:12');
});

test('words are found on the device', async () => {
  await bea.page.getByRole('button', { name: 'Search', exact: true }).click();
  await bea.page.getByRole('searchbox').fill('tide');
  await bea.page
    .getByRole('complementary', { name: 'Search' })
    .getByRole('link', { name: /turns at four/ })
    .waitFor();
  await bea.page.keyboard.press('Escape');
});

test('after a reload it is there, and what was written offline is sent once, in order', async () => {
  await ada.page.reload();
  await ada.sees('then we sail at five');
  await ada.context.setOffline(true);
  await ada.say('one');
  await ada.say('two');
  await ada.row('two').getByText('Sending').waitFor();
  await ada.context.setOffline(false);
  await bea.sees('two');
  expect((await bea.reads()).slice(-2)).toEqual(['one', 'two']);
});

test('two tabs of one browser show the same, and each message is sent once', async () => {
  const second = await ada.context.newPage();
  await second.goto(conversation);
  await second.getByText('two', { exact: true }).waitFor();
  await second.getByRole('textbox', { name: /^Message / }).fill('from the other tab');
  await second.keyboard.press('Enter');
  await ada.sees('from the other tab');
  await bea.sees('from the other tab');
  expect((await bea.reads()).filter((text) => text === 'from the other tab')).toHaveLength(1);
  await second.close();
});

test('Ada and Bea compare their numbers, which are the same, and Bea is verified', async () => {
  const numbers = [];
  for (const one of [ada, bea]) {
    await lock(one).click();
    await one.page.getByRole('button', { name: /^Verify / }).click();
    await one.page.getByRole('list', { name: 'Safety number' }).waitFor();
    numbers.push(await one.page.getByRole('list', { name: 'Safety number' }).innerText());
  }
  expect(numbers[0]).toMatch(/\d{5}/);
  expect(numbers[0]).toBe(numbers[1]);
  await look(ada, 'verify');
  await ada.page.getByRole('button', { name: 'They match' }).click();
  await ada.page.getByRole('dialog', { name: 'Verify Bea' }).waitFor({ state: 'detached' });
  await ada.page.keyboard.press('Escape');
  await lock(ada).click();
  await ada.page.getByText('· verified').waitFor();
  await ada.page.keyboard.press('Escape');
  await bea.page.keyboard.press('Escape');
  await bea.page.keyboard.press('Escape');
});

test('Ada makes a recovery key, and with it another browser reads what was said', async () => {
  const { page } = ada;
  await ada.hasKeys();
  await page.getByRole('button', { name: 'Make a recovery key' }).click();
  const shown = page.getByRole('list', { name: 'Recovery key' }).getByRole('listitem');
  await shown.first().waitFor();
  const groups = await shown.allInnerTexts();
  recoveryKey = groups.join(' ');
  expect(recoveryKey.replace(/ /g, '')).toHaveLength(56);
  await page.getByRole('button', { name: 'I have kept it' }).click();
  for (const field of await page.getByRole('dialog').getByRole('textbox').all()) {
    const place = Number(
      (await field.evaluate((input: HTMLInputElement) => input.labels?.[0]?.textContent))?.match(/\d+/)?.[0],
    );
    await field.fill(groups[place - 1] ?? '');
  }
  await page.getByRole('button', { name: 'That is it' }).click();
  await page.getByText('You have a recovery key').first().waitFor();
  const laptop = await site.visitor('Ada');
  await laptop.signIn();
  await laptop.page.goto(conversation);
  await laptop.page.getByRole('button', { name: 'What you can do' }).click();
  await laptop.page.getByLabel('Recovery key').fill(recoveryKey);
  await laptop.page.getByRole('button', { name: 'Restore' }).click();
  await laptop.sees('the tide turns at four');
  await laptop.say('from the laptop');
  await bea.sees('from the laptop');
  await laptop.page.getByText('readable in this browser only').waitFor({ state: 'detached' });
  await laptop.context.close();
});

test('a private room is encrypted: who is removed reads nothing that is said afterwards', async () => {
  const { page } = ada;
  await page.goto('/');
  await page.getByRole('button', { name: 'New room' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('lantern attic');
  await dialog.getByText('People who are added').click();
  await look(ada, 'create-encrypted');
  await dialog.getByRole('button', { name: 'Create room' }).click();
  await page.getByRole('heading', { level: 1, name: 'lantern attic' }).waitFor();
  const attic = new URL(page.url()).pathname;
  await page.getByRole('button', { name: 'Add people' }).click();
  await page.getByRole('button', { name: 'Add Bea' }).click();
  await page.getByText('Added').waitFor();
  await page.keyboard.press('Escape');
  await ada.say('the ladder is back');
  await bea.page.goto(attic);
  await bea.sees('the ladder is back');
  await bea.page.getByRole('heading', { level: 1, name: 'lantern attic' }).waitFor();
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await page.getByRole('button', { name: 'Manage Bea' }).click();
  await page.getByRole('button', { name: 'Remove from room' }).click();
  await page.getByRole('dialog', { name: 'Remove Bea?' }).getByRole('button', { name: 'Remove from room' }).click();
  await bea.page.getByText('You are no longer in lantern attic.').waitFor();
  await ada.say('now we are alone');
  await ada.sees('now we are alone');
  expect(await bea.page.content()).not.toContain('now we are alone');
});

test('of whom the server alone says that Ada has asked them in, Ada is asked, and they read once she lets them in', async () => {
  const { page } = ada;
  const attic = new URL(page.url()).pathname;
  const { viewer } = (await bea.asks('{ viewer { id } }')).data;
  const add = 'mutation ($id: ID!, $user: ID!) { addMember(roomId: $id, userId: $user) { __typename } }';
  await ada.asks(add, { id: attic.split('/')[2], user: viewer?.id });
  await page.getByText('Bea wants to read along. Did you ask them in?').waitFor();
  await ada.say('not for Bea yet');
  await ada.sees('not for Bea yet');
  await bea.page.goto(attic);
  await bea.page.getByText('Somebody of this room has to be online once').waitFor();
  await look(ada, 'encryption-asking');
  await page.getByRole('button', { name: 'Let in' }).click();
  await page.getByText('Bea wants to read along.').waitFor({ state: 'detached' });
  await ada.say('welcome back');
  await bea.sees('welcome back');
  expect(await bea.page.content()).not.toContain('not for Bea yet');
});

test('the link into an encrypted room lets its holder in, and its secret is sent to no server', async () => {
  const asked: string[] = [];
  const cem = await site.visitor('Cem', PHONE);
  await cem.register();
  await cem.hasKeys();
  cem.page.on('request', (request) => asked.push(request.url() + (request.postData() ?? '')));
  const { page } = ada;
  await page.getByRole('button', { name: 'Invite with a link' }).first().click();
  await page.getByRole('button', { name: 'Make a link' }).click();
  const link = await page.getByLabel('Link', { exact: true }).innerText();
  const secret = link.split('.').at(-1) as string;
  await page.keyboard.press('Escape');
  await cem.page.goto(link);
  await cem.page.getByRole('button', { name: /^Join / }).click();
  await cem.page.waitForURL(/\/r\//);
  await cem.page.getByRole('heading', { level: 1, name: 'lantern attic' }).waitFor();
  await ada.say('welcome on board');
  await cem.sees('welcome on board');
  await cem.page.getByText('Messages from before you joined are not visible here.').waitFor();
  await look(cem, 'encrypted-room');
  expect(asked.filter((text) => text.includes(secret))).toEqual([]);
  await cem.context.close();
});

test.each(SIZES)('what belongs to encryption can be used by everyone: $name', async ({ options }) => {
  const laptop = await site.visitor('Ada', options);
  const { page } = laptop;
  const press = (label: string | RegExp) => page.getByRole('button', { name: label }).first().click();
  await laptop.signIn();
  await page.goto(conversation);
  await press('What you can do');
  await look(laptop, 'encryption-recover');
  await press('I do not have it');
  await look(laptop, 'encryption-anew');
  await press('Back');
  await page.getByRole('textbox', { name: 'Recovery key' }).fill(recoveryKey);
  await press('Restore');
  await laptop.sees('as promised');
  await look(laptop, 'encryption-room');
  await lock(laptop).click();
  await page.getByRole('heading', { name: 'Who can read' }).waitFor();
  await look(laptop, 'encryption-panel');
  await press(/^Verify /);
  await page.getByRole('list', { name: 'Safety number' }).waitFor();
  await page.getByRole('img', { name: /^Code for/ }).waitFor();
  await look(laptop, 'encryption-verify');
  await page.goto('/');
  await press('New room');
  await page.getByRole('dialog').getByText('People who are added').click();
  await look(laptop, 'encryption-create');
  await laptop.hasKeys();
  await page.getByRole('list', { name: 'Your devices' }).waitFor();
  await look(laptop, 'encryption-settings');
  await press('Make a new recovery key');
  await page.getByRole('list', { name: 'Recovery key' }).getByRole('listitem').first().waitFor();
  await look(laptop, 'encryption-key');
  await press('I have kept it');
  await page
    .getByLabel(/^Group/)
    .first()
    .waitFor();
  await look(laptop, 'encryption-key-asked');
  await page.keyboard.press('Escape');
  await press('Sign out');
  await page.getByText('You have a recovery key: with it').waitFor();
  await look(laptop, 'encryption-sign-out');
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Email or username').waitFor();
  await laptop.context.close();
});

test('signing out says what it takes away, and leaves nothing of it', async () => {
  const { page } = bea;
  await signsOut(bea);
  const left = await page.evaluate(async () => ({
    stored: JSON.stringify({ ...localStorage }),
    databases: (await indexedDB.databases()).map(({ name }) => name),
  }));
  expect(left.stored).not.toContain(conversation.split('/')[2]);
  expect(left.databases.filter((name) => /crypto|seal/i.test(name ?? ''))).toEqual([]);
});

test('who starts anew is told what is lost, and is not trusted before the others accept the new key', async () => {
  await bea.startAnew(conversation);
  await ada.page.goto(conversation);
  await ada.page.getByRole('button', { name: 'Look at it' }).click();
  await ada.page.getByRole('heading', { name: 'The security key of Bea has changed' }).waitFor();
  await look(ada, 'key-changed');
  await ada.page.getByRole('button', { name: 'Accept without comparing' }).click();
  await ada.say('is it you?');
  await bea.sees('is it you?');
});

test('a number that Ada compares while Bea starts anew once more verifies nobody: the new one is shown', async () => {
  const { page } = ada;
  await lock(ada).click();
  await page.getByRole('button', { name: 'Verify Bea' }).click();
  const number = page.getByRole('list', { name: 'Safety number' });
  const compared = await number.innerText();
  await signsOut(bea);
  await bea.startAnew(conversation);
  const told = page.getByText('The security key of somebody here has changed.');
  await told.first().waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'They match' }).click();
  await page.getByText('Another key has come meanwhile: compare again.').waitFor();
  await page.getByRole('heading', { name: 'The security key of Bea has changed' }).waitFor();
  expect(await number.innerText()).not.toBe(compared);
  await page.getByRole('button', { name: 'They match' }).click();
  await page.getByText('Bea is verified.').waitFor();
  await page.keyboard.press('Escape');
  await ada.say('now I am sure');
  await bea.sees('now I am sure');
});

test('Bea, whose pages are closed, is told by push that there is something new, and not what', async () => {
  const phone = pushes.browser();
  const subscribe = 'mutation ($on: PushSubscriptionInput) { setPush(subscription: $on) { hasPush } }';
  expect((await bea.asks(subscribe, { on: phone.subscription })).data.setPush.hasPush).toBe(true);
  await bea.page.goto('about:blank');
  await ada.say('the lamp is lit');
  await ada.sees('the lamp is lit');
  await expect.poll(() => phone.pushes.length, { timeout: 60_000 }).toBeGreaterThan(0);
  expect(phone.pushes[0]?.data).toEqual({
    room: conversation.split('/')[2],
    seq: expect.any(Number),
    waiting: expect.any(Number),
  });
  for (const { data, headers, body } of phone.pushes) {
    server.also(JSON.stringify([data, headers]));
    server.also(body);
  }
});

test('of all that was said, searched, named and sent, the server has heard and kept nothing', async () => {
  await ada.createRoom('harbour-square');
  await ada.say('here everybody can listen');
  await ada.sees('here everybody can listen');
  server.also(gzipSync('a packed word that is found'));
  await server.redis.set('told', 'a word in Redis');
  const public_ = ['harbour-square', 'everybody can listen', 'packed word', 'word in Redis'];
  const secret = [
    ...['the tide turns', 'sail at five', 'half past', 'quarter past', 'never mind', 'as promised', 'from the laptop'],
    ...['north-pier', 'tides.txt', 'high water', 'turns at', 'lantern attic', 'the ladder is back', 'is it you?'],
    ...['now we are alone', 'welcome on board', 'from the other tab', 'the lamp is lit'],
  ];
  const places = await server.places(site, [...public_, ...secret]);
  expect(places.filter((place) => secret.some((word) => place.includes(word)))).toEqual([]);
  for (const word of public_) expect(places.join()).toContain(word);
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});
