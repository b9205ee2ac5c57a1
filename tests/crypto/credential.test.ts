import { expect, test } from 'vitest';
import {
  decodeDeviceCredential,
  deviceCertificateInput,
  encodeDeviceCredential,
  verifyDeviceCredential,
} from '../../web/crypto/identity/credential.ts';

const ANN = '0190aaaa-0000-7000-8000-00000000000a';
const ANNS_PHONE = '0190bbbb-0000-7000-8000-00000000000b';
const BOBS_LAPTOP = '0190cccc-0000-7000-8000-00000000000c';

async function keyPair() {
  const { privateKey, publicKey } = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  return { privateKey, raw: new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)) };
}

async function annsPhone() {
  const account = await keyPair();
  const { raw: deviceKey } = await keyPair();
  const input = deviceCertificateInput(ANN, ANNS_PHONE, deviceKey);
  const certificate = new Uint8Array(await crypto.subtle.sign('Ed25519', account.privateKey, input));
  return { credential: { accountId: ANN, deviceId: ANNS_PHONE, accountKey: account.raw, certificate }, deviceKey };
}

test('Ann certifies her phone, and whoever has its credential can tell', async () => {
  const { credential, deviceKey } = await annsPhone();
  const bytes = encodeDeviceCredential(credential);
  expect(bytes.length).toBe(129);
  expect(decodeDeviceCredential(bytes)).toEqual(credential);
  expect(await verifyDeviceCredential(bytes, deviceKey)).toBe(true);
});

test('a certificate is for one key of one device alone', async () => {
  const { credential, deviceKey } = await annsPhone();
  const { raw: anotherKey } = await keyPair();
  const asBobs = encodeDeviceCredential({ ...credential, deviceId: BOBS_LAPTOP });
  const ofAnother = encodeDeviceCredential({ ...credential, accountKey: anotherKey });
  expect(await verifyDeviceCredential(encodeDeviceCredential(credential), anotherKey)).toBe(false);
  expect(await verifyDeviceCredential(asBobs, deviceKey)).toBe(false);
  expect(await verifyDeviceCredential(ofAnother, deviceKey)).toBe(false);
});

test('a credential with any bit turned is refused', async () => {
  const { credential, deviceKey } = await annsPhone();
  const bytes = encodeDeviceCredential(credential);
  for (let at = 0; at < bytes.length; at++) {
    const turned = bytes.slice();
    turned[at] = (turned[at] ?? 0) ^ 0x10;
    expect({ at, valid: await verifyDeviceCredential(turned, deviceKey) }).toEqual({ at, valid: false });
  }
});

test('what is too short, too long or of another version is no credential', async () => {
  const bytes = encodeDeviceCredential((await annsPhone()).credential);
  expect(decodeDeviceCredential(bytes.subarray(0, 128))).toBeUndefined();
  expect(decodeDeviceCredential(new Uint8Array([...bytes, 0]))).toBeUndefined();
  expect(decodeDeviceCredential(new Uint8Array([2, ...bytes.subarray(1)]))).toBeUndefined();
  expect(decodeDeviceCredential(new Uint8Array())).toBeUndefined();
});
