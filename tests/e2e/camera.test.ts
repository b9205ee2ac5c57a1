import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { look } from './look.ts';
import { openSite, PHONE, type Site, type Visitor, WEB } from './site.ts';

const folder = mkdtempSync(join(tmpdir(), 'shh-camera-'));
const film = join(folder, 'camera.y4m');
const CAMERA = [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  `--use-file-for-fake-video-capture=${film}`,
];

let site: Site;
let ada: Visitor;
let bea: Visitor;

beforeAll(async () => {
  site = await openSite({}, WEB, CAMERA);
  [ada, bea] = [await site.visitor('Ada', { ...PHONE, colorScheme: 'dark' }), await site.visitor('Bea')];
  for (const one of [bea, ada]) {
    await one.register();
    await one.hasKeys();
  }
  const path = await ada.writeTo('Bea');
  await ada.say('shall we compare?');
  await bea.page.goto(path);
  await bea.sees('shall we compare?');
});
afterAll(async () => {
  await site?.close();
  rmSync(folder, { recursive: true });
});

/** Opens the dialog in which the two are compared, and gives a picture of the code in it. */
async function compares({ page }: Visitor, other: string): Promise<Buffer> {
  await page.getByRole('button', { name: 'End-to-end encrypted' }).click();
  await page.getByRole('button', { name: `Verify ${other}` }).click();
  return page.getByRole('img', { name: `Code for ${other} to scan` }).screenshot();
}

const [WIDTH, HEIGHT] = [640, 480];

/** What every camera sees that is opened from now on: this picture, held before it. */
async function show(picture: Buffer) {
  const held = sharp(picture).resize(WIDTH, HEIGHT, { fit: 'contain', background: '#777' }).greyscale();
  const grey = await held.raw().toBuffer();
  const frame = Buffer.concat([Buffer.from('FRAME\n'), grey, Buffer.alloc(grey.length / 2, 128)]);
  writeFileSync(`${film}.next`, Buffer.concat([Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F30:1 C420\n`), frame]));
  renameSync(`${film}.next`, film);
}

/** How many cameras the page of a visitor has open. */
const open = ({ page }: Visitor) =>
  page.evaluate(
    () => (globalThis as any).opened.filter((track: MediaStreamTrack) => track.readyState === 'live').length,
  );

async function notesCameras({ page }: Visitor) {
  await page.evaluate(() => {
    const opened: MediaStreamTrack[] = [];
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    Object.assign(globalThis, { opened });
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      opened.push(...stream.getTracks());
      return stream;
    };
  });
}

/** From now on the browser refuses its camera, for that reason. */
const refuseCamera = ({ page }: Visitor, reason: string) =>
  page.evaluate((name) => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name));
  }, reason);

test('Ada, whose browser does not give its camera, is told why and what else she can do', async () => {
  const { page } = ada;
  await compares(ada, 'Bea');
  for (const [reason, said] of [
    ['NotAllowedError', 'The camera was not allowed.'],
    ['NotFoundError', 'No camera was found.'],
    ['NotReadableError', 'Something else uses the camera.'],
    ['NotSupportedError', 'The camera could not be opened.'],
  ] as const) {
    await refuseCamera(ada, reason);
    await page.getByRole('button', { name: 'Scan their code' }).press('Enter');
    await page.getByText(said).waitFor();
    await page.getByRole('list', { name: 'Safety number' }).waitFor();
  }
  await look(ada, 'camera-refused');
  await page.reload();
});

test('a code of others does not make Bea verified, and the camera is closed when it was seen', async () => {
  await show(await compares(ada, 'Bea'));
  await notesCameras(ada);
  await ada.page.getByRole('button', { name: 'Scan their code' }).press('Enter');
  await ada.page.getByText('This is not the code of you two.').waitFor();
  expect(await open(ada)).toBe(0);
  expect(await ada.page.getByText('verified').count()).toBe(0);
});

test('while no code is held before it the camera stays open, until Ada stops it, closes the dialog or leaves', async () => {
  const { page } = ada;
  await show(
    await sharp({ create: { width: 64, height: 48, channels: 3, background: '#456' } })
      .png()
      .toBuffer(),
  );
  await page.getByRole('button', { name: 'Scan their code' }).press('Enter');
  await page.getByText('Hold the code that Bea is shown for you before the camera.').waitFor();
  await expect.poll(() => open(ada)).toBe(1);
  await expect
    .poll(() => page.getByLabel('What your camera sees').evaluate((video: any) => video.videoWidth))
    .toBe(640);
  await look(ada, 'camera');
  await page.getByRole('button', { name: 'Stop the camera' }).press('Enter');
  await expect.poll(() => open(ada)).toBe(0);
  await page.getByRole('button', { name: 'Scan their code' }).press('Enter');
  await expect.poll(() => open(ada)).toBe(1);
  await page.keyboard.press('Escape');
  await expect.poll(() => open(ada)).toBe(0);
  await page.getByRole('button', { name: 'Verify Bea' }).click();
});

test('Ada holds her camera before the screen of Bea: Bea is verified', async () => {
  await show(await compares(bea, 'Ada'));
  await ada.page.getByRole('button', { name: 'Scan their code' }).press('Enter');
  await ada.page.getByText('Bea is verified.').waitFor();
  await ada.page.getByText('· verified').waitFor();
  expect(await open(ada)).toBe(0);
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});
