import { expect, test } from 'vitest';
import { DeviceError, ServerError } from '../../../web/crypto/device/errors.ts';
import { summaryOf } from '../../../web/crypto/device/facts.ts';
import type { LogEntry } from '../../../web/crypto/device/log.ts';
import type { MemoryStore } from '../../../web/crypto/device/memoryStore.ts';
import type { MemberFacts, Server } from '../../../web/crypto/device/ports.ts';
import { wrapped } from './faults.ts';
import { expectAgreement } from './invariants.ts';
import type { ModelServer } from './modelServer.ts';
import { type Browser, browser } from './people.ts';
import { stage } from './stage.ts';

const opened = await stage('ann', 'bob', 'eve');

type Log = Awaited<ReturnType<Server['log']>>;
type Lies = { [Method in keyof Server]?: (truth: never, args: never) => unknown };

/** What a browser is told once the server lies: its answers are what `lies` makes of the truth. */
function lyingTo(server: Server, lies: Lies): Server {
  return wrapped(server, async (name, act, args) => {
    const lie = lies[name as keyof Server] as ((truth: unknown, args: unknown) => unknown) | undefined;
    return lie ? lie(await act(), args) : act();
  });
}

/** Ann and Bob in a private room, and in another besides, in which nothing is ever amiss. */
async function annAndBob() {
  const { server, users, browsers } = await opened();
  const [room, elsewhere] = [
    server.room('PRIVATE', users.ann, users.bob),
    server.room('PRIVATE', users.ann, users.bob),
  ];
  for (const one of [room, elsewhere]) {
    await browsers.ann.device.makeGroup(one);
    await browsers.bob.read(one);
  }
  return { server, users, room, elsewhere, ...browsers };
}

/** The same browser, whose server begins to lie. */
const lied = ({ user, ports }: Browser, lies: Lies) => browser(user, lyingTo(ports.server, lies), ports);

/** Whatever was tried in one room, the other goes on. */
async function expectUnharmed({ ann, bob, elsewhere }: { ann: Browser; bob: Browser; elsewhere: string }) {
  await ann.say(elsewhere, 'Still there?');
  expect(await bob.read(elsewhere)).toContain('Still there?');
  await bob.say(elsewhere, 'Still here.');
  expect(await ann.read(elsewhere)).toContain('Still here.');
  await expectAgreement(elsewhere, ann, bob);
}

const codeOf = async (attempt: Promise<unknown>) => {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof DeviceError ? error.code : error;
};

const logOf = (server: ModelServer, room: string) => server.rooms.get(room)?.log as LogEntry[];
const copyOf = (server: ModelServer, room: string, entry: LogEntry) =>
  server.append(room, { ...structuredClone(entry) });
const last = (server: ModelServer, room: string) => logOf(server, room).at(-1) as LogEntry;

test('what the server leaves out is noticed, and nothing behind it is believed', async () => {
  const honest = await annAndBob();
  const { ann, room, server } = honest;
  let hidden = 0;
  const isHidden = ({ seq, roomId }: LogEntry) => roomId === room && seq === hidden;
  const log = (truth: Log) => ({ ...truth, entries: truth.entries.filter((entry) => !isHidden(entry)) });
  const bob = await lied(honest.bob, { log });
  const story = { ...honest, bob };
  await ann.say(room, 'one');
  expect(await bob.read(room)).toEqual(['one']);
  await ann.say(room, 'two');
  hidden = last(server, room).seq;
  await ann.say(room, 'three');
  expect(await codeOf(bob.read(room))).toBe('BROKEN');
  await expectUnharmed(story);
  hidden = 0;
  expect(await bob.read(room)).toEqual(['one', 'two', 'three']);
});

