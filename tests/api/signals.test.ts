import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { bytes, commit, encryptedRoomOf, logOf, open, revoke, SIGNALS, signal, withDevice } from '../devices.ts';
import { deleteRoom, leave, removeMember, roomOf, startTyping, tablesWith } from '../rooms.ts';
import { type Arrivals, type Node, openWorld, type Person, type World, whileWaiting } from '../world.ts';

let world: World;
/** Another one where there is one. */
let elsewhere: Node;
beforeAll(async () => {
  world = await openWorld();
  elsewhere = world.clustered ? await world.anotherNode() : world.node;
});
afterAll(() => world.close());

/** Ann and Ben with a device each in the group of an encrypted room of Ann's; Ben at another node where there is one. */
async function annAndBen() {
  const ann = await world.person('ann');
  const ben = (await world.person('ben')).at(elsewhere);
  const room = await encryptedRoomOf(ann, ben);
  const [annsDevice, bensDevice] = [await withDevice(ann), await withDevice(ben)];
  await ann.graphql(...open(room));
  await ann.graphql(...commit(room, 0, { adds: [bensDevice], welcomes: [{ deviceIds: [bensDevice], mls: bytes() }] }));
  return { ann, ben, room, annsDevice, bensDevice };
}

/** Listens to the signals of the room, and hears the first one of somebody. */
async function listen(person: Person, room: string, by: Person): Promise<Arrivals> {
  const heard = person.subscribe(SIGNALS, { roomId: room });
  await whileWaiting(heard.next(), () => by.graphql(...signal(room)));
  return heard;
}

/** Until it was passed on, and not left out because another was just before. */
async function passOn(person: Person, room: string): Promise<string> {
  const sealed = bytes(256);
  const isPassedOn = async () => (await person.graphql(...signal(room, sealed))).sendSignal;
  await vi.waitUntil(isPassedOn, { timeout: 20_000, interval: 100 });
  return sealed;
}

const upTo = (heard: Arrivals, sealed: string) => heard.upTo((one) => one.bytes === sealed);

test('what Ann’s device signals comes to Ben’s as it was sealed, and to her own', async () => {
  const { ann, ben, room } = await annAndBen();
  const [bens, anns] = [await listen(ben, room, ann), await listen(ann, room, ben)];
  const sealed = await passOn(ann, room);
  const told = { roomId: room, bytes: sealed, at: expect.any(String) };
  expect((await upTo(bens, sealed)).at(-1)).toEqual(told);
  expect((await upTo(anns, sealed)).at(-1)).toEqual(told);
});

test('each hears it in the words in which they asked', async () => {
  const { ann, ben, room } = await annAndBen();
  const short = ben.subscribe('subscription ($roomId: ID!) { signals(roomId: $roomId) { what: bytes } }', {
    roomId: room,
  });
  const long = await listen(ben, room, ann);
  await whileWaiting(short.next(), () => ann.graphql(...signal(room)));
  const sealed = await passOn(ann, room);
  expect((await short.upTo(({ what }) => what === sealed)).at(-1)).toEqual({ what: sealed });
  expect((await upTo(long, sealed)).at(-1)).toMatchObject({ roomId: room });
});

test('a signal is in no log and in no table', async () => {
  const { ann, ben, room } = await annAndBen();
  const heard = await listen(ben, room, ann);
  const [before, log] = [await tablesWith(world.node, room), await logOf(ann, room)];
  const sealed = await passOn(ann, room);
  await upTo(heard, sealed);
  expect(await tablesWith(world.node, sealed)).toEqual([]);
  expect(await tablesWith(world.node, Buffer.from(sealed, 'base64').toString('hex'))).toEqual([]);
  expect(await tablesWith(world.node, room)).toEqual(before);
  expect(await logOf(ann, room)).toEqual(log);
});

test('a device that signals on and on is passed on now and then, and told so', async () => {
  const { ann, ben, room } = await annAndBen();
  const heard = await listen(ben, room, ann);
  const many = Array.from({ length: 20 }, () => bytes(256));
  const answers = await Promise.all(many.map((sealed) => ann.graphql(...signal(room, sealed))));
  const passed = many.filter((_, n) => answers[n]?.sendSignal);
  expect(passed.length).toBeLessThan(20);
  const last = await passOn(ann, room);
  const came = (await upTo(heard, last)).map((one) => one.bytes).filter((sealed) => many.includes(sealed));
  expect(came.sort()).toEqual(passed.sort());
});

