import { type Bytes, equal } from '../bytes.ts';

/**
 * 'new': never met. 'known': the key is the one with which they were first met. 'verified': and they were compared.
 * 'changed': it is another one, and nothing is sent to them until somebody has said that it is right.
 */
export type Trust = 'new' | 'known' | 'verified' | 'changed';

/** What a device remembers of the account key of somebody. */
export interface Pin {
  /** The key that is trusted. */
  accountKey: Bytes;
  verified: boolean;
  /** Another key that was shown since then, in the tree of a room or by the server. */
  changedTo?: Bytes;
}

export const trustOf = (pin: Pin | undefined): Trust =>
  !pin ? 'new' : pin.changedTo ? 'changed' : pin.verified ? 'verified' : 'known';

/**
 * The pin after `key` was seen as the account's: trust on first use. Another key than the pinned one is remembered
 * beside it; the pinned one again changes nothing, so that nobody makes a warning go by showing the old key once more.
 */
export function meet(pin: Pin | undefined, key: Bytes): Pin {
  if (!pin) return { accountKey: key, verified: false };
  return equal(pin.accountKey, key) ? pin : { ...pin, changedTo: key };
}

/** The pin after somebody said that the changed key is right; no longer verified. The pin as it is, unless it is just that key. */
export const accept = (pin: Pin, key: Bytes): Pin =>
  pin.changedTo && equal(pin.changedTo, key) ? { accountKey: key, verified: false } : pin;

/** The pin after safety numbers with this key were compared and are the same. The pin as it is, unless it is a key that it names. */
export const verify = (pin: Pin, key: Bytes): Pin =>
  equal(pin.changedTo ?? pin.accountKey, key) ? { accountKey: key, verified: true } : pin;