test('what the server withholds from Bob alone, whether it counts on or puts something in its place, he learns with the next message', async () => {
  for (const lie of [withheld, replaced, swapped]) {
    const honest = await annAndBob();
    const { ann, room, server } = honest;
    const from = last(server, room).seq;
    let lying = false;
    const log = (truth: Log, [roomId, after, first]: [string, number, number]) => {
      if (roomId !== room || !lying) return truth;
      const all = lie(structuredClone(logOf(server, room)), from + 1);
      const entries = all.map((entry, at) => placedAt(entry, at + 1)).slice(after, after + first);
      return { ...truth, entries, lastSeq: all.length };
    };
    const bob = await lied(honest.bob, { log });
    expect(await bob.read(room)).toEqual([]);
    lying = true;
    await ann.say(room, 'one');
    await ann.say(room, 'two');
    await ann.say(room, 'three');
    await bob.device.follow(room);
    const shown = summaryOf(bob.device.core, await bob.device.room(room));
    expect(shown).toMatchObject({ state: 'broken', problem: expect.stringContaining('differently') });
    expect(await codeOf(bob.say(room, 'Did I miss something?'))).toBe('BROKEN');
    await expectUnharmed({ ...honest, bob });
    const reloaded = await bob.reload();
    expect(await codeOf(reloaded.say(room, 'Did I miss something?'))).toBe('BROKEN');
    lying = false;
    await ann.device.renew(room);
    await ann.say(room, 'four');
    expect(await reloaded.read(room)).toContain('four');
    await reloaded.say(room, 'five');
    expect((await ann.read(room)).at(-1)).toBe('five');
    await expectAgreement(room, ann, reloaded);
  }
});

const withheld = (log: LogEntry[], at: number) => log.toSpliced(at - 1, 1);
const replaced = (log: LogEntry[], at: number) =>
  log.toSpliced(at - 1, 1, { ...(log[at - 1] as LogEntry), __typename: 'RoomChanged', by: null } as LogEntry);
const swapped = (log: LogEntry[], at: number) => log.toSpliced(at - 1, 2, log[at] as LogEntry, log[at - 1] as LogEntry);

function placedAt(entry: LogEntry, seq: number): LogEntry {
  return 'message' in entry ? { ...entry, seq, message: { ...entry.message, seq } } : { ...entry, seq };
}

test('what is shown to Bob differently once, and rightly when he asks again, harms nothing', async () => {
  const honest = await annAndBob();
  const { ann, room, server } = honest;
  const from = last(server, room).seq;
  let lies = 1;
  const log = (truth: Log) => {
    const isHere = truth.entries.some(({ roomId, seq }) => roomId === room && seq > from + 1);
    if (!isHere || !lies) return truth;
    lies -= 1;
    return { ...truth, entries: swapped(truth.entries, 1).map((entry, at) => placedAt(entry, from + 1 + at)) };
  };
  const bob = await lied(honest.bob, { log });
  await bob.read(room);
  await ann.say(room, 'one');
  await ann.say(room, 'two');
  await ann.say(room, 'three');
  expect(await bob.read(room)).toEqual(['one', 'two', 'three']);
  expect(lies).toBe(0);
  await expectUnharmed({ ...honest, bob });
});

test('a server that tells everybody another epoch of its own, so that nothing can be compared, is noticed after a while', async () => {
  const honest = await annAndBob();
  const { ann, room } = honest;
  const elsewhere = crypto.randomUUID();
  const log = (truth: Log, [roomId]: [string]) => (roomId === room ? { ...truth, epoch: elsewhere } : truth);
  const bob = await lied(honest.bob, { log });
  await bob.read(room);
  for (let n = 0; n < 20; n++) await ann.say(room, String(n));
  await bob.device.follow(room);
  expect(summaryOf(bob.device.core, await bob.device.room(room)).state).toBe('ready');
  await ann.say(room, 'one too many');
  await bob.device.follow(room);
  expect(summaryOf(bob.device.core, await bob.device.room(room)).state).toBe('broken');
  await expectUnharmed({ ...honest, bob });
});

