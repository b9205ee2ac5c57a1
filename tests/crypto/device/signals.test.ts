import { expect, test } from 'vitest';
import { type Bytes, concat, utf8, uuidToBytes } from '../../../web/crypto/bytes.ts';
import { openSignal, type Signal, sealSignal } from '../../../web/crypto/device/signals.ts';
import type { GroupState } from '../../../web/crypto/mls/engine.ts';
import { decrypt, encrypt, randomBytes, uint32 } from '../../../web/crypto/primitives.ts';
import { type Browser, browser } from './people.ts';
import { stage } from './stage.ts';

const opened = await stage('ann', 'bob', 'eve');

const TYPING: Signal = { kind: 'typing', upTo: 0 };
const READING: Signal = { kind: 'reading', upTo: 7 };

/** Ann, Bob and Eve in two rooms, in which all are. */
async function three() {
  const { server, users, browsers } = await opened();
  const rooms = [0, 1].map(() => server.room('PRIVATE', users.ann, users.bob, users.eve));
  for (const id of rooms) {
    await browsers.ann.device.makeGroup(id);
    for (const one of Object.values(browsers)) await one.read(id);
  }
  const [room = '', elsewhere = ''] = rooms;
  return { server, users, room, elsewhere, ...browsers };
}

const seal = async ({ device }: Browser, room: string, signal = TYPING) =>
  (await sealSignal(device, room, signal)) as Bytes;
const open = ({ device }: Browser, room: string, sealed: Bytes) => openSignal(device, room, sealed);
const by = ({ device }: Browser, signal: Signal) => ({
  ...signal,
  userId: device.core.self.accountId,
  deviceId: device.core.self.deviceId,
});

test('Bob and Eve hear that Ann types, and how far she has read: all in 256 bytes that are never the same', async () => {
  const { ann, bob, eve, room } = await three();
  const seen = new Set<string>();
  for (const signal of [TYPING, READING, { ...READING, kind: 'asking' as const }, TYPING]) {
    const sealed = await seal(ann, room, signal);
    expect(sealed.length).toBe(256);
    seen.add(String(sealed));
    for (const one of [bob, eve]) expect(await open(one, room, sealed)).toEqual(by(ann, signal));
    expect(await open(ann, room, sealed)).toBeUndefined();
  }
  expect(seen.size).toBe(4);
});

test('what the server says again, or late, is not of this moment any more', async () => {
  const { ann, bob, room } = await three();
  const [first, second, late] = [await seal(ann, room), await seal(ann, room), await seal(ann, room)];
  expect(await open(bob, room, second)).toEqual(by(ann, TYPING));
  for (const old of [second, first, second]) expect(await open(bob, room, old)).toBeUndefined();
  bob.ports.clock.ms += 3 * 60_000;
  expect(await open(bob, room, late)).toBeUndefined();
  expect(await open(await bob.reload(), room, late)).toBeUndefined();
  ann.ports.clock.ms = bob.ports.clock.ms;
  expect(await open(bob, room, await seal(ann, room))).toEqual(by(ann, TYPING));
});

test('what the server puts into another room, or has changed, is nobody’s word', async () => {
  const { ann, bob, room, elsewhere } = await three();
  const sealed = await seal(ann, room);
  expect(await open(bob, elsewhere, sealed)).toBeUndefined();
  for (let at = 0; at < sealed.length; at += 5) {
    const damaged = sealed.with(at, (sealed[at] ?? 0) ^ 1);
    expect(await open(bob, room, damaged)).toBeUndefined();
  }
  for (const size of [0, 11, 28, 255]) expect(await open(bob, room, sealed.slice(0, size))).toBeUndefined();
  expect(await open(bob, room, concat(sealed, new Uint8Array(1)))).toBeUndefined();
  expect(await open(bob, room, randomBytes(256))).toBeUndefined();
  expect(await open(bob, room, sealed)).toEqual(by(ann, TYPING));
});

