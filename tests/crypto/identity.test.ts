import { generateKeyPairSync, verify as verifies } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Bytes, equal } from '../../web/crypto/bytes';
import { accountKeyOf, certifyDevice, makeAccountKey } from '../../web/crypto/identity/account';
import { decodeDeviceCredential, verifyDeviceCredential } from '../../web/crypto/identity/credential';
import { compareScanned, qrPayload, safetyNumber } from '../../web/crypto/identity/safetyNumber';
import { accept, meet, type Pin, trustOf, verify } from '../../web/crypto/identity/trust';
import { randomBytes } from '../../web/crypto/primitives';

const ada = { accountId: '0190c0de-0000-7000-8000-00000000000a', accountKey: new Uint8Array(32).fill(1) };
const tomas = { accountId: '0190c0de-0000-7000-8000-00000000000b', accountKey: new Uint8Array(32).fill(2) };
const mallory = new Uint8Array(32).fill(3);
const deviceId = '0190c0de-0000-7000-8000-00000000000c';

describe("Ada's account key", () => {
  test('makes a device hers, as anybody can verify', async () => {
    const account = await makeAccountKey();
    const deviceKey = randomBytes(32);
    const credential = await certifyDevice(account, { accountId: ada.accountId, deviceId, deviceKey });
    expect(await verifyDeviceCredential(credential, deviceKey)).toBe(true);
    expect(await verifyDeviceCredential(credential, randomBytes(32))).toBe(false);
    expect(decodeDeviceCredential(credential)).toMatchObject({ accountId: ada.accountId, deviceId });
  });

  test('is the same again from its seed, and the key that RFC 8032 says', async () => {
    const account = await makeAccountKey();
    expect(await accountKeyOf(account.seed)).toEqual(account);
    // RFC 8032 §7.1, TEST 1.
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    const { publicKey } = await accountKeyOf(new Uint8Array(seed));
    expect(Buffer.from(publicKey).toString('hex')).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
  });

  test('is never twice the same', async () => {
    const [one, two] = [await makeAccountKey(), await makeAccountKey()];
    expect(equal(one.publicKey, two.publicKey)).toBe(false);
    expect(equal(one.seed, two.seed)).toBe(false);
  });

  test("signs what docs/encryption.md says, and Node's own Ed25519 accepts", async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const seed = new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(16));
    const account = await accountKeyOf(seed);
    const credential = await certifyDevice(account, { accountId: ada.accountId, deviceId, deviceKey: mallory });
    const { certificate } = decodeDeviceCredential(credential) ?? {};
    const ids = [ada.accountId, deviceId].map((id) => Buffer.from(id.replaceAll('-', ''), 'hex'));
    const statement = Buffer.concat([Buffer.from('shh device certificate v1'), ...ids, mallory]);
    expect(verifies(null, statement, privateKey, certificate ?? new Uint8Array())).toBe(true);
  });
});

describe('what Ada’s device remembers of Tomás', () => {
  const met = meet(undefined, tomas.accountKey);

  test('he is new, then known, and verified once they have compared', () => {
    expect(trustOf(undefined)).toBe('new');
    expect(trustOf(met)).toBe('known');
    expect(trustOf(verify(met, tomas.accountKey))).toBe('verified');
    expect(trustOf(meet(met, tomas.accountKey))).toBe('known');
  });

  test('another key is a change, also when the old one is shown again, until she accepts it', () => {
    const changed = meet(verify(met, tomas.accountKey), mallory);
    expect(trustOf(changed)).toBe('changed');
    expect(trustOf(meet(changed, tomas.accountKey))).toBe('changed');
    expect(trustOf(meet(accept(changed, mallory), mallory))).toBe('known');
  });

  test('what she accepts or verifies is the key that she saw, not one that came meanwhile', () => {
    const third = new Uint8Array(32).fill(4);
    const changedAgain = meet(meet(met, mallory), third);
    expect(trustOf(accept(changedAgain, mallory))).toBe('changed');
    expect(trustOf(verify(changedAgain, mallory))).toBe('changed');
    expect(trustOf(verify(changedAgain, third))).toBe('verified');
    expect(trustOf(verify(met, mallory))).toBe('known');
  });

  test('whatever happens, a key is trusted only if it was the first one, or accepted, or verified', () => {
    const key = fc.constantFrom(tomas.accountKey, mallory, new Uint8Array(32).fill(4));
    const step = fc.tuple(fc.constantFrom('meet', 'accept', 'verify'), key);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let pin: Pin | undefined;
        const approved = new Set<Bytes>();
        for (const [what, seen] of steps) {
          if (what === 'meet') {
            if (!pin) approved.add(seen);
            pin = meet(pin, seen);
          } else if (pin) {
            approved.add(seen);
            pin = what === 'accept' ? accept(pin, seen) : verify(pin, seen);
          }
          if (pin) expect([...approved].some((known) => equal(known, pin?.accountKey ?? mallory))).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('the safety number of Ada and Tomás', () => {
  test('is sixty digits, the same on both sides', async () => {
    const number = await safetyNumber(ada, tomas);
    expect(number).toMatch(/^(\d{5} ){11}\d{5}$/);
    expect(await safetyNumber(tomas, ada)).toBe(number);
  });

  test('is this one for ever: who has compared need not do it again after an update', async () => {
    expect(await safetyNumber(ada, tomas)).toBe(
      '13969 31479 55422 82426 11494 51585 84210 39581 01179 35078 47104 44935',
    );
  });

  test('is another one when either has another key, or it is another account', async () => {
    const number = await safetyNumber(ada, tomas);
    expect(await safetyNumber({ ...ada, accountKey: mallory }, tomas)).not.toBe(number);
    expect(await safetyNumber(ada, { ...tomas, accountKey: mallory })).not.toBe(number);
    expect(await safetyNumber({ ...ada, accountId: deviceId }, tomas)).not.toBe(number);
  });

  test('is scanned instead of read aloud', () => {
    expect(compareScanned(qrPayload(tomas, ada), ada, tomas)).toBe('same');
    expect(compareScanned(qrPayload({ ...tomas, accountKey: mallory }, ada), ada, tomas)).toBe('different');
    expect(compareScanned(qrPayload(tomas, { ...ada, accountKey: mallory }), ada, tomas)).toBe('different');
  });

  test('Ada’s own code, a code of others and a code of something else are told apart', () => {
    expect(compareScanned(qrPayload(ada, tomas), ada, tomas)).toBe('others');
    expect(compareScanned(qrPayload({ ...tomas, accountId: deviceId }, ada), ada, tomas)).toBe('others');
    const [version, ...rest] = qrPayload(tomas, ada);
    expect(compareScanned(Uint8Array.of((version ?? 0) + 1, ...rest), ada, tomas)).toBe('unreadable');
    expect(compareScanned(new TextEncoder().encode('https://example.org'), ada, tomas)).toBe('unreadable');
    expect(compareScanned(new Uint8Array(), ada, tomas)).toBe('unreadable');
  });
});
