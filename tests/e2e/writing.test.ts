import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite, PHONE, type Site, type Visitor } from './site.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;
let room: string;

const PATIENT = { timeout: 20_000 };

beforeAll(async () => {
  site = await openSite();
  [ada, bea] = [await site.visitor('Ada'), await site.visitor('Bea', { colorScheme: 'dark' })];
  await ada.register();
  await bea.register();
  room = await ada.createRoom('boat-shed');
  await bea.joinByLink(room);
});
afterAll(() => site?.close());

test('typing @be offers Bea; Enter takes her name, and it is ember on her screen', async () => {
  await ada.page
    .getByRole('button', { name: /^2/ })
    .or(ada.page.getByText('2', { exact: true }))
    .first()
    .waitFor();
  await ada.composer.pressSequentially('hello @be');
  await ada.page.getByRole('option', { name: /Bea/ }).waitFor();
  await ada.picture('completion-light-1280');
  await ada.composer.press('Enter');
  expect(await ada.composer.inputValue()).toBe('hello @bea ');
  await ada.composer.press('Enter');
  await bea.log.locator('.msg.mention .at.self', { hasText: '@bea' }).waitFor();
});

test(':boat offers a boat, Escape leaves the letters alone', async () => {
  await ada.composer.pressSequentially(':sailb');
  await ada.page.getByRole('option', { name: /sailboat/ }).waitFor();
  await ada.composer.press('Escape');
  expect(await ada.page.getByRole('option').count()).toBe(0);
  expect(await ada.composer.inputValue()).toBe(':sailb');
  await ada.composer.fill('');
  await ada.composer.pressSequentially(':sailb');
  await ada.page.getByRole('option', { name: /sailboat/ }).waitFor();
  await ada.composer.press('Tab');
  expect(await ada.composer.inputValue()).toContain('⛵');
  await ada.composer.fill('');
});

test('the emoji picker is searched and chosen from by keyboard, and focus returns to the composer', async () => {
  await ada.page.getByRole('button', { name: 'Emoji' }).click();
  const picker = ada.page.getByRole('dialog', { name: 'Choose an emoji' });
  await picker.getByRole('button', { name: 'grinning', exact: true }).waitFor();
  await ada.picture('emoji-light-1280');
  await ada.page.keyboard.type('thumbs up');
  await ada.page.keyboard.press('ArrowDown');
  await ada.page.keyboard.press('Enter');
  await picker.waitFor({ state: 'detached' });
  expect(await ada.composer.inputValue()).toContain('👍');
  expect(await ada.composer.evaluate((area) => area === document.activeElement)).toBe(true);
  await ada.composer.fill('');
});

test('IME Enter does not send; Shift Enter begins a line', async () => {
  await ada.composer.fill('にほん');
  await ada.composer.dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true });
  expect(await ada.composer.inputValue()).toBe('にほん');
  await ada.composer.press('Shift+Enter');
  await ada.composer.pressSequentially('b');
  expect(await ada.composer.inputValue()).toBe('にほん\nb');
  await ada.composer.fill('');
});

test('Type, switch room, come back, reload: it is there.', async () => {
  await bea.say('Who brings the rope?');
  await ada.sees('Who brings the rope?');
  await ada.row('Who brings the rope?').focus();
  await ada.page.keyboard.press('r');
  await ada.composer.fill('I will, the long');
  await ada.page.goto('/settings');
  await ada.page.getByRole('link', { name: /^boat-shed/ }).click();
  await ada.page.getByText('Replying to Bea').waitFor();
  expect(await ada.composer.inputValue()).toBe('I will, the long');
  await ada.page.reload();
  await ada.page.getByText('Replying to Bea').waitFor();
  expect(await ada.composer.inputValue()).toBe('I will, the long');
  await ada.composer.press('Enter');
  await bea.sees('I will, the long');
  expect(await bea.row('I will, the long').locator('.quote').innerText()).toContain('Who brings the rope?');
  await bea.picture('reply-dark-1280');
});

