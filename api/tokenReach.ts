import { type DocumentNode, type GraphQLSchema, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import { AppError } from './errors.ts';
import type { Viewer } from './users/users.ts';

/** What a token that may write may do. Whatever else is done here needs a session: nobody has to think of refusing it. */
export const WRITABLE = new Set([
  ...['createRoom', 'updateRoom', 'deleteRoom', 'joinRoom', 'leaveRoom', 'openDirectRoom', 'joinByLink'],
  ...[
    'addMember',
    'removeMember',
    'setRole',
    'banMember',
    'unbanMember',
    'transferOwnership',
    'hush',
    'createRoomLink',
    'revokeRoomLink',
  ],
  ...['sendMessage', 'editMessage', 'deleteMessage', 'setReaction', 'pinMessage', 'unpinMessage', 'setTyping'],
  ...['createUpload', 'cancelUpload', 'markRead', 'markUnread', 'setNotify'],
  ...['blockUser', 'unblockUser', 'updateProfile', 'createInvitation', 'revokeInvitation'],
  ...['createIncomingWebhook', 'revokeIncomingWebhook'],
  ...['createOutgoingWebhook', 'resumeOutgoingWebhook', 'revokeOutgoingWebhook'],
]);

/** What no token reads: the ways into the account, and what is kept for the devices of sessions. */
export const UNREADABLE = new Set([
  'Query.personalTokens',
  ...['Viewer.session', 'Viewer.sessions', 'Viewer.securityEvents', 'Viewer.passkeys'],
  ...['Viewer.secret', 'Viewer.backupRooms', 'Viewer.backupSegments', 'Viewer.welcomes', 'Viewer.keyPackagesLeft'],
]);

/** FORBIDDEN when a viewer who came with a token has in the document, anywhere, what tokens cannot do. */
export function refuseTokens(viewer: Viewer | null, schema: GraphQLSchema, document: DocumentNode): void {
  if (!viewer?.scope) return;
  for (const [type, field] of fieldsOf(schema, document)) {
    if (type === 'Mutation' && viewer.scope === 'READ') throw readOnly();
    if (type === 'Mutation' && !WRITABLE.has(field) && !field.startsWith('__')) throw sessionNeeded();
    if (UNREADABLE.has(`${type}.${field}`)) throw sessionNeeded();
  }
}

/** FORBIDDEN when the viewer came with a token that only reads. */
export function refuseReaders(viewer: Viewer): void {
  if (viewer.scope === 'READ') throw readOnly();
}

function fieldsOf(schema: GraphQLSchema, document: DocumentNode): [type: string, field: string][] {
  const types = new TypeInfo(schema);
  const fields: [string, string][] = [];
  const note = {
    enter: ({ name }: { name: { value: string } }) => {
      fields.push([types.getParentType()?.name ?? '', name.value]);
    },
  };
  visit(document, visitWithTypeInfo(types, { Field: note }));
  return fields;
}

const readOnly = () => new AppError('FORBIDDEN', 'This token may only read. Make one that may write in your settings.');
const sessionNeeded = () => new AppError('FORBIDDEN', 'No token can do this: sign in with your password.');
