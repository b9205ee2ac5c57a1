import { randomUUID } from 'node:crypto';
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { schema } from '../../api/schema.ts';
import { Authenticator, addPasskey } from '../authenticator.ts';
import { accountKey, bytes, commit, newDevice, open, seal, withDevice } from '../devices.ts';
import { begin } from '../files.ts';
import { ban } from '../rooms.ts';
import { Line } from '../wire.ts';
import { administrator, openWorld, PASSWORD, type Person, type World, whileWaiting } from '../world.ts';

/** Everything that needs no session. What is not here is refused to whoever has none. */
const PUBLIC = [
  ...['Query.server', 'Query.viewer'],
  ...['Mutation.setUp', 'Mutation.register', 'Mutation.logIn', 'Mutation.refresh', 'Mutation.logOut'],
  ...['Mutation.recover', 'Mutation.resetPassword', 'Mutation.beginPasskeySignIn', 'Mutation.signInWithPasskey'],
];

const ROLES = ['stranger', 'member', 'former', 'removed', 'moderator', 'owner', 'administrator', 'banned'] as const;
const NAMES = [...ROLES, 'author', 'newcomer'] as const;
type Name = (typeof NAMES)[number];

type Secret = 'passkey' | 'personalToken' | 'incomingWebhook' | 'outgoingWebhook';

/**
 * Who is told what, in the order of ROLES: + done, - NOT_FOUND, x FORBIDDEN, ! INVALID_INPUT, ~ CONFLICT. `of` is the thing that it is
 * done to. Who is banned is told what a removed member is told, unless `banned` says otherwise.
 */
