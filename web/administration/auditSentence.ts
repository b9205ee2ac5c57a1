import type { AuditAction, AuditLogQuery } from '../gql/graphql';

export type AuditEvent = AuditLogQuery['auditLog']['nodes'][number];

/** What was done, as the choice of the filter has it. */
export const ACTS: Record<AuditAction, string> = {
  PASSWORD_CHANGED: 'Password changed',
  RECOVERY_CODE_MADE: 'Recovery code made',
  RECOVERY_CODE_USED: 'Recovery code used',
  RESET_LINK_MADE: 'Reset link made',
  RESET_LINK_USED: 'Reset link used',
  PERSONAL_TOKEN_MADE: 'Access token made',
  PASSKEY_ADDED: 'Passkey added',
  PASSKEY_REMOVED: 'Passkey removed',
  SECOND_FACTOR_ON: 'Second factor on',
  SECOND_FACTOR_OFF: 'Second factor off',
  WEBHOOK_MADE: 'Webhook made',
  WEBHOOK_REVOKED: 'Webhook revoked',
  DEVICE_ADDED: 'Device with keys added',
  DEVICE_REVOKED: 'Device with keys removed',
  IDENTITY_REPLACED: 'Security key replaced',
  ROOM_ENCRYPTED: 'Room encrypted',
  ADMINISTRATOR_MADE: 'Administrator made',
  ADMINISTRATOR_REMOVED: 'Administration taken back',
  ACCOUNT_DISABLED: 'Account disabled',
  ACCOUNT_ENABLED: 'Account enabled again',
  ACCOUNT_DELETED: 'Account deleted',
  SESSIONS_ENDED: 'Signed out everywhere',
  INVITATION_MADE: 'Invitation made',
  INVITATION_REVOKED: 'Invitation withdrawn',
  SERVER_CHANGED: 'Server changed',
  ROOM_DELETED: 'Room deleted',
  MEMBER_REMOVED: 'Member removed',
  MEMBER_BANNED: 'Person banned',
  MEMBER_UNBANNED: 'Ban lifted',
  ROLE_CHANGED: 'Role changed',
  OWNERSHIP_TRANSFERRED: 'Room handed over',
};

/** "Ada → Bea", with nobody's name where the account is gone. */
export function auditPeople({ actor, subject }: AuditEvent): string {
  const by = actor?.displayName ?? 'A deleted account';
  return subject && subject.id !== actor?.id ? `${by} → ${subject.displayName}` : by;
}

/** What was done, and what it was changed to. */
export function auditSentence({ action, detail }: AuditEvent): string {
  const act = ACTS[action];
  return detail ? `${act}: ${DETAILS[detail] ?? detail}` : act;
}

const DETAILS: Record<string, string> = {
  OWNER: 'owner',
  MODERATOR: 'moderator',
  MEMBER: 'member',
  OPEN: 'anyone may register',
  INVITE: 'who is invited may register',
  CLOSED: 'nobody may register',
};
