import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADD, Authenticator, addPasskey, BEGIN, type Strangeness, withPasskey } from '../authenticator.ts';
import { tablesWith } from '../rooms.ts';
import { Browser } from '../wire.ts';
import { administrator, type Node, openWorld, PASSWORD, Person, type World } from '../world.ts';

const SITE = 'https://chat.example.org';
const ASK = 'mutation { beginPasskeySignIn { ticket options } }';
const SIGN_IN = `mutation ($input: SignInWithPasskeyInput!) {
  signInWithPasskey(input: $input) { accessToken refreshToken viewer { id passkeys { name lastUsedOn } } }
}`;
const LIST = '{ viewer { passkeys { id name createdAt lastUsedOn } securityEvents { kind } } }';
const RENAME = 'mutation ($id: ID!, $name: String!) { renamePasskey(id: $id, name: $name) { name } }';
const REMOVE = 'mutation ($id: ID!) { removePasskey(id: $id) }';

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

const asked = async (node = world.node): Promise<{ ticket: string; options: string }> =>
  (await world.stranger(node).graphql(ASK)).beginPasskeySignIn;
const answer = (ticket: string, response: string, node = world.node) =>
  world.stranger(node).ask(SIGN_IN, { input: { ticket, response, cookies: false } });
async function signIn(authenticator: Authenticator, strange: Strangeness = {}) {
  const { ticket, options } = await asked();
  return answer(ticket, authenticator.get(options, strange));
}
const refusal = ({ errors }: { errors?: any[] }) => ({ message: errors?.[0].message, ...errors?.[0].extensions });

test('Log in with a passkey: Ann adds one on one node, and types neither name nor password on the other', async () => {
  const ann = await world.person('ann');
  const phone = new Authenticator(SITE);
  const added = await addPasskey(ann.at(other), phone, PASSWORD, '  her phone ');
  expect(added).toMatchObject({ name: 'her phone', lastUsedOn: null });
  const { ticket, options } = await asked(other);
  expect(JSON.parse(options)).toMatchObject({ rpId: 'chat.example.org', userVerification: 'required' });
  expect(JSON.parse(options).allowCredentials ?? []).toEqual([]);
  const { data } = await answer(ticket, phone.get(options));
  const today = expect.stringMatching(/^\d{4}-\d\d-\d\d$/);
  expect(data.signInWithPasskey.viewer).toEqual({ id: ann.id, passkeys: [{ name: 'her phone', lastUsedOn: today }] });
  const back = new Person(world.node, { ...ann, ...data.signInWithPasskey });
  expect((await back.graphql(LIST)).viewer.securityEvents).toEqual([{ kind: 'PASSKEY_ADDED' }]);
});

test('the browser of Bea gets its cookies, and the session that was there before ends', async () => {
  const { person: bea, authenticator } = await keyed('bea');
  const browser = new Browser(world.node, { origin: SITE });
  for (const _ of [1, 2]) {
    const { ticket, options } = (await browser.graphql(ASK)).data.beginPasskeySignIn;
    const input = { ticket, response: authenticator.get(options) };
    expect((await browser.graphql(SIGN_IN, { input })).data.signInWithPasskey.viewer.id).toBe(bea.id);
  }
  expect(browser.changes.join()).toMatch(/__Host-access_token=.+HttpOnly; SameSite=Lax; Path=\/; Secure/);
  expect((await bea.graphql('{ viewer { sessions { id } } }')).viewer.sessions).toHaveLength(2);
});

test('what Cleo’s passkey signed opens nothing a second time, and of five who bring it at once one gets in', async () => {
  const { authenticator } = await keyed('cleo');
  const { ticket, options } = await asked();
  const response = authenticator.get(options);
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, n) => answer(ticket, response, n % 2 ? other : world.node)),
  );
  expect(answers.filter(({ data }) => data)).toHaveLength(1);
  expect(refusal(await answer(ticket, response))).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(refusal(await answer((await asked()).ticket, response))).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a question is answered by the browser that asked, within five minutes', async () => {
  const { authenticator } = await keyed('dan');
  const [one, two] = [await asked(), await asked()];
  expect(refusal(await answer(two.ticket, authenticator.get(one.options)))).toMatchObject({ code: 'UNAUTHENTICATED' });
  const late = await asked();
  await world.node.core.db.passkeyChallenge.updateMany({ data: { expiresAt: new Date(Date.now() - 1) } });
  expect(refusal(await answer(late.ticket, authenticator.get(late.options)))).toMatchObject({
    code: 'UNAUTHENTICATED',
  });
});

