import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runBot } from '../../examples/encrypted-bot.ts';
import { encryptedRoomOf } from '../devices.ts';
import { browserOf } from '../encryptedPeople.ts';
import { addMember } from '../rooms.ts';
import { openWorld, PASSWORD, type World } from '../world.ts';

const PATIENT = { timeout: 50_000, interval: 100 };

let world: World;
let folder: string;
beforeAll(async () => {
  world = await openWorld();
  folder = await mkdtemp(join(tmpdir(), 'bot-'));
});
afterAll(async () => {
  await world?.close();
  await rm(folder, { recursive: true });
});

test('a bot that Ann asks into her encrypted room answers there, each question once, also after it was started again', async () => {
  const [ann, echo] = [await world.person('ann'), await world.person('echo')];
  const file = join(folder, 'echo.keys');
  const run = () => runBot(world.node.url, echo.username, PASSWORD, file);
  const first = await run();
  const anns = await browserOf(ann);
  const room = await encryptedRoomOf(ann);
  await anns.device.makeGroup(room);
  await anns.say(room, 'before the bot');
  await anns.invite(room, echo);
  await ann.graphql(...addMember(room, echo.id));
  await anns.device.settle(room);
  await anns.say(room, 'echo Hello?');
  await vi.waitUntil(async () => (await anns.read(room)).includes('Hello?'), PATIENT);
  await first.stop();
  await anns.say(room, 'echo Are you back?');
  const second = await run();
  await vi.waitUntil(async () => (await anns.read(room)).includes('Are you back?'), PATIENT);
  expect(await anns.read(room)).toEqual([
    'before the bot',
    'echo Hello?',
    'Hello?',
    'echo Are you back?',
    'Are you back?',
  ]);
  expect(second.device.core.self.deviceId).toBe(first.device.core.self.deviceId);
  const seen = (await second.device.room(room)).view.messages().map(({ message }) => message.body);
  expect(seen).not.toContain('before the bot');
  await second.stop();
  expect(
    (await readFile(file, 'utf8'))
      .split('\n')
      .slice(0, -1)
      .every((line) => JSON.parse(line).puts),
  ).toBe(true);
});