test('a device that does not know what it has seen says nothing of it, and takes it over from the next who does', async () => {
  const { ann, bob, room } = await annAndBob();
  const record = async ({ device }: Browser) => (await device.room(room)).record;
  delete (await record(bob)).trail;
  await bob.say(room, 'from an older version');
  expect(await ann.read(room)).toEqual(['from an older version']);
  expect((await record(bob)).trail).toBeUndefined();
  await ann.say(room, 'from a newer one');
  await bob.read(room);
  await bob.say(room, 'now I know');
  expect(await ann.read(room)).toEqual(['from an older version', 'from a newer one', 'now I know']);
  const [own, other] = [(await record(ann)).trail, (await record(bob)).trail];
  expect(own?.slice(-16)).toEqual(other?.slice(-16));
});

test('who comes later takes over how far the others have seen, and finds out from then on', async () => {
  const honest = await annAndBob();
  const { ann, bob, room, server, users } = honest;
  await ann.invite(room, users.eve);
  server.join(room, users.eve, users.ann);
  await ann.device.settle(room);
  let hidden = 0;
  const log = (truth: Log, [roomId, after, first]: [string, number, number]) => {
    const all = roomId === room && hidden ? withheld(structuredClone(logOf(server, room)), hidden) : undefined;
    if (!all) return truth;
    const entries = all.map((entry, at) => placedAt(entry, at + 1)).slice(after, after + first);
    return { ...truth, entries, lastSeq: all.length };
  };
  const eve = await lied(honest.eve, { log });
  await bob.device.follow(room);
  await bob.say(room, 'Welcome, Eve');
  expect(await eve.read(room)).toEqual(['Welcome, Eve']);
  await ann.read(room);
  await ann.say(room, 'not for Eve');
  hidden = last(server, room).seq;
  await ann.say(room, 'for all');
  await eve.device.follow(room);
  expect(summaryOf(eve.device.core, await eve.device.room(room)).state).toBe('broken');
  await expectUnharmed(honest);
});

test('what the server tells twice is there once, and an old edit does not come back', async () => {
  const story = await annAndBob();
  const { ann, bob, room, server } = story;
  const id = await ann.say(room, 'one');
  const said = last(server, room);
  await ann.tell(room, { type: 'edit', target: id, body: 'second thoughts' });
  const edit = last(server, room);
  await ann.tell(room, { type: 'edit', target: id, body: 'third thoughts' });
  expect(await bob.read(room)).toEqual(['third thoughts']);
  copyOf(server, room, said);
  copyOf(server, room, edit);
  for (const one of [ann, bob, await ann.reload(), await bob.reload()])
    expect(await one.read(room)).toEqual(['third thoughts']);
  await bob.device.readAgain(room);
  expect(await bob.read(room)).toEqual(['third thoughts']);
  await ann.say(room, 'four');
  expect(await bob.read(room)).toEqual(['third thoughts', 'four']);
  await expectUnharmed(story);
});

test('a message under another’s name is by who signed it, and one under another id, or from another room, is not opened', async () => {
  const story = await annAndBob();
  const { ann, bob, room, elsewhere, server, users } = story;
  await ann.say(elsewhere, 'for elsewhere');
  const foreign = last(server, elsewhere);
  await ann.say(room, 'Ann’s');
  const message = last(server, room);
  if (!('message' in message) || !('message' in foreign)) throw new Error('these are messages');
  message.message.author = users.bob;
  copyOf(server, room, { ...message, message: { ...message.message, id: crypto.randomUUID() } });
  copyOf(server, room, { ...foreign, message: { ...foreign.message, id: crypto.randomUUID() } });
  await bob.device.follow(room);
  const shown = bob.device.core.rooms.get(room)?.view.messages() ?? [];
  expect(shown.map(({ message: { author, body }, state }) => ({ author: author?.username, body, state }))).toEqual([
    { author: 'ann', body: 'Ann’s', state: 'read' },
    { author: 'bob', body: null, state: 'unreadable' },
    { author: 'ann', body: null, state: 'unreadable' },
  ]);
  await expectUnharmed(story);
});

