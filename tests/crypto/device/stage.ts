import type { Person } from '../../../web/crypto/device/log.ts';
import { MemoryStore } from '../../../web/crypto/device/memoryStore.ts';
import type { Life } from './faults.ts';
import type { Host } from './host.ts';
import { ModelServer } from './modelServer.ts';
import { type Browser, browser, TestClock, TestKeys } from './people.ts';
import { behind, type Weather } from './weather.ts';

interface Role {
  user: Person;
  keys: TestKeys;
  store: MemoryStore;
  deviceId: string;
}

export interface Conditions<Name extends string> {
  lives?: Partial<Record<Name, Life>>;
  weather?: () => Weather;
}

export interface Play<Name extends string, Server extends Host = ModelServer> {
  server: Server;
  users: Record<Name, Person>;
  browsers: Record<Name, Browser>;
}

/**
 * People with browsers that are registered already: made once, because key packages take time, and played often. A name
 * with a slash is of one more browser of the person before it: `ann/phone`.
 */
export async function stage<Name extends string>(...names: Name[]) {
  const server = new ModelServer();
  const cast = new Map<Name, Role>();
  for (const name of names) cast.set(name, await registered(name));

  /** All of it from the beginning, beside what is played already. */
  return async function play({ lives = {}, weather = () => 'fair' }: Conditions<Name> = {}): Promise<Play<Name>> {
    const own = server.copy();
    const [users, browsers] = [{} as Record<Name, Person>, {} as Record<Name, Browser>];
    for (const [name, { user, keys, store, deviceId }] of cast) {
      const life = lives[name];
      const parts = { keys, store: store.copy(), clock: new TestClock(), ...(life && { life }) };
      users[name] = user;
      browsers[name] = await browser(user, behind(own.session(user, deviceId), weather), parts);
    }
    return { server: own, users, browsers };
  };

  async function registered(name: Name): Promise<Role> {
    const first = cast.get(name.split('/')[0] as Name);
    const user = first?.user ?? server.person(name);
    const [keys, store] = [new TestKeys(), new MemoryStore()];
    const self = await first?.store.read<{ accountSeed: Uint8Array<ArrayBuffer> }>('self');
    const parts = { keys, store, ...(self && { accountSeed: self.accountSeed }) };
    const { device } = await browser(user, server.session(user), parts);
    return { user, keys, store, deviceId: device.core.self.deviceId };
  }
}
