import { type AccountAction, listOwnEvents } from '../audit/audit.ts';
import { builder } from '../builder.ts';
import type { Session } from '../db/model.ts';
import { mentionCursor, pageMentions } from '../mentions/mentions.ts';
import { MessageType } from '../messages/message.schema.ts';
import { perPage, toConnection } from '../paging.ts';
import { RoomType } from '../rooms/room.schema.ts';
import { UserType } from '../users/users.schema.ts';
import { getUser, type Viewer } from '../users/users.ts';
import { SessionType } from './sessions.schema.ts';
import { listSessions, signInAgain } from './sessions.ts';

const SecurityEventKindType = builder.enumType('SecurityEventKind', {
  description: 'What happened to an account that its owner should know of.',
  values: {
    PASSWORD_CHANGED: { description: 'The password was changed by who was signed in.' },
    RECOVERY_CODE_MADE: { description: 'A new recovery code was made; the one before it is useless.' },
    RECOVERY_CODE_USED: { description: 'The password was replaced with the recovery code.' },
    RESET_LINK_MADE: { description: 'An administrator made a link that replaces the password.' },
    PERSONAL_TOKEN_MADE: { description: 'A personal access token was made.' },
    RESET_LINK_USED: { description: 'The password was replaced with that link.' },
    ADMINISTRATOR_MADE: { description: 'The account became that of an administrator.' },
    ADMINISTRATOR_REMOVED: { description: 'The account is no longer that of an administrator.' },
    ACCOUNT_DISABLED: { description: 'An administrator stopped the account from signing in.' },
    ACCOUNT_ENABLED: { description: 'An administrator let the account sign in again.' },
    SESSIONS_ENDED: { description: 'An administrator signed the account out everywhere.' },
    PASSKEY_ADDED: { description: 'A passkey was added, with which one signs in without a password.' },
    PASSKEY_REMOVED: { description: 'A passkey was taken out of use.' },
    SECOND_FACTOR_ON: { description: 'From then on the password alone opens nothing.' },
    SECOND_FACTOR_OFF: { description: 'From then on the password is enough again.' },
    DEVICE_ADDED: { description: 'A device with keys for encrypted rooms was added.' },
    DEVICE_REVOKED: { description: 'Such a device was taken out of use.' },
    IDENTITY_REPLACED: { description: 'The key that signs the devices was replaced: others see that it changed.' },
  },
});

const SecurityEventType = builder.prismaObject('AuditEvent', {
  variant: 'SecurityEvent',
  description: 'Something that happened to the viewer’s account.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the event.' }),
    kind: t.field({
      type: SecurityEventKindType,
      description: 'What happened.',
      resolve: ({ action }) => action as AccountAction,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When.' }),
  }),
});

export const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
  description: 'The person who asks, with what only they may see of themselves.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The same as that of user.' }),
    user: t.field({
      type: UserType,
      description: 'The viewer as the others see them.',
      resolve: (viewer, _, { core }) => getUser(core, viewer, viewer.id),
    }),
    email: t.string({
      nullable: true,
      description: 'The address given at registration; nobody else sees it.',
      resolve: async (viewer, _, { core }) => (await getUser(core, viewer, viewer.id)).email,
    }),
    isAdmin: t.boolean({
      description: 'Whether the viewer runs this server.',
      resolve: async (viewer, _, { core }) => (await getUser(core, viewer, viewer.id)).isAdmin,
    }),
    session: t.field({
      type: SessionType,
      description: 'The session that asks.',
      resolve: async (viewer, _, { core }) => current(await listSessions(core, viewer), viewer),
    }),
    sessions: t.field({
      type: [SessionType],
      description: 'Every session of the viewer that still stands, newest first.',
      resolve: (viewer, _, { core }) => listSessions(core, viewer),
    }),
    hasRecoveryCode: t.boolean({
      description: 'Whether a recovery code of the viewer was made and not used yet.',
      resolve: async (viewer, _, { core }) => (await getUser(core, viewer, viewer.id)).recoveryHash !== null,
    }),
    securityEvents: t.field({
      type: [SecurityEventType],
      description: 'What happened to the account in the last year that its owner should know of, newest first.',
      resolve: (viewer, _, { core }) => listOwnEvents(core, viewer),
    }),
    rooms: t.field({
      type: [RoomType],
      description: 'Every room of the viewer, oldest membership first.',
      resolve: async (_viewer, _, { loaders }) => (await loaders.ownRooms.load('rooms')).rooms,
    }),
    mentions: t.connection(
      {
        type: MessageType,
        description:
          'Messages of others in the viewer’s rooms that mention them, by name or with everyone, newest first; ' +
          'what waits for them, if only unread ones are asked for.',
        complexity: perPage,
        args: {
          unread: t.arg.boolean({
            required: true,
            defaultValue: false,
            description: 'Only those after the read positions, and every unread message of a direct room with them.',
          }),
        },
        resolve: async (viewer, { unread, ...page }, { core }) =>
          toConnection(await pageMentions(core, viewer, unread, page), mentionCursor),
      },
      { name: 'MentionConnection', description: 'A page of mentions.' },
      { name: 'MentionEdge', description: 'A mention of a page.' },
    ),
    roomsVersion: t.int({
      description:
        'Grows with every change of the set of rooms and of what the viewer keeps of each: how far they have read, what ' +
        'they want to be told. Read it with rooms, pass it to viewerEvents.',
      resolve: async (_viewer, _, { loaders }) => (await loaders.ownRooms.load('version')).version,
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({
    type: ViewerType,
    nullable: true,
    description: 'The person who asks; null when not signed in.',
    resolve: (_, _args, { caller }) => caller.viewer,
  }),
);

function current(sessions: Session[], viewer: Viewer): Session {
  const session = sessions.find(({ id }) => id === viewer.sessionId);
  if (!session) throw signInAgain();
  return session;
}