test('nothing in plain text is believed, or sent, whatever the server says that the room is', async () => {
  const facts = (truth: object) => ({ ...truth, encryption: 'NONE' });
  const honest = await annAndBob();
  const { ann, room, server } = honest;
  const bob = await lied(honest.bob, { room: facts, rooms: (all: object[]) => all.map(facts) });
  const story = { ...honest, bob };
  await bob.say(room, 'sealed');
  const sealed = last(server, room);
  if (!('message' in sealed)) throw new Error('this is a message');
  expect(sealed.message).toMatchObject({ body: null, sealed: { deviceId: bob.device.core.self.deviceId } });
  expect(bob.device.isPinned(room)).toBe(true);
  const forged = { ...sealed.message, id: crypto.randomUUID(), body: 'Send me your password.', sealed: null };
  copyOf(server, room, { ...sealed, message: forged });
  expect(await bob.read(room)).toEqual(['sealed', null]);
  expect(await ann.read(room)).toEqual(['sealed', null]);
  const reloaded = await bob.reload();
  expect(reloaded.device.isPinned(room)).toBe(true);
  expect(await reloaded.read(room)).toEqual(['sealed', null]);
  await expectUnharmed(story);
});

test('a body that the server withholds, or puts in another’s place, is not taken for a deletion', async () => {
  const story = await annAndBob();
  const { ann, bob, room, server } = story;
  await ann.say(room, 'one');
  const one = last(server, room);
  await ann.say(room, 'two');
  const two = last(server, room);
  if (!('message' in one) || !('message' in two) || !one.message.sealed || !two.message.sealed)
    throw new Error('these are sealed messages');
  two.message.sealed.body = one.message.sealed.body;
  one.message.sealed.body = null;
  await bob.device.follow(room);
  const shown = bob.device.core.rooms.get(room)?.view.messages() ?? [];
  expect(shown.map(({ message: { body, deletedAt }, state }) => ({ body, deletedAt, state }))).toEqual([
    { body: null, deletedAt: null, state: 'unreadable' },
    { body: null, deletedAt: null, state: 'unreadable' },
  ]);
  await expectUnharmed(story);
});

test('a ghost among the devices of Bob, or among the members, is not let in', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob, eve } = browsers;
  const room = server.room('PRIVATE', users.ann, users.bob);
  const eves = server.devices.get(eve.device.core.self.deviceId);
  if (!eves) throw new Error('Eve has a device');
  const ghost = { id: eves.id, credential: eves.credential, revoked: false };
  const members = (truth: MemberFacts[]) => [
    ...truth.map((member) =>
      member.user.id === users.bob.id ? { ...member, devices: [...member.devices, ghost] } : member,
    ),
    { user: users.eve, role: 'MEMBER' as const, devices: [ghost] },
  ];
  const claimKeyPackages = (claimed: object[], [, ids]: [string, string[]]) =>
    ids.map(
      (deviceId) =>
        claimed.find((one) => 'deviceId' in one && one.deviceId === deviceId) ?? {
          deviceId,
          keyPackage: eves.keyPackages[0],
        },
    );
  await ann.device.makeGroup(room);
  const misled = await lied(ann, { members, claimKeyPackages });
  await misled.device.settle(room);
  await misled.say(room, 'for Bob');
  const { group } = await misled.device.follow(room);
  expect(group?.members.map(({ credential }) => credential.deviceId).sort()).toEqual(
    [ann, bob].map(({ device }) => device.core.self.deviceId).sort(),
  );
  expect(await bob.read(room)).toEqual(['for Bob']);
});

