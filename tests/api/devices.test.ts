import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Prisma } from '../../api/db/db.ts';
import { purgeDevices } from '../../api/devices/revoking.ts';
import { noteRooms } from '../../api/realtime/roomLog.ts';
import {
  accountKey,
  bytes,
  claim,
  commit,
  encryptedRoomOf,
  logOf,
  newDevice,
  open,
  publish,
  register,
  revoke,
  seal,
  sealedRoom,
  withDevice,
} from '../devices.ts';
import { whileHeld } from '../meanwhile.ts';
import { openDirect, people, removeMember, roomOf, tablesWith } from '../rooms.ts';
import { send } from '../wire.ts';
import { openWorld, PASSWORD, signedInAgain, type World } from '../world.ts';

// They need several connections.
const embedded = process.env.SERVICES !== 'cluster';

let world: World;
beforeAll(async () => {
  world = await openWorld({ LIMIT_KEY_CLAIMS_PER_HOUR: '8' });
});
afterAll(() => world.close());

const OWN = '{ viewer { device { id } devices { id name lastSeenAt } keyPackagesLeft } }';

test('Ann’s first device brings her key, the same again is the same, and others see neither its name nor when it was seen', async () => {
  const { ann, ben } = await people(world, 'ann', 'ben');
  const device = newDevice(ann, accountKey());
  await ann.graphql(...register(device));
  await ann.graphql(...register(device));
  const { viewer } = await ann.graphql(OWN);
  expect(viewer).toMatchObject({
    device: { id: device.id },
    devices: [{ id: device.id, name: 'Laptop' }],
    keyPackagesLeft: 3,
  });
  const document = `query ($ids: [ID!]!) {
    identities(userIds: $ids) { userId accountKey accountKeyVersion devices { id name lastSeenAt credential signatureKey } }
  }`;
  const { identities } = await ben.graphql(document, { ids: [ann.id] });
  expect(identities).toEqual([
    {
      ...{ userId: ann.id, accountKey: device.accountKey, accountKeyVersion: 1 },
      devices: [
        { id: device.id, name: '', lastSeenAt: null, credential: device.credential, signatureKey: device.signatureKey },
      ],
    },
  ]);
});

test('a credential that is another’s, signed by another key or changed is refused, and so are another device’s id and key', async () => {
  const { ann, ben } = await people(world, 'ann', 'ben');
  const key = accountKey();
  const device = newDevice(ann, key);
  const flipped = Buffer.from(device.credential, 'base64');
  flipped[128] = (flipped[128] ?? 0) ^ 1;
  const wrong = [
    newDevice(ben, key),
    { ...device, id: randomUUID() },
    { ...device, signatureKey: bytes(32) },
    { ...device, accountKey: newDevice(ann, accountKey()).accountKey },
    { ...device, credential: flipped.toString('base64') },
    { ...device, credential: bytes(129) },
    { ...device, credential: bytes(128) },
    { ...device, accountKey: bytes(31) },
    { ...device, keyPackages: [bytes(4_097)] },
    { ...device, keyPackages: ['not base64'] },
    { ...device, suites: [] },
  ];
  for (const input of wrong) expect(await ann.refused(...register(input))).toMatchObject({ code: 'INVALID_INPUT' });
  await ann.graphql(...register(device));
  const taken = newDevice(ben, accountKey(), { id: device.id });
  expect(await ben.refused(...register(taken))).toMatchObject({ code: 'CONFLICT' });
  expect((await ben.graphql(OWN)).viewer.devices).toEqual([]);
  const tooOld = newDevice(ben, accountKey(), { engineVersion: 0 });
  expect(await ben.refused(...register(tooOld))).toMatchObject({ code: 'FORBIDDEN', reason: 'ENGINE_TOO_OLD' });
});