interface Row {
  answers: string;
  banned?: string;
  of?:
    | 'room'
    | 'message'
    | 'author'
    | 'newcomer'
    | 'session'
    | 'device'
    | 'invitation'
    | 'roomLink'
    | 'linkToken'
    | 'upload'
    | Secret;
  variables?: (scene: Scene) => object;
}
const TABLE: Record<string, Row> = {
  'Query.room': { answers: '- + - - + + -', of: 'room', variables: ({ room }) => ({ id: room }) },
  'Query.message': { answers: '- + - - + + -', of: 'message', variables: ({ message }) => ({ id: message }) },
  'Query.publicRoom': { answers: '- - - - - - -', of: 'room', variables: ({ room }) => ({ id: room }) },
  'Query.publicRooms': { answers: '+ + + + + + +' },
  'Query.user': { answers: '+ + + + + + +', of: 'author', variables: ({ author }) => ({ id: author.id }) },
  'Query.users': { answers: '+ + + + + + +' },
  'Query.search': {
    answers: '- + - - + + -',
    of: 'room',
    variables: ({ room }) => ({ text: 'mine', roomId: room }),
  },
  'Query.invitations': { answers: 'x x x x x x +' },
  'Query.auditLog': { answers: 'x x x x x x +' },
  'Query.accounts': { answers: 'x x x x x x +' },
  'Query.allRooms': { answers: 'x x x x x x +' },
  'Query.storageUse': { answers: 'x x x x x x +' },
  'Query.bans': { answers: '- x - - + + -', of: 'room', variables: ({ room }) => ({ roomId: room }) },
  'Query.blocked': { answers: '+ + + + + + +' },
  'Query.roomLinks': { answers: '- x - - + + -', of: 'room', variables: ({ room }) => ({ roomId: room }) },
  'Query.roomLinkPreview': {
    answers: '+ + + + + + +',
    of: 'linkToken',
    variables: ({ linkToken }) => ({ token: linkToken }),
  },
  'Mutation.createRoom': { answers: '+ + + + + + +', variables: () => ({ input: { name: randomUUID() } }) },
  'Mutation.openDirectRoom': {
    answers: '+ + + + + + +',
    of: 'author',
    variables: ({ author }) => ({ userId: author.id }),
  },
  'Mutation.joinRoom': { answers: '- + - - + + -', of: 'room', variables: ({ room }) => ({ id: room }) },
  'Mutation.leaveRoom': { answers: '- + - - + + -', of: 'room', variables: ({ room }) => ({ id: room }) },
  'Mutation.updateRoom': {
    answers: '- x - - + + -',
    of: 'room',
    variables: ({ room }) => ({ input: { id: room, topic: 'new' } }),
  },
  'Mutation.deleteRoom': { answers: '- x - - x + -', of: 'room', variables: ({ room }) => ({ id: room }) },
  'Mutation.setRetention': {
    answers: '- x - - x + -',
    of: 'room',
    variables: ({ room }) => ({ roomId: room, days: 90 }),
  },
  'Mutation.addMember': {
    answers: '- x - - + + -',
    of: 'room',
    variables: ({ room, newcomer }) => ({ roomId: room, userId: newcomer.id }),
  },
  'Mutation.removeMember': {
    answers: '- x - - + + -',
    of: 'room',
    variables: ({ room, author }) => ({ roomId: room, userId: author.id }),
  },
  'Mutation.setRole': {
    answers: '- x - - x + -',
    of: 'room',
    variables: ({ room, author }) => ({ roomId: room, userId: author.id, role: 'MODERATOR' }),
  },
  'Mutation.transferOwnership': {
    answers: '- x - - x + -',
    of: 'room',
    variables: ({ room, author }) => ({ roomId: room, userId: author.id }),
  },
  'Mutation.banMember': {
    answers: '- x - - + + -',
    of: 'room',
    variables: ({ room, author }) => ({ roomId: room, userId: author.id }),
  },
  'Mutation.unbanMember': {
    answers: '- x - - + + -',
    of: 'room',
    variables: ({ room, banned }) => ({ roomId: room, userId: banned.id }),
  },
  'Mutation.setTyping': { answers: '- + - - + + -', of: 'room', variables: ({ room }) => ({ roomId: room }) },
  'Mutation.sendMessage': {
    answers: '- + - - + + -',
    of: 'room',
    variables: ({ room }) => ({ input: { id: randomUUID(), roomId: room, body: 'hello' } }),
  },
  'Mutation.editMessage': {
    answers: '- x - - x x -',
    of: 'message',
    variables: ({ message }) => ({ input: { id: message, body: 'changed' } }),
  },
  'Mutation.deleteMessage': { answers: '- x - - x x -', of: 'message', variables: ({ message }) => ({ id: message }) },
  'Query.upload': { answers: '- - - - - - -', of: 'upload', variables: ({ upload }) => ({ id: upload }) },
  'Mutation.createUpload': {
    answers: '- + - - + + -',
    of: 'room',
    variables: ({ room }) => ({ input: { roomId: room, name: 'notes.txt', size: 1 } }),
  },
  'Mutation.cancelUpload': { answers: '- - - - - - -', of: 'upload', variables: ({ upload }) => ({ id: upload }) },
  'Mutation.markRead': {
    answers: '- + - - + + -',
    of: 'room',
    variables: ({ room }) => ({ roomId: room, seq: 1 }),
  },
  'Mutation.markUnread': {
    answers: '- + - - + + -',
    of: 'room',
    variables: ({ room }) => ({ roomId: room, seq: 1 }),
  },
  'Mutation.setNotify': {
    answers: '- + - - + + -',
    of: 'room',
    variables: ({ room }) => ({ roomId: room, level: 'MENTIONS' }),
  },
  'Mutation.hush': { answers: '+ + + + + + +', variables: () => ({ until: null }) },
  'Mutation.setPush': { answers: '+ + + + + + +', variables: () => ({ subscription: null }) },
  'Mutation.setReaction': {
    answers: '- + - - + + -',
    of: 'message',
    variables: ({ message }) => ({ messageId: message, emoji: '👍', on: true }),
  },
  'Mutation.pinMessage': {
    answers: '- x - - + + -',
    of: 'message',
    variables: ({ message }) => ({ messageId: message }),
  },
  'Mutation.unpinMessage': {
    answers: '- x - - + + -',
    of: 'message',
    variables: ({ message }) => ({ messageId: message }),
  },
  'Mutation.updateServer': { answers: 'x x x x x x +', variables: () => ({ input: { name: 'shh' } }) },
  'Mutation.setAdministrator': {
    answers: 'x x x x x x +',
    of: 'author',
    variables: ({ author }) => ({ userId: author.id, on: false }),
  },
  'Mutation.setDisabled': {
    answers: 'x x x x x x +',
    of: 'author',
    variables: ({ author }) => ({ userId: author.id, on: false }),
  },
  // Of somebody whom nobody needs any more.
  'Mutation.endSessionsOf': {
    answers: 'x x x x x x +',
    of: 'newcomer',
    variables: ({ newcomer }) => ({ userId: newcomer.id }),
  },
  // With a wrong password: everyone is still needed.
  'Mutation.removePerson': {
    answers: 'x x x x x x !',
    of: 'author',
    variables: ({ author }) => ({ userId: author.id, password: 'not the password', eraseMessages: false }),
  },
  'Mutation.removeRoom': { answers: 'x x x x x x +', of: 'room', variables: ({ room }) => ({ id: room }) },
  'Mutation.createInvitation': { answers: 'x x x x x x +', variables: () => ({ input: {} }) },
  'Mutation.revokeInvitation': {
    answers: 'x x x x x x +',
    of: 'invitation',
    variables: ({ invitation }) => ({ id: invitation }),
  },
  // With a wrong password, or what no browser made.
  'Mutation.beginPasskey': { answers: '! ! ! ! ! ! !', variables: () => ({ password: 'not the password' }) },
  'Mutation.addPasskey': {
    answers: '! ! ! ! ! ! !',
    variables: () => ({ input: { ticket: 'none', response: 'none', name: 'mine' } }),
  },
  // Who has no passkey confirms nothing with one.
  'Mutation.beginConfirmation': { answers: '~ ~ ~ ~ ~ ~ ~', variables: () => ({ act: 'DELETE_ACCOUNT' }) },
  'Mutation.confirmWithPasskey': {
    answers: '! ! ! ! ! ! !',
    variables: () => ({ input: { act: 'DELETE_ACCOUNT', ticket: 'none', response: 'none' } }),
  },
  'Mutation.renamePasskey': {
    answers: '- - - - - - -',
    of: 'passkey',
    variables: ({ passkey }) => ({ id: passkey, name: 'theirs' }),
  },
  'Mutation.removePasskey': { answers: '- - - - - - -', of: 'passkey', variables: ({ passkey }) => ({ id: passkey }) },
  'Mutation.beginCodeApp': { answers: '! ! ! ! ! ! !', variables: () => ({ password: 'not the password' }) },
  'Mutation.confirmCodeApp': { answers: '! ! ! ! ! ! !', variables: () => ({ code: '000000' }) },
  'Mutation.setSecondFactor': {
    answers: '! ! ! ! ! ! !',
    variables: () => ({ on: true, password: 'not the password' }),
  },
  'Query.personalTokens': { answers: '+ + + + + + +' },
  'Mutation.createPersonalToken': { answers: '+ + + + + + +', variables: () => ({ input: { name: 'mine' } }) },
  'Mutation.revokePersonalToken': {
    answers: '- - - - - - -',
    of: 'personalToken',
    variables: ({ personalToken }) => ({ id: personalToken }),
  },
  'Query.incomingWebhooks': { answers: '- x - - + + -', of: 'room', variables: ({ room }) => ({ roomId: room }) },
  'Query.outgoingWebhooks': { answers: '- x - - + + -', of: 'room', variables: ({ room }) => ({ roomId: room }) },
  'Mutation.createIncomingWebhook': {
    answers: '- x - - + + -',
    of: 'room',
    variables: ({ room }) => ({ input: { roomId: room, name: 'Build' } }),
  },
  'Mutation.revokeIncomingWebhook': {
    answers: '- x - - + + -',
    of: 'incomingWebhook',
    variables: ({ incomingWebhook }) => ({ id: incomingWebhook }),
  },
  'Mutation.createOutgoingWebhook': {
    answers: '- x - - + + -',
    of: 'room',
    variables: ({ room }) => ({ input: { roomId: room, url: NOWHERE, events: ['ROOM_CHANGED'] } }),
  },
  'Mutation.resumeOutgoingWebhook': {
    answers: '- x - - + + -',
    of: 'outgoingWebhook',
    variables: ({ outgoingWebhook }) => ({ id: outgoingWebhook }),
  },
  'Mutation.revokeOutgoingWebhook': {
    answers: '- x - - + + -',
    of: 'outgoingWebhook',
    variables: ({ outgoingWebhook }) => ({ id: outgoingWebhook }),
  },
  'Mutation.createRoomLink': {
    answers: '- x - - + + -',
    of: 'room',
    variables: ({ room }) => ({ input: { roomId: room } }),
  },
  'Mutation.revokeRoomLink': {
    answers: '- x - - + + -',
    of: 'roomLink',
    variables: ({ roomLink }) => ({ id: roomLink }),
  },
  'Mutation.joinByLink': {
    answers: '+ + + + + + +',
    banned: 'x',
    of: 'linkToken',
    variables: ({ linkToken }) => ({ token: linkToken }),
  },
  'Query.identities': { answers: '+ + + + + + +', variables: ({ author }) => ({ userIds: [author.id] }) },
  // Its credential is of nobody.
  'Mutation.registerDevice': {
    answers: '! ! ! ! ! ! !',
    variables: ({ author }) => ({ input: newDevice(author, accountKey()) }),
  },
  'Mutation.renameDevice': {
    answers: '- - - - - - -',
    of: 'device',
    variables: ({ device }) => ({ id: device, name: 'mine' }),
  },
  'Mutation.revokeDevice': { answers: '- - - - - - -', of: 'device', variables: ({ device }) => ({ id: device }) },
  // Nobody but the author has a device.
  'Mutation.publishKeyPackages': { answers: 'x x x x x x x', variables: () => ({ keyPackages: [bytes()] }) },
  'Mutation.takeWelcomes': { answers: 'x x x x x x x', variables: () => ({ ids: [randomUUID()] }) },
  'Mutation.claimKeyPackages': {
    answers: '- + - - + + -',
    of: 'room',
    variables: ({ room, device }) => ({ roomId: room, deviceIds: [device] }),
  },
  'Mutation.openGroup': { answers: '- x - - x x -', of: 'room', variables: ({ room }) => open(room)[1] as object },
  'Mutation.commitGroup': {
    answers: '- x - - x x -',
    of: 'room',
    variables: ({ room }) => commit(room, 0)[1] as object,
  },
  'Mutation.sendSealed': { answers: '- x - - x x -', of: 'room', variables: ({ room }) => seal(room, 0)[1] as object },
  'Mutation.sendSignal': {
    answers: '- x - - x x -',
    of: 'room',
    variables: ({ room }) => ({ roomId: room, bytes: bytes(256) }),
  },
  'Mutation.encryptRoom': { answers: '- x - - x + -', of: 'room', variables: ({ room }) => ({ id: room }) },
  'Mutation.putSecret': {
    answers: '+ + + + + + +',
    variables: () => ({ name: 'backup', version: 1, blob: SAME }),
  },
  'Mutation.putBackupSegment': {
    answers: '- + - - + + -',
    of: 'room',
    variables: ({ room }) => ({ roomId: room, n: 0, blob: bytes() }),
  },
  'Mutation.blockUser': { answers: '+ + + + + + +', of: 'author', variables: ({ author }) => ({ userId: author.id }) },
  'Mutation.unblockUser': {
    answers: '+ + + + + + +',
    of: 'author',
    variables: ({ author }) => ({ userId: author.id }),
  },
  'Mutation.updateProfile': { answers: '+ + + + + + +', variables: () => ({ input: { colour: 3 } }) },
  'Mutation.changePassword': {
    answers: '+ + + + + + +',
    variables: () => ({ current: PASSWORD, next: PASSWORD }),
  },
  'Mutation.createRecoveryCode': { answers: '+ + + + + + +', variables: () => ({ password: PASSWORD }) },
  // With a wrong password: everyone is still needed.
  'Mutation.deleteAccount': {
    answers: '! ! ! ! ! ! !',
    variables: () => ({ password: 'not the password', eraseMessages: false }),
  },
  'Mutation.createResetLink': {
    answers: 'x x x x x x +',
    of: 'author',
    variables: ({ author }) => ({ userId: author.id }),
  },
  'Mutation.revokeSession': { answers: '- - - - - - -', of: 'session', variables: ({ session }) => ({ id: session }) },
  'Mutation.revokeOtherSessions': { answers: '+ + + + + + +' },
  'Subscription.roomLog': {
    answers: '- + - - + + -',
    of: 'room',
    variables: ({ room }) => ({ roomId: room, after: 0 }),
  },
  'Subscription.typing': { answers: '- + - - + + -', of: 'room', variables: ({ room }) => ({ roomId: room }) },
  'Subscription.signals': { answers: '- x - - x x -', of: 'room', variables: ({ room }) => ({ roomId: room }) },
  'Subscription.presence': { answers: '+ + + + + + +' },
  'Subscription.viewerLog': {
    answers: '+ + + + + + +',
    variables: ({ room }) => ({ after: [{ roomId: room, seq: 0 }] }),
  },
  'Subscription.peopleChanged': { answers: '+ + + + + + +' },
  'Subscription.viewerEvents': { answers: '+ + + + + + +', variables: () => ({ after: 0 }) },
};
// The same again is the same.
const SAME = bytes();
// Nobody listens there.
const NOWHERE = 'http://127.0.0.1:9/';
const CODES: Record<string, string> = {
  '+': 'OK',
  '-': 'NOT_FOUND',
  x: 'FORBIDDEN',
  '!': 'INVALID_INPUT',
  '~': 'CONFLICT',
};