test('a server that says that Ann has asked Eve in lets nobody in: Ann is asked, and Eve reads once Ann says so', async () => {
  const story = await annAndBob();
  const { ann, bob, eve, room, server, users } = story;
  server.join(room, users.eve, users.ann);
  for (const one of [ann, bob]) await one.device.settle(room);
  await ann.say(room, 'not for Eve');
  expect(await eve.read(room)).toEqual([]);
  const shown = async ({ device }: Browser) => summaryOf(device.core, await device.follow(room));
  expect(await shown(ann)).toMatchObject({ notAskedIn: [users.eve.id], asking: [users.eve.id] });
  expect(await shown(bob)).toMatchObject({ notAskedIn: [users.eve.id], asking: [] });
  await ann.invite(room, users.eve);
  expect(await shown(bob)).toMatchObject({ onlyOnServer: [users.eve.id], notAskedIn: [], asking: [] });
  await ann.say(room, 'Welcome, Eve');
  expect(await eve.read(room)).toEqual(['Welcome, Eve']);
  await expectAgreement(room, ann, bob, eve);
  await expectUnharmed(story);
});

test('who was removed is not let in again because the server says so, nor by an invitation of before that it tells once more', async () => {
  const story = await annAndBob();
  const { ann, bob, eve, room, server, users } = story;
  await ann.invite(room, users.eve);
  const invitation = last(server, room);
  server.join(room, users.eve, users.ann);
  await ann.device.settle(room);
  await ann.say(room, 'Welcome, Eve');
  expect(await eve.read(room)).toEqual(['Welcome, Eve']);
  server.leave(room, users.eve, users.ann);
  await ann.say(room, 'Eve is gone');
  server.join(room, users.eve, users.ann);
  copyOf(server, room, invitation);
  for (const one of [ann, bob]) await one.device.settle(room);
  await bob.device.readAgain(room);
  await bob.device.settle(room);
  await ann.say(room, 'still gone');
  expect(await eve.read(room)).not.toContain('still gone');
  await expectAgreement(room, ann, bob);
  await expectUnharmed(story);
});

test('a new room has nobody in it whom the server puts there', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob, eve } = browsers;
  const room = server.room('PRIVATE', users.ann);
  server.join(room, users.eve, users.ann);
  await ann.device.makeGroup(room, 'asked');
  await ann.invite(room, users.bob);
  server.join(room, users.bob, users.ann);
  await ann.device.settle(room);
  await ann.say(room, 'for Bob');
  expect(await bob.read(room)).toEqual(['for Bob']);
  expect(await eve.read(room)).toEqual([]);
  await expectAgreement(room, ann, bob);
});

test('who was asked in while the encryption was renewed is nobody’s stranger', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob, eve } = browsers;
  const room = server.room('PRIVATE', users.ann, users.bob);
  await ann.device.makeGroup(room);
  await bob.read(room);
  await bob.invite(room, users.eve);
  server.join(room, users.eve, users.bob);
  await ann.device.renew(room);
  await bob.say(room, 'Welcome, Eve');
  await ann.say(room, 'Welcome from me');
  expect(await eve.read(room)).toEqual(['Welcome, Eve', 'Welcome from me']);
  for (const { device } of [ann, bob]) expect(summaryOf(device.core, await device.room(room)).blockedBy).toEqual([]);
  await expectAgreement(room, ann, bob, eve);
});

test('a third device that the server puts into a conversation of two is not let in', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob, eve } = browsers;
  const room = server.room('DIRECT', users.ann, users.bob);
  await ann.device.makeGroup(room);
  server.rooms.get(room)?.members.set(users.eve.id, 'OWNER');
  for (const one of [ann, bob]) await one.device.settle(room);
  await ann.say(room, 'for Bob');
  expect(await bob.read(room)).toEqual(['for Bob']);
  expect((await ann.device.room(room)).group?.members).toHaveLength(2);
  await eve.device.follow(room);
  expect(eve.device.core.rooms.get(room)?.group).toBeUndefined();
});

