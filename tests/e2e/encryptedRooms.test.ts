import { afterAll, beforeAll, expect, test } from 'vitest';
import { look } from './look.ts';
import { openSite, PHONE, type Site, type Visitor } from './site.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;
let cem: Visitor;
let attic: string;

beforeAll(async () => {
  site = await openSite();
  [ada, bea, cem] = [await site.visitor('Ada'), await site.visitor('Bea'), await site.visitor('Cem', PHONE)];
  for (const one of [bea, cem, ada]) {
    await one.register();
    await one.hasKeys();
  }
  attic = await ada.createPrivateRoom('lantern attic', ['Bea', 'Cem']);
});
afterAll(() => site?.close());

const lock = ({ page }: Visitor) => page.getByRole('button', { name: 'End-to-end encrypted' });
const openLock = ({ page }: Visitor) => page.getByRole('button', { name: 'Not encrypted' });

test('Cem is banned from an encrypted room: his browser reads nothing further and he cannot come back, the others go on', async () => {
  const { page } = ada;
  await ada.say('the ladder is back');
  for (const one of [bea, cem]) {
    await one.page.goto(attic);
    await one.sees('the ladder is back');
  }
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await page.getByRole('button', { name: 'Manage Cem' }).click();
  await page.getByRole('button', { name: 'Ban', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Ban Cem?' });
  await dialog.getByLabel('Reason').fill('took the ladder');
  await dialog.getByRole('button', { name: 'Ban', exact: true }).click();
  await cem.page.getByText('You are no longer in lantern attic.').waitFor();
  await ada.say('now without Cem');
  await bea.sees('now without Cem');
  await bea.say('so it is');
  await ada.sees('so it is');
  await cem.page.goto(attic);
  await cem.page.getByRole('heading', { level: 1 }).waitFor();
  const content = await cem.page.content();
  for (const text of ['the ladder is back', 'now without Cem', 'so it is']) expect(content).not.toContain(text);
  const roomId = attic.split('/')[2];
  const read = await cem.asks('query ($id: ID!) { room(id: $id) { log(after: 0) { seq } } }', { id: roomId });
  expect(read.errors[0].extensions.code).toBe('NOT_FOUND');
  const added = await ada.asks('mutation ($r: ID!, $u: ID!) { addMember(roomId: $r, userId: $u) { role } }', {
    r: roomId,
    u: (await cem.asks('{ viewer { id } }')).data.viewer.id,
  });
  expect(added.errors).toHaveLength(1);
  await lock(ada).click();
  const panel = page.getByRole('dialog', { name: 'End-to-end encrypted' });
  await panel.getByRole('heading', { name: 'Who can read' }).waitFor();
  await panel.getByText('Bea', { exact: true }).waitFor();
  expect(await panel.getByText('Cem').count()).toBe(0);
  await page.keyboard.press('Escape');
});

test('what the server sees of Ada is told from its rows', async () => {
  await lock(ada).click();
  const panel = ada.page.getByRole('dialog', { name: 'End-to-end encrypted' });
  const fact = (name: string) => panel.locator('dl > div').filter({ hasText: name }).locator('dd').innerText();
  await panel.getByText('Of you, in this room').waitFor();
  await panel.getByText('2, sealed', { exact: true }).waitFor();
  expect(await fact('Changes to who can read')).toMatch(/^[1-9]/);
  expect(await fact('All of these together')).toMatch(/kB$/);
  expect(await fact('Your devices here')).not.toBe('none');
  await look(ada, 'encryption-traces');
  await ada.page.keyboard.press('Escape');
});

test('Ada reads the code of Bea from a picture: Bea is verified; another code is refused', async () => {
  const pictures: Buffer[] = [];
  for (const [one, other] of [
    [bea, 'Ada'],
    [ada, 'Bea'],
  ] as const) {
    await one.page.goto(attic);
    await lock(one).click();
    await one.page.getByRole('button', { name: `Verify ${other}` }).click();
    pictures.push(await one.page.getByRole('img', { name: `Code for ${other} to scan` }).screenshot());
  }
  const { page } = ada;
  const [beas, own] = pictures as [Buffer, Buffer];
  const show = (buffer: Buffer) =>
    page.getByLabel('A picture of their code').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer });
  await show(Buffer.from('no picture'));
  await page.getByText('No code was seen on this picture').waitFor();
  await show(own);
  await page.getByText('This is not the code of you two.').waitFor();
  await show(beas);
  await page.getByText('Bea is verified.').waitFor();
  await page.getByText('· verified').waitFor();
  for (const one of [ada, bea]) {
    await one.page.keyboard.press('Escape');
    await one.page.keyboard.press('Escape');
  }
});