test('Markdown and code are shown as such, and code is coloured', async () => {
  await ada.say(
    '**tide** for *tomorrow*:\n> high at 9\n- bring `rope`\n- and [the map](https://a.org/map)\n```bash\n# tide\ncurl -s "http://tide.lan" | jq\n```',
  );
  await bea.log.locator('.pre .c').getByText('# tide').waitFor();
  expect(await bea.log.locator('.msg strong').innerText()).toBe('tide');
  expect(await bea.log.getByRole('link', { name: 'the map' }).getAttribute('rel')).toContain('noreferrer');
  await bea.picture('markdown-dark-1280');
});

test('An Arabic message in an English room reads correctly, and the other way round.', async () => {
  const texts = ['مرحبا بالجميع، الساعة 9', 'The boat is العمارة, pier 3', 'هذا رابط: https://a.org/x'];
  await ada.program(room, texts);
  await bea.sees(texts[2] ?? '');
  const directions = () =>
    Promise.all(
      texts.map((text) =>
        bea
          .row(text)
          .locator('.body')
          .first()
          .evaluate((body) => getComputedStyle(body).direction),
      ),
    );
  expect(await directions()).toEqual(['rtl', 'ltr', 'rtl']);
  await bea.page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'));
  expect(await directions()).toEqual(['rtl', 'ltr', 'rtl']);
  await bea.page.evaluate(() => document.documentElement.removeAttribute('dir'));
});

test('hostile texts stay in their place: no scroll bar, nothing executed, nothing turned around', async () => {
  const zalgo = `z${'\u0301\u0316'.repeat(200)}`;
  const texts = [
    'a'.repeat(8_000),
    `\u202eturned around`,
    zalgo.repeat(5),
    `${'>'.repeat(500)} deep`,
    '<img src=x onerror=document.title=1>',
    '[tea](javascript:document.title=1)',
    '<svg/onload=document.title=1>',
  ];
  await ada.program(room, texts);
  await bea.sees('onload');
  const wide = await bea.log.evaluate((log) => log.scrollWidth > log.clientWidth + 1);
  expect(wide).toBe(false);
  await bea.row('tea').click();
  expect(await bea.page.title()).not.toBe('1');
  expect(await bea.log.locator('.msg img, .msg svg:not(.i), a[href^="javascript"]').count()).toBe(0);
  const heights = await bea.log
    .locator('.msg', { hasText: 'z\u0301' })
    .evaluateAll((rows) => rows.map((row) => row.clientHeight));
  expect(Math.max(...heights)).toBeLessThan(200);
});

test('dir=auto per message: Hebrew begins on the right, its neighbours on the left', async () => {
  await ada.program(room, ['before it', 'שלום לכולם', 'after it']);
  await bea.sees('after it');
  const directionOf = (text: string) =>
    bea
      .row(text)
      .locator('.body')
      .evaluate((body) => getComputedStyle(body).direction);
  expect(await Promise.all(['before it', 'שלום', 'after it'].map(directionOf))).toEqual(['ltr', 'rtl', 'ltr']);
});

test('At 360 px everything is reachable with a thumb; the keyboard does not cover the composer.', async () => {
  const phone = await site.visitor('Bea', PHONE);
  await phone.signIn();
  expect(await outOfReach(phone)).toEqual([]);
  await phone.page.goto(room);
  await phone.sees('after it');
  expect(await outOfReach(phone)).toEqual([]);
  await phone.page.getByRole('button', { name: 'Details', exact: true }).tap();
  await phone.page.getByRole('complementary', { name: 'Details' }).waitFor();
  expect(await outOfReach(phone)).toEqual([]);
  await phone.page.goto('/settings');
  await phone.page.getByText('a hash of it').first().waitFor();
  expect(await outOfReach(phone)).toEqual([]);
  await phone.context.close();

  const { page } = bea;
  const size = page.viewportSize() ?? { width: 1280, height: 800 };
  expect(await page.locator('meta[name=viewport]').getAttribute('content')).toContain(
    'interactive-widget=resizes-content',
  );
  await page.setViewportSize({ width: 360, height: 340 });
  const bottoms = () =>
    Promise.all(
      [bea.composer, bea.row('after it')].map((one) => one.evaluate((it) => it.getBoundingClientRect().bottom)),
    );
  await expect.poll(async () => Math.max(...(await bottoms())), PATIENT).toBeLessThanOrEqual(340);
  await page.setViewportSize(size);
});

