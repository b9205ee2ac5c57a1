import { expect, test, vi } from 'vitest';
import { type DeviceError, ServerError } from '../../../web/crypto/device/errors.ts';
import type { MemoryStore } from '../../../web/crypto/device/memoryStore.ts';
import { callsOf } from '../../../web/crypto/worker/calls.ts';
import type { Desk } from '../../../web/crypto/worker/desk.ts';
import { expectAgreement } from './invariants.ts';
import { type Browser, browser } from './people.ts';
import { stage } from './stage.ts';

const opened = await stage('ann', 'bob', 'bob/phone', 'eve');

/** Ann, Bob with two browsers, and Eve in one room, in which all have read the first word. */
async function room() {
  const { server, users, browsers } = await opened();
  const id = server.room('PRIVATE', users.ann, users.bob, users.eve);
  await browsers.ann.device.makeGroup(id);
  await browsers.ann.say(id, 'one');
  for (const one of Object.values(browsers)) expect(await one.read(id)).toEqual(['one']);
  const { ann, bob, eve } = browsers;
  return { server, users, id, ann, bob, eve, phone: browsers['bob/phone'] };
}

/** What somebody would have who copied the disk, and to whom the server still tells everything. */
const copyOf = ({ user, ports }: Browser, server: Browser['ports']['server']) =>
  browser(user, server, { ...ports, store: (ports.store as MemoryStore).copy() });

test('Eve is removed, and reads nothing more: not with the keys that she had, not if the server tells her everything', async () => {
  const { server, users, id, ann, bob, eve } = await room();
  const friendly = server.copy();
  const accomplice = await copyOf(eve, friendly.session(users.eve, eve.device.core.self.deviceId));
  server.leave(id, users.eve, users.ann);
  await bob.say(id, 'Eve is gone');
  await ann.say(id, 'at last');
  expect(await eve.read(id)).toEqual([]);
  const log = friendly.rooms.get(id)?.log;
  log?.push(...(structuredClone(server.rooms.get(id)?.log.slice(log.length)) ?? []));
  expect(await accomplice.read(id)).toEqual(['one']);
  await expectAgreement(id, ann, bob);
});

test('what was kept of a room is gone from the disk of who was removed, and that the room was encrypted is not', async () => {
  const { server, users, id, eve } = await room();
  await eve.ports.store.write([[`kept/${id}/reading`, { 'how far': 'others have read' }]]);
  server.leave(id, users.eve, users.ann);
  await eve.device.follow(id);
  const left = await eve.ports.store.readAll('');
  expect(left.map(([key]) => key).filter((key) => key.includes(id))).toEqual([`room/${id}`]);
  expect((await eve.reload()).device.isPinned(id)).toBe(true);
});

test('Ann blocks Bob: what they have said to each other is there again when she unblocks him', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob } = browsers;
  const id = server.room('DIRECT', users.ann, users.bob);
  await ann.say(id, 'one');
  await bob.say(id, 'two');
  expect(await ann.read(id)).toEqual(['one', 'two']);
  const members = server.rooms.get(id)?.members;
  members?.delete(users.ann.id);
  await ann.device.follow(id);
  await expect(ann.device.settle(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  members?.set(users.ann.id, 'OWNER');
  const reloaded = await ann.reload();
  expect(await reloaded.read(id)).toEqual(['one', 'two']);
  await reloaded.say(id, 'three');
  expect(await bob.read(id)).toEqual(['one', 'two', 'three']);
});

test('Bob signs in where a tab of Eve’s sleeps: what it asks as Bob takes no room from her', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob, eve } = browsers;
  const id = server.room('PRIVATE', users.ann, users.eve);
  await ann.device.makeGroup(id);
  await ann.say(id, 'one');
  expect(await eve.read(id)).toEqual(['one']);
  const own = eve.ports.server;
  eve.ports.server = bob.ports.server;
  await eve.device.follow(id);
  eve.ports.server = own;
  await ann.say(id, 'two');
  expect(await (await eve.reload()).read(id)).toEqual(['one', 'two']);
});

test('Bob takes his phone out of use: whoever is next to do something removes it, and it reads and says nothing more', async () => {
  const { server, id, ann, bob, eve, phone } = await room();
  server.revoke(phone.device.core.self.deviceId);
  await eve.say(id, 'without the phone');
  for (const one of [ann, bob]) expect(await one.read(id)).toEqual(['one', 'without the phone']);
  await expectAgreement(id, ann, bob, eve);
  const refused = await phone.say(id, 'from the phone').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ServerError);
  expect(await phone.reload().catch((error: unknown) => error)).toMatchObject({ code: 'ELSEWHERE' });
  expect((await phone.device.room(id)).view.messages().map(({ message }) => message.body)).toEqual(['one']);
});

