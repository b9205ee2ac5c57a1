import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { codeAt, stepAt } from '../../api/auth/totp.ts';
import { Authenticator, addPasskey, bytesOf } from '../authenticator.ts';
import { meanwhile } from '../meanwhile.ts';
import { tablesWith } from '../rooms.ts';
import { JSON_BODY, send } from '../wire.ts';
import { administrator, type Node, openWorld, PASSWORD, Person, type World } from '../world.ts';

const BEGIN = 'mutation ($password: String!) { beginCodeApp(password: $password) { secret uri } }';
const CONFIRM = 'mutation ($code: String!) { confirmCodeApp(code: $code) }';
const SWITCH = 'mutation ($on: Boolean!, $password: String!) { setSecondFactor(on: $on, password: $password) }';
const LOG_IN = 'mutation ($input: LogInInput!) { logIn(input: $input) { accessToken viewer { id } } }';
const STATE = '{ viewer { asksSecondFactor hasCodeApp securityEvents { kind } } }';
const REMOVE = 'mutation ($id: ID!) { removePasskey(id: $id) }';

let world: World;
let other: Node;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  other = world.clustered ? await world.anotherNode() : world.node;
  ada = await administrator(world.node);
  // No test runs over the end of the thirty seconds of a code.
  vi.useFakeTimers({ toFake: ['Date'], now: stepAt(Date.now()) * 30_000 + 15_000 });
});
afterAll(() => {
  vi.useRealTimers();
  return world.close();
});

/** What the app shows now, or so many steps from now. */
const shown = (secret: string, steps = 0) => codeAt(bytesOf(secret), stepAt(Date.now()) + steps);

/** Somebody whose app is set up, with the secret that it keeps. The code before this one was used for it. */
async function withApp(name: string) {
  const person = await world.person(name);
  const { secret } = (await person.graphql(BEGIN, { password: PASSWORD })).beginCodeApp;
  await person.graphql(CONFIRM, { code: shown(secret, -1) });
  return { person, secret };
}

const logIn = ({ username }: Person, more: object = {}, node = world.node) =>
  world.stranger(node).ask(LOG_IN, { input: { username, password: PASSWORD, cookies: false, ...more } });
const refusal = ({ errors }: { errors?: any[] }) => ({ message: errors?.[0].message, ...errors?.[0].extensions });

test('a stolen password alone fails: on GraphQL, on the old route and on the old socket', async () => {
  const { person: ann, secret } = await withApp('ann');
  const room = await ann.createRoom();
  expect(refusal(await logIn(ann))).toMatchObject({ code: 'FORBIDDEN', reason: 'SECOND_FACTOR' });

  const body = JSON.stringify({ username: ann.username, password: PASSWORD });
  const old = await send(world.node, { method: 'POST', path: '/login/', headers: JSON_BODY, body });
  expect(old.status).toBe(403);
  expect(old.json).toEqual({ detail: 'This account asks for a second factor: use the web app or a personal token.' });
  expect(old.headers['set-cookie']).toBeUndefined();
  const socket = new WebSocket(`${world.node.url.replace('http', 'ws')}/ws/chat/${room}/`);
  expect(await new Promise((resolve) => socket.on('close', resolve))).toBe(4000);

  expect((await logIn(ann, { code: shown(secret) }, other)).data.logIn.viewer.id).toBe(ann.id);
  expect((await ann.graphql(STATE)).viewer).toEqual({
    asksSecondFactor: true,
    hasCodeApp: true,
    securityEvents: [{ kind: 'SECOND_FACTOR_ON' }],
  });
});

test('whoever has not the password learns nothing of Ben’s second factor, with a code or without', async () => {
  const { person: ben, secret } = await withApp('ben');
  const plain = await world.person('plain');
  const answers = [
    await logIn(ben, { password: 'not it at all' }),
    await logIn(ben, { password: 'not it at all', code: shown(secret) }),
    await logIn(plain, { password: 'not it at all' }),
    await logIn({ username: `nobody.${randomUUID().slice(0, 8)}` } as Person, { code: '123456' }),
  ];
  expect(new Set(answers.map((answer) => JSON.stringify(refusal(answer).message))).size).toBe(1);
  expect((await logIn(ben, { code: shown(secret) })).data).toBeTruthy();
});

