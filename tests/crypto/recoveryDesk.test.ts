import { expect, test, vi } from 'vitest';
import { restoreKeys } from '../../web/crypto/device/backup.ts';
import { type Device, type DeviceOptions, openDevice } from '../../web/crypto/device/device.ts';
import { ServerError } from '../../web/crypto/device/errors.ts';
import { MemoryStore } from '../../web/crypto/device/memoryStore.ts';
import type { Ports } from '../../web/crypto/device/ports.ts';
import { randomBytes } from '../../web/crypto/primitives.ts';
import type { Desk } from '../../web/crypto/worker/desk.ts';
import { RecoveryDesk } from '../../web/crypto/worker/recoveryDesk.ts';
import { type Browser, TestClock, TestKeys } from './device/people.ts';
import { stage } from './device/stage.ts';

const opened = await stage('ann', 'bob');

/** What the recovery key knows of the rest of a browser. */
const deskOf = ({ user, ports }: Pick<Browser, 'user'> & { ports: Ports }, server = ports.server, rest: object = {}) =>
  ({ store: ports.store, ports: { ...ports, server }, viewer: user, tellState: () => {}, ...rest }) as unknown as Desk;

/** Ann's browser, whose backup is on, when she has said two things to Bob and the server is away. */
async function saving() {
  const { server, users, browsers } = await opened();
  const room = server.room('PRIVATE', users.ann, users.bob);
  await browsers.ann.device.makeGroup(room);
  for (const text of ['one', 'two']) await browsers.ann.say(room, text);
  const { ports } = browsers.ann;
  const weather = { isAway: true, tries: 0 };
  const putBackupSegment: typeof ports.server.putBackupSegment = async (...segment) => {
    weather.tries++;
    if (weather.isAway) throw new ServerError('UNAVAILABLE', 'Try again.');
    await ports.server.putBackupSegment(...segment);
  };
  const backupKey = randomBytes(32);
  await ports.store.write([['recovery', backupKey]]);
  const flaky = Object.assign(Object.create(ports.server), { putBackupSegment });
  const desk = new RecoveryDesk(deskOf(browsers.ann, flaky));
  await desk.begin();
  const found = { ...ports, store: new MemoryStore(), accountId: users.ann.id };
  return { desk, weather, saved: async () => (await restoreKeys(found, backupKey)).get(room) };
}

test('a backup that could not be written while the server was away is written when it is back, though nobody speaks', async () => {
  const { desk, weather, saved } = await saving();
  await expect.poll(() => weather.tries).toBe(1);
  await expect.poll(() => desk.onlyHere).toBe(2);
  desk.attend();
  await expect.poll(() => weather.tries).toBe(2);
  expect(await saved()).toBeUndefined();
  weather.isAway = false;
  const here = () => {
    desk.attend();
    return desk.onlyHere;
  };
  await expect.poll(here).toBe(0);
  expect(await saved()).toBe(2);
  const { tries } = weather;
  for (let n = 0; n < 3; n++) desk.attend();
  expect(weather.tries).toBe(tries);
});

test('a room that Ann was removed from while her browser was closed keeps no other room out of her backup', async () => {
  const { server, users, browsers } = await opened();
  const rooms = [0, 1, 2].map(() => server.room('PRIVATE', users.bob, users.ann)).sort();
  const [lost = '', ...others] = rooms;
  for (const id of rooms) {
    await browsers.bob.device.makeGroup(id);
    await browsers.ann.say(id, 'Good morning');
  }
  server.leave(lost, users.ann, users.bob);
  const { ports } = browsers.ann;
  const backupKey = randomBytes(32);
  await ports.store.write([['recovery', backupKey]]);
  const desk = new RecoveryDesk(deskOf(browsers.ann));
  await desk.begin();
  await expect.poll(() => desk.onlyHere).toBe(1);
  const found = { ...ports, store: new MemoryStore(), accountId: users.ann.id };
  expect([...(await restoreKeys(found, backupKey)).keys()].sort()).toEqual(others);
});

