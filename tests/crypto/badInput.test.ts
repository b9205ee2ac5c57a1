import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { GroupState, PendingCommit } from '../../web/crypto/mls/engine.ts';
import { MlsError } from '../../web/crypto/mls/errors.ts';
import { peek } from '../../web/crypto/mls/peek.ts';
import { MESSAGE_LIMIT } from '../../web/crypto/mls/wire.ts';
import { bytes, codeOf, type Device, device, group, leafOf } from './devices.ts';

let ann: Device;
let bob: Device;
let carol: Device;
let anns: GroupState;
let bobs: GroupState;
let adding: PendingCommit;
let keyPackage: Uint8Array;
let secret: Uint8Array;

beforeAll(async () => {
  [ann, bob, carol] = await Promise.all([device('ann'), device('bob'), device('carol')]);
  [anns, bobs] = await group(ann, bob);
  ({ keyPackage, secret } = await carol.engine.createKeyPackage());
  adding = await ann.engine.commit(anns, { adds: [keyPackage] });
});

/** What Bob and Carol would do with bytes that the server hands them, whatever they are. */
const readers = (data: Uint8Array) => [
  async () => peek(data),
  () => bob.engine.decrypt(bobs, data),
  () => bob.engine.applyCommit(bobs, data),
  () => bob.engine.verifyKeyPackage(data),
  () => bob.engine.commit(bobs, { adds: [data] }),
  () => carol.engine.join(data, [secret]),
  () => carol.engine.joinExternal(data),
];

/** Bob's state as he would keep it, which no refused input may change. */
const kept = () => [...bob.engine.save(bobs).epoch, ...bob.engine.save(bobs).ratchet].join();

async function refusal(read: () => Promise<unknown>): Promise<string> {
  const error = await read().then(
    () => undefined,
    (thrown) => thrown,
  );
  if (error === undefined) return 'NOT REFUSED';
  return error instanceof MlsError ? error.code : `NO MlsError: ${error}`;
}

test('random bytes are refused by everything that reads, as damaged', async () => {
  const before = kept();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (data) => {
      for (const read of readers(data)) expect(await refusal(read)).toBe('BAD_MESSAGE');
    }),
    { numRuns: 300 },
  );
  expect(kept()).toBe(before);
});

test('bytes that begin as a message does are refused as well', async () => {
  const starts = [1, 2, 3, 4, 5].map((kind) => [0, 1, 0, kind]);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 400 }), async (start, data) => {
      for (const read of readers(Uint8Array.from([...start, ...data]))) expect(await refusal(read)).toBe('BAD_MESSAGE');
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['a commit', () => adding.commit, (data: Uint8Array) => bob.engine.applyCommit(bobs, data)],
  ['a welcome', () => adding.welcome ?? bytes(''), (data: Uint8Array) => carol.engine.join(data, [secret])],
  ['a group info', () => adding.groupInfo, (data: Uint8Array) => carol.engine.joinExternal(data)],
  ['a key package', () => keyPackage, (data: Uint8Array) => bob.engine.verifyKeyPackage(data)],
])('%s in which a bit is turned, wherever, or which is cut, or continued, is refused', async (_, made, read) => {
  const before = kept();
  expect(await refusal(() => read(made()))).toBe('NOT REFUSED');
  const step = Math.ceil(made().length / 150);
  for (let at = 0; at < made().length; at += step) {
    const turned = made().slice();
    turned[at] = (turned[at] ?? 0) ^ (1 << (at % 8));
    for (const data of [turned, made().subarray(0, at)]) {
      expect({ at, code: await refusal(() => read(data)) }).toEqual({ at, code: expect.stringMatching(/^[A-Z_]+$/) });
    }
  }
  expect(await refusal(() => read(Uint8Array.from([...made(), 0])))).toBe('BAD_MESSAGE');
  expect(kept()).toBe(before);
});

test('a message in which any bit is turned is refused', async () => {
  const { message } = await ann.engine.encrypt(anns, bytes('Hello'), bytes('for the server'));
  for (let at = 0; at < message.length; at++) {
    const turned = message.slice();
    turned[at] = (turned[at] ?? 0) ^ (1 << (at % 8));
    expect({ at, code: await refusal(() => bob.engine.decrypt(bobs, turned)) }).toEqual({
      at,
      code: expect.stringMatching(/^(BAD_MESSAGE|WRONG_GROUP|STALE_EPOCH|FUTURE_EPOCH)$/),
    });
  }
  expect((await bob.engine.decrypt(bobs, message)).plaintext).toEqual(bytes('Hello'));
});

test('what is larger than anything that is made is not even looked at', async () => {
  const large = new Uint8Array(MESSAGE_LIMIT + 1);
  for (const read of readers(large)) expect(await refusal(read)).toBe('TOO_LARGE');
});

test('a commit that was followed before, or is of an epoch to come, is told apart', async () => {
  const first = await ann.engine.commit(anns);
  const second = await ann.engine.commit(first.next);
  const { state } = await bob.engine.applyCommit(bobs, first.commit);
  expect(await codeOf(bob.engine.applyCommit(state, first.commit))).toBe('STALE_EPOCH');
  expect(await codeOf(bob.engine.applyCommit(bobs, second.commit))).toBe('FUTURE_EPOCH');
  expect(await codeOf(ann.engine.applyCommit(anns, first.commit))).toBe('OWN_MESSAGE');
});

