import { type Bytes, concat, utf8, uuidToBytes } from '../bytes.ts';
import { decrypt, derive, encrypt, randomBytes, uint32 } from '../primitives.ts';
import { RecoveryError } from './errors.ts';

/** Where a secret of an account lies at the server, which of its versions it is, and so what it can be. */
export interface SecretPlace {
  accountId: string;
  /** Such as `account-key`. */
  name: string;
  /** From 1; the server takes each once. */
  version: number;
}

const FORM = 1;

/** Locks a secret with the recovery key, for this place: the server can neither read it nor pass it off as another. */
export async function wrapSecret(recoveryKey: Bytes, place: SecretPlace, secret: Bytes): Promise<Bytes> {
  const nonce = randomBytes(12);
  const ciphertext = await encrypt(await wrappingKey(recoveryKey), nonce, secret, contextOf(place));
  return concat(Uint8Array.of(FORM), nonce, ciphertext);
}

/** The inverse of `wrapSecret`. Throws a `RecoveryError` WRONG_KEY when the key or the place is another. */
export async function unwrapSecret(recoveryKey: Bytes, place: SecretPlace, blob: Bytes): Promise<Bytes> {
  const [form, nonce, ciphertext] = [blob[0], blob.slice(1, 13), blob.slice(13)];
  const secret =
    form === FORM && nonce.length === 12
      ? await decrypt(await wrappingKey(recoveryKey), nonce, ciphertext, contextOf(place))
      : undefined;
  if (!secret)
    throw new RecoveryError('WRONG_KEY', 'This recovery key does not belong to this account: look for another.');
  return secret;
}

const wrappingKey = (recoveryKey: Bytes) => derive(recoveryKey, 'shh recovery v1 secrets');
const contextOf = ({ accountId, name, version }: SecretPlace) =>
  concat(utf8('shh secret v1'), uuidToBytes(accountId), uint32(version), utf8(name));