/** What a type shows, and to whom: everything else that it had would have to be decided upon here. */
const SEEN: Record<string, string> = {
  Server: 'anyone: epoch fileLimit name needsSetup pushKey registration registrationIsFixed runBy version',
  Account: 'administrators: disabledAt isAdmin lastSeenAt user',
  AccountConnection: 'administrators: edges nodes pageInfo',
  AccountEdge: 'administrators: cursor node',
  RemovePersonPayload: 'administrators: erasedMessages',
  RoomSize: 'administrators: createdAt fileBytes fileCount kind memberCount messageCount name retentionDays roomId',
  RoomSizeConnection: 'administrators: edges nodes pageInfo',
  RoomSizeEdge: 'administrators: cursor node',
  StorageUse: 'administrators: databaseBytes fileBytes fileCount people rooms',
  PersonSize: 'administrators: fileBytes fileCount user',
  User: 'anyone signed in: colour createdAt displayName id username',
  Identity: 'anyone signed in: accountKey accountKeyVersion devices userId',
  Device:
    'anyone signed in: createdAt credential engineVersion id lastSeenAt name revokedAt signatureKey suites userId',
  ClaimedKeyPackage: 'members: device keyPackage',
  Group: 'members: devices epoch generation groupInfo pendingRemovalIds pendingRemovals suite',
  Traces: 'oneself: bytes commits devices events fileBytes files firstAt lastAt messages plainMessages',
  Sealed: 'members: body deviceId epoch generation mls',
  Signal: 'members: at bytes roomId',
  SentSealed: 'oneself: at id seq',
  Welcome: 'oneself: epoch generation id mls roomId seq',
  SecretBlob: 'oneself: blob name version',
  BackupSegment: 'oneself: blob n roomId',
  SealedEventSent: 'members: at by id roomId sealed seq targetId',
  GroupOpened: 'members: at by deviceId generation roomId seq',
  GroupCommitted: 'members: adds at by commit deviceId epoch external generation removes roomId seq',
  RoomEncrypted: 'members: at by roomId seq',
  DeviceRevoked: 'members: at by deviceId roomId seq',
  PersonChanged: 'anyone signed in: user userId',
  UserConnection: 'anyone signed in: edges nodes pageInfo',
  UserEdge: 'anyone signed in: cursor node',
  PageInfo: 'who sees the page: endCursor hasNextPage hasPreviousPage startCursor',
  PublicRoom: 'anyone signed in: createdAt id joined memberCount name topic',
  PublicRoomConnection: 'anyone signed in: edges nodes pageInfo',
  PublicRoomEdge: 'anyone signed in: cursor node',
  Viewer:
    'oneself: asksSecondFactor backupRooms backupSegments device devices email hasCodeApp hasRecoveryCode hushedUntil id isAdmin keyPackagesLeft mentions passkeys rooms roomsVersion secret securityEvents session sessions user welcomes',
  DeleteAccountPayload: 'oneself: erasedMessages',
  SecurityEvent: 'oneself: createdAt id kind',
  Session: 'oneself: createdAt expiresAt hasPush id isCurrent label rotatedAt',
  AuthPayload: 'oneself: accessToken accessTokenExpiresAt recoveryCode refreshToken viewer',
  RoomJoined: 'oneself: room version',
  RoomLeft: 'oneself: roomId version',
  ReadMoved: 'oneself: lastSeq mentionCount readSeq roomId unreadCount version',
  NotifyChanged: 'oneself: notify roomId version',
  HushChanged: 'oneself: hushedUntil version',
  RoomsChanged: 'oneself: version',
  AuditEvent: 'administrators: action actor createdAt detail id roomId subject',
  AuditEventConnection: 'administrators: edges nodes pageInfo',
  AuditEventEdge: 'administrators: cursor node',
  Invitation: 'administrators: createdAt createdBy expiresAt id maxUses revokedAt uses',
  CreateInvitationPayload: 'administrators: invitation token',
  CreateResetLinkPayload: 'administrators: expiresAt token user',
  CodeAppSetUp: 'oneself: secret uri',
  Passkey: 'oneself: createdAt id lastUsedOn name',
  PasskeyRequest: 'who asks: options ticket',
  PersonalToken: 'oneself: createdAt expiresAt id lastUsedOn name prefix scope',
  CreatePersonalTokenPayload: 'oneself: personalToken token',
  IncomingWebhook: 'owners and moderators: createdAt createdBy id lastUsedOn name',
  CreateIncomingWebhookPayload: 'owners and moderators: path webhook',
  OutgoingWebhook: 'owners and moderators: createdAt createdBy deliveries events failures id stoppedAt url',
  CreateOutgoingWebhookPayload: 'owners and moderators: secret webhook',
  WebhookDelivery: 'owners and moderators: at event id problem seq status',
  RoomLink: 'owners and moderators: createdAt createdBy expiresAt id maxUses uses',
  CreateRoomLinkPayload: 'owners and moderators: link token',
  RoomLinkPreview: 'who holds the link: joined memberCount name roomId',
  Room: 'members: countedSeq createdAt createdBy directWith encryption expiredSeq generation group id kind lastMessage lastSeq log memberCount members membership mentionCount messages name notices notify pins readSeq retentionDays topic traces unreadCount',
  Ban: 'owners and moderators: createdAt madeBy reason user',
  Membership: 'members: joinedAt joinedSeq role user',
  MembershipConnection: 'members: edges nodes pageInfo',
  MembershipEdge: 'members: cursor node',
  File: 'members: height id name placeholder sha256 size thumbnailUrl type url width',
  Upload: 'oneself: file id isReady received url',
  Message:
    'members: author body changedSeq createdAt deletedAt editedAt encoding files id integration mentions mentionsRoom pinnedAt reactions replyTo roomId sealed seq',
  Reaction: 'members: count emoji users',
  MentionConnection: 'oneself: edges nodes pageInfo',
  MentionEdge: 'oneself: cursor node',
  MessagePinned: 'members: at by message roomId seq',
  MessageUnpinned: 'members: at by message roomId seq',
  ReactionsChanged: 'members: at by emoji message on roomId seq',
  Quote: 'members: author body createdAt deletedAt files id integration seq',
  ExcerptPart: 'members: isMatch text',
  FoundMessage: 'members: excerpt message',
  FoundMessageConnection: 'members: edges nodes pageInfo',
  FoundMessageEdge: 'members: cursor node',
  MessageConnection: 'members: edges nodes pageInfo',
  MessageEdge: 'members: cursor node',
  RoomCreated: 'members: at by roomId seq',
  RoomChanged: 'members: at by name retentionChanged retentionDays roomId seq topic',
  RoomDeleted: 'members: at by roomId seq',
  MessagesExpired: 'members: at roomId seq upTo',
  MemberJoined: 'members: at by role roomId seq user',
  MemberLeft: 'members: at roomId seq user',
  MemberRemoved: 'members: at by roomId seq user',
  MemberBanned: 'members: at by roomId seq user wasMember',
  MemberUnbanned: 'members: at by roomId seq user',
  OwnershipTransferred: 'members: at by roomId seq user',
  RoleChanged: 'members: at by role roomId seq user',
  MessageSent: 'members: at message roomId seq',
  MessageEdited: 'members: at message roomId seq',
  MessageDeleted: 'members: at message roomId seq',
  Reset: 'members: at epoch roomId seq',
  Typing: 'members: at roomId user',
  Presence: 'who shares a room with them: gone here isComplete',
};