test('another’s key package in the place of Bob’s lets nobody in', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob, eve } = browsers;
  const room = server.room('PRIVATE', users.ann, users.bob);
  const eves = server.devices.get(eve.device.core.self.deviceId)?.keyPackages ?? [];
  const claimKeyPackages = (truth: object[]) => truth.map((one) => ({ ...one, keyPackage: eves[0] }));
  const misled = await lied(ann, { claimKeyPackages });
  await misled.device.makeGroup(room);
  await misled.say(room, 'Nobody hears this.');
  expect(misled.device.core.rooms.get(room)?.group?.members).toHaveLength(1);
  expect(await bob.read(room)).toEqual([]);
  await eve.device.sync();
  expect(eve.device.core.rooms.size).toBe(0);
});

test('a commit that is none of this group is asked for once more, and only then Bob enters anew', async () => {
  const honest = await annAndBob();
  const { ann, room, elsewhere, server } = honest;
  let [from, lies, bad] = [0, 0, new Uint8Array(200)];
  const isCommit = ({ __typename, seq, roomId }: LogEntry) =>
    __typename === 'GroupCommitted' && roomId === room && seq > from;
  const log = (truth: Log) => {
    if (!truth.entries.some(isCommit) || lies-- <= 0) return truth;
    return { ...truth, entries: truth.entries.map((entry) => (isCommit(entry) ? { ...entry, commit: bad } : entry)) };
  };
  const bob = await lied(honest.bob, { log });
  const story = { ...honest, bob };
  const foreign = logOf(server, elsewhere).find(({ __typename }) => __typename === 'GroupCommitted');
  if (!foreign || !('commit' in foreign)) throw new Error('the other room has a commit');
  for (const commit of [new Uint8Array(200), foreign.commit]) {
    [from, lies, bad] = [last(server, room).seq, 1, commit];
    await renewKeys(ann, room);
    await bob.read(room);
    expect(bob.device.core.rooms.get(room)?.record).toMatchObject({ resyncs: 0 });
    await expectAgreement(room, ann, bob);
    [from, lies] = [last(server, room).seq, 2];
    await renewKeys(ann, room);
    await bob.read(room);
    expect(bob.device.core.rooms.get(room)?.record).toMatchObject({ resyncs: 1 });
    await ann.device.renew(room);
    await expectAgreement(room, ann, bob);
  }
  await bob.say(room, 'Back again.');
  expect(await ann.read(room)).toEqual(['Back again.']);
  await expectUnharmed(story);
});

/** A day later a device renews its keys by a commit. */
async function renewKeys({ device, ports }: Browser, room: string) {
  ports.clock.ms += 2 * 86_400_000;
  await device.settle(room);
}

test.each(['another room’s', 'too far ahead', 'of another epoch', 'damaged'])(
  'a welcome that is %s does not bring Bob in: he enters by himself, into the right room',
  async (kind) => {
    const { server, users, browsers } = await opened();
    const { ann, bob } = browsers;
    const [room, elsewhere] = [
      server.room('PRIVATE', users.ann, users.bob),
      server.room('PRIVATE', users.ann, users.bob),
    ];
    for (const one of [room, elsewhere]) await ann.device.makeGroup(one);
    const [right, other] = [room, elsewhere].map((id) => server.welcomes.find(({ roomId }) => roomId === id));
    if (!right || !other) throw new Error('Bob has two welcomes');
    const wrong = {
      'another room’s': { mls: other.mls },
      'too far ahead': { seq: 900 },
      'of another epoch': { epoch: 7 },
      damaged: { mls: new Uint8Array(99) },
    }[kind];
    server.welcomes = [{ ...right, ...wrong }, other];
    await bob.read(room);
    expect(logOf(server, room).at(-1)).toMatchObject({ __typename: 'GroupCommitted', external: true });
    await ann.say(room, 'for Bob');
    expect(await bob.read(room)).toEqual(['for Bob']);
    await expectAgreement(room, ann, bob);
    await expectUnharmed({ ann, bob, elsewhere });
  },
);