test.each<[string, Strangeness]>([
  ['the page of another site', { origin: 'https://chat.example.com' }],
  ['a page of the same host on another port', { origin: `${SITE}:8443` }],
  ['a page without https', { origin: 'http://chat.example.org' }],
  ['another RP id', { rpId: 'example.org' }],
  ['nobody whose finger or PIN was asked for', { userVerified: false }],
  ['the making of a passkey', { type: 'webauthn.create' }],
  ['another challenge', { challenge: 'bm90IHRoaXMgb25l' }],
  ['the handle of somebody else', { handle: 'bm9ib2R5' }],
])('what was signed for %s opens nothing, and adds nothing', async (_, strange) => {
  const { person, authenticator } = await keyed('eve');
  expect(refusal(await signIn(authenticator, strange))).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect((await signIn(authenticator)).data).toBeTruthy();

  if (strange.handle) return;
  const { ticket, options } = (await person.graphql(BEGIN, { password: PASSWORD })).beginPasskey;
  const wrong = strange.type ? { ...strange, type: 'webauthn.get' } : strange;
  const input = { ticket, name: 'strange', response: new Authenticator(SITE).create(options, wrong) };
  expect(await person.refused(ADD, { input })).toMatchObject({ code: 'FORBIDDEN' });
  expect((await person.graphql(LIST)).viewer.passkeys).toHaveLength(1);
});

test('a stranger’s passkey, a removed one and a forged signature get one answer', async () => {
  const { person: fay, authenticator, id } = await keyed('fay');
  const { authenticator: stranger } = await keyed('stranger');
  const forged = new Authenticator(SITE);
  forged.passkeys.push({ ...stranger.passkeys[0], id: authenticator.passkeys[0]?.id } as never);
  const unknown = new Authenticator(SITE);
  unknown.create(JSON.stringify({ challenge: '', rp: { id: 'chat.example.org' }, user: { id: 'bm9ib2R5' } }));
  const told = [await signIn(forged), await signIn(unknown)].map(refusal);
  expect((await signIn(authenticator)).data).toBeTruthy();
  expect(await fay.graphql(REMOVE, { id })).toEqual({ removePasskey: true });
  told.push(refusal(await signIn(authenticator)));
  expect(new Set(told.map(({ code, message }) => `${code} ${message}`))).toHaveLength(1);
  expect(told[0]?.code).toBe('UNAUTHENTICATED');
  expect((await fay.graphql(LIST)).viewer.securityEvents).toEqual([
    { kind: 'PASSKEY_REMOVED' },
    { kind: 'PASSKEY_ADDED' },
  ]);
});

test('a copy of Gus’s key shows by its counter, and passkeys that do not count work again and again', async () => {
  const { authenticator } = await keyed('gus');
  for (const counter of [5, 6]) expect((await signIn(authenticator, { counter })).data).toBeTruthy();
  for (const counter of [6, 2, 0])
    expect(refusal(await signIn(authenticator, { counter }))).toMatchObject({ code: 'UNAUTHENTICATED' });
  const { authenticator: uncounted } = await keyed('gia');
  for (const _ of [1, 2, 3]) expect((await signIn(uncounted, { counter: 0 })).data).toBeTruthy();
});