const ROOTS = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()] as GraphQLObjectType[];
const FIELDS = ROOTS.flatMap((root) => Object.keys(root.getFields()).map((field) => `${root.name}.${field}`));

interface Scene extends Record<Name, Person>, Record<Secret, string> {
  room: string;
  message: string;
  session: string;
  device: string;
  invitation: string;
  roomLink: string;
  linkToken: string;
  upload: string;
}

/** After these somebody is another than before, or something is gone. */
const SPOILS =
  /^Mutation\.(leave|delete|remove|add|ban|unban|revoke|cancel|transfer|encrypt|setRole|joinByLink|createUpload|createResetLink)/;

let world: World;
let people: Record<Name, Person>;
let standing: Promise<Scene>;
let spoilt = true;
let nobody: Line;
let device: string;
// A person may have a few that wait, so those of earlier scenes are cancelled.
const uploads: string[] = [];
beforeAll(async () => {
  world = await openWorld({ OUTGOING_ORIGINS: 'http://127.0.0.1:9' });
  const named: [Name, Person][] = [];
  for (const name of NAMES) named.push([name, await world.person(name)]);
  people = Object.fromEntries(named) as Record<Name, Person>;
  people.administrator = await administrator(world.node, 'administrator');
  device = await withDevice(people.author);
  nobody = new Line(world.node);
  await nobody.init();
});
afterAll(async () => {
  nobody?.close();
  for (const person of Object.values(people ?? {})) person.disconnect();
  await world.close();
});