test('strangers and former members neither hear nor signal, and find no room', async () => {
  const { ann, ben, room } = await annAndBen();
  const eve = await world.person('eve');
  await withDevice(eve);
  await ann.graphql(...removeMember(room, ben.id));
  for (const person of [eve, ben]) {
    expect(await person.refused(...signal(room))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await person.subscribe(SIGNALS, { roomId: room }).ending()).toMatchObject({ code: 'NOT_FOUND' });
  }
});

test('a member without a device neither hears nor signals, and one whose device is not in the group hears alone', async () => {
  const { ann, room } = await annAndBen();
  const cat = await world.person('cat');
  const add = 'mutation ($roomId: ID!, $userId: ID!) { addMember(roomId: $roomId, userId: $userId) { role } }';
  await ann.graphql(add, { roomId: room, userId: cat.id });
  expect(await cat.refused(...signal(room))).toMatchObject({ code: 'FORBIDDEN', reason: 'NO_DEVICE' });
  expect(await cat.subscribe(SIGNALS, { roomId: room }).ending()).toMatchObject({ code: 'FORBIDDEN' });
  await withDevice(cat);
  expect(await cat.refused(...signal(room))).toMatchObject({ code: 'CONFLICT', reason: 'NOT_IN_GROUP' });
  await listen(cat, room, ann);
});

test('nothing is signalled after a device was revoked until a commit has removed it, and that one hears no more', async () => {
  const { ann, ben, room, bensDevice } = await annAndBen();
  const heard = await listen(ben, room, ann);
  await ben.graphql(...revoke(bensDevice));
  expect(await ann.refused(...signal(room))).toMatchObject({ reason: 'PENDING_REMOVAL', deviceIds: [bensDevice] });
  await heard.ending();
  await ann.graphql(...commit(room, 1, { removes: [bensDevice] }));
  await passOn(ann, room);
});

test('who leaves, and everybody when the room is deleted, hears no more', async () => {
  const { ann, ben, room, bensDevice } = await annAndBen();
  const [bens, anns] = [await listen(ben, room, ann), await listen(ann, room, ann)];
  await ben.graphql(...leave(room));
  expect(await bens.ending()).toBe('complete');
  const before = bens.all.length;
  await ann.graphql(...commit(room, 1, { removes: [bensDevice] }));
  await upTo(anns, await passOn(ann, room));
  expect(bens.all.length).toBe(before);
  await ann.graphql(...deleteRoom(room));
  expect(await anns.ending()).toBe('complete');
});

test('a signal has 256 bytes, and is for encrypted rooms alone', async () => {
  const { ann, ben, room } = await annAndBen();
  for (const size of [0, 1, 255, 257, 4_096])
    expect(await ann.refused(...signal(room, bytes(size)))).toMatchObject({ code: 'INVALID_INPUT' });
  const plain = await roomOf(ann, ben);
  const refusal = { code: 'CONFLICT', reason: 'NOT_ENCRYPTED' };
  expect(await ann.refused(...signal(plain))).toMatchObject(refusal);
  expect(await ann.subscribe(SIGNALS, { roomId: plain }).ending()).toMatchObject({ code: 'CONFLICT' });
});

test('that somebody types in an encrypted room is not taken in plain text', async () => {
  const { ann, room } = await annAndBen();
  expect(await ann.refused(...startTyping(room))).toMatchObject({ code: 'CONFLICT', reason: 'E2EE_REQUIRED' });
});

test('a personal access token has no device: it neither hears nor signals', async () => {
  const { ann, room } = await annAndBen();
  const make = 'mutation { createPersonalToken(input: { name: "bot", scope: WRITE }) { token } }';
  const { token } = (await ann.graphql(make)).createPersonalToken;
  const program = Object.assign(ann.at(elsewhere), { accessToken: token });
  expect(await program.refused(...signal(room))).toMatchObject({ code: 'FORBIDDEN' });
  expect(await program.subscribe(SIGNALS, { roomId: room }).ending()).toMatchObject({ reason: 'NO_DEVICE' });
});