test('what is of another group with the same people is refused', async () => {
  const { state } = await ann.engine.createGroup(bytes('another room'));
  const { keyPackage: bobsPackage } = await bob.engine.createKeyPackage();
  const { next } = await ann.engine.commit(state, { adds: [bobsPackage] });
  const renewal = await ann.engine.commit(next);
  const { message } = await ann.engine.encrypt(next, bytes('Elsewhere'));
  expect(await codeOf(bob.engine.applyCommit(bobs, renewal.commit))).toBe('WRONG_GROUP');
  expect(await codeOf(bob.engine.decrypt(bobs, message))).toBe('WRONG_GROUP');
});

test('a welcome is opened by none but the device that it is for', async () => {
  const { secret: another } = await carol.engine.createKeyPackage();
  const { welcome = bytes('') } = adding;
  expect(await codeOf(carol.engine.join(welcome, []))).toBe('UNKNOWN_KEY_PACKAGE');
  expect(await codeOf(carol.engine.join(welcome, [another]))).toBe('UNKNOWN_KEY_PACKAGE');
  expect(await codeOf(bob.engine.join(welcome, [secret]))).toBe('UNKNOWN_KEY_PACKAGE');
  expect(await codeOf(carol.engine.join(welcome, [secret.slice(0, 40)]))).toBe('BAD_STATE');
});

test('a key package whose time is over is refused by who adds', async () => {
  const old = await carol.engine.createKeyPackage({ lifetime: -1 });
  expect(await codeOf(bob.engine.verifyKeyPackage(old.keyPackage))).toBe('BAD_KEY_PACKAGE');
  expect(await codeOf(ann.engine.commit(anns, { adds: [old.keyPackage] }))).toBe('BAD_KEY_PACKAGE');
  const forever = await carol.engine.createKeyPackage({ lifetime: 40_000_000 });
  expect(await codeOf(bob.engine.verifyKeyPackage(forever.keyPackage))).toBe('BAD_KEY_PACKAGE');
});

test('who removes nobody, or herself, is told so', async () => {
  expect(await codeOf(ann.engine.commit(anns, { removes: [17] }))).toBe('INVALID_INPUT');
  expect(await codeOf(ann.engine.commit(anns, { removes: [anns.ownLeaf] }))).toBe('INVALID_INPUT');
});

test('who adds a device that is in the group, or one twice, is told so', async () => {
  const { keyPackage: bobs } = await bob.engine.createKeyPackage();
  const { keyPackage: again } = await carol.engine.createKeyPackage();
  expect(await codeOf(ann.engine.commit(anns, { adds: [bobs] }))).toBe('INVALID_INPUT');
  expect(await codeOf(ann.engine.commit(anns, { adds: [keyPackage, again] }))).toBe('INVALID_INPUT');
  expect(await codeOf(ann.engine.commit(anns, { adds: [bobs], removes: [leafOf(anns, bob)] }))).toBe('NOT REFUSED');
});

test('what nobody would read is not made', async () => {
  expect(await codeOf(ann.engine.encrypt(anns, new Uint8Array(MESSAGE_LIMIT)))).toBe('TOO_LARGE');
  expect(await codeOf(ann.engine.exportSecret(anns, 'typing', bytes(''), 8161))).toBe('INVALID_INPUT');
});

test('who is out can do nothing with the state that is left', async () => {
  const removal = await ann.engine.commit(anns, { removes: [leafOf(anns, bob)] });
  const { state } = await bob.engine.applyCommit(bobs, removal.commit);
  expect(await codeOf(bob.engine.encrypt(state, bytes('Still here')))).toBe('NOT_MEMBER');
  expect(await codeOf(bob.engine.commit(state))).toBe('NOT_MEMBER');
  expect(await codeOf(bob.engine.exportSecret(state, 'typing', bytes(''), 32))).toBe('NOT_MEMBER');
  const loaded = bob.engine.load(bob.engine.save(state));
  expect(loaded).toMatchObject({ removed: true, members: [{ credential: { deviceId: ann.id } }] });
  expect(await codeOf(bob.engine.encrypt(loaded, bytes('Still here')))).toBe('NOT_MEMBER');
});

test('what was saved is not loaded when it is damaged, mixed or of another device', async () => {
  const saved = bob.engine.save(bobs);
  const { next } = await bob.engine.commit(bobs);
  const later = bob.engine.save(next);
  const load = async (engine: Device['engine'], epoch: Uint8Array, ratchet: Uint8Array) =>
    engine.load({ epoch: epoch.slice(), ratchet: ratchet.slice() });
  expect(await codeOf(load(bob.engine, saved.epoch, saved.ratchet))).toBe('NOT REFUSED');
  expect(await codeOf(load(bob.engine, saved.epoch, later.ratchet))).toBe('BAD_STATE');
  expect(await codeOf(load(bob.engine, saved.epoch.subarray(1), saved.ratchet))).toBe('BAD_STATE');
  expect(await codeOf(load(bob.engine, saved.epoch, saved.ratchet.subarray(0, -1)))).toBe('BAD_STATE');
  expect(await codeOf(load(ann.engine, saved.epoch, saved.ratchet))).toBe('BAD_STATE');
});