test('another key takes the place of Ann’s only against her password, and her old devices go with the old one', async () => {
  const ann = await world.person('ann');
  await withDevice(ann);
  const second = await signedInAgain(ann);
  const next = newDevice(ann, accountKey());
  expect(await second.refused(...register(next))).toMatchObject({ code: 'CONFLICT', reason: 'IDENTITY_EXISTS' });
  const replacing = { ...next, replaceAccountKey: true };
  expect(await second.refused(...register({ ...replacing, password: 'not it' }))).toMatchObject({
    code: 'INVALID_INPUT',
  });
  await second.graphql(...register({ ...replacing, password: PASSWORD }));
  expect((await second.graphql(OWN)).viewer.devices.map(({ id }: { id: string }) => id)).toEqual([next.id]);
  expect((await ann.graphql('{ viewer { id } }')).viewer).toBeNull();
  const kinds = (await second.graphql('{ viewer { securityEvents { kind } } }')).viewer.securityEvents;
  expect(kinds.map(({ kind }: { kind: string }) => kind).sort()).toEqual(
    ['DEVICE_ADDED', 'DEVICE_ADDED', 'DEVICE_REVOKED', 'IDENTITY_REPLACED'].sort(),
  );
});

test('a revoked device comes back under no circumstances, and an eleventh is one too many', async () => {
  const ann = await world.person('ann');
  const key = accountKey();
  const device = newDevice(ann, key);
  await ann.graphql(...register(device));
  await ann.graphql(...revoke(device.id));
  const back = await signedInAgain(ann);
  expect(await back.refused(...register(device))).toMatchObject({ code: 'FORBIDDEN', reason: 'DEVICE_REVOKED' });
  for (let n = 0; n < 10; n++) await back.graphql(...register(newDevice(ann, key)));
  expect(await back.refused(...register(newDevice(ann, key)))).toMatchObject({ reason: 'TOO_MANY_DEVICES' });
});

test('each key package is given out once, then the last resort, and nobody uses up another’s without end', async () => {
  const { ann, ben, cat } = await people(world, 'ann', 'ben', 'cat');
  const room = await roomOf(ann, ben);
  const device = newDevice(ben, accountKey(), { keyPackages: [bytes(300), bytes(301), bytes(302)] });
  await ben.graphql(...register(device));
  const claims = await Promise.all(Array.from({ length: 5 }, () => ann.graphql(...claim(room, [device.id]))));
  const given = claims.map(({ claimKeyPackages }) => claimKeyPackages[0].keyPackage);
  expect(given.filter((each) => each !== device.lastResort).sort()).toEqual([...device.keyPackages].sort());
  expect(given.filter((each) => each === device.lastResort)).toHaveLength(2);
  expect((await ben.graphql(...publish([bytes(300)]))).publishKeyPackages).toBe(1);
  for (let n = 0; n < 3; n++) await ann.graphql(...claim(room, [device.id]));
  expect(await ann.refused(...claim(room, [device.id]))).toMatchObject({ code: 'RATE_LIMITED' });
  expect(await cat.refused(...claim(room, [device.id]))).toMatchObject({ code: 'NOT_FOUND' });
  const catsDevice = await withDevice(cat);
  expect((await ann.graphql(...claim(room, [catsDevice]))).claimKeyPackages).toEqual([]);
  await ben.graphql(...publish(Array.from({ length: 100 }, () => bytes(50))));
  expect((await ben.graphql(OWN)).viewer.keyPackagesLeft).toBe(100);
  expect(await cat.refused(...publish(Array.from({ length: 101 }, () => bytes(50))))).toMatchObject({
    code: 'INVALID_INPUT',
  });
  expect(await (await signedInAgain(ben)).refused(...publish([]))).toMatchObject({
    code: 'FORBIDDEN',
    reason: 'NO_DEVICE',
  });
});