test('a passkey is added against the password, for oneself, once', async () => {
  const [hal, ida] = [await world.person('hal'), await world.person('ida')];
  expect(await hal.refused(BEGIN, { password: 'not it at all' })).toMatchObject({
    fields: { password: expect.any(Array) },
  });
  const { ticket, options } = (await hal.graphql(BEGIN, { password: PASSWORD })).beginPasskey;
  const input = { ticket, name: 'key', response: new Authenticator(SITE).create(options) };
  expect(await ida.refused(ADD, { input })).toMatchObject({ code: 'FORBIDDEN' });
  expect(refusal(await answer(ticket, new Authenticator(SITE).create(options)))).toMatchObject({
    code: 'INVALID_INPUT',
  });
  expect((await hal.graphql(ADD, { input })).addPasskey.name).toBe('key');
  expect(await hal.refused(ADD, { input })).toMatchObject({ code: 'FORBIDDEN' });
  const again = (await hal.graphql(BEGIN, { password: PASSWORD })).beginPasskey;
  expect(JSON.parse(again.options).excludeCredentials).toHaveLength(1);
});

test('the same passkey is not added twice, by whomever', async () => {
  await addPasskey(await world.person('jan'), new Authenticator(SITE), PASSWORD, 'of jan');
  const kim = await world.person('kim');
  const { ticket, options } = (await kim.graphql(BEGIN, { password: PASSWORD })).beginPasskey;
  const copy = new Authenticator(SITE);
  const response = JSON.parse(copy.create(options));
  const { db } = world.node.core;
  const id = Buffer.from(response.id, 'base64url');
  await db.passkey.updateMany({ where: { name: 'of jan' }, data: { credentialId: id } });
  const input = { ticket, name: 'copy', response: JSON.stringify(response) };
  expect(await kim.refused(ADD, { input })).toMatchObject({ code: 'CONFLICT' });
});

test('what is said of an authenticator’s maker is not asked about: a passkey with certificates is refused', async () => {
  const lea = await world.person('lea');
  for (const format of ['packed', 'tpm', 'apple', 'android-safetynet', 'fido-u2f']) {
    const { ticket, options } = (await lea.graphql(BEGIN, { password: PASSWORD })).beginPasskey;
    const input = { ticket, name: format, response: new Authenticator(SITE).create(options, { format }) };
    expect(await lea.refused(ADD, { input })).toMatchObject({ code: 'FORBIDDEN' });
  }
});

test.each([
  ['nothing', ''],
  ['no JSON', 'not JSON'],
  ['an empty object', '{}'],
  ['a list', '[]'],
  ['null', 'null'],
  ['a credential without an answer', '{"id":"a","rawId":"a","type":"public-key","response":{}}'],
  ['twenty thousand letters', `"${'x'.repeat(20_000)}"`],
])('%s instead of an answer is refused as input', async (_, response) => {
  const max = await world.person('max');
  expect(refusal(await answer((await asked()).ticket, response))).toMatchObject({ code: 'INVALID_INPUT' });
  const { ticket } = (await max.graphql(BEGIN, { password: PASSWORD })).beginPasskey;
  const input = { ticket, response, name: 'x' };
  expect(await max.refused(ADD, { input })).toMatchObject({ fields: { response: expect.any(Array) } });
});

test('answers of garbage in the right shape are refused, never a fault of the server', async () => {
  const { authenticator } = await keyed('mia');
  const { options } = await asked();
  const good = JSON.parse(authenticator.get(options));
  for (const field of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle']) {
    const response = JSON.stringify({ ...good, response: { ...good.response, [field]: 'AAAA' } });
    expect(refusal(await answer((await asked()).ticket, response))).toMatchObject({ code: 'UNAUTHENTICATED' });
  }
  const nia = await world.person('nia');
  for (const attestationObject of ['AAAA', 'oA', 'o2NmbXRkbm9uZQ']) {
    const { ticket, options } = (await nia.graphql(BEGIN, { password: PASSWORD })).beginPasskey;
    const made = JSON.parse(new Authenticator(SITE).create(options));
    const response = JSON.stringify({ ...made, response: { ...made.response, attestationObject } });
    expect(await nia.refused(ADD, { input: { ticket, name: 'x', response } })).toMatchObject({ code: 'FORBIDDEN' });
  }
});

