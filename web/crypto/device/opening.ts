import type { Bytes } from '../bytes.ts';
import type { Core } from './core.ts';
import { isPassing } from './errors.ts';
import { elsewhere, findIdentity, type Identity, makeIdentity } from './identity.ts';
import { Pins } from './pins.ts';
import type { AccountFacts, Ports } from './ports.ts';

const ACCOUNT = 'account';

/** What the server says of the account, or said last, when nobody answers. */
export async function currentFacts({ server, store }: Ports, mayBeOld: boolean) {
  const former = await store.read<KnownAccount>(ACCOUNT);
  try {
    const facts = await server.account();
    const { user } = facts;
    if (JSON.stringify(user) !== JSON.stringify(former?.user)) await store.write([[ACCOUNT, { user }]]);
    return facts;
  } catch (error) {
    if (former && mayBeOld && isPassing(error)) return { ...former, ...UNKNOWN };
    throw error;
  }
}

type KnownAccount = Pick<AccountFacts, 'user'>;

const UNKNOWN = { accountKey: undefined, deviceId: undefined, keyPackagesLeft: 0, isOld: true };

/** Who this device is: as before, or made where that is wanted or nobody has a key of the account yet. */
export async function identityOf(
  ports: Ports,
  { user, accountKey }: AccountFacts,
  name: string,
  seed: Bytes | undefined,
  anew: boolean,
) {
  const found = seed || anew ? undefined : await findIdentity(ports, user.id);
  if (found) return found;
  if (accountKey && !seed && !anew) throw elsewhere();
  return makeIdentity(ports, user.id, name, seed);
}

/** What everything that a device does has in common. */
export function coreOf(
  ports: Ports,
  { record, signer, engine }: Identity,
  { user }: AccountFacts,
  onChange: (roomId?: string) => void,
): Core {
  const { accountId, deviceId, accountKey } = record;
  const self = { accountId, deviceId, accountKey, signatureKey: signer.publicKey };
  return {
    ports,
    engine,
    self,
    people: new Map([[user.id, user]]),
    rooms: new Map(),
    pins: new Pins(ports.store),
    tell: onChange,
  };
}
