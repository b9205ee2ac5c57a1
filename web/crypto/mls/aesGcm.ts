import type { Bytes } from '../bytes.ts';

/** AES-128-GCM with additional data: a nonce must be used once with a key. */
export const aesGcm = {
  async encrypt(key: Uint8Array, iv: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array): Promise<Bytes> {
    const aes = await crypto.subtle.importKey('raw', new Uint8Array(key), 'AES-GCM', false, ['encrypt']);
    return new Uint8Array(await crypto.subtle.encrypt(gcm(iv, additionalData), aes, new Uint8Array(plaintext)));
  },
  async decrypt(key: Uint8Array, iv: Uint8Array, additionalData: Uint8Array, ciphertext: Uint8Array): Promise<Bytes> {
    const aes = await crypto.subtle.importKey('raw', new Uint8Array(key), 'AES-GCM', false, ['decrypt']);
    return new Uint8Array(await crypto.subtle.decrypt(gcm(iv, additionalData), aes, new Uint8Array(ciphertext)));
  },
};

const gcm = (iv: Uint8Array, additionalData: Uint8Array) => ({
  name: 'AES-GCM',
  iv: new Uint8Array(iv),
  additionalData: new Uint8Array(additionalData),
});