test('Olga calls her passkey something else; nobody else can, nor take it away', async () => {
  const { person: olga, id } = await keyed('olga');
  const pia = await world.person('pia');
  expect(await olga.graphql(RENAME, { id, name: ' blue key ' })).toEqual({ renamePasskey: { name: 'blue key' } });
  expect(await olga.refused(RENAME, { id, name: ' ' })).toMatchObject({ fields: { name: expect.any(Array) } });
  for (const document of [RENAME, REMOVE]) {
    expect(await pia.refused(document, { id, name: 'mine' })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await olga.refused(document, { id: randomUUID(), name: 'mine' })).toMatchObject({ code: 'NOT_FOUND' });
  }
  expect((await pia.graphql(LIST)).viewer.passkeys).toEqual([]);
});

test('whoever recovers their account, or is given a reset link, has a new password and no passkey', async () => {
  const { person: rob, authenticator } = await keyed('rob');
  const code = 'mutation ($password: String!) { createRecoveryCode(password: $password) }';
  const recover =
    'mutation ($input: RecoverInput!) { recover(input: $input) { accessToken viewer { passkeys { id } } } }';
  const input = { username: rob.username, password: 'another quiet one', cookies: false };
  const made = (await rob.graphql(code, { password: PASSWORD })).createRecoveryCode;
  const { accessToken, viewer } = (await world.stranger().graphql(recover, { input: { ...input, code: made } }))
    .recover;
  expect(viewer.passkeys).toEqual([]);
  expect(refusal(await signIn(authenticator))).toMatchObject({ code: 'UNAUTHENTICATED' });

  const back = new Person(world.node, { ...rob, accessToken });
  const key = new Authenticator(SITE);
  await addPasskey(back, key, 'another quiet one');
  const link = 'mutation ($id: ID!) { createResetLink(userId: $id) { token } }';
  const { token } = (await ada.graphql(link, { id: rob.id })).createResetLink;
  const reset = 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { viewer { id } } }';
  await world.stranger().graphql(reset, { input: { token, password: 'a third quiet one', cookies: false } });
  expect(refusal(await signIn(key))).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a passkey does not open an account that is disabled', async () => {
  const { person: sam, authenticator } = await keyed('sam');
  const disable = 'mutation ($id: ID!) { setDisabled(userId: $id, on: true) { __typename } }';
  await ada.graphql(disable, { id: sam.id });
  expect(refusal(await signIn(authenticator))).toMatchObject({ code: 'FORBIDDEN' });
});

test('one has twenty passkeys at most', async () => {
  const tom = await world.person('tom');
  const { db } = world.node.core;
  const one = { userId: tom.id, name: 'x', publicKey: Buffer.from('x'), counter: 0n, transports: [] };
  const { ticket, options } = (await tom.graphql(BEGIN, { password: PASSWORD })).beginPasskey;
  await db.passkey.createMany({
    data: Array.from({ length: 20 }, () => ({ ...one, credentialId: Buffer.from(randomUUID()) })),
  });
  const input = { ticket, name: 'x', response: new Authenticator(SITE).create(options) };
  expect(await tom.refused(ADD, { input })).toMatchObject({ code: 'CONFLICT' });
  expect(await tom.refused(BEGIN, { password: PASSWORD })).toMatchObject({ code: 'CONFLICT' });
});

test('no ticket stands in the database', async () => {
  const { ticket } = await asked();
  expect(await tablesWith(world.node, ticket)).toEqual([]);
});

test('questions are asked as often as one may sign in', async () => {
  const strict = await openWorld({ LIMIT_LOGINS_PER_MINUTE: '3', TRUSTED_PROXIES: '127.0.0.1' });
  const browser = new Browser(strict.node, { 'x-forwarded-for': '203.0.113.44' });
  const codes: string[] = [];
  for (let n = 0; n < 5; n++) codes.push((await browser.graphql(ASK)).errors?.[0].extensions.code ?? 'OK');
  await strict.close();
  expect(codes).toEqual(['OK', 'OK', 'OK', 'RATE_LIMITED', 'RATE_LIMITED']);
});