/** The controls on screen that a touch in their middle does not meet, or that are smaller than 24 × 24 (WCAG 2.5.8). */
function outOfReach({ page }: Visitor) {
  return page.evaluate(() => {
    const controls = document.querySelectorAll<HTMLElement>(
      'button, a[href], input, select, textarea, [role="switch"]',
    );
    if (controls.length < 5) return ['Nothing is there yet.'];
    return [...controls].flatMap((control) => {
      // What stands in a sentence is as high as its line, and what is only for the keyboard is no place to touch.
      const inline = getComputedStyle(control).display === 'inline';
      if (control.closest('[inert], [aria-hidden="true"], .vh, .skip') || inline || !control.checkVisibility())
        return [];
      const target = control.matches('input') ? (control.closest('label') ?? control) : control;
      target.scrollIntoView({ block: 'center', inline: 'nearest' });
      const { left, right, top, width, height } = target.getBoundingClientRect();
      const met = document.elementFromPoint(left + width / 2, top + height / 2);
      const isMet = Boolean(met && (target.contains(met) || met.contains(target)));
      const fits = left >= 0 && right <= innerWidth && Math.min(width, height) >= 24;
      return isMet && fits ? [] : [`${control.outerHTML.slice(0, 120)} ${width}×${height}`];
    });
  });
}

test('two tabs of one person writing at once: both show everything, and each message is sent once', async () => {
  const second = await ada.context.newPage();
  await second.goto(room);
  const other = second.getByRole('textbox', { name: /^Message / });
  await other.waitFor();
  await ada.context.setOffline(true);
  for (let n = 1; n <= 3; n++) {
    await ada.say(`first tab ${n}`);
    await other.fill(`second tab ${n}`);
    await other.press('Enter');
  }
  await second.getByRole('log').getByText('first tab 3').waitFor();
  await ada.context.setOffline(false);
  await bea.sees('first tab 3');
  await bea.sees('second tab 3');
  const said = (await bea.reads()).filter((text) => / tab \d/.test(text));
  expect(new Set(said).size).toBe(6);
  expect(said).toHaveLength(6);
  for (const tab of ['first', 'second']) {
    expect(said.filter((text) => text.startsWith(tab))).toEqual([1, 2, 3].map((n) => `${tab} tab ${n}`));
  }
  await second.close();
});

test('the message that is being sent stays the same element', async () => {
  await ada.context.setOffline(true);
  await ada.say('the same element');
  await ada.row('the same element').evaluate((row) => Object.assign(row, { marked: true }));
  await ada.context.setOffline(false);
  await ada.sees('the same element');
  expect(await ada.row('the same element').evaluate((row) => (row as { marked?: boolean }).marked)).toBe(true);
});

test('signing out leaves nothing of Ada in the browser', async () => {
  await ada.composer.fill('a secret draft');
  await ada.page.goto('/settings');
  await ada.page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await ada.page.waitForURL(/\/login/);
  const kept = () =>
    ada.page.evaluate(async () => {
      const db = await new Promise<IDBDatabase>((resolve) => {
        const opening = indexedDB.open('shh');
        opening.onsuccess = () => resolve(opening.result);
      });
      const counts = [...db.objectStoreNames].map(
        (name) =>
          new Promise<number>((resolve) => {
            const counting = db.transaction(name).objectStore(name).count();
            counting.onsuccess = () => resolve(counting.result);
          }),
      );
      const rows = (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
      db.close();
      return { rows, drafts: Object.keys(localStorage).filter((key) => key.startsWith('draft')) };
    });
  await expect.poll(kept, PATIENT).toEqual({ rows: 0, drafts: [] });
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});