test('every root field has its row, and no row is without its field', () => {
  expect([...Object.keys(TABLE), ...PUBLIC].sort()).toEqual([...FIELDS].sort());
});

test('every type that can be reached shows what it is known to show', () => {
  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !type.name.startsWith('__'));
  const shown = (types as GraphQLObjectType[])
    .filter((type) => !ROOTS.includes(type))
    .map((type) => [type.name, Object.keys(type.getFields()).sort().join(' ')]);
  const known = Object.entries(SEEN).map(([name, seen]) => [name, seen.split(': ')[1]]);
  expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(known));
});

test.each(Object.keys(TABLE))('who is not signed in gets nothing of %s', async (name) => {
  const { document } = operation(name);
  const variables = least(name);
  const answers = [(await nobody.ask(document, { variables })).payload];
  if (!name.startsWith('Subscription')) answers.push(await world.stranger().ask(document, variables));
  for (const { errors, data } of answers) {
    expect(errors.map(({ extensions }: any) => extensions.code)).toEqual(['UNAUTHENTICATED']);
    expect(Object.values(data ?? {}).filter(Boolean)).toEqual([]);
  }
});

test('who is not signed in may ask what server this is, who they are, and sign in', async () => {
  const { server, viewer } = await world
    .stranger()
    .graphql('{ server { name epoch needsSetup registration } viewer { id } }');
  expect(server).toEqual({ name: 'shh', epoch: expect.any(String), needsSetup: false, registration: 'OPEN' });
  expect(viewer).toBeNull();
});

