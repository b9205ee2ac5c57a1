import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytes, commit, encryptedRoomOf, followSealed, logOf, open, revoke, seal, withDevice } from '../devices.ts';
import { expectSound, leave, removeMember } from '../rooms.ts';
import { openWorld, type Person, type World } from '../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** Ann and Ben with a device each, in an encrypted room of Ann's whose group has both; at epoch 1. */
async function annAndBen() {
  const [ann, ben] = [await world.person('ann'), await world.person('ben')];
  const room = await encryptedRoomOf(ann, ben);
  const [annsDevice, bensDevice] = [await withDevice(ann), await withDevice(ben)];
  await ann.graphql(...open(room));
  await ann.graphql(...commit(room, 0, { adds: [bensDevice], welcomes: [{ deviceIds: [bensDevice], mls: bytes() }] }));
  return { ann, ben, room, annsDevice, bensDevice };
}

test('Ann opens a group, adds Ben’s device, and Ben gets his welcome and what she says', async () => {
  const { ann, ben, room, annsDevice, bensDevice } = await annAndBen();
  const [welcome] = (await ben.graphql('{ viewer { welcomes { id roomId generation seq epoch mls } } }')).viewer
    .welcomes;
  expect(welcome).toMatchObject({ roomId: room, generation: 1, epoch: 1 });
  const arrivals = followSealed(ben, room, welcome.seq);
  const [mls, body] = [bytes(330), bytes(200)];
  const { sendSealed: sent } = await ann.graphql(...seal(room, 1, { mls, body }));
  const told = await arrivals.next();
  expect(told).toMatchObject({
    __typename: 'MessageSent',
    seq: sent.seq,
    message: {
      id: sent.id,
      encoding: 'MLS',
      body: null,
      sealed: { deviceId: annsDevice, generation: 1, epoch: 1, mls, body },
    },
  });
  expect(await ben.graphql('mutation ($ids: [ID!]!) { takeWelcomes(ids: $ids) }', { ids: [welcome.id] })).toEqual({
    takeWelcomes: 1,
  });
  expect((await ben.graphql('{ viewer { welcomes { id } } }')).viewer.welcomes).toEqual([]);
  expect((await logOf(ben, room)).filter(({ __typename }) => __typename === 'GroupCommitted')).toEqual([
    expect.objectContaining({ deviceId: annsDevice, epoch: 0, external: false, adds: [bensDevice], removes: [] }),
  ]);
  ben.disconnect();
  await expectSound(world.node, room);
});

test('sixteen devices that write at once take turns: one commit for each epoch, and no message after its epoch', async () => {
  const ann = await world.person('ann');
  const room = await encryptedRoomOf(ann);
  await withDevice(ann);
  await ann.graphql(...open(room));
  const writers: Person[] = [ann];
  for (let n = 0; n < 15; n++) {
    const writer = await world.person(`w${n}`);
    await ann.graphql(
      'mutation ($roomId: ID!, $userId: ID!) { addMember(roomId: $roomId, userId: $userId) { role } }',
      {
        roomId: room,
        userId: writer.id,
      },
    );
    await withDevice(writer);
    await writer.graphql(...commit(room, n, { external: true }));
    writers.push(writer);
  }
  let epoch = 15;
  const outcomes = { taken: 0, stale: 0 };
  for (let round = 0; round < 4; round++) {
    const writes = writers.flatMap((writer) => [writer.ask(...commit(room, epoch)), writer.ask(...seal(room, epoch))]);
    for (const { errors } of await Promise.all(writes)) {
      if (!errors) outcomes.taken++;
      else expect(errors[0].extensions).toMatchObject({ code: 'CONFLICT', reason: 'EPOCH_STALE', generation: 1 });
      if (errors) outcomes.stale++;
    }
    epoch++;
  }
  expect(outcomes.taken).toBeGreaterThanOrEqual(4);
  expect(outcomes.stale).toBeGreaterThanOrEqual(60);
  const log = await logOf(ann, room);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  const commits = log.filter(({ __typename }) => __typename === 'GroupCommitted');
  expect(commits.map((entry) => entry.epoch)).toEqual(Array.from({ length: epoch }, (_, index) => index));
  let now = 0;
  for (const entry of log) {
    if (entry.__typename === 'MessageSent') expect(entry.message.sealed.epoch).toBe(now);
    if (entry.__typename === 'GroupCommitted') now = entry.epoch + 1;
  }
  await expectSound(world.node, room);
});

test('what is sent again under its id is there once, also when the answer was lost and at another node', async () => {
  const { ann, ben, room } = await annAndBen();
  const elsewhere = world.clustered ? await world.anotherNode() : world.node;
  const message = seal(room, 1);
  const answers = await Promise.all([1, 2, 3, 4].map((n) => (n % 2 ? ann : ann.at(elsewhere)).graphql(...message)));
  expect(new Set(answers.map(({ sendSealed }) => sendSealed.seq)).size).toBe(1);
  const renewal = commit(room, 1);
  await Promise.all([ann.graphql(...renewal), ann.at(elsewhere).graphql(...renewal)]);
  expect((await ann.graphql(...message)).sendSealed).toEqual(answers[0]?.sendSealed);
  expect((await ann.graphql(...renewal)).commitGroup.group.epoch).toBe(2);
  const taken = { input: { ...(message[1].input as object), epoch: 2 } };
  expect(await ben.refused(message[0], taken)).toMatchObject({ code: 'CONFLICT' });
  expect((await logOf(ben, room)).filter(({ __typename }) => __typename === 'MessageSent')).toHaveLength(1);
});

