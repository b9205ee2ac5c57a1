import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto';
import { type Operation, people } from './rooms.ts';
import type { Person, World } from './world.ts';

/** Bytes as the API takes them. The server understands none of what groups say: any will do. */
export const bytes = (size = 32): string => randomBytes(size).toString('base64');

const raw = (key: KeyObject) => Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
const bytesOf = (uuid: string) => Buffer.from(uuid.replaceAll('-', ''), 'hex');
const text = (buffer: Buffer) => buffer.toString('base64');

/** The key of an account, as its owner's first device makes it. */
export const accountKey = () => generateKeyPairSync('ed25519');
export type AccountKey = ReturnType<typeof accountKey>;

/** What a device registers with: real Ed25519 keys, and key packages that the server does not look into. */
export function newDevice({ id: userId }: { id: string }, account: AccountKey, more: Record<string, unknown> = {}) {
  const own = generateKeyPairSync('ed25519');
  const id = (more.id as string) ?? randomUUID();
  const signed = Buffer.concat([
    Buffer.from('shh device certificate v1'),
    bytesOf(userId),
    bytesOf(id),
    raw(own.publicKey),
  ]);
  const certificate = sign(null, signed, account.privateKey);
  const credential = Buffer.concat([Buffer.of(1), bytesOf(userId), bytesOf(id), raw(account.publicKey), certificate]);
  return {
    id,
    name: 'Laptop',
    accountKey: text(raw(account.publicKey)),
    signatureKey: text(raw(own.publicKey)),
    credential: text(credential),
    suites: [1],
    engineVersion: 1,
    keyPackages: Array.from({ length: 3 }, () => bytes(300)),
    lastResort: bytes(300),
    ...more,
  };
}

export const register = (device: object): Operation => [
  `mutation ($input: RegisterDeviceInput!) {
    registerDevice(input: $input) { id userId name credential signatureKey suites engineVersion lastSeenAt revokedAt }
  }`,
  { input: device },
];

/** A device of the person, registered for their session; gives its id. */
export async function withDevice(person: Person, account: AccountKey = accountKey(), more = {}): Promise<string> {
  const device = newDevice(person, account, more);
  return (await person.graphql(...register(device))).registerDevice.id;
}

export const claim = (roomId: string, deviceIds: string[]): Operation => [
  `mutation ($roomId: ID!, $deviceIds: [ID!]!) {
    claimKeyPackages(roomId: $roomId, deviceIds: $deviceIds) { device { id userId name lastSeenAt } keyPackage }
  }`,
  { roomId, deviceIds },
];
export const publish = (keyPackages: string[], lastResort?: string): Operation => [
  `mutation ($keyPackages: [Bytes!]!, $lastResort: Bytes) {
    publishKeyPackages(keyPackages: $keyPackages, lastResort: $lastResort)
  }`,
  { keyPackages, lastResort },
];
export const revoke = (id: string): Operation => [
  'mutation ($id: ID!) { revokeDevice(id: $id) { id revokedAt } }',
  { id },
];

/** A private room that is encrypted from the beginning, with these members. */
export async function encryptedRoomOf(owner: Person, ...members: Person[]): Promise<string> {
  const create = 'mutation { createRoom(input: { kind: PRIVATE, encrypted: true }) { id name encryption generation } }';
  const { id } = (await owner.graphql(create)).createRoom;
  const add = 'mutation ($roomId: ID!, $userId: ID!) { addMember(roomId: $roomId, userId: $userId) { role } }';
  for (const member of members) await owner.graphql(add, { roomId: id, userId: member.id });
  return id;
}

const PLACE = '{ id generation lastSeq group { generation suite epoch groupInfo pendingRemovalIds } }';

export const open = (roomId: string, more: object = {}): Operation => [
  `mutation ($input: OpenGroupInput!) { openGroup(input: $input) ${PLACE} }`,
  { input: { roomId, generation: 1, id: randomUUID(), suite: 1, groupInfo: bytes(), ...more } },
];
export const commit = (roomId: string, epoch: number, more: object = {}): Operation => [
  `mutation ($input: CommitGroupInput!) { commitGroup(input: $input) ${PLACE} }`,
  { input: { roomId, generation: 1, epoch, id: randomUUID(), commit: bytes(), groupInfo: bytes(), ...more } },
];
export const seal = (roomId: string, epoch: number, more: object = {}): Operation => [
  'mutation ($input: SendSealedInput!) { sendSealed(input: $input) { id seq at } }',
  {
    input: {
      ...{ roomId, generation: 1, epoch, id: randomUUID(), kind: 'MESSAGE', mls: bytes(330), body: bytes(200) },
      ...more,
    },
  },
];

export const signal = (roomId: string, sealed = bytes(256)): Operation => [
  'mutation ($roomId: ID!, $bytes: Bytes!) { sendSignal(roomId: $roomId, bytes: $bytes) }',
  { roomId, bytes: sealed },
];
export const SIGNALS = 'subscription ($roomId: ID!) { signals(roomId: $roomId) { roomId bytes at } }';

export const SEALED = '{ deviceId generation epoch mls body }';
const EVENTS = `{
  __typename seq
  ... on MessageSent { message { id author { id } encoding body sealed ${SEALED} } }
  ... on MessageDeleted { message { id deletedAt sealed ${SEALED} } }
  ... on SealedEventSent { by { id } id targetId sealed ${SEALED} }
  ... on GroupOpened { by { id } deviceId generation }
  ... on GroupCommitted { by { id } deviceId generation epoch commit external adds removes }
  ... on RoomEncrypted { by { id } }
  ... on DeviceRevoked { by { id } deviceId }
  ... on MemberLeft { user { id } }
  ... on MemberRemoved { user { id } }
}`;

/** The log of the room after a position, all of it. */
export async function logOf(person: Person, roomId: string, after = 0): Promise<any[]> {
  const document = `query ($id: ID!, $after: Int!) { room(id: $id) { log(after: $after) ${EVENTS} } }`;
  const { log } = (await person.graphql(document, { id: roomId, after })).room;
  return log.length === 0 ? [] : [...log, ...(await logOf(person, roomId, log.at(-1).seq))];
}

/** Follows the log over a socket. */
export const followSealed = (person: Person, roomId: string, after?: number) =>
  person.subscribe(`subscription ($roomId: ID!, $after: Int) { roomLog(roomId: $roomId, after: $after) ${EVENTS} }`, {
    roomId,
    after,
  });

/** Ann and Ben with a device each in the group of an encrypted room of Ann's, at epoch 1. */
export async function sealedRoom(world: Pick<World, 'person'>) {
  const { ann, ben } = await people(world, 'ann', 'ben');
  const room = await encryptedRoomOf(ann, ben);
  await withDevice(ann);
  const bensDevice = await withDevice(ben);
  await ann.graphql(...open(room));
  await ann.graphql(...commit(room, 0, { adds: [bensDevice] }));
  return { ann, ben, room, bensDevice };
}
