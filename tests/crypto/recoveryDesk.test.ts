import { expect, test } from 'vitest';
import { restoreKeys } from '../../web/crypto/device/backup.ts';
import { ServerError } from '../../web/crypto/device/errors.ts';
import { MemoryStore } from '../../web/crypto/device/memoryStore.ts';
import { randomBytes } from '../../web/crypto/primitives.ts';
import type { Desk } from '../../web/crypto/worker/desk.ts';
import { RecoveryDesk } from '../../web/crypto/worker/recoveryDesk.ts';
import type { Browser } from './device/people.ts';
import { stage } from './device/stage.ts';

const opened = await stage('ann', 'bob');

/** What the recovery key knows of the rest of a browser. */
const deskOf = ({ user, ports }: Browser, server = ports.server, rest: object = {}) =>
  ({ store: ports.store, ports: { ...ports, server }, viewer: user, tellState: () => {}, ...rest }) as unknown as Desk;

/** Ann's browser, whose backup is on, when she has said two things to Bob and the server is away. */
async function saving() {
  const { server, users, browsers } = await opened();
  const room = server.room('PRIVATE', users.ann, users.bob);
  await browsers.ann.device.makeGroup(room);
  for (const text of ['one', 'two']) await browsers.ann.say(room, text);
  const { ports } = browsers.ann;
  const weather = { isAway: true, tries: 0 };
  const putBackupSegment: typeof ports.server.putBackupSegment = async (...segment) => {
    weather.tries++;
    if (weather.isAway) throw new ServerError('UNAVAILABLE', 'Try again.');
    await ports.server.putBackupSegment(...segment);
  };
  const backupKey = randomBytes(32);
  await ports.store.write([['recovery', backupKey]]);
  const flaky = Object.assign(Object.create(ports.server), { putBackupSegment });
  const desk = new RecoveryDesk(deskOf(browsers.ann, flaky));
  await desk.begin();
  const found = { ...ports, store: new MemoryStore(), accountId: users.ann.id };
  return { desk, weather, saved: async () => (await restoreKeys(found, backupKey)).get(room) };
}

test('a backup that could not be written while the server was away is written when it is back, though nobody speaks', async () => {
  const { desk, weather, saved } = await saving();
  await expect.poll(() => weather.tries).toBe(1);
  await expect.poll(() => desk.onlyHere).toBe(2);
  desk.attend();
  await expect.poll(() => weather.tries).toBe(2);
  expect(await saved()).toBeUndefined();
  weather.isAway = false;
  const here = () => {
    desk.attend();
    return desk.onlyHere;
  };
  await expect.poll(here).toBe(0);
  expect(await saved()).toBe(2);
  const { tries } = weather;
  for (let n = 0; n < 3; n++) desk.attend();
  expect(weather.tries).toBe(tries);
});

test('a room that Ann was removed from while her browser was closed keeps no other room out of her backup', async () => {
  const { server, users, browsers } = await opened();
  const rooms = [0, 1, 2].map(() => server.room('PRIVATE', users.bob, users.ann)).sort();
  const [lost = '', ...others] = rooms;
  for (const id of rooms) {
    await browsers.bob.device.makeGroup(id);
    await browsers.ann.say(id, 'Good morning');
  }
  server.leave(lost, users.ann, users.bob);
  const { ports } = browsers.ann;
  const backupKey = randomBytes(32);
  await ports.store.write([['recovery', backupKey]]);
  const desk = new RecoveryDesk(deskOf(browsers.ann));
  await desk.begin();
  await expect.poll(() => desk.onlyHere).toBe(1);
  const found = { ...ports, store: new MemoryStore(), accountId: users.ann.id };
  expect([...(await restoreKeys(found, backupKey)).keys()].sort()).toEqual(others);
});
