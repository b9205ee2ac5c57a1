import { availableParallelism } from 'node:os';
import { dictionary } from '@zxcvbn-ts/language-common';
import argon2 from 'argon2';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Password } from '../../api/auth/passwords.ts';
import { administrator, openWorld, PASSWORD, type World } from '../world.ts';

const REGISTER = 'mutation ($input: RegisterInput!) { register(input: $input) { viewer { id } } }';
const LOG_IN = 'mutation ($input: LogInInput!) { logIn(input: $input) { viewer { id } } }';

const OBVIOUS = 'This password is little more than a name that is known here. Choose another.';

let world: World;
beforeAll(async () => {
  world = await openWorld({ LIMIT_LOGIN_FAILURES: '1000' });
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => world.close());

const account = (username: string, password: string) => ({ input: { username, password, cookies: false } });
const register = (name: string, password: string) => world.stranger().graphql(REGISTER, account(name, password));
const logIn = (name: string, password: string) => world.stranger().ask(LOG_IN, account(name, password));

test.each([
  ['', 'This field may not be blank.'],
  ['seven77', 'This password is too short. It must contain at least 8 characters.'],
  ['password', 'This password is too common.'],
  ['PassWord1', 'This password is too common.'],
  ['12345678', 'This password is too common.'],
  ['football', 'This password is too common.'],
  ['q'.repeat(257), 'This password is too long. It may contain at most 256 characters.'],
])('Ann cannot choose "%s"', async (password, sentence) => {
  const refusal = await world.stranger().refused(REGISTER, account('ann', password));
  expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { password: [sentence] } });
});

test.each([
  'shh-chatroom',
  'Chatroom2026!',
  'anna-bell',
  'AnnaBell77!!',
  'annabell.annabell',
  'Bell Anna 1',
  'my server 1',
])('Anna Bell cannot choose "%s": her name and that of the server are what everybody would try', async (password) => {
  await world.node.core.db.instance.updateMany({ data: { name: 'My Server' } });
  const input = { username: 'annabell', displayName: 'Bell, Anna', password, cookies: false };
  const refusal = await world.stranger().refused(REGISTER, { input });
  expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { password: [OBVIOUS] } });
});

test('a changed, recovered or reset password may be no name either, and nothing is used up by trying', async () => {
  const ada = await administrator(world.node);
  const tess = await world.person('tess');
  const next = `${tess.username}!`;
  const change = 'mutation ($current: String!, $next: String!) { changePassword(current: $current, next: $next) }';
  expect((await tess.refused(change, { current: PASSWORD, next })).fields).toEqual({ next: [OBVIOUS] });
  const makeCode = 'mutation ($password: String!) { createRecoveryCode(password: $password) }';
  const { createRecoveryCode: code } = await tess.graphql(makeCode, { password: PASSWORD });
  const recover = 'mutation ($input: RecoverInput!) { recover(input: $input) { viewer { id } } }';
  const lost = { username: tess.username, code, password: next, cookies: false };
  expect((await world.stranger().refused(recover, { input: lost })).fields).toEqual({ password: [OBVIOUS] });
  const makeLink = 'mutation ($id: ID!) { createResetLink(userId: $id) { token } }';
  const { token } = (await ada.graphql(makeLink, { id: tess.id })).createResetLink;
  const reset = 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { viewer { id } } }';
  const again = { token, password: next, cookies: false };
  expect((await world.stranger().refused(reset, { input: again })).fields).toEqual({ password: [OBVIOUS] });
  const better = { ...again, password: 'something else entirely' };
  expect((await world.stranger().graphql(reset, { input: better })).resetPassword.viewer.id).toBe(tess.id);
});

test.each([
  ['8 letters', 'kzwqplmx'],
  ['64 letters', 'long '.repeat(13).slice(0, 64)],
  ['256 letters', 'very '.repeat(52).slice(0, 256)],
  ['spaces around', '  around me  '],
  ['other alphabets', 'Пароль с пробелом'],
  ['8 pictures', '🔑'.repeat(8)],
  ['256 pictures', '🗝'.repeat(256)],
])('Bob can choose %s, and nothing but exactly that lets him in', async (kind, password) => {
  const name = `bob.${kind.replaceAll(' ', '.')}`;
  await register(name, password);
  expect((await logIn(name, password)).data?.logIn.viewer.id).toEqual(expect.any(String));
  for (const other of [[...password].slice(0, -1).join(''), `${password}x`, password.toUpperCase(), password.trim()]) {
    if (other !== password) expect(await logIn(name, other)).toMatchObject({ errors: [WRONG] });
  }
});

