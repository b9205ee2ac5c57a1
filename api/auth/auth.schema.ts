import { type AccountAction, listOwnEvents } from '../audit/audit.ts';
import { builder } from '../builder.ts';
import { type Context, signedIn } from '../context.ts';
import type { Core } from '../core.ts';
import type { Session } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { RegistrationType } from '../instance/instance.schema.ts';
import { mentionCursor, pageMentions } from '../mentions/mentions.ts';
import { MessageType } from '../messages/message.schema.ts';
import { perPage, toConnection } from '../paging.ts';
import { RoomType } from '../rooms/rooms.schema.ts';
import { UserType } from '../users/users.schema.ts';
import { getUser, type Viewer } from '../users/users.ts';
import { logIn, register, setUp } from './accounts.ts';
import { changePassword } from './ownPassword.ts';
import { createRecoveryCode, createResetLink, recover, resetPassword } from './recovery.ts';
import {
  endSession,
  endSessionOf,
  listSessions,
  revokeOtherSessions,
  revokeSession,
  rotateSession,
  signInAgain,
  startSession,
  type Tokens,
} from './sessions.ts';
import { TokenError } from './tokens.ts';

export const SessionType = builder.prismaObject('Session', {
  description: 'One signed-in browser or program of the viewer.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the session.' }),
    label: t.exposeString('label', { description: 'What the browser called itself when it signed in.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it signed in.' }),
    rotatedAt: t.expose('rotatedAt', { type: 'DateTime', description: 'When it was last seen refreshing its tokens.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it ends unless it refreshes.' }),
    isCurrent: t.boolean({
      description: 'Whether it is the one that asks.',
      resolve: (session, _, { caller }) => session.id === caller.viewer?.sessionId,
    }),
  }),
});

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

interface Signed {
  tokens: Tokens & { recoveryCode?: string };
  inCookies: boolean;
}

const AuthPayload = builder.objectRef<Signed>('AuthPayload').implement({
  description: 'A session that has started or gone on. Browsers keep its tokens in cookies that no script can read.',
  fields: (t) => ({
    viewer: t.field({
      type: ViewerType,
      description: 'Who is signed in now.',
      resolve: ({ tokens }, _, context) => become(context, tokens),
    }),
    accessToken: t.string({
      description: 'Send it as "Authorization: Bearer …" where no cookies are; good for 15 minutes.',
      resolve: ({ tokens }) => tokens.accessToken,
    }),
    accessTokenExpiresAt: t.field({
      type: 'DateTime',
      description: 'Refresh before this.',
      resolve: ({ tokens }) => tokens.accessTokenExpiresAt,
    }),
    refreshToken: t.string({
      nullable: true,
      description: 'Only for programs that asked with cookies: false. Each can be used once.',
      resolve: ({ tokens, inCookies }) => (inCookies ? null : tokens.refreshToken),
    }),
    recoveryCode: t.string({
      nullable: true,
      description: 'After recover: the next recovery code, shown this once. Null otherwise.',
      resolve: ({ tokens }) => tokens.recoveryCode ?? null,
    }),
  }),
});

const cookiesDescription = 'True: the tokens are kept in HttpOnly cookies. False: refreshToken is in the answer.';

const RegisterInput = builder.inputType('RegisterInput', {
  description: 'A new account.',
  fields: (t) => ({
    username: t.string({
      required: true,
      description: 'Letters and digits of one alphabet, . _ + - inside; at most 40.',
    }),
    password: t.string({ required: true, description: 'At least 8 characters of any kind, not a common one.' }),
    displayName: t.string({ description: 'What to be called; the username if left out.' }),
    email: t.string({ description: 'Optional, never shown to anyone else; can be used to sign in.' }),
    invitation: t.string({ description: 'The token of an invitation link, where registration is by invitation.' }),
    cookies: t.boolean({ required: true, defaultValue: true, description: cookiesDescription }),
  }),
});

const LogInInput = builder.inputType('LogInInput', {
  description: 'Who wants in.',
  fields: (t) => ({
    username: t.string({ required: true, description: 'Name or e-mail address.' }),
    password: t.string({ required: true, description: 'The password of the account.' }),
    cookies: t.boolean({ required: true, defaultValue: true, description: cookiesDescription }),
  }),
});