test('who is told to remove herself, or nobody who is there, does neither and says so', async () => {
  const story = await annAndBob();
  const { bob, room } = story;
  for (const deviceIds of [[story.ann.device.core.self.deviceId], [crypto.randomUUID()]]) {
    const refuse = (roomId: string) => {
      if (roomId === room) throw new ServerError('CONFLICT', 'Remove them.', 'PENDING_REMOVAL', { deviceIds });
    };
    const ann = await browser(story.ann.user, refusing(story.ann.ports.server, refuse), story.ann.ports);
    expect(await codeOf(ann.say(room, 'Is anybody there?'))).toBe('BROKEN');
    await expectUnharmed({ ...story, ann });
  }
  const ann = await story.ann.reload();
  await ann.say(room, 'Now it works.');
  expect(await bob.read(room)).toEqual(['Now it works.']);
});

/** A server that may refuse what is sent to a room, before it has done anything. */
const refusing = (server: Server, refuse: (roomId: string) => void): Server =>
  wrapped(server, async (name, act, args) => {
    if (name === 'sendSealed') refuse((args as [{ roomId: string }])[0].roomId);
    return act();
  });

test('a message under an epoch that it is not of is not opened, and those after it are', async () => {
  const story = await annAndBob();
  const { ann, bob, room, server } = story;
  await ann.say(room, 'one');
  const one = last(server, room);
  if (!('message' in one) || !one.message.sealed) throw new Error('this is a sealed message');
  one.message.sealed.epoch += 1;
  await ann.say(room, 'two');
  expect(await bob.read(room)).toEqual(['two']);
  await expectUnharmed(story);
});

test('after the server was restored from a backup all go on in the room as it was then, and nobody who was gone is back in', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob, eve } = browsers;
  const room = server.room('PRIVATE', users.ann, users.bob, users.eve);
  await ann.device.makeGroup(room);
  await ann.say(room, 'one');
  for (const one of [bob, eve]) expect(await one.read(room)).toEqual(['one']);
  const backup = server.copy();
  await ann.say(room, 'lost with the disk');
  server.leave(room, users.eve, users.ann);
  await ann.say(room, 'Eve is gone');
  expect(await bob.read(room)).toEqual(['one', 'lost with the disk', 'Eve is gone']);
  server.restore(backup);
  expect(await codeOf(ann.say(room, 'two'))).toBe('IDENTITY_CHANGED');
  expect(summaryOf(ann.device.core, await ann.device.room(room)).blockedBy).toEqual([users.eve.id]);
  server.leave(room, users.eve, users.ann);
  for (const one of [ann, bob]) expect(await one.read(room)).toEqual(['one']);
  await ann.say(room, 'two');
  expect(await bob.read(room)).toEqual(['one', 'two']);
  await bob.say(room, 'three');
  expect(await ann.read(room)).toEqual(['one', 'two', 'three']);
  await eve.device.follow(room);
  expect(eve.device.core.rooms.get(room)?.view.messages()).toEqual([]);
  await expectAgreement(room, ann, bob);
});

test('a log that ends before the place where it ended before is followed anew, and so is one that has grown past it since', async () => {
  const story = await annAndBob();
  const { ann, bob, room, server } = story;
  await ann.say(room, 'one');
  await bob.read(room);
  const backup = server.copy();
  await ann.say(room, 'two');
  expect(await bob.read(room)).toEqual(['one', 'two']);
  server.restore(backup);
  expect(await ann.read(room)).toEqual(['one']);
  await ann.say(room, 'other');
  await ann.say(room, 'and more');
  await ann.say(room, 'than before');
  expect(await bob.read(room)).toEqual(['one', 'other', 'and more', 'than before']);
  await bob.say(room, 'So be it.');
  expect(await ann.read(room)).toEqual(['one', 'other', 'and more', 'than before', 'So be it.']);
  await expectUnharmed(story);
});