test('a device that nobody has seen for sixty days is revoked, and one that was revoked long ago is forgotten', async () => {
  const { ann, ben } = await people(world, 'ann', 'ben');
  const { core } = world.node;
  const room = await encryptedRoomOf(ann, ben);
  const [annsDevice, bensDevice] = [await withDevice(ann), await withDevice(ben)];
  await ann.graphql(...open(room));
  await ann.graphql(...commit(room, 0, { adds: [bensDevice] }));
  const ago = (days: number) => new Date(Date.now() - days * 86_400_000);
  await core.db.device.update({ where: { id: bensDevice }, data: { lastSeenAt: ago(61) } });
  await core.db.keyPackage.updateMany({ where: { deviceId: annsDevice }, data: { expiresAt: ago(1) } });
  await purgeDevices(core);
  expect(await ann.refused(...seal(room, 1))).toMatchObject({ reason: 'PENDING_REMOVAL', deviceIds: [bensDevice] });
  expect((await ann.graphql(OWN)).viewer.keyPackagesLeft).toBe(0);
  expect(await core.db.keyPackage.count({ where: { deviceId: annsDevice } })).toBe(1);
  await core.db.device.update({ where: { id: bensDevice }, data: { revokedAt: ago(31) } });
  await purgeDevices(core);
  expect(await core.db.device.count({ where: { id: bensDevice } })).toBe(1);
  await ann.graphql(...commit(room, 1, { removes: [bensDevice] }));
  await purgeDevices(core);
  expect(await core.db.device.count({ where: { id: bensDevice } })).toBe(0);
});

test('Ben’s device must leave the group after he has deleted his account, and nothing names him any more', async () => {
  const { ann, ben } = await people(world, 'ann', 'ben');
  const room = await encryptedRoomOf(ann, ben);
  const direct = (await ann.graphql(...openDirect(ben.id))).openDirectRoom.id;
  await ann.graphql('mutation ($id: ID!) { encryptRoom(id: $id) { encryption } }', { id: direct });
  await withDevice(ann);
  const bensDevice = await withDevice(ben);
  for (const id of [room, direct]) {
    await ann.graphql(...open(id));
    await ann.graphql(...commit(id, 0, { adds: [bensDevice] }));
    await ben.graphql(...seal(id, 1));
  }
  const goodbye =
    'mutation ($password: String!) { deleteAccount(password: $password, eraseMessages: false) { erasedMessages } }';
  await ben.graphql(goodbye, { password: PASSWORD });
  for (const id of [room, direct]) {
    expect(await ann.refused(...seal(id, 1))).toMatchObject({ reason: 'PENDING_REMOVAL', deviceIds: [bensDevice] });
    const group = '{ group { pendingRemovals { id } pendingRemovalIds } }';
    expect((await ann.graphql(`query ($id: ID!) { room(id: $id) ${group} }`, { id })).room.group).toEqual({
      pendingRemovals: [],
      pendingRemovalIds: [bensDevice],
    });
    await ann.graphql(...commit(id, 1, { removes: [bensDevice] }));
    await ann.graphql(...seal(id, 2));
    const said = (await logOf(ann, id)).find(({ __typename }) => __typename === 'MessageSent');
    expect(said.message.sealed.deviceId).toBeNull();
  }
  expect(await tablesWith(world.node, ben.username)).toEqual([]);
});

test('the file of Ann’s data has her devices and how much is sealed for her, and no key', async () => {
  const ann = await world.person('ann');
  const room = await encryptedRoomOf(ann);
  const device = await withDevice(ann);
  await ann.graphql(...open(room));
  await ann.graphql(...seal(room, 0));
  const put =
    'mutation ($blob: Bytes!, $id: ID!) { putSecret(name: "identity", version: 1, blob: $blob) { version } putBackupSegment(roomId: $id, n: 0, blob: $blob) { n } }';
  await ann.graphql(put, { blob: bytes(100), id: room });
  const { json } = await send(world.node, { path: '/export', headers: { authorization: `Bearer ${ann.accessToken}` } });
  expect(json.devices).toMatchObject([{ id: device, name: 'Laptop' }]);
  expect(json.secrets).toEqual([{ name: 'identity', version: 1, size: 100 }]);
  expect(json.backups).toEqual([{ roomId: room, parts: 1, size: 100 }]);
  expect(json.messages).toMatchObject([{ roomId: room, encoding: 'MLS', body: null }]);
});