test('an unknown name and a wrong password get the same answer after the same work', async () => {
  await register('cleo', PASSWORD);
  const verify = vi.spyOn(argon2, 'verify');
  const wrong = await logIn('cleo', 'not her password');
  const unknown = await logIn('nobody', 'not her password');
  const address = await logIn('nobody@example.org', 'not her password');
  expect(wrong).toMatchObject({ errors: [WRONG] });
  expect(lasting(unknown)).toEqual(lasting(wrong));
  expect(lasting(address)).toEqual(lasting(wrong));
  const work = verify.mock.calls.map(([hash]) => hash.split('$').slice(0, 4).join('$'));
  expect(work).toEqual(Array.from({ length: 3 }, () => '$argon2id$v=19$m=19456,t=2,p=1'));
});

// What is left of the tries of the address becomes less with each, whoever it is for.
function lasting({ extensions, ...answer }: any) {
  const { limit, rest } = extensions.rateLimits.find(({ name }: any) => name === 'loginFailures');
  return { ...answer, limit, rest };
}

test('Eli, who chose his password ten years ago, signs in with it and is asked for no other', async () => {
  const eli = await world.person('eli');
  const begun = new Date(Date.now() - 10 * 365 * 86_400_000);
  await world.node.core.db.user.update({ where: { id: eli.id }, data: { createdAt: begun } });
  const input = { username: eli.username, password: PASSWORD, cookies: false };
  expect((await world.stranger().graphql(LOG_IN, { input })).logIn.viewer.id).toBe(eli.id);
});

test('of the passwords that were leaked most often three thousand and more are refused, whatever their case', () => {
  const leaked = dictionary['passwords-common' as never] as string[];
  const long = leaked.filter((word) => word.length >= 8);
  expect(long.length).toBeGreaterThan(3_000);
  for (const word of [...long, long[0]?.toUpperCase()]) expect(Password.safeParse(word).success).toBe(false);
});

test('Dan, whose hash is of weaker times, gets a stronger one when he signs in', async () => {
  const { user } = world.node.core.db;
  await register('dan', PASSWORD);
  const weak = await argon2.hash(PASSWORD, { type: argon2.argon2id, memoryCost: 8_192, timeCost: 1, parallelism: 1 });
  await user.update({ where: { usernameKey: 'dan' }, data: { passwordHash: weak } });
  await logIn('dan', 'not his password');
  expect(await user.findUnique({ where: { usernameKey: 'dan' } })).toMatchObject({ passwordHash: weak });
  expect((await logIn('dan', PASSWORD)).data).toBeTruthy();
  const { passwordHash } = await user.findUniqueOrThrow({ where: { usernameKey: 'dan' } });
  expect(passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect((await logIn('dan', PASSWORD)).data).toBeTruthy();
});

test('when forty sign in at once two are looked at at a time, one on a small machine, and the six who cannot even wait are told when to come back', async () => {
  let [running, most, release] = [0, 0, () => {}];
  const released = new Promise<void>((resolve) => (release = resolve));
  vi.spyOn(argon2, 'verify').mockImplementation(async () => {
    most = Math.max(most, ++running);
    await released;
    running--;
    return false;
  });
  const late: { retryAfter?: number }[] = [];
  const tries = Array.from({ length: 40 }, async (_, n) => {
    const { errors } = await logIn(`eve${n}`, 'not her password');
    const [{ extensions }] = errors ?? [{ extensions: {} }];
    if (extensions.code === 'RATE_LIMITED' && late.push(extensions) === 6) release();
    return extensions.code;
  });
  const codes = await Promise.all(tries);
  expect(most).toBe(availableParallelism() > 2 ? 2 : 1);
  for (const { retryAfter } of late) expect(retryAfter).toBeGreaterThan(0);
  expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(6);
  expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(34);
  expect(await logIn('eve', 'not her password')).toMatchObject({ errors: [WRONG] });
});

const WRONG = { message: 'Invalid username or password', extensions: { code: 'UNAUTHENTICATED' } };