const SetUpInput = builder.inputType('SetUpInput', {
  description: 'The first administrator, and what the server is called.',
  fields: (t) => ({
    token: t.string({ required: true, description: 'What follows # in the set-up link.' }),
    username: t.string({ required: true, description: 'As for register.' }),
    password: t.string({ required: true, description: 'As for register.' }),
    displayName: t.string({ description: 'As for register.' }),
    serverName: t.string({ description: 'What people see when they sign in; at most 60 characters.' }),
    registration: t.field({ type: RegistrationType, description: 'Who may make an account; OPEN if left out.' }),
    cookies: t.boolean({ required: true, defaultValue: true, description: cookiesDescription }),
  }),
});

const RecoverInput = builder.inputType('RecoverInput', {
  description: 'A recovery code, and the password from now on.',
  fields: (t) => ({
    username: t.string({ required: true, description: 'Name or e-mail address.' }),
    code: t.string({ required: true, description: 'The recovery code; case, spaces and dashes do not matter.' }),
    password: t.string({ required: true, description: 'The new one; as for register.' }),
    cookies: t.boolean({ required: true, defaultValue: true, description: cookiesDescription }),
  }),
});

const ResetPasswordInput = builder.inputType('ResetPasswordInput', {
  description: 'The token of a reset link, and the password from now on.',
  fields: (t) => ({
    token: t.string({ required: true, description: 'What follows # in the link.' }),
    password: t.string({ required: true, description: 'The new one; as for register.' }),
    cookies: t.boolean({ required: true, defaultValue: true, description: cookiesDescription }),
  }),
});

