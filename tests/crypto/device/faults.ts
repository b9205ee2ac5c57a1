import type { Ports } from '../../../web/crypto/device/ports.ts';

/** The page was closed, or the machine lost its power. */
export class Killed extends Error {}

/**
 * The life of one page: it ends just before the n-th thing that it would do to its disk, its keys or the server. What it
 * only reads leaves no traces: these are all the moments at which an end makes a difference.
 */
export class Life {
  deeds = 0;
  isOver = false;

  constructor(private readonly lastDeed = Number.POSITIVE_INFINITY) {}

  /** Ports through which nothing happens any more once this life is over. */
  ports({ store, server, keys, clock }: Ports): Ports {
    return { store: this.through(store), server: this.through(server), keys: this.through(keys), clock };
  }

  private through<Port extends object>(port: Port): Port {
    return wrapped(port, async (name, act) => {
      if (DEEDS.has(name)) this.deeds += 1;
      if (this.deeds > this.lastDeed) this.isOver = true;
      if (this.isOver) throw new Killed();
      const result = await act();
      if (this.isOver) throw new Killed();
      return result;
    });
  }
}

/** The same port, each call of which goes through `around`: it says whether, how often and when the call is made. */
export function wrapped<Port extends object>(
  port: Port,
  around: (name: string, act: () => Promise<unknown>, args: unknown[]) => Promise<unknown>,
): Port {
  const get = (target: Port, key: string | symbol) => {
    const method = Reflect.get(target, key) as unknown as (...args: unknown[]) => Promise<unknown>;
    return (...args: unknown[]) => around(String(key), () => method.apply(port, args), args);
  };
  return new Proxy(port, { get });
}

const DEEDS = new Set([
  ...['write', 'make', 'registerDevice', 'publishKeyPackages', 'claimKeyPackages', 'openGroup'],
  ...['commitGroup', 'sendSealed', 'deleteMessage', 'takeWelcomes', 'putSecret', 'putBackupSegment'],
]);