test('nothing is taken after Ben was removed until a commit has removed his device', async () => {
  const { ann, ben, room, bensDevice } = await annAndBen();
  await ann.graphql(...removeMember(room, ben.id));
  const pending = { code: 'CONFLICT', reason: 'PENDING_REMOVAL', deviceIds: [bensDevice] };
  expect(await ann.refused(...seal(room, 1))).toMatchObject(pending);
  expect(await ann.refused(...commit(room, 1))).toMatchObject(pending);
  expect(await ben.refused(...seal(room, 1))).toMatchObject({ code: 'NOT_FOUND' });
  const { commitGroup } = await ann.graphql(...commit(room, 1, { removes: [bensDevice] }));
  expect(commitGroup.group).toMatchObject({ epoch: 2, pendingRemovalIds: [] });
  await ann.graphql(...seal(room, 2));
});

test('nothing is taken after a device was revoked, or its owner has left, until a commit has removed it', async () => {
  const { ann, ben, room, bensDevice } = await annAndBen();
  const arrivals = followSealed(ann, room, (await logOf(ann, room)).at(-1).seq);
  expect(await ben.graphql(...revoke(bensDevice))).toMatchObject({ revokeDevice: { id: bensDevice } });
  expect(await arrivals.next()).toMatchObject({
    __typename: 'DeviceRevoked',
    deviceId: bensDevice,
    by: { id: ben.id },
  });
  expect(await ann.refused(...seal(room, 1))).toMatchObject({ reason: 'PENDING_REMOVAL', deviceIds: [bensDevice] });
  await ann.graphql(...commit(room, 1, { removes: [bensDevice] }));
  await ann.graphql(...seal(room, 2));
  ann.disconnect();
  const { ann: cat, ben: dan, room: other, bensDevice: dansDevice } = await annAndBen();
  await dan.graphql(...leave(other));
  expect(await cat.refused(...seal(other, 1))).toMatchObject({ reason: 'PENDING_REMOVAL', deviceIds: [dansDevice] });
});

test('who was let into a group that was replaced before they came still gets the welcome into it, besides the new one', async () => {
  const { ann, ben, room, bensDevice } = await annAndBen();
  const welcomes = [{ deviceIds: [bensDevice], mls: bytes() }];
  await ann.graphql(...open(room, { generation: 2 }));
  await ann.graphql(...commit(room, 0, { generation: 2, adds: [bensDevice], welcomes }));
  const waiting = async () => (await ben.graphql('{ viewer { welcomes { generation } } }')).viewer.welcomes;
  expect(await waiting()).toEqual([{ generation: 1 }, { generation: 2 }]);
  await ann.graphql(...removeMember(room, ben.id));
  await ann.graphql(...commit(room, 1, { generation: 2, removes: [bensDevice] }));
  expect(await waiting()).toEqual([]);
});

test('an id is a UUID, and somebody without a device is told so', async () => {
  const { ben, room } = await annAndBen();
  expect(await ben.refused(...seal(room, 1, { id: 'no uuid' }))).toMatchObject({ code: 'INVALID_INPUT' });
  const cat = await world.person('cat');
  expect(await cat.refused(...seal(room, 1, { id: randomUUID() }))).toMatchObject({ code: 'NOT_FOUND' });
});

test('Ann’s commit, group info and welcome may have 512 kB each, and what else is large is refused unread', async () => {
  const { ann, ben, room, bensDevice } = await annAndBen();
  const most = bytes(524_288);
  const welcomes = [{ deviceIds: [bensDevice], mls: most }];
  const again = { commit: most, groupInfo: most, adds: [bensDevice], welcomes };
  expect(await ann.refused(...commit(room, 1, { ...again, commit: bytes(524_289) }))).toMatchObject({
    code: 'INVALID_INPUT',
  });
  await ann.graphql(...commit(room, 1, again));
  const [document, variables] = seal(room, 2, { mls: bytes(65_536), body: bytes(65_536) });
  await ann.graphql(document, variables);
  expect(await ann.refused(...seal(room, 2, { mls: bytes(65_537) }))).toMatchObject({ code: 'INVALID_INPUT' });
  expect(await ben.refused(...seal(room, 2, { body: bytes(65_537) }))).toMatchObject({ code: 'INVALID_INPUT' });
  const large = JSON.stringify({ query: document, variables, padding: 'x'.repeat(150_000) });
  const stranger = await world.person('cat');
  for (const person of [world.stranger(), stranger]) expect((await person.post('/graphql', large)).status).toBe(413);
  const other = JSON.stringify({ query: '{ viewer { id } }', padding: 'x'.repeat(150_000) });
  const both = JSON.stringify({ query: `${document} { viewer { id } }`, variables, padding: 'x'.repeat(150_000) });
  for (const body of [other, both, 'x'.repeat(150_000), JSON.stringify({ query: document, padding: most.repeat(4) })])
    expect((await ann.post('/graphql', body)).status).toBe(413);
});