test('Eve, who is in the room, cannot say anything in Ann’s name', async () => {
  const { ann, bob, eve, room } = await three();
  const { secret, context, group } = await insideOf(eve, room);
  const own = await seal(eve, room);
  const said = (await decrypt(secret, own.slice(0, 12), own.slice(12), context)) as Bytes;
  const [eves, anns] = [group.ownLeaf, leafOf(group, ann)];
  expect(said.slice(0, 4)).toEqual(uint32(eves));
  const forged = async (parts: Uint8Array[]) => {
    const nonce = randomBytes(12);
    return concat(nonce, await encrypt(secret, nonce, concat(...parts), context));
  };
  // She can do what the others can: her own words come, sealed by her own hand.
  expect(await open(bob, room, await forged([said]))).toEqual(by(eve, TYPING));
  expect(await open(bob, room, await forged([uint32(anns), said.slice(4)]))).toBeUndefined();
  const heardFromAnn = await seal(ann, room);
  const annSaid = (await decrypt(secret, heardFromAnn.slice(0, 12), heardFromAnn.slice(12), context)) as Bytes;
  // Ann has said that she types, not that she has read.
  const otherKind = [annSaid.slice(0, 4), uint32(1), uint32(9), annSaid.slice(12)];
  expect(await open(bob, room, await forged(otherKind))).toBeUndefined();
  expect(await open(bob, room, await forged([annSaid]))).toEqual(by(ann, TYPING));
});

/** What Eve can compute as everybody can who is in the epoch. */
async function insideOf({ device }: Browser, roomId: string) {
  const { group, record } = await device.room(roomId);
  const state = group as GroupState;
  const label = 'shh signal v1';
  const place = [uint32(record.generation), uint32(Number(state.epoch))];
  const context = concat(utf8(label), uuidToBytes(roomId), ...place);
  return { context, group: state, secret: await device.core.engine.exportSecret(state, label, context, 32) };
}

const leafOf = ({ members }: GroupState, { device }: Browser) =>
  members.find(({ credential }) => credential.deviceId === device.core.self.deviceId)?.leaf ?? -1;

test('a signal is of its epoch: who has moved on hears none of the one before', async () => {
  const { ann, bob, eve, room } = await three();
  const [before, missed] = [await seal(ann, room), await seal(ann, room)];
  expect(await open(eve, room, before)).toEqual(by(ann, TYPING));
  await ann.device.renew(room);
  await bob.read(room);
  expect(await open(bob, room, missed)).toBeUndefined();
  expect(await open(eve, room, await seal(ann, room))).toBeUndefined();
  await eve.read(room);
  for (const one of [bob, eve]) expect(await open(one, room, await seal(ann, room, READING))).toEqual(by(ann, READING));
});

test('Eve is removed: from then on she reads no signal, and none of hers is heard', async () => {
  const { server, users, room, ann, bob, eve } = await three();
  const accomplice = server.copy();
  const copied = await browser(users.eve, accomplice.session(users.eve, eve.device.core.self.deviceId), eve.ports);
  server.leave(room, users.eve, users.ann);
  const hers = await seal(copied, room);
  await ann.device.follow(room);
  // Nobody has committed it yet: Ann, who knows, says nothing that Eve could read, and hears nothing of hers.
  expect(await sealSignal(ann.device, room, TYPING)).toBeUndefined();
  expect(await open(ann, room, hers)).toBeUndefined();
  await ann.say(room, 'Eve is gone');
  await bob.read(room);
  const sealed = await seal(ann, room);
  expect(await open(bob, room, sealed)).toEqual(by(ann, TYPING));
  expect(await open(copied, room, sealed)).toBeUndefined();
  expect(await open(bob, room, await seal(copied, room))).toBeUndefined();
  await eve.device.follow(room);
  expect(await sealSignal(eve.device, room, TYPING)).toBeUndefined();
});

test('who was never in the room hears nothing, and has nothing to say there', async () => {
  const { server, users, browsers } = await opened();
  const { ann, eve } = browsers;
  const room = server.room('DIRECT', users.ann, users.bob);
  expect(await sealSignal(ann.device, room, TYPING)).toBeUndefined();
  await ann.device.makeGroup(room);
  expect(await open(eve, room, await seal(ann, room))).toBeUndefined();
  expect(await sealSignal(eve.device, room, TYPING)).toBeUndefined();
});

test('nothing is signalled to Bob, who has begun with another key, before he was accepted', async () => {
  const { server, users, browsers } = await opened();
  const { ann } = browsers;
  const room = server.room('DIRECT', users.ann, users.bob);
  await ann.device.makeGroup(room);
  await ann.say(room, 'to Bob');
  await browsers.bob.read(room);
  const anew = await browser(users.bob, server.session(users.bob), { startAnew: { password: 'quiet enough' } });
  await anew.device.follow(room);
  await ann.device.follow(room);
  expect(await sealSignal(ann.device, room, TYPING)).toBeUndefined();
  await ann.accept(users.bob);
  await ann.say(room, 'so it is you');
  await anew.read(room);
  expect(await open(anew, room, await seal(ann, room))).toEqual(by(ann, TYPING));
});