const BY_HAND = 'A member cannot do a moderator’s act even by sending the mutation by hand: %s is for whom it is for';
test.each(Object.entries(TABLE))(BY_HAND, async (name, { answers, banned }) => {
  const codes: Record<string, string> = {};
  for (const role of ROLES) {
    const scene = await undisturbedScene();
    codes[role] = (await outcome(scene[role], name, scene)).code;
    if (codes[role] === 'OK' && SPOILS.test(name)) spoilt = true;
  }
  const signs = answers.split(' ');
  signs.push(banned ?? signs[ROLES.indexOf('removed')] ?? '');
  expect(codes).toEqual(Object.fromEntries(ROLES.map((role, n) => [role, CODES[signs[n] ?? '']])));
});

test('what is told of all one’s rooms is told of no other, whatever position is claimed', async () => {
  const scene = await undisturbedScene();
  const { document } = operation('Subscription.viewerLog', ['after']);
  const log = document.replace('__typename', 'roomId');
  for (const role of ['stranger', 'former', 'removed', 'banned', 'administrator'] as const) {
    const arrivals = scene[role].subscribe(log, { after: [{ roomId: scene.room, seq: 0 }] });
    await scene.author.say(scene.room, 'not for all ears');
    const made: string[] = [];
    const told = await whileWaiting(arrivals.next(), async () => made.push(await scene[role].createRoom()));
    arrivals.stop();
    expect(made).toContain(told.roomId);
  }
});