test('a private room is encrypted later: for good, what was said before stays readable, and nothing plain is taken any more', async () => {
  const { page } = ada;
  const cellar = await ada.createPrivateRoom('apple cellar', ['Bea'], { encrypted: false });
  await ada.say('said in the open');
  await bea.page.goto(cellar);
  await bea.sees('said in the open');
  await openLock(bea).click();
  await bea.page.getByText('The owner of this room can turn encryption on.').waitFor();
  await bea.page.keyboard.press('Escape');
  await openLock(ada).click();
  await page.getByRole('button', { name: 'Encrypt from now on' }).click();
  const asked = page.getByRole('dialog', { name: 'Encrypt this room?' });
  await asked.getByText('It cannot be turned off again.').waitFor();
  await look(ada, 'encrypt-room');
  await asked.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Encrypt from now on' }).click();
  await asked.getByRole('button', { name: 'Encrypt for good' }).click();
  await asked.waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await lock(ada).waitFor();
  await ada.say('said behind the door');
  await bea.sees('said behind the door');
  for (const one of [ada, bea]) {
    await one.page.reload();
    await one.sees('said in the open');
    await one.sees('said behind the door');
    await one.page.getByRole('heading', { level: 1, name: 'apple cellar' }).waitFor();
    await lock(one).click();
    await one.page
      .getByText('messages, which it can read')
      .or(one.page.getByRole('heading', { name: 'Who can read' }))
      .first()
      .waitFor();
    expect(await one.page.getByRole('button', { name: /Encrypt from now on|off/ }).count()).toBe(0);
    await one.page.keyboard.press('Escape');
  }
  const [refused] = await ada.program(cellar, ['in the open again']);
  expect(refused.errors[0].extensions).toMatchObject({ code: 'CONFLICT', reason: 'E2EE_REQUIRED' });
});

test('what Ada opens from a room in which nobody has said anything looks as it does elsewhere', async () => {
  const { page } = ada;
  await ada.createPrivateRoom('still pond', ['Bea']);
  await page.getByRole('button', { name: 'Add people' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Add people' });
  await dialog.getByText('@bea').waitFor();
  await look(ada, 'add-people');
  const leftOf = async (part: typeof dialog) => (await part.boundingBox())?.x ?? 0;
  for (const part of [dialog.getByRole('heading'), dialog.getByText('Bea', { exact: true })])
    expect((await leftOf(part)) - (await leftOf(dialog))).toBeLessThan(80);
  await page.keyboard.press('Escape');
});

test('Bea, who began anew, is let in again once Ada has looked at her new key behind the lock', async () => {
  await bea.signOut();
  await bea.startAnew(attic);
  const { page } = ada;
  await page.goto(attic);
  await ada.say('where is Bea?');
  await expect
    .poll(async () => {
      await page.keyboard.press('Escape');
      await lock(ada).click();
      await page.getByRole('heading', { name: 'Who can read' }).waitFor();
      return page.getByText('The security key of Bea has changed.').count();
    })
    .toBe(1);
  await look(ada, 'key-changed-in-room');
  await page.getByRole('button', { name: 'Verify Bea' }).click();
  await page.getByRole('button', { name: 'Accept without comparing' }).click();
  await page.getByRole('heading', { name: 'The security key of Bea has changed' }).waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await bea.page.getByText('Somebody of this room has to be online once').waitFor({ state: 'detached' });
  await ada.say('there you are');
  await bea.sees('there you are');
});

test('Dan, who is listed by the server and not let in yet, is not told that nobody has spoken', async () => {
  const dan = await site.visitor('Dan');
  await dan.register();
  await dan.hasKeys();
  const { viewer } = (await dan.asks('{ viewer { id } }')).data;
  const add = 'mutation ($r: ID!, $u: ID!) { addMember(roomId: $r, userId: $u) { role } }';
  await ada.asks(add, { r: attic.split('/')[2], u: viewer.id });
  await dan.page.goto(attic);
  await dan.page.getByText('Somebody of this room has to be online once').waitFor();
  await dan.page.getByRole('heading', { name: 'Nothing can be read here yet' }).waitFor();
  expect(await dan.page.getByText('Nobody has said anything').count()).toBe(0);
  await look(dan, 'encryption-waiting');
});

test('what was said here is looked for on the server when it closes', () => {
  expect(site.whispers()).toEqual(expect.arrayContaining(['now without Cem', 'said behind the door']));
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});
