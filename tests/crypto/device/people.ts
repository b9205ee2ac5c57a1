import type { Bytes } from '../../../web/crypto/bytes.ts';
import { invite } from '../../../web/crypto/device/conversation.ts';
import { type Device, openDevice } from '../../../web/crypto/device/device.ts';
import { newId } from '../../../web/crypto/device/ids.ts';
import type { Person } from '../../../web/crypto/device/log.ts';
import { MemoryStore } from '../../../web/crypto/device/memoryStore.ts';
import type { Clock, Keys, Ports, Server, Store } from '../../../web/crypto/device/ports.ts';
import { send } from '../../../web/crypto/device/send.ts';
import type { Signer } from '../../../web/crypto/mls/engine.ts';
import type { Content } from '../../../web/crypto/sealing/content.ts';
import type { Life } from './faults.ts';

/** Signature keys that stay in this process, where no reload of a device can lose them. */
export class TestKeys implements Keys {
  private readonly made = new Map<string, Signer>();

  async make(name: string): Promise<Signer> {
    const pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
    const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
    const sign = async (bytes: Bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, bytes));
    this.made.set(name, { publicKey, sign });
    return { publicKey, sign };
  }

  async find(name: string) {
    return this.made.get(name);
  }
}

/** A clock that waits for nobody: what devices do by themselves is done when a test says so. */
export class TestClock implements Clock {
  ms = Date.UTC(2026, 0, 1);

  now() {
    this.ms += 1;
    return this.ms;
  }

  pause(): Promise<void> {
    return new Promise(() => {});
  }

  random() {
    return 0;
  }
}

export interface Browser {
  user: Person;
  device: Device;
  ports: Ports & { clock: TestClock };
  say(roomId: string, body: string, id?: string): Promise<string>;
  tell(roomId: string, content: Content, id?: string): Promise<string>;
  /** Asks somebody in, as the page does before it has the server add them. */
  invite(roomId: string, user: Pick<Person, 'id'>): Promise<void>;
  /** Says of the key with which somebody is met now that it is right. */
  accept(user: Pick<Person, 'id'>): Promise<void>;
  /** What is to be read in the room, after the log was followed. */
  read(roomId: string): Promise<(string | null)[]>;
  /** The same storage, opened by a new page. */
  reload(life?: Life): Promise<Browser>;
}

export interface BrowserParts {
  store?: Store;
  keys?: Keys;
  clock?: TestClock;
  life?: Life;
  accountSeed?: Bytes;
  startAnew?: { password: string };
}

/** A browser of somebody, with a device of theirs in it. */
export async function browser(user: Person, server: Server, parts: BrowserParts = {}): Promise<Browser> {
  const { store = new MemoryStore(), keys = new TestKeys(), clock = new TestClock(), life, ...rest } = parts;
  const ports = { server, store, keys, clock };
  const device = await openDevice({
    ports: life?.ports(ports) ?? ports,
    name: `${user.displayName}'s browser`,
    ...rest,
  });
  const tell = async (roomId: string, content: Content, id = newId({ ports })) => {
    await device.within(roomId, (room) => send(device.core, room, { id, content }));
    return id;
  };
  return {
    user,
    device,
    ports,
    tell,
    say: (roomId, body, id) => tell(roomId, { type: 'message', body }, id),
    invite: (roomId, { id }) => invite(device, roomId, id),
    accept: ({ id }) => device.trust(id, 'accept', device.core.pins.shownKeyOf(id) as Bytes),
    read: async (roomId) => {
      const { view } = await device.follow(roomId);
      return view.messages().map(({ message }) => message.body);
    },
    reload: (next) => browser(user, server, { store, keys, clock, ...(next && { life: next }) }),
  };
}