const OF_SOMETHING = Object.entries(TABLE).flatMap(([name, { of, answers }]) => (of ? [{ name, of, answers }] : []));

test.each(OF_SOMETHING)(
  '$name says the same of what is hidden and of what never was',
  async ({ name, of, answers }) => {
    const scene = await undisturbedScene();
    for (const id of [randomUUID(), 'no uuid', '']) {
      const ghost = { ...scene, [of]: of === 'author' || of === 'newcomer' ? { id } : id };
      const refusal = await outcome(answers.startsWith('x') ? scene.administrator : scene.owner, name, ghost);
      expect(refusal.code).toBe('NOT_FOUND');
      if (answers.startsWith('-')) expect(await outcome(scene.stranger, name, scene)).toEqual(refusal);
    }
  },
);

const deletedScene = once(async () => {
  const scene = await setScene();
  expect((await outcome(scene.owner, 'Mutation.deleteRoom', scene)).code).toBe('OK');
  return scene;
});
test.each(OF_SOMETHING.filter(({ of, answers }) => (of === 'room' || of === 'message') && !answers.startsWith('x')))(
  '$name finds nothing in a room that was deleted',
  async ({ name }) => {
    const scene = await deletedScene();
    for (const role of ROLES) expect((await outcome(scene[role], name, scene)).code).toBe('NOT_FOUND');
  },
);

/** The scene of the tests before, as long as nobody has done there what changes the answer to somebody else. */
async function undisturbedScene(): Promise<Scene> {
  if (spoilt) standing = setScene();
  spoilt = false;
  return standing;
}

function once<Result>(make: () => Promise<Result>): () => Promise<Result> {
  let made: Promise<Result> | undefined;
  return () => (made ??= make());
}

/** A private room with one of each kind, and a message by one who is none of them. */
async function setScene(): Promise<Scene> {
  const { owner, moderator, member, former, removed, banned, author, administrator } = people;
  const room = await owner.createRoom({ kind: 'PRIVATE' });
  const add = 'mutation ($roomId: ID!, $userId: ID!) { addMember(roomId: $roomId, userId: $userId) { role } }';
  const newcomers = [moderator, member, former, removed, banned, author];
  await Promise.all(newcomers.map(({ id }) => owner.graphql(add, { roomId: room, userId: id })));
  const promote =
    'mutation ($roomId: ID!, $userId: ID!) { setRole(roomId: $roomId, userId: $userId, role: MODERATOR) { role } }';
  await owner.graphql(promote, { roomId: room, userId: moderator.id });
  await former.graphql('mutation ($id: ID!) { leaveRoom(id: $id) }', { id: room });
  const remove = 'mutation ($roomId: ID!, $userId: ID!) { removeMember(roomId: $roomId, userId: $userId) }';
  await owner.graphql(remove, { roomId: room, userId: removed.id });
  await owner.graphql(...ban(room, banned.id));
  const [{ id: message }, { viewer }, { id: upload }, { createInvitation }, { createRoomLink }] = await Promise.all([
    author.say(room, 'mine'),
    author.graphql('{ viewer { session { id } } }'),
    begin(author, room, { bytes: Buffer.from('mine') }),
    administrator.graphql('mutation { createInvitation(input: {}) { invitation { id } } }'),
    owner.graphql('mutation ($id: ID!) { createRoomLink(input: { roomId: $id }) { link { id } token } }', { id: room }),
    author.ask('mutation ($id: ID!) { cancelUpload(id: $id) }', { id: uploads.at(-1) }),
  ]);
  uploads.push(upload);
  // A person may have 20, so those of the scenes before go.
  await world.node.core.db.personalToken.deleteMany();
  await world.node.core.db.passkey.deleteMany();
  const [hooks, { createPersonalToken }] = await Promise.all([
    owner.graphql(WEBHOOKS, { id: room, url: NOWHERE }),
    author.graphql('mutation { createPersonalToken(input: { name: "mine" }) { personalToken { id } } }'),
  ]);
  const secrets = {
    passkey: (await addPasskey(author, new Authenticator(world.node.url), PASSWORD)).id,
    personalToken: createPersonalToken.personalToken.id,
    incomingWebhook: hooks.createIncomingWebhook.webhook.id,
    outgoingWebhook: hooks.createOutgoingWebhook.webhook.id,
  };
  const [session, invitation, roomLink] = [viewer.session.id, createInvitation.invitation.id, createRoomLink.link.id];
  return {
    ...people,
    ...secrets,
    room,
    message,
    session,
    device,
    invitation,
    upload,
    roomLink,
    linkToken: createRoomLink.token,
  };
}