const CreateResetLinkPayload = builder
  .objectRef<Awaited<ReturnType<typeof createResetLink>>>('CreateResetLinkPayload')
  .implement({
    description: 'A link with which a person chooses another password.',
    fields: (t) => ({
      user: t.expose('user', { type: UserType, description: 'For whom it is.' }),
      token: t.exposeString('token', { description: 'Shown this once. The link is /reset#token.' }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'From when on it is useless: in a day.' }),
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

builder.mutationFields((t) => ({
  setUp: t.field({
    type: AuthPayload,
    description: 'Makes the first administrator with the one-time link that the server printed, and signs them in.',
    args: { input: t.arg({ type: SetUpInput, required: true, description: 'Who, and what the server is called.' }) },
    resolve: (_, { input }, context) =>
      signIn(context, input.cookies, () => setUp(context.core, context.caller.origin, input)),
  }),
  register: t.field({
    type: AuthPayload,
    description: 'Makes an account and signs in. INVALID_INPUT names the fields at fault; FORBIDDEN where one may not.',
    args: { input: t.arg({ type: RegisterInput, required: true, description: 'The account.' }) },
    resolve: (_, { input }, context) =>
      signIn(context, input.cookies, async () => {
        const user = await register(context.core, context.caller.origin, input);
        return startSession(context.core, user, context.caller.origin.label);
      }),
  }),
  logIn: t.field({
    type: AuthPayload,
    description: 'Starts a session. UNAUTHENTICATED says the same for an unknown name and a wrong password.',
    args: { input: t.arg({ type: LogInInput, required: true, description: 'Who wants in.' }) },
    resolve: (_, { input }, context) =>
      signIn(context, input.cookies, () => logIn(context.core, context.caller.origin, input.username, input.password)),
  }),
  recover: t.field({
    type: AuthPayload,
    description:
      'Replaces the password with the recovery code, ends every session and starts one; the answer has the next code. ' +
      'FORBIDDEN says the same for an unknown name and a wrong code.',
    args: { input: t.arg({ type: RecoverInput, required: true, description: 'The code, and the password.' }) },
    resolve: (_, { input }, context) =>
      signIn(context, input.cookies, () => recover(context.core, context.caller.origin, input)),
  }),
  resetPassword: t.field({
    type: AuthPayload,
    description:
      'Replaces the password with a reset link, once, ends every session and starts one. FORBIDDEN for a useless link.',
    args: { input: t.arg({ type: ResetPasswordInput, required: true, description: 'The link, and the password.' }) },
    resolve: (_, { input }, context) =>
      signIn(context, input.cookies, () => resetPassword(context.core, context.caller.origin, input)),
  }),
  refresh: t.field({
    type: AuthPayload,
    description: 'Gives the next tokens of the session. A refresh token that was used before ends the session.',
    args: { refreshToken: t.arg.string({ description: 'For programs without cookies.' }) },
    resolve: async (_, { refreshToken }, context) => {
      const token = refreshToken ?? context.cookies?.refreshToken;
      if (!token) throw new AppError('UNAUTHENTICATED', 'Sign in first.');
      return signIn(context, refreshToken == null, () => rotate(context.core, token));
    },
  }),
  logOut: t.boolean({
    description: 'Ends this session and closes its sockets. True also when there was none.',
    resolve: async (_, _args, context) => {
      const { core, caller, cookies } = context;
      if (caller.viewer) await endSession(core, caller.viewer);
      else await endSessionOf(core, cookies?.accessToken, cookies?.refreshToken);
      cookies?.clear();
      return true;
    },
  }),
  revokeSession: t.boolean({
    description: 'Signs one of the viewer’s browsers out, at once.',
    args: { id: t.arg.id({ required: true, description: 'Of the session.' }) },
    resolve: async (_, { id }, context) => {
      await revokeSession(context.core, signedIn(context), id);
      return true;
    },
  }),
  changePassword: t.boolean({
    description:
      'Changes the viewer’s password and ends their other sessions. INVALID_INPUT names the field at fault; ' +
      'RATE_LIMITED after five wrong ones.',
    args: {
      current: t.arg.string({ required: true, description: 'The password until now.' }),
      next: t.arg.string({ required: true, description: 'The password from now on; as for register.' }),
    },
    resolve: async (_, { current, next }, context) => {
      await changePassword(context.core, signedIn(context), current, next);
      return true;
    },
  }),
  createRecoveryCode: t.string({
    description:
      'A code that replaces a lost password, shown this once: seven groups of four letters and digits. The one before ' +
      'it is useless from now on.',
    args: { password: t.arg.string({ required: true, description: 'The viewer’s own.' }) },
    resolve: (_, { password }, context) => createRecoveryCode(context.core, signedIn(context), password),
  }),
  createResetLink: t.field({
    type: CreateResetLinkPayload,
    description:
      'A link with which a person who lost their password chooses another, once, within a day. They are told of it. ' +
      'Administrators only.',
    args: { userId: t.arg.id({ required: true, description: 'Of the person.' }) },
    resolve: (_, { userId }, context) => createResetLink(context.core, signedIn(context), userId),
  }),
  revokeOtherSessions: t.int({
    description: 'Signs out everywhere else; gives the number of sessions ended.',
    resolve: (_, _args, context) => revokeOtherSessions(context.core, signedIn(context)),
  }),
}));

// Where the tokens cannot be kept, nothing is started.
async function signIn(context: Context, inCookies: boolean, start: () => Promise<Signed['tokens']>): Promise<Signed> {
  if (inCookies && !context.cookies) throw noCookiesHere();
  const tokens = await start();
  if (inCookies) context.cookies?.set(tokens);
  return { tokens, inCookies };
}

const noCookiesHere = () =>
  new AppError('INVALID_INPUT', 'Cookies cannot be set over a socket: sign in over HTTP, or with cookies: false.');

function rotate(core: Core, refreshToken: string): Promise<Tokens> {
  return rotateSession(core, refreshToken).catch((error) => {
    throw error instanceof TokenError ? signInAgain() : error;
  });
}

// What the answer selects of the viewer is resolved as that viewer.
function become(context: Context, { userId, sessionId }: Tokens): Viewer {
  const viewer = { id: userId, sessionId, allowances: context.caller.allowances };
  context.caller.viewer = viewer;
  return viewer;
}

function current(sessions: Session[], viewer: Viewer): Session {
  const session = sessions.find(({ id }) => id === viewer.sessionId);
  if (!session) throw signInAgain();
  return session;
}