test('each code of Cleo’s app is good once, and of four who bring it at once one gets in', async () => {
  const { person: cleo, secret } = await withApp('cleo');
  const code = shown(secret);
  const answers = await Promise.all([1, 2, 3, 4].map((n) => logIn(cleo, { code }, n % 2 ? other : world.node)));
  expect(answers.filter(({ data }) => data)).toHaveLength(1);
  expect(refusal(await logIn(cleo, { code }))).toMatchObject({
    fields: { code: [expect.stringContaining('was used')] },
  });
  expect((await logIn(cleo, { code: shown(secret, 1) })).data).toBeTruthy();
});

test('a code lasts its thirty seconds and a neighbour’s, as clocks differ; spaces do not matter', async () => {
  const { person: dan, secret } = await withApp('dan');
  for (const steps of [-3, 3])
    expect(refusal(await logIn(dan, { code: shown(secret, steps) })).code).toBe('INVALID_INPUT');
  const code = shown(secret);
  expect((await logIn(dan, { code: ` ${code.slice(0, 3)} ${code.slice(3)}` })).data).toBeTruthy();
});

test('codes are not guessed: after five for one account it waits, from wherever, and the passkey still works', async () => {
  const { person: eva, secret } = await withApp('eva');
  const key = new Authenticator(world.node.url);
  await addPasskey(eva, key, PASSWORD);
  const wrong = String((Number(shown(secret)) + 1) % 1_000_000).padStart(6, '0');
  const codes: string[] = [];
  for (let n = 0; n < 6; n++) {
    codes.push(refusal(await logIn(eva, { code: wrong })).code);
    // The right password alone forgives no guesses.
    await logIn(eva);
  }
  expect(codes).toEqual([...Array(5).fill('INVALID_INPUT'), 'RATE_LIMITED']);
  expect(refusal(await logIn(eva, { code: shown(secret) })).code).toBe('RATE_LIMITED');
  const ask = 'mutation { beginPasskeySignIn { ticket options } }';
  const { ticket, options } = (await world.stranger().graphql(ask)).beginPasskeySignIn;
  const input = { ticket, response: key.get(options), cookies: false };
  const signIn = 'mutation ($input: SignInWithPasskeyInput!) { signInWithPasskey(input: $input) { viewer { id } } }';
  expect((await world.stranger().graphql(signIn, { input })).signInWithPasskey.viewer.id).toBe(eva.id);
});

test('an app counts once a code of it was given, against the password', async () => {
  const fay = await world.person('fay');
  expect(await fay.refused(BEGIN, { password: 'not it at all' })).toMatchObject({
    fields: { password: expect.any(Array) },
  });
  expect(await fay.refused(CONFIRM, { code: '123456' })).toMatchObject({ fields: { code: expect.any(Array) } });
  const { secret, uri } = (await fay.graphql(BEGIN, { password: PASSWORD })).beginCodeApp;
  expect(uri).toBe(`otpauth://totp/shh:${encodeURIComponent(fay.username)}?secret=${secret}&issuer=shh`);
  expect((await logIn(fay)).data).toBeTruthy();
  const again = (await fay.graphql(BEGIN, { password: PASSWORD })).beginCodeApp;
  expect(await fay.refused(CONFIRM, { code: shown(secret) })).toMatchObject({ code: 'INVALID_INPUT' });
  await fay.graphql(CONFIRM, { code: shown(again.secret) });
  expect(await fay.refused(BEGIN, { password: PASSWORD })).toMatchObject({ code: 'CONFLICT' });
});

test('an app that Flo takes out of use in the moment in which its first code is given does not lock her out', async () => {
  const flo = await world.person('flo');
  const { secret } = (await flo.graphql(BEGIN, { password: PASSWORD })).beginCodeApp;
  // The code was right, and the account does not ask for one yet.
  meanwhile(world.node, { before: () => flo.graphql(SWITCH, { on: false, password: PASSWORD }) });
  expect(await flo.refused(CONFIRM, { code: shown(secret) })).toMatchObject({ code: 'CONFLICT' });
  expect((await flo.graphql(STATE)).viewer).toMatchObject({ asksSecondFactor: false, hasCodeApp: false });
  expect((await logIn(flo)).data).toBeTruthy();
});

