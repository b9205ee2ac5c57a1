import { afterAll, beforeAll, expect, test } from 'vitest';
import { setUpLink } from '../../api/instance/instance.ts';
import { Browser, Line } from '../wire.ts';
import { openWorld, PASSWORD, Person, type World } from '../world.ts';

const FIELDS = '{ accessToken refreshToken viewer { id email isAdmin rooms { id } user { username displayName } } }';
const REGISTER = `mutation ($input: RegisterInput!) { register(input: $input) ${FIELDS} }`;
const LOG_IN = `mutation ($input: LogInInput!) { logIn(input: $input) ${FIELDS} }`;
const SET_UP = `mutation ($input: SetUpInput!) { setUp(input: $input) ${FIELDS} }`;
const WHO = '{ viewer { user { username } } }';

let world: World;
beforeAll(async () => {
  world = await openWorld({ TRUSTED_PROXIES: '127.0.0.1' });
});
afterAll(() => world.close());

const account = (username: string, more: object = {}) => ({
  input: { username, password: PASSWORD, cookies: false, ...more },
});

test('Each works, and a wrong password says the same thing as an unknown name.', async () => {
  const away = { user: null };
  const who = async (token: string) =>
    (await new Browser(world.node, { authorization: `Bearer ${token}` }).graphql(WHO)).data.viewer?.user ?? away;
  const { register } = await world.stranger().graphql(REGISTER, account('Abe'));
  expect(await who(register.accessToken)).toEqual({ username: 'Abe' });
  const abe = new Person(world.node, { name: 'abe', id: register.viewer.id, accessToken: register.accessToken });
  const next = 'another quiet word';
  await abe.graphql('mutation ($current: String!, $next: String!) { changePassword(current: $current, next: $next) }', {
    current: PASSWORD,
    next,
  });
  const [wrong, unknown] = await Promise.all(
    ['Abe', 'nobody.at.all'].map((username) => world.stranger().refused(LOG_IN, account(username))),
  );
  expect(wrong).toEqual(unknown);
  expect(wrong).toMatchObject({ code: 'UNAUTHENTICATED' });
  const { logIn } = await world.stranger().graphql(LOG_IN, account('Abe', { password: next }));
  expect(await who(logIn.accessToken)).toEqual({ username: 'Abe' });
  await new Person(world.node, { ...abe, accessToken: logIn.accessToken }).graphql('mutation { logOut }');
  expect(await who(logIn.accessToken)).toBe(away);
});

test('Sign up with a name and a password only.', async () => {
  const input = { username: 'amy', password: PASSWORD, cookies: false };
  const { register } = await world.stranger().graphql(REGISTER, { input });
  expect(register.viewer).toMatchObject({ user: { username: 'amy', displayName: 'amy' }, email: null });
});

test('Ann registers and is signed in', async () => {
  const { register } = await world.stranger().graphql(REGISTER, account('Ann', { email: 'ann@example.org' }));
  const user = { username: 'Ann', displayName: 'Ann' };
  expect(register.viewer).toMatchObject({ user, email: 'ann@example.org', isAdmin: false, rooms: [] });
  const browser = new Browser(world.node, { authorization: `Bearer ${register.accessToken}` });
  expect(await browser.graphql(WHO)).toEqual({ data: { viewer: { user: { username: 'Ann' } } } });
});

test.each(['Bert', 'bert', ' BERT ', 'bert@example.org', 'Bert@Example.ORG'])('Bert signs in as "%s"', async (name) => {
  await world.stranger().ask(REGISTER, account('Bert', { email: 'bert@example.org', displayName: 'Bert B.' }));
  const { logIn } = await world.stranger().graphql(LOG_IN, account(name));
  expect(logIn.viewer.user).toEqual({ username: 'Bert', displayName: 'Bert B.' });
});

