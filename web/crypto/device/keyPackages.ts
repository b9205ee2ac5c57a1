import type { Bytes } from '../bytes.ts';
import { toHex } from '../primitives.ts';

/** What is kept of a key package that others may use: the secret, by which this device enters where it was added. */
export interface KeyPackageRecord {
  secret: Bytes;
  /** In ms. */
  madeAt: number;
  /** It may be used more than once. */
  isLastResort?: boolean;
}

export const keyPackagePrefix = 'keyPackage/';

export const keyPackageKey = (ref: Uint8Array) => keyPackagePrefix + toHex(ref);