test('of two devices that write one secret at once one must look again, and a backup is for members', async () => {
  const { ann, ben } = await people(world, 'ann', 'ben');
  const put = (version: number, blob: string): [string, object] => [
    'mutation ($version: Int!, $blob: Bytes!) { putSecret(name: "identity", version: $version, blob: $blob) { version } }',
    { version, blob },
  ];
  const first = put(1, bytes());
  await ann.graphql(...first);
  await ann.graphql(...first);
  expect(await ann.refused(...put(1, bytes()))).toMatchObject({ code: 'CONFLICT' });
  expect(await ann.refused(...put(3, bytes()))).toMatchObject({ code: 'CONFLICT' });
  const answers = await Promise.all([ann.ask(...put(2, bytes())), ann.ask(...put(2, bytes()))]);
  expect(answers.flatMap(({ errors }) => errors?.[0].extensions.code ?? 'OK').sort()).toEqual(['CONFLICT', 'OK']);
  expect((await ben.graphql('{ viewer { secret(name: "identity") { blob } } }')).viewer.secret).toBeNull();
  const room = await roomOf(ann, ben);
  const keep =
    'mutation ($id: ID!, $n: Int!, $blob: Bytes!) { putBackupSegment(roomId: $id, n: $n, blob: $blob) { n } }';
  for (const n of [0, 1]) await ben.graphql(keep, { id: room, n, blob: bytes() });
  await ann.graphql(...removeMember(room, ben.id));
  expect(await ben.refused(keep, { id: room, n: 2, blob: bytes() })).toMatchObject({ code: 'NOT_FOUND' });
  const kept = 'query ($id: ID!) { viewer { backupRooms backupSegments(roomId: $id, after: 0) { n } } }';
  expect((await ben.graphql(kept, { id: room })).viewer).toEqual({ backupRooms: [room], backupSegments: [{ n: 1 }] });
  expect((await ann.graphql(kept, { id: room })).viewer).toEqual({ backupRooms: [], backupSegments: [] });
});

test('sixteen secrets and twenty thousand parts of a backup are kept, however many come at once', async () => {
  const ann = await world.person('ann');
  const room = await roomOf(ann);
  const secret =
    'mutation ($name: String!, $blob: Bytes!) { putSecret(name: $name, version: 1, blob: $blob) { name } }';
  const part =
    'mutation ($id: ID!, $n: Int!, $blob: Bytes!) { putBackupSegment(roomId: $id, n: $n, blob: $blob) { n } }';
  const many = Array.from({ length: 30 }, (_, n) => n);
  const secrets = await Promise.all(many.map((n) => ann.ask(secret, { name: `secret-${n}`, blob: bytes() })));
  expect(secrets.filter(({ errors }) => !errors)).toHaveLength(16);
  await world.node.core.db.$executeRaw`
    INSERT INTO backup_segment (user_id, room_id, n, blob)
    SELECT ${ann.id}::uuid, ${room}::uuid, n, '' FROM generate_series(100, 20093) n`;
  const parts = await Promise.all(many.map((n) => ann.ask(part, { id: room, n, blob: bytes() })));
  expect(parts.filter(({ errors }) => !errors)).toHaveLength(6);
});

test.skipIf(embedded)(
  'a last resort that is published twice at once is there once, and nobody is told of a mistake',
  async () => {
    const ann = await world.person('ann');
    const device = newDevice(ann, accountKey());
    await ann.graphql(...register(device));
    const lastResorts = { deviceId: device.id, lastResort: true };
    await whileHeld(
      world.node,
      (tx) => tx.keyPackage.updateMany({ where: lastResorts, data: { lastResort: true } }),
      () => [ann.graphql(...publish([], bytes(300))), ann.graphql(...register(device))],
    );
    expect(await world.node.core.db.keyPackage.count({ where: lastResorts })).toBe(1);
  },
);

test.skipIf(embedded)('who replaces their key while they are removed from a room holds nobody up', async () => {
  const { ben, room } = await sealedRoom(world);
  const second = await signedInAgain(ben);
  const next = { ...newDevice(ben, accountKey()), replaceAccountKey: true, password: PASSWORD };
  const [answer] = await whileHeld(
    world.node,
    (tx) => tx.$queryRaw`SELECT id FROM room WHERE id = ${room}::uuid FOR UPDATE`,
    () => [second.graphql(...register(next))],
    (tx) => tx.$executeRaw(noteRooms(Prisma.sql`${ben.id}::uuid`)),
  );
  expect(answer.registerDevice.id).toBe(next.id);
});