test('Carl cannot have the name or the address that Cora has', async () => {
  await world.stranger().graphql(REGISTER, account('cora', { email: 'cora@example.org' }));
  const name = await world.stranger().refused(REGISTER, account('Cora'));
  expect(name).toMatchObject({ code: 'INVALID_INPUT', fields: { username: [expect.stringContaining('exists')] } });
  const address = await world.stranger().refused(REGISTER, account('carl', { email: 'CORA@example.org' }));
  expect(address).toMatchObject({ code: 'INVALID_INPUT', fields: { email: [expect.stringContaining('exists')] } });
  expect(await world.stranger().refused(LOG_IN, account('carl'))).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('of five who register as Dora at once, one is Dora', async () => {
  const tries = Array.from({ length: 5 }, () => world.stranger().ask(REGISTER, account('dora')));
  const answers = await Promise.all(tries);
  expect(answers.filter(({ data }) => data)).toHaveLength(1);
  const refusals = answers.flatMap(({ errors }) => errors ?? []).map(({ extensions }) => extensions);
  const taken = { code: 'INVALID_INPUT', fields: { username: [expect.any(String)] } };
  expect(refusals).toEqual(Array.from({ length: 4 }, () => taken));
});

test('all fields at fault are named at once', async () => {
  const faults = account('', { email: 'nowhere', password: 'short', displayName: 'x'.repeat(61) });
  const { code, fields } = await world.stranger().refused(REGISTER, faults);
  expect(code).toBe('INVALID_INPUT');
  expect(Object.keys(fields ?? {}).sort()).toEqual(['displayName', 'email', 'password', 'username']);
});

test('nobody sees the e-mail address of Ella but Ella', async () => {
  await world.stranger().graphql(REGISTER, account('ella', { email: 'ella@example.org' }));
  const mallory = await world.person('mallory');
  const { users } = await mallory.graphql('{ users(search: "ella@example") { nodes { id } } }');
  expect(users.nodes).toEqual([]);
  const introspection = await mallory.graphql('{ __type(name: "User") { fields { name } } }');
  expect(introspection.__type.fields.map(({ name }: { name: string }) => name)).not.toContain('email');
});

test('the browser of Fay keeps her tokens in cookies that no script can read', async () => {
  const browser = new Browser(world.node);
  const { data } = await browser.graphql(REGISTER, account('fay', { cookies: true }));
  expect(data?.register.refreshToken).toBeNull();
  expect(browser.changes).toHaveLength(2);
  for (const change of browser.changes) {
    expect(change).toMatch(/^(access|refresh)_token=[\w.-]+; Max-Age=\d+; HttpOnly; SameSite=Lax; Path=\/$/);
  }
  expect(await browser.graphql(WHO)).toEqual({ data: { viewer: { user: { username: 'fay' } } } });
});

test('over https the cookies of Gus are for https only', async () => {
  const https = { host: 'localhost', origin: 'https://localhost', 'x-forwarded-proto': 'https' };
  const browser = new Browser(world.node, https);
  await browser.graphql(REGISTER, account('gus', { cookies: true }));
  expect(browser.changes).toHaveLength(2);
  for (const change of browser.changes) {
    expect(change).toMatch(/^__Host-(access|refresh)_token=[\w.-]+; .*HttpOnly; SameSite=Lax; Path=\/; Secure$/);
  }
  const { access_token } = await sessionOf('mallory');
  browser.cookies.set('access_token', access_token);
  // What a neighbouring host can put there does not take the place of what only this one can.
  expect(await browser.graphql(WHO)).toEqual({ data: { viewer: { user: { username: 'gus' } } } });
  await browser.graphql('mutation { logOut }');
  expect([...browser.cookies.keys()]).toEqual([]);
});

test('who signed in over https by the old route is kept under the new names from the next refresh on', async () => {
  const https = { host: 'localhost', origin: 'https://localhost', 'x-forwarded-proto': 'https' };
  const browser = new Browser(world.node, https);
  for (const [name, value] of Object.entries(await sessionOf('gwen'))) browser.cookies.set(name, value);
  await browser.graphql('mutation { refresh { viewer { id } } }');
  expect([...browser.cookies.keys()].sort()).toEqual(['__Host-access_token', '__Host-refresh_token']);
  expect(await browser.graphql(WHO)).toEqual({ data: { viewer: { user: { username: 'gwen' } } } });
});

async function sessionOf(username: string) {
  const { register } = await world.stranger().graphql(REGISTER, account(username));
  return { access_token: register.accessToken, refresh_token: register.refreshToken };
}

test('a program that asks for no cookies gets none', async () => {
  const browser = new Browser(world.node);
  const { data } = await browser.graphql(REGISTER, account('hal'));
  expect(data?.register.refreshToken).toEqual(expect.any(String));
  expect(browser.changes).toEqual([]);
});

test('Ida cannot register over a socket into cookies, and no account is left behind', async () => {
  const line = new Line(world.node);
  await line.init();
  const { payload } = await line.ask(REGISTER, { variables: account('ida', { cookies: true }) });
  expect(payload.errors[0].extensions.code).toBe('INVALID_INPUT');
  line.close();
  await world.stranger().graphql(REGISTER, account('ida'));
});

test('where registration is closed, Jan stays outside', async () => {
  const closed = await openWorld({ REGISTRATION: 'closed' });
  const { server } = await closed.stranger().graphql('{ server { registration } }');
  expect(server.registration).toBe('CLOSED');
  expect(await closed.stranger().refused(REGISTER, account('jan'))).toMatchObject({ code: 'FORBIDDEN' });
  expect(await closed.stranger().refused(LOG_IN, account('jan'))).toMatchObject({ code: 'UNAUTHENTICATED' });
  await closed.close();
});

test('the set-up link makes one administrator, also when five people follow it at once', async () => {
  const fresh = await openWorld();
  const token = await setUpToken(fresh);
  const names = ['una', 'ugo', 'udo', 'uli', 'uma'];
  const follow = (name: string) => fresh.stranger().ask(SET_UP, account(name, { token, serverName: 'The kitchen' }));
  const answers = await Promise.all(names.map(follow));
  const winners = answers.filter(({ data }) => data);
  expect(winners).toHaveLength(1);
  expect(winners[0]?.data.setUp.viewer.isAdmin).toBe(true);
  const codes = answers.flatMap(({ errors }) => errors ?? []).map(({ extensions }) => extensions.code);
  expect(codes).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
  const { server } = await fresh.stranger().graphql('{ server { needsSetup name } }');
  expect(server).toEqual({ needsSetup: false, name: 'The kitchen' });
  expect(await fresh.stranger().refused(SET_UP, account('late', { token }))).toMatchObject({ code: 'FORBIDDEN' });
  expect(await setUpLink(fresh.node.core)).toBeNull();
  await fresh.close();
});

test('a wrong set-up link makes nobody an administrator, and a slip of the pen does not use the right one up', async () => {
  const fresh = await openWorld();
  const token = await setUpToken(fresh);
  const wrong = account('mallory', { token: `${token.slice(0, -1)}!` });
  expect(await fresh.stranger().refused(SET_UP, wrong)).toMatchObject({ code: 'FORBIDDEN' });
  await fresh.person('vic');
  const { name } = await fresh.person('wim');
  const taken = await fresh.stranger().refused(SET_UP, account('no spaces, please', { token }));
  expect(taken).toMatchObject({ code: 'INVALID_INPUT', fields: { username: [expect.any(String)] } });
  const { server } = await fresh.stranger().graphql('{ server { needsSetup } }');
  expect(server.needsSetup).toBe(true);
  const { setUp } = await fresh.stranger().graphql(SET_UP, account(name, { token, registration: 'CLOSED' }));
  expect(setUp.viewer.isAdmin).toBe(true);
  expect(await fresh.stranger().refused(REGISTER, account('xan'))).toMatchObject({ code: 'FORBIDDEN' });
  await fresh.close();
});

async function setUpToken(fresh: World): Promise<string> {
  const link = await setUpLink(fresh.node.core);
  return /^\/setup#(.+)$/.exec(link ?? '')?.[1] ?? '';
}
