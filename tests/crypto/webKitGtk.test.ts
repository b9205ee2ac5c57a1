import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { accountKeyOf, makeAccountKey } from '../../web/crypto/identity/account';
import { type KeyPair, open, publicKeyOf, seal } from '../../web/crypto/mls/hpke';
import { isSuiteSupported } from '../../web/crypto/mls/suite';
import { newKeyPair } from '../../web/crypto/primitives';

/*
 * The WebCrypto of WebKitGTK 2.50: one pair in a hundred cannot be made, and no private key that begins with a zero byte
 * can be imported.
 */
const KEY_IN_PKCS8 = 16;
const { importKey, generateKey } = crypto.subtle;
let failures = 0;

beforeEach(() => {
  failures = 0;
  vi.spyOn(crypto.subtle, 'importKey').mockImplementation(async (format: any, key: any, ...rest) => {
    if (format === 'pkcs8' && key[KEY_IN_PKCS8] === 0) throw new DOMException('Begins with zero.', 'DataError');
    return importKey.call(crypto.subtle, format, key, ...rest) as Promise<CryptoKey>;
  });
  vi.spyOn(crypto.subtle, 'generateKey').mockImplementation(async (...rest: any) => {
    if (failures-- > 0) throw new DOMException('By chance.', 'OperationError');
    return (generateKey as any).apply(crypto.subtle, rest);
  });
});
afterEach(() => vi.restoreAllMocks());

const beginningWith = (byte: number) => new Uint8Array(32).fill(7).fill(byte, 0, 1);
const bytes = (text: string) => new TextEncoder().encode(text);
const [info, aad, said] = [bytes('of us'), bytes('and this'), bytes('the tide turns at four')] as const;

test('a key of the tree that begins with a zero byte opens what was sealed for it', async () => {
  const privateKey = beginningWith(0);
  const pair: KeyPair = { privateKey, publicKey: await publicKeyOf(privateKey) };
  const { enc, ct } = await seal(pair.publicKey, info, aad, said);
  expect(await open(pair.privateKey, enc, info, aad, ct)).toEqual(said);
});

test('its public key is the one that others compute', async () => {
  const theirs = await publicKeyOf(beginningWith(0));
  vi.restoreAllMocks();
  expect(theirs).toEqual(await publicKeyOf(beginningWith(0)));
  expect(await publicKeyOf(beginningWith(8))).not.toEqual(theirs);
});

test('the key of a new account begins with another byte, and can be recovered there', async () => {
  vi.spyOn(crypto, 'getRandomValues').mockReturnValueOnce(beginningWith(0));
  const account = await makeAccountKey();
  expect(account.seed[0]).not.toBe(0);
  expect(await accountKeyOf(account.seed)).toEqual(account);
});

test('encryption is offered although a pair could not be made at once', async () => {
  failures = 3;
  expect(await isSuiteSupported()).toBe(true);
  failures = 3;
  expect((await newKeyPair('Ed25519', ['sign', 'verify'])).publicKey.type).toBe('public');
});

test('a browser that never makes a pair is told from one that does, and one that knows no such keys is asked once', async () => {
  failures = Number.POSITIVE_INFINITY;
  expect(await isSuiteSupported()).toBe(false);
  const asked = vi.spyOn(crypto.subtle, 'generateKey').mockClear();
  asked.mockRejectedValue(new DOMException('Unknown.', 'NotSupportedError'));
  expect(await isSuiteSupported()).toBe(false);
  expect(asked).toHaveBeenCalledTimes(1);
});
