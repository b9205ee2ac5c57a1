import { afterAll, beforeAll, expect, test } from 'vitest';
import { Authenticator, addPasskey, type Strangeness, withPasskey } from '../authenticator.ts';
import { accountKey, newDevice, register, withDevice } from '../devices.ts';
import { administrator, type Node, openWorld, PASSWORD, type Person, signedInAgain, type World } from '../world.ts';

const SITE = 'https://chat.example.org';
const BEGIN = 'mutation ($act: ConfirmedAct!) { beginConfirmation(act: $act) { ticket options } }';
const CONFIRM = 'mutation ($input: ConfirmWithPasskeyInput!) { confirmWithPasskey(input: $input) }';
const CODE = 'mutation ($password: String) { createRecoveryCode(password: $password) }';
const UNPROVEN = { code: 'INVALID_INPUT', fields: { password: [expect.stringContaining('passkey')] } };

let world: World;
let other: Node;
let ada: Person;
beforeAll(async () => {
  world = await openWorld({ PUBLIC_URL: SITE });
  other = world.clustered ? await world.anotherNode() : world.node;
  ada = await administrator(world.node);
});
afterAll(() => world.close());

const keyed = (name: string) => withPasskey(world, SITE, name);

/** What the person's browser is asked to sign for that act. */
const asked = async (person: Person, act: string): Promise<{ ticket: string; options: string }> =>
  (await person.graphql(BEGIN, { act })).beginConfirmation;

async function confirm(person: Person, authenticator: Authenticator, act: string, strange: Strangeness = {}) {
  const { ticket, options } = await asked(person, act);
  return person.ask(CONFIRM, { input: { act, ticket, response: authenticator.get(options, strange) } });
}

test('Ann starts anew with a passkey in place of her password, asked on one node and done on the other', async () => {
  const { person: ann, authenticator } = await keyed('ann');
  await withDevice(ann);
  const next = { ...newDevice(ann, accountKey()), replaceAccountKey: true };
  expect(await ann.refused(...register(next))).toMatchObject(UNPROVEN);
  const { ticket, options } = await asked(ann, 'REPLACE_IDENTITY');
  expect(JSON.parse(options)).toMatchObject({ userVerification: 'required', allowCredentials: [expect.any(Object)] });
  const input = { act: 'REPLACE_IDENTITY', ticket, response: authenticator.get(options) };
  expect(await ann.at(other).graphql(CONFIRM, { input })).toEqual({ confirmWithPasskey: true });
  await ann.graphql(...register(next));
  const { viewer } = await ann.graphql('{ viewer { devices { id } securityEvents { kind } } }');
  expect(viewer.devices).toEqual([{ id: next.id }]);
  expect(viewer.securityEvents).toContainEqual({ kind: 'IDENTITY_REPLACED' });
});

test('what one has confirmed is done once, and not when it was five minutes ago', async () => {
  const { person: ben, authenticator } = await keyed('ben');
  await confirm(ben, authenticator, 'MAKE_RECOVERY_CODE');
  const answers = await Promise.all([ben, ben.at(other), ben, ben.at(other)].map((one) => one.ask(CODE)));
  expect(answers.filter(({ data }) => data?.createRecoveryCode)).toHaveLength(1);
  await confirm(ben, authenticator, 'MAKE_RECOVERY_CODE');
  await world.node.core.db.confirmation.updateMany({ data: { expiresAt: new Date(Date.now() - 1) } });
  expect(await ben.refused(CODE)).toMatchObject(UNPROVEN);
});

test('it counts for what it was signed for, in the session in which it was, and for nothing and nowhere else', async () => {
  const { person: cleo, authenticator } = await keyed('cleo');
  const second = await signedInAgain(cleo);
  await confirm(cleo, authenticator, 'ADD_PASSKEY');
  expect(await cleo.refused(CODE)).toMatchObject(UNPROVEN);
  await confirm(cleo, authenticator, 'MAKE_RECOVERY_CODE');
  expect(await second.refused(CODE)).toMatchObject(UNPROVEN);
  const { ticket, options } = await asked(cleo, 'MAKE_RECOVERY_CODE');
  const input = { act: 'MAKE_RECOVERY_CODE', ticket, response: authenticator.get(options) };
  expect(await cleo.refused(CONFIRM, { input: { ...input, act: 'DELETE_ACCOUNT' } })).toMatchObject({
    code: 'FORBIDDEN',
  });
  expect(await second.refused(CONFIRM, { input })).toMatchObject({ code: 'FORBIDDEN' });
});

