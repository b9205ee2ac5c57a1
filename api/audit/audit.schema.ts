import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import type { AuditAction, User } from '../db/model.ts';
import { perPage, toConnection } from '../paging.ts';
import { UserType } from '../users/users.schema.ts';
import { pageAuditLog } from './audit.ts';

const ACTIONS: Record<AuditAction, string> = {
  PASSWORD_CHANGED: 'A person changed their password.',
  RECOVERY_CODE_MADE: 'A person made a recovery code.',
  RECOVERY_CODE_USED: 'A password was replaced with the recovery code.',
  RESET_LINK_MADE: 'An administrator made a link that replaces a password.',
  RESET_LINK_USED: 'A password was replaced with that link.',
  PERSONAL_TOKEN_MADE: 'A personal access token was made.',
  PASSKEY_ADDED: 'A person added a passkey.',
  PASSKEY_REMOVED: 'A person took a passkey out of use.',
  SECOND_FACTOR_ON: 'A person asks for more than the password when they sign in.',
  SECOND_FACTOR_OFF: 'A person signs in with the password alone again.',
  WEBHOOK_MADE: 'A webhook was made for a room.',
  WEBHOOK_REVOKED: 'A webhook of a room was ended.',
  DEVICE_ADDED: 'A device with keys for encrypted rooms was added.',
  DEVICE_REVOKED: 'Such a device was taken out of use.',
  IDENTITY_REPLACED: 'The key that signs a person’s devices was replaced.',
  ROOM_ENCRYPTED: 'A room became end-to-end encrypted.',
  ADMINISTRATOR_MADE: 'A person became an administrator.',
  ADMINISTRATOR_REMOVED: 'A person is no longer an administrator.',
  ACCOUNT_DISABLED: 'An administrator stopped an account from signing in.',
  ACCOUNT_ENABLED: 'An administrator let an account sign in again.',
  ACCOUNT_DELETED: 'An administrator deleted an account.',
  SESSIONS_ENDED: 'An administrator signed a person out everywhere.',
  INVITATION_MADE: 'An administrator made an invitation.',
  INVITATION_REVOKED: 'An administrator withdrew an invitation.',
  SERVER_CHANGED: 'An administrator changed the name of the server, who is said to run it or who may register.',
  ROOM_DELETED: 'A room was deleted.',
  MEMBER_REMOVED: 'A person was removed from a room.',
  MEMBER_BANNED: 'A person was banned from a room.',
  MEMBER_UNBANNED: 'A ban was lifted.',
  ROLE_CHANGED: 'A member got another role; detail says which.',
  OWNERSHIP_TRANSFERRED: 'An owner made another member the owner in their place.',
};

const AuditActionType = builder.enumType('AuditAction', {
  description: 'What was done to an account, a room or the server.',
  values: Object.fromEntries(
    Object.entries(ACTIONS).map(([action, description]) => [action, { description }]),
  ) as Record<AuditAction, { description: string }>,
});

const AuditEventType = builder.prismaObject('AuditEvent', {
  description: 'Who did what to whom, and when. Never what was written, and never from where.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the event.' }),
    action: t.expose('action', { type: AuditActionType, description: 'What was done.' }),
    actor: t.field({
      type: UserType,
      nullable: true,
      description: 'Who did it; null when the account was deleted.',
      resolve: ({ actorId }, _, { loaders }): Promise<User | null> | null =>
        actorId ? loaders.user.load(actorId) : null,
    }),
    subject: t.field({
      type: UserType,
      nullable: true,
      description: 'To whom; null when it was done to nobody, or the account was deleted.',
      resolve: ({ subjectId }, _, { loaders }): Promise<User | null> | null =>
        subjectId ? loaders.user.load(subjectId) : null,
    }),
    roomId: t.exposeID('roomId', { nullable: true, description: 'Of the room in which it was done; null for none.' }),
    detail: t.exposeString('detail', { description: 'What it was changed to, in a word; may be empty.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When.' }),
  }),
});

builder.queryField('auditLog', (t) =>
  t.connection(
    {
      type: AuditEventType,
      description: 'Who did what here in the last year, newest first. Administrators only.',
      complexity: perPage,
      args: {
        userId: t.arg.id({ description: 'Only what this person did, and what was done to them.' }),
        actions: t.arg({ type: [AuditActionType], description: 'Only these acts.' }),
      },
      resolve: async (_, { userId, actions, ...page }, context) =>
        toConnection(await pageAuditLog(context.core, signedIn(context), { userId, actions }, page), ({ id }) => id),
    },
    { name: 'AuditEventConnection', description: 'A page of the audit log.' },
    { name: 'AuditEventEdge', description: 'An event of a page.' },
  ),
);
