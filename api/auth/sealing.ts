import { createHash } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, errors } from 'jose';
import type { Core } from '../core.ts';

const WAY = { alg: 'dir', enc: 'A256GCM' } as const;

/** A secret as it may stand in the database: whoever has that alone cannot read it. */
export const seal = ({ config }: Core, secret: Uint8Array): Promise<string> =>
  new CompactEncrypt(secret).setProtectedHeader(WAY).encrypt(keyOf(config.secretKey));

/** What was sealed under this SECRET_KEY, or the one before; null when it was another. */
export async function unseal({ config }: Core, sealed: string): Promise<Uint8Array | null> {
  for (const key of [config.secretKey, config.previousSecretKey]) {
    const opened = key ? await open(sealed, key) : null;
    if (opened) return opened;
  }
  return null;
}

function open(sealed: string, key: string): Promise<Uint8Array | null> {
  return compactDecrypt(sealed, keyOf(key)).then(
    ({ plaintext }) => plaintext,
    (error) => {
      if (error instanceof errors.JWEDecryptionFailed) return null;
      throw error;
    },
  );
}

const keyOf = (secret: string) => createHash('sha256').update(`shh secrets\n${secret}`).digest();
