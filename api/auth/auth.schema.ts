import { builder } from '../builder.ts';
import type { Context } from '../context.ts';
import type { Core } from '../core.ts';
import { revokeOwnDevice } from '../devices/devices.ts';
import { AppError } from '../errors.ts';
import { RegistrationType } from '../instance/instance.schema.ts';
import type { Viewer } from '../users/users.ts';
import { logIn, register, setUp } from './accounts.ts';
import { recover, resetPassword } from './recovery.ts';
import { endSession, endSessionOf, rotateSession, signInAgain, startSession, type Tokens } from './sessions.ts';
import { TokenError } from './tokens.ts';
import { ViewerType } from './viewer.schema.ts';

interface Signed {
  tokens: Tokens & { recoveryCode?: string };
  inCookies: boolean;
}

export const AuthPayload = builder.objectRef<Signed>('AuthPayload').implement({
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

export const cookiesDescription =
  'True: the tokens are kept in HttpOnly cookies. False: refreshToken is in the answer.';

const RegisterInput = builder.inputType('RegisterInput', {
  description: 'A new account.',
  fields: (t) => ({
    username: t.string({
      required: true,
      description: 'Letters and digits of one alphabet, . _ + - inside; at most 40.',
    }),
    password: t.string({
      required: true,
      description: 'At least 8 characters of any kind, not a common one, nor little more than a name known here.',
    }),
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
    code: t.string({ description: 'Of the app, for who asks for a second factor.' }),
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
    description:
      'Starts a session. UNAUTHENTICATED says the same for an unknown name and a wrong password. FORBIDDEN with the reason ' +
      'SECOND_FACTOR when the password is right and a code, or a passkey, is asked for; INVALID_INPUT for a wrong code.',
    args: { input: t.arg({ type: LogInInput, required: true, description: 'Who wants in.' }) },
    resolve: (_, { input }, context) =>
      signIn(context, input.cookies, () => logIn(context.core, context.caller.origin, input)),
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
      return keep(context, refreshToken == null, () => rotate(context.core, token));
    },
  }),
  logOut: t.boolean({
    description: 'Ends this session and closes its sockets. True also when there was none.',
    args: {
      forgetDevice: t.arg.boolean({
        description: 'True: the device with keys that the session is bound to is revoked with it, as by revokeDevice.',
      }),
    },
    resolve: async (_, { forgetDevice }, context) => {
      const { core, caller, cookies } = context;
      if (caller.viewer && forgetDevice) await revokeOwnDevice(core, caller.viewer);
      if (caller.viewer) await endSession(core, caller.viewer);
      else await endSessionOf(core, cookies?.accessToken, cookies?.refreshToken);
      cookies?.clear();
      return true;
    },
  }),
}));

/** Starts a session. A browser has one: whoever signs in there again, as whomever, ends the one before. */
export async function signIn(
  context: Context,
  inCookies: boolean,
  start: () => Promise<Signed['tokens']>,
): Promise<Signed> {
  const signed = await keep(context, inCookies, start);
  const { core, cookies } = context;
  if (inCookies) await endSessionOf(core, cookies?.accessToken, cookies?.refreshToken);
  return signed;
}

// Where the tokens cannot be kept, nothing is started.
async function keep(context: Context, inCookies: boolean, start: () => Promise<Signed['tokens']>): Promise<Signed> {
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