const WEBHOOKS = `mutation ($id: ID!, $url: String!) {
  createIncomingWebhook(input: { roomId: $id, name: "Build" }) { webhook { id } }
  createOutgoingWebhook(input: { roomId: $id, url: $url, events: [ROOM_CHANGED] }) { webhook { id } }
}`;

type Outcome = { code: string; message?: string };

/** What a person gets who does this in the scene: OK, or the refusal. */
async function outcome(person: Person, name: string, scene: Scene): Promise<Outcome> {
  const variables = TABLE[name]?.variables?.(scene) ?? {};
  const { document } = operation(name, Object.keys(variables));
  if (name.startsWith('Subscription')) return followed(person, document, variables, scene);
  const { errors } = await person.ask(document, variables);
  return errors ? { code: errors[0].extensions.code, message: errors[0].message } : { code: 'OK' };
}

async function followed(person: Person, document: string, variables: object, scene: Scene): Promise<Outcome> {
  const arrivals = person.subscribe(document, variables);
  const arrived = arrivals.next().then(
    () => ({ code: 'OK' }),
    () => arrivals.ending() as Promise<Outcome>,
  );
  await whileWaiting(arrived, () => stir(person, scene));
  arrivals.stop();
  return arrived;
}

// Something to be told of: a room of one’s own, and somebody who types and changes colour.
async function stir(person: Person, { room, author }: Scene) {
  await person.createRoom();
  await author.ask('mutation ($roomId: ID!) { setTyping(roomId: $roomId) }', { roomId: room });
  await author.ask('mutation { updateProfile(input: { colour: 5 }) { id } }');
}

/** A document with that one field, and the arguments that are given. */
function operation(name: string, given: string[] = required(name)): { document: string } {
  const [root = '', field = ''] = name.split('.');
  const { args, type } = fieldOf(name);
  const used = args.filter((arg) => given.includes(arg.name));
  const declared = used.length > 0 ? `(${used.map((arg) => `$${arg.name}: ${arg.type}`).join(', ')})` : '';
  const passed = used.length > 0 ? `(${used.map((arg) => `${arg.name}: $${arg.name}`).join(', ')})` : '';
  const selection = isLeafType(getNamedType(type)) ? '' : '{ __typename }';
  return { document: `${root.toLowerCase()} ${declared} { ${field}${passed} ${selection} }` };
}

function fieldOf(name: string): GraphQLField<unknown, unknown> {
  const [root, field = ''] = name.split('.');
  return ROOTS.find((type) => type.name === root)?.getFields()[field] as GraphQLField<unknown, unknown>;
}

const required = (name: string) =>
  fieldOf(name)
    .args.filter(isRequiredArgument)
    .map((arg) => arg.name);

/** The least that the schema takes for the required arguments. */
function least(name: string): object {
  const args = fieldOf(name).args.filter(isRequiredArgument);
  return Object.fromEntries(args.map((arg: GraphQLArgument) => [arg.name, example(arg.type)]));
}

function example(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return example(type.ofType);
  if (isListType(type)) return [example(type.ofType)];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (!isInputObjectType(type))
    return { ID: randomUUID(), String: 'text', Int: 1, Boolean: true, Float: 1, Bytes: '' }[type.name];
  const fields = Object.values(type.getFields()).filter(isRequiredInputField);
  return Object.fromEntries(fields.map((field) => [field.name, example(field.type)]));
}