test('nobody is drawn into another history of a room: what its members say there is not read here', async () => {
  const { server, users, browsers } = await opened();
  const room = server.room('PRIVATE', users.ann, users.bob, users.eve);
  await browsers.ann.device.makeGroup(room);
  for (const one of Object.values(browsers)) await one.read(room);
  const fork = server.copy();
  const { bob } = browsers;
  const elsewhere = await browser(users.bob, fork.session(users.bob, bob.device.core.self.deviceId), {
    ...bob.ports,
    store: (bob.ports.store as MemoryStore).copy(),
  });
  server.leave(room, users.eve, users.ann);
  await browsers.ann.say(room, 'Eve is gone');
  expect(await bob.read(room)).toEqual(['Eve is gone']);
  await elsewhere.say(room, 'said in the fork');
  const forked = fork.rooms.get(room)?.log.at(-1) as LogEntry;
  server.append(room, { ...structuredClone(forked) });
  expect(await browsers.ann.read(room)).toEqual(['Eve is gone']);
  expect(await bob.read(room)).toEqual(['Eve is gone']);
  await browsers.ann.say(room, 'and stays away');
  expect(await bob.read(room)).toEqual(['Eve is gone', 'and stays away']);
  await expectAgreement(room, browsers.ann, bob);
});

test('a new group that a stranger brings is told, and nothing is said in it until its people are accepted', async () => {
  const story = await annAndBob();
  const { ann, bob, eve, room, server, users } = story;
  await ann.say(room, 'before');
  await bob.read(room);
  server.rooms.get(room)?.members.set(users.eve.id, 'OWNER');
  await eve.device.renew(room);
  await eve.say(room, 'Trust me, I am new here.');
  await bob.device.follow(room);
  expect(await codeOf(bob.say(room, 'to whom?'))).toBe('IDENTITY_CHANGED');
  expect(summaryOf(bob.device.core, await bob.device.room(room)).blockedBy).toEqual([users.eve.id]);
  const reloaded = await bob.reload();
  expect(await codeOf(reloaded.say(room, 'to whom?'))).toBe('IDENTITY_CHANGED');
  await reloaded.accept(users.eve);
  await reloaded.say(room, 'to you, then');
  expect(await eve.read(room)).toContain('to you, then');
  await expectUnharmed(story);
});

test('a third person in the group of two is not joined, not followed and not written to', async () => {
  const { server, users, browsers } = await opened();
  const { ann, bob, eve } = browsers;
  const room = server.room('DIRECT', users.ann, users.bob);
  server.rooms.get(room)?.members.set(users.eve.id, 'OWNER');
  await eve.device.makeGroup(room);
  await bob.device.follow(room);
  expect(await codeOf(bob.say(room, 'Ann?'))).toBe('BROKEN');
  expect(summaryOf(bob.device.core, await bob.device.room(room)).state).toBe('broken');
  server.rooms.get(room)?.members.delete(users.eve.id);
  await ann.device.renew(room);
  await ann.say(room, 'Here I am.');
  expect(await bob.read(room)).toEqual(['Here I am.']);
});

test('somebody who comes with another key as Bob is shown as changed, and hears nothing before he is accepted', async () => {
  const { server, users, browsers } = await opened();
  const { ann } = browsers;
  const room = server.room('DIRECT', users.ann, users.bob);
  await ann.device.makeGroup(room);
  await ann.say(room, 'to Bob');
  server.accountKeys.delete(users.bob.id);
  server.devices.delete(browsers.bob.device.core.self.deviceId);
  const ghost = await browser(users.bob, server.session(users.bob));
  await ghost.device.follow(room);
  await ann.device.follow(room);
  expect(await codeOf(ann.say(room, 'still you?'))).toBe('IDENTITY_CHANGED');
  expect((await ghost.read(room)).includes('still you?')).toBe(false);
  const now = await ann.device.room(room);
  expect(summaryOf(ann.device.core, now).blockedBy).toEqual([users.bob.id]);
  expect(now.view.all().at(-1)).toMatchObject({ kind: 'told', what: 'keyChanged', user: { id: users.bob.id } });
});