test('a removal that is due is made by any member who comes online, before anything is said', async () => {
  const { server, users, id, ann, bob, eve } = await room();
  server.leave(id, users.eve);
  await bob.device.settle(id);
  expect(server.rooms.get(id)?.group?.devices.has(eve.device.core.self.deviceId)).toBe(false);
  const before = server.rooms.get(id)?.log.length;
  await ann.say(id, 'two');
  expect(server.rooms.get(id)?.log.length).toBe((before ?? 0) + 1);
});

test('who was removed and asked in again reads from then on', async () => {
  const { server, users, id, ann, bob, eve } = await room();
  server.leave(id, users.eve, users.ann);
  await ann.say(id, 'while she is away');
  await eve.device.follow(id);
  await ann.invite(id, users.eve);
  server.join(id, users.eve, users.ann);
  await ann.device.settle(id);
  await bob.say(id, 'Welcome back');
  expect(await eve.read(id)).toEqual(['Welcome back']);
  await expectAgreement(id, ann, bob, eve);
});

test('a browser that has lost everything says so; with the account’s key it is a new device, without it a new person', async () => {
  const { server, users, id, ann, bob } = await room();
  const lost = () => browser(users.bob, server.session(users.bob));
  expect(await lost().catch((error: DeviceError) => error.code)).toBe('ELSEWHERE');
  const { accountSeed } = bob.device.identity.record;
  const again = await browser(users.bob, server.session(users.bob), { accountSeed });
  expect(await again.read(id)).toEqual([]);
  await ann.say(id, 'two');
  expect(await again.read(id)).toEqual(['two']);
  await again.say(id, 'It is me.');
  expect((await ann.read(id)).at(-1)).toBe('It is me.');
  await expectAgreement(id, ann, bob, again);

  const other = await browser(users.bob, server.session(users.bob), { startAnew: { password: 'of the account' } });
  await ann.device.settle(id);
  await ann.say(id, 'three');
  expect(await other.read(id)).toEqual([]);
  expect(ann.device.core.pins.trustOf(users.bob.id)).toBe('changed');
  await ann.accept(users.bob);
  await ann.device.settle(id);
  await ann.say(id, 'Is it you, Bob?');
  expect(await other.read(id)).toEqual(['Is it you, Bob?']);
});

test('who has compared a number while another key came verifies and accepts nobody, and is told to compare again', async () => {
  const { server, users, id, ann } = await room();
  const page = callsOf({ ready: async () => ann.device } as Desk);
  const compared = await page.safetyNumber(users.bob.id);
  await browser(users.bob, server.session(users.bob), { startAnew: { password: 'of the account' } });
  await ann.device.settle(id);
  for (const settle of [page.verify, page.accept])
    await expect(settle(users.bob.id, compared.key)).rejects.toMatchObject({ code: 'IDENTITY_CHANGED' });
  expect(await page.trustOf(users.bob.id)).toBe('changed');
  const shown = await page.safetyNumber(users.bob.id);
  expect(shown.digits).not.toBe(compared.digits);
  await page.verify(users.bob.id, shown.key);
  expect(await page.trustOf(users.bob.id)).toBe('verified');
});

test('a disk that was set back is noticed before a key is used twice', async () => {
  const { server, users, id, ann, bob, eve } = await room();
  const old = (bob.ports.store as MemoryStore).copy();
  await bob.say(id, 'two');
  await bob.say(id, 'three');
  await ann.read(id);
  const session = server.session(users.bob, bob.device.core.self.deviceId);
  const setBack = await browser(users.bob, session, { ...bob.ports, store: old });
  await setBack.say(id, 'four');
  expect(await ann.read(id)).toEqual(['one', 'two', 'three', 'four']);
  expect(await eve.read(id)).toEqual(['one', 'two', 'three', 'four']);
  expect(setBack.device.core.rooms.get(id)?.record.resyncs).toBe(1);
  await expectAgreement(id, ann, setBack, eve);
});