/** A room in which Ann has said two things, her recovery key, and a new browser of hers that knows nothing yet. */
async function recovering() {
  const { server, users, browsers } = await opened();
  const { ann, bob } = browsers;
  const room = server.room('PRIVATE', users.bob, users.ann);
  await bob.device.makeGroup(room);
  for (const text of ['one', 'two']) await ann.say(room, text);
  const former = new RecoveryDesk(deskOf(ann, ann.ports.server, { ready: async () => ann.device }));
  const { key, asked } = await former.make();
  const [first = '', second = ''] = asked.map((at) => key.split(' ')[at]);
  expect(await former.confirm([first, second])).toBe(true);
  await expect.poll(() => former.onlyHere).toBe(0);
  const ports = {
    store: new MemoryStore(),
    keys: new TestKeys(),
    clock: new TestClock(),
    server: server.session(users.ann),
  };
  const page = () => new Page({ user: users.ann, ports });
  const read = async () => {
    const entries = await ports.store.readAll<{ message?: { body: string } }>(`entry/${room}/`);
    return entries.flatMap(([, { message }]) => message?.body ?? []);
  };
  return { key, page, read, ports };
}

/** A page that was loaded, with no keys at first. */
class Page {
  private device: Device | undefined;
  readonly desk: RecoveryDesk;

  constructor(private readonly of: { user: Browser['user']; ports: Ports }) {
    const rest = { status: 'elsewhere', ready: async () => this.device, openAs: this.open.bind(this) };
    this.desk = new RecoveryDesk(deskOf(of, of.ports.server, { ...rest, board: { readable: () => 0 } }));
  }

  async open(how: Partial<DeviceOptions> = {}) {
    this.device = await openDevice({ ports: this.of.ports, name: 'new', ...how });
    await this.desk.begin();
  }
}

const noAnswer = new ServerError('NETWORK', 'The server does not answer.');

test.each(['registerDevice', 'backupSegments'] as const)(
  'a recovery that ends at %s is gone on with when the page is loaded again: Ann reads all, and has her key',
  async (at) => {
    const { key, page, read, ports } = await recovering();
    const lost = vi.spyOn(ports.server, at).mockRejectedValue(noAnswer);
    await expect(page().desk.use(key)).rejects.toBe(noAnswer);
    lost.mockRestore();
    const again = page();
    await again.open();
    await expect.poll(() => again.desk.state).toBe('on');
    await expect.poll(read).toEqual(['one', 'two']);
    expect(await again.desk.check(key)).toBe(true);
  },
);

test('a recovery to which the server does not answer is gone on with by the open page when it is back, once', async () => {
  const { key, page, read, ports } = await recovering();
  const asked = vi.spyOn(ports.server, 'backupSegments').mockRejectedValue(noAnswer);
  const { desk } = page();
  await expect(desk.use(key)).rejects.toBe(noAnswer);
  asked.mockRestore();
  desk.attend();
  await expect.poll(read).toEqual(['one', 'two']);
  await expect.poll(() => ports.store.read('restoring')).toBeUndefined();
  const later = vi.spyOn(ports.server, 'backupSegments');
  desk.attend();
  expect(later).not.toHaveBeenCalled();
});

test('Ann begins anew after a recovery that failed: nothing is written with the key of before', async () => {
  const { key, page, ports } = await recovering();
  const lost = vi.spyOn(ports.server, 'registerDevice').mockRejectedValue(noAnswer);
  await expect(page().desk.use(key)).rejects.toBe(noAnswer);
  lost.mockRestore();
  const { desk } = page();
  const asked = vi.spyOn(ports.server, 'backupSegments');
  await desk.startAnew('of the account');
  expect(await ports.store.read('recovery')).toBeUndefined();
  expect(asked).not.toHaveBeenCalled();
  expect(desk.state).toBe('none');
});
