const PERSON = '{ id username displayName colour }';
const SEALED = '{ deviceId generation epoch mls body }';
const FILE = '{ id name type size width height placeholder url thumbnailUrl }';
const QUOTE = `{ id seq author ${PERSON} integration body files { name type } createdAt deletedAt }`;
const MESSAGE = `{
  id seq changedSeq author ${PERSON} integration body createdAt editedAt deletedAt files ${FILE} pinnedAt
  mentions { id username displayName } mentionsRoom reactions { emoji count users { id displayName } }
  replyTo ${QUOTE} sealed ${SEALED}
}`;

/** All that a device reads of an entry of a log. */
export const ENTRY = `
    __typename roomId seq at
    ... on RoomCreated { by ${PERSON} }
    ... on RoomChanged { by ${PERSON} name topic }
    ... on RoomDeleted { by ${PERSON} }
    ... on RoomEncrypted { by ${PERSON} }
    ... on MemberJoined { by ${PERSON} user ${PERSON} role }
    ... on MemberLeft { user ${PERSON} }
    ... on MemberRemoved { by ${PERSON} user ${PERSON} }
    ... on MemberBanned { by ${PERSON} user ${PERSON} wasMember }
    ... on MemberUnbanned { by ${PERSON} user ${PERSON} }
    ... on RoleChanged { by ${PERSON} user ${PERSON} role }
    ... on OwnershipTransferred { by ${PERSON} user ${PERSON} }
    ... on MessageSent { message ${MESSAGE} }
    ... on MessageEdited { message ${MESSAGE} }
    ... on MessageDeleted { message ${MESSAGE} }
    ... on MessagePinned { by ${PERSON} message ${MESSAGE} }
    ... on MessageUnpinned { by ${PERSON} message ${MESSAGE} }
    ... on ReactionsChanged { message ${MESSAGE} }
    ... on SealedEventSent { by ${PERSON} id targetId sealed ${SEALED} }
    ... on GroupOpened { by ${PERSON} deviceId generation }
    ... on GroupCommitted { by ${PERSON} deviceId generation epoch commit external }
    ... on DeviceRevoked { by ${PERSON} revokedId: deviceId }
    ... on MessagesExpired { upTo }`;

const ROOM = `{ id kind encryption generation lastSeq membership { role } directWith ${PERSON} }`;

export const ROOMS = `query SealedRooms { viewer { rooms ${ROOM} } }`;
export const ROOM_NOW = `query SealedRoom($id: ID!) { room(id: $id) ${ROOM} }`;
export const LOG = `query SealedLog($id: ID!, $after: Int!, $first: Int!) {
  server { epoch }
  room(id: $id) { id lastSeq log(after: $after, first: $first) { ${ENTRY} } }
}`;
export const GROUP = `query SealedGroup($id: ID!) {
  room(id: $id) { id group { generation epoch groupInfo devices { id } pendingRemovalIds } }
}`;
export const MEMBERS = `query SealedMembers($id: ID!, $after: String) {
  room(id: $id) { id members(first: 100, after: $after) { nodes { role user ${PERSON} } pageInfo { hasNextPage endCursor } } }
}`;
export const IDENTITIES = `query Identities($userIds: [ID!]!) {
  identities(userIds: $userIds) { userId accountKey devices { id credential revokedAt } }
}`;
export const ACCOUNT = `query OwnIdentity {
  server { epoch }
  viewer { id user ${PERSON} device { id } keyPackagesLeft }
}`;
export const REGISTER = `mutation RegisterDevice($input: RegisterDeviceInput!) { registerDevice(input: $input) { id } }`;
export const PUBLISH = `mutation PublishKeyPackages($keyPackages: [Bytes!]!, $lastResort: Bytes) {
  publishKeyPackages(keyPackages: $keyPackages, lastResort: $lastResort)
}`;
export const CLAIM = `mutation ClaimKeyPackages($roomId: ID!, $deviceIds: [ID!]!) {
  claimKeyPackages(roomId: $roomId, deviceIds: $deviceIds) { device { id } keyPackage }
}`;
export const OPEN = `mutation OpenGroup($input: OpenGroupInput!) { openGroup(input: $input) { id } }`;
export const COMMIT = `mutation CommitGroup($input: CommitGroupInput!) { commitGroup(input: $input) { id } }`;
export const SEND = `mutation SendSealed($input: SendSealedInput!) { sendSealed(input: $input) { id seq at } }`;
export const DELETE = `mutation DeleteSealed($id: ID!) { deleteMessage(id: $id) { id } }`;
export const WELCOMES = `query Welcomes { viewer { welcomes { id roomId generation seq epoch mls } } }`;
export const TAKE_WELCOMES = `mutation TakeWelcomes($ids: [ID!]!) { takeWelcomes(ids: $ids) }`;
export const SECRET = `query Secret($name: String!) { viewer { secret(name: $name) { version blob } } }`;
export const PUT_SECRET = `mutation PutSecret($name: String!, $version: Int!, $blob: Bytes!) {
  putSecret(name: $name, version: $version, blob: $blob) { version }
}`;
export const BACKUP_ROOMS = `query BackupRooms { viewer { backupRooms } }`;
export const SEGMENTS = `query BackupSegments($roomId: ID!, $after: Int!) {
  viewer { backupSegments(roomId: $roomId, after: $after) { n blob } }
}`;
export const PUT_SEGMENT = `mutation PutBackupSegment($roomId: ID!, $n: Int!, $blob: Bytes!) {
  putBackupSegment(roomId: $roomId, n: $n, blob: $blob) { n }
}`;