test('key packages that are used up are followed by the last one, and by new ones when the device comes back', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob } = browsers;
  const { deviceId } = bob.device.core.self;
  const device = server.devices.get(deviceId);
  if (!device) throw new Error('Bob has a device');
  device.keyPackages = [];
  const rooms = [0, 1, 2].map(() => server.room('PRIVATE', users.ann, users.bob));
  for (const id of rooms) {
    await ann.device.makeGroup(id);
    await ann.say(id, 'Are you there?');
  }
  for (const id of rooms) expect(await bob.read(id)).toEqual(['Are you there?']);
  await bob.reload();
  expect(server.devices.get(deviceId)?.keyPackages).toHaveLength(50);
});

test.each(['a welcome has used one up', 'an hour has gone by'])(
  'key packages of which few are left are made anew by an open page, after %s',
  async (when) => {
    const { server, users, browsers } = await opened();
    const { ann, bob } = browsers;
    const device = server.devices.get(bob.device.core.self.deviceId);
    if (!device) throw new Error('Bob has a device');
    device.keyPackages = device.keyPackages.slice(0, 20);
    bob.device.attend();
    if (when.startsWith('an hour')) {
      device.keyPackages.shift();
      bob.ports.clock.ms += 3_600_000;
    } else {
      const id = server.room('PRIVATE', users.ann, users.bob);
      await ann.device.makeGroup(id);
      await bob.read(id);
    }
    expect(device.keyPackages).toHaveLength(19);
    bob.device.attend();
    await vi.waitUntil(() => device.keyPackages.length === 50);
  },
);

test('the secret of a key package that has brought Bob in is gone, and the last resort’s is not', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob } = browsers;
  const kept = async () => (await bob.ports.store.readAll('keyPackage/')).length;
  const before = await kept();
  const id = server.room('PRIVATE', users.ann, users.bob);
  await ann.device.makeGroup(id);
  await bob.read(id);
  expect(await kept()).toBe(before - 1);
  const device = server.devices.get(bob.device.core.self.deviceId);
  if (device) device.keyPackages = [];
  const other = server.room('PRIVATE', users.ann, users.bob);
  await ann.device.makeGroup(other);
  await bob.read(other);
  expect(await kept()).toBe(before - 1);
});

test('while Bob’s new key is not accepted nothing is kept of what cannot be told to him, however often it is tried', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob } = browsers;
  const id = server.room('DIRECT', users.ann, users.bob);
  await ann.say(id, 'one');
  await bob.read(id);
  const anew = await browser(users.bob, server.session(users.bob), { startAnew: { password: 'of the account' } });
  await anew.device.follow(id);
  for (let n = 0; n < 3; n++) await expect(ann.device.settle(id)).rejects.toMatchObject({ code: 'IDENTITY_CHANGED' });
  expect(await ann.ports.store.readAll('sent/')).toEqual([]);
  await ann.accept(users.bob);
  await ann.device.settle(id);
  expect(await anew.read(id)).toEqual(['one']);
});

test('Bob begins anew before he comes into a room that he was asked into: Ann is told, and lets him in when she accepts', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob } = browsers;
  const first = server.room('PRIVATE', users.ann, users.bob);
  await ann.device.makeGroup(first);
  await bob.read(first);
  const id = server.room('PRIVATE', users.ann);
  await ann.say(id, 'one');
  await ann.invite(id, users.bob);
  const anew = await browser(users.bob, server.session(users.bob), { startAnew: { password: 'of the account' } });
  server.join(id, users.bob, users.ann);
  const device = server.devices.get(anew.device.core.self.deviceId);
  await ann.device.settle(id);
  expect(ann.device.core.pins.trustOf(users.bob.id)).toBe('changed');
  const left = device?.keyPackages.length;
  await ann.device.settle(id);
  expect(device?.keyPackages.length).toBe(left);
  await ann.accept(users.bob);
  await ann.say(id, 'Is it you, Bob?');
  await ann.device.settle(id);
  await ann.say(id, 'Welcome');
  expect((await anew.read(id)).at(-1)).toBe('Welcome');
});

test('Bob, whom Ann has let in, renews his keys once a day', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob } = browsers;
  const id = server.room('PRIVATE', users.ann, users.bob);
  await ann.device.makeGroup(id);
  await bob.read(id);
  const epoch = () => server.rooms.get(id)?.group?.epoch ?? 0;
  const before = epoch();
  await bob.device.settle(id);
  expect(epoch()).toBe(before);
  for (const day of [1, 2]) {
    bob.ports.clock.ms += 86_500_000;
    await bob.device.settle(id);
    await bob.device.settle(id);
    expect(epoch()).toBe(before + day);
  }
  await ann.say(id, 'Good morning');
  expect(await bob.read(id)).toEqual(['Good morning']);
});