test('an answer that was used, and one to somebody who signs in, confirm nothing; and the other way round', async () => {
  const { person: dan, authenticator } = await keyed('dan');
  const act = 'MAKE_RECOVERY_CODE';
  const { ticket, options } = await asked(dan, act);
  const input = { act, ticket, response: authenticator.get(options) };
  await dan.graphql(CONFIRM, { input });
  expect(await dan.refused(CONFIRM, { input })).toMatchObject({ code: 'FORBIDDEN' });
  const signingIn = (await world.stranger().graphql('mutation { beginPasskeySignIn { ticket options } }'))
    .beginPasskeySignIn;
  const response = authenticator.get(signingIn.options);
  expect(await dan.refused(CONFIRM, { input: { act, ticket: signingIn.ticket, response } })).toMatchObject({
    code: 'FORBIDDEN',
  });
  const again = await asked(dan, act);
  const signIn = 'mutation ($input: SignInWithPasskeyInput!) { signInWithPasskey(input: $input) { viewer { id } } }';
  const stolen = { ticket: again.ticket, response: authenticator.get(again.options), cookies: false };
  expect((await world.stranger().ask(signIn, { input: stolen })).errors?.[0].extensions.code).toBe('UNAUTHENTICATED');
});

test.each<[string, Strangeness]>([
  ['the page of another site', { origin: 'https://chat.example.com' }],
  ['nobody whose finger or PIN was asked for', { userVerified: false }],
  ['another challenge', { challenge: 'bm90IHRoaXMgb25l' }],
  ['the handle of somebody else', { handle: 'bm9ib2R5' }],
])('what was signed for %s confirms nothing', async (_, strange) => {
  const { person: eve, authenticator } = await keyed('eve');
  const { errors } = await confirm(eve, authenticator, 'MAKE_RECOVERY_CODE', strange);
  expect(errors?.[0].extensions.code).toBe('FORBIDDEN');
  expect(await eve.refused(CODE)).toMatchObject(UNPROVEN);
});

test('whoever sits at Fay’s open browser confirms nothing with a passkey of their own, and who has none is told', async () => {
  const { person: fay } = await keyed('fay');
  const { authenticator: thiefs } = await keyed('thief');
  const { errors } = await confirm(fay, thiefs, 'MAKE_RECOVERY_CODE');
  expect(errors?.[0].extensions.code).toBe('FORBIDDEN');
  expect(await fay.refused(CODE)).toMatchObject(UNPROVEN);
  const plain = await world.person('plain');
  expect(await plain.refused(BEGIN, { act: 'MAKE_RECOVERY_CODE' })).toMatchObject({ code: 'CONFLICT' });
});

test('a security key that does not say whose passkey it used confirms as well', async () => {
  const { person: gus, authenticator } = await keyed('gus');
  const { ticket, options } = await asked(gus, 'MAKE_RECOVERY_CODE');
  const answer = JSON.parse(authenticator.get(options));
  delete answer.response.userHandle;
  const input = { act: 'MAKE_RECOVERY_CODE', ticket, response: JSON.stringify(answer) };
  expect(await gus.graphql(CONFIRM, { input })).toEqual({ confirmWithPasskey: true });
});

test('all that asks for the password takes a passkey in its place, and nothing goes without', async () => {
  const { person: hal, authenticator } = await keyed('hal');
  const acts: [act: string, document: string][] = [
    ['SET_SECOND_FACTOR', 'mutation { setSecondFactor(on: true) }'],
    ['ADD_PASSKEY', 'mutation { beginPasskey { ticket } }'],
    ['SET_CODE_APP_UP', 'mutation { beginCodeApp { secret } }'],
    ['CHANGE_PASSWORD', 'mutation { changePassword(next: "another quiet one") }'],
    ['MAKE_RECOVERY_CODE', CODE],
    ['DELETE_ACCOUNT', 'mutation { deleteAccount(eraseMessages: false) { erasedMessages } }'],
  ];
  for (const [act, document] of acts) {
    expect(await hal.refused(document)).toMatchObject({ code: 'INVALID_INPUT' });
    await confirm(hal, authenticator, act);
    expect((await hal.ask(document)).errors, act).toBeUndefined();
  }
  const ida = await world.person('ida');
  const keys = new Authenticator(SITE);
  await addPasskey(ada, keys, PASSWORD);
  const remove = 'mutation ($id: ID!) { removePerson(userId: $id, eraseMessages: false) { erasedMessages } }';
  expect(await ada.refused(remove, { id: ida.id })).toMatchObject(UNPROVEN);
  await confirm(ada, keys, 'REMOVE_PERSON');
  await ada.graphql(remove, { id: ida.id });
});

test('after five answers that were wrong Jan waits, and her password still works', async () => {
  const { person: jan, authenticator } = await keyed('jan');
  const codes: string[] = [];
  for (let n = 0; n < 6; n++) {
    const { errors } = await confirm(jan, authenticator, 'MAKE_RECOVERY_CODE', { userVerified: false });
    codes.push(errors?.[0].extensions.code);
  }
  expect(codes).toEqual([...Array(5).fill('FORBIDDEN'), 'RATE_LIMITED']);
  expect((await jan.graphql(CODE, { password: PASSWORD })).createRecoveryCode).toMatch(/-/);
});