test('with a passkey alone Gus asks for it, and cannot remove the last one; switching off makes the password enough', async () => {
  const gus = await world.person('gus');
  expect(await gus.refused(SWITCH, { on: true, password: PASSWORD })).toMatchObject({ code: 'CONFLICT' });
  const { id } = await addPasskey(gus, new Authenticator(world.node.url), PASSWORD);
  expect(await gus.refused(SWITCH, { on: true, password: 'not it at all' })).toMatchObject({ code: 'INVALID_INPUT' });
  await gus.graphql(SWITCH, { on: true, password: PASSWORD });
  expect(refusal(await logIn(gus)).reason).toBe('SECOND_FACTOR');
  expect(refusal(await logIn(gus, { code: '123456' })).code).toBe('INVALID_INPUT');
  expect(await gus.refused(REMOVE, { id })).toMatchObject({ code: 'CONFLICT' });
  await gus.graphql(SWITCH, { on: false, password: PASSWORD });
  expect((await logIn(gus)).data).toBeTruthy();
  await gus.graphql(REMOVE, { id });
  expect((await gus.graphql(STATE)).viewer.securityEvents.map(({ kind }: { kind: string }) => kind)).toEqual([
    ...['PASSKEY_REMOVED', 'SECOND_FACTOR_OFF', 'SECOND_FACTOR_ON', 'PASSKEY_ADDED'],
  ]);
});

test('who lost the app comes back with the recovery code, or a link from an administrator, and is asked for nothing more', async () => {
  const { person: hal } = await withApp('hal');
  const make = 'mutation ($password: String!) { createRecoveryCode(password: $password) }';
  const code = (await hal.graphql(make, { password: PASSWORD })).createRecoveryCode;
  const recover = 'mutation ($input: RecoverInput!) { recover(input: $input) { accessToken } }';
  const input = { username: hal.username, code, password: 'another quiet one', cookies: false };
  const { accessToken } = (await world.stranger().graphql(recover, { input })).recover;
  const back = new Person(world.node, { ...hal, accessToken });
  expect((await back.graphql(STATE)).viewer).toMatchObject({ asksSecondFactor: false, hasCodeApp: false });
  expect((await logIn(hal, { password: 'another quiet one' })).data).toBeTruthy();

  const { person: ida } = await withApp('ida');
  const link = 'mutation ($id: ID!) { createResetLink(userId: $id) { token } }';
  const { token } = (await ada.graphql(link, { id: ida.id })).createResetLink;
  const reset = 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { viewer { id } } }';
  await world.stranger().graphql(reset, { input: { token, password: 'another quiet one', cookies: false } });
  expect((await logIn(ida, { password: 'another quiet one' })).data).toBeTruthy();
});

test('the secret of an app stands in the database only as SECRET_KEY lets it be read, the one before included', async () => {
  const { person: jan, secret } = await withApp('jan');
  expect(await tablesWith(world.node, secret)).toEqual([]);
  expect(await tablesWith(world.node, bytesOf(secret).toString('hex'))).toEqual([]);
  if (!world.clustered) return;
  const { secretKey } = world.node.core.config;
  const renewed = await world.anotherNode({ SECRET_KEY: 'n'.repeat(40), SECRET_KEY_PREVIOUS: secretKey });
  expect((await logIn(jan, { code: shown(secret) }, renewed)).data).toBeTruthy();
  const strange = await world.anotherNode({ SECRET_KEY: 'o'.repeat(40) });
  expect(refusal(await logIn(jan, { code: shown(secret, 1) }, strange)).code).toBe('INVALID_INPUT');
});

// RFC 6238, appendix B, with SHA-1.
test.each([
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
])('at second %i the code is that of the standard', (second, code) => {
  expect(codeAt(Buffer.from('12345678901234567890'), stepAt(second * 1_000), 8)).toBe(code);
});
