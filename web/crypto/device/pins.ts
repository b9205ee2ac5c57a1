import { type Bytes, equal } from '../bytes.ts';
import { accept, meet, type Pin, type Trust, trustOf, verify } from '../identity/trust.ts';
import type { GroupState } from '../mls/engine.ts';
import { DeviceError } from './errors.ts';
import type { Store } from './ports.ts';

/** Whose key this device trusts: on first use, and after a change only when its person says so. */
export class Pins {
  private readonly pins = new Map<string, Pin>();

  constructor(private readonly store: Store) {}

  async load() {
    for (const [key, pin] of await this.store.readAll<Pin>(PREFIX)) this.pins.set(key.slice(PREFIX.length), pin);
  }

  /** The key that is trusted. */
  keyOf(accountId: string): Bytes | undefined {
    return this.pins.get(accountId)?.accountKey;
  }

  trustOf(accountId: string): Trust {
    return trustOf(this.pins.get(accountId));
  }

  /** The key with which they are met now: the one to compare. */
  shownKeyOf(accountId: string): Bytes | undefined {
    const pin = this.pins.get(accountId);
    return pin?.changedTo ?? pin?.accountKey;
  }

  async see(accountId: string, accountKey: Bytes) {
    const pin = this.pins.get(accountId);
    const met = meet(pin, accountKey);
    if (met !== pin) await this.put(accountId, met);
  }

  async accept(accountId: string, shown: Bytes) {
    await this.put(accountId, accept(this.shownAs(accountId, shown), shown));
  }

  async verify(accountId: string, compared: Bytes) {
    await this.put(accountId, verify(this.shownAs(accountId, compared), compared));
  }

  async seeAll({ members }: GroupState) {
    for (const { credential } of members) await this.see(credential.accountId, credential.accountKey);
  }

  /** Accounts of a group with a key that is not the one to trust, or that was replaced: nothing is said where they hear it. */
  changedIn({ members }: GroupState): string[] {
    const wrong = members.filter(({ credential: { accountId, accountKey } }) => {
      const pinned = this.keyOf(accountId);
      return pinned && !equal(pinned, accountKey);
    });
    return [...new Set(wrong.map(({ credential }) => credential.accountId))];
  }

  /** Who said something of a key has not seen the one that came since. */
  private shownAs(accountId: string, key: Bytes): Pin {
    const pin = this.pins.get(accountId);
    if (pin && equal(pin.changedTo ?? pin.accountKey, key)) return pin;
    throw new DeviceError('IDENTITY_CHANGED', 'Another key has come meanwhile: compare again.');
  }

  private async put(accountId: string, pin: Pin) {
    await this.store.write([[pinKey(accountId), pin]]);
    this.pins.set(accountId, pin);
  }
}

const PREFIX = 'pin/';
export const pinKey = (accountId: string) => PREFIX + accountId;
