import { createHash } from 'node:crypto';
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, JSON_BODY, Line, send } from '../wire.ts';
import { openWorld, PASSWORD, type Person, type World } from '../world.ts';

const LOG_IN = 'mutation ($input: LogInInput!) { logIn(input: $input) { accessToken refreshToken viewer { id } } }';
const REFRESH =
  'mutation ($token: String) { refresh(refreshToken: $token) { accessToken refreshToken viewer { id } } }';
const LOG_OUT = 'mutation { logOut }';
const SESSIONS = '{ viewer { session { id } sessions { id label isCurrent } } }';
const REVOKE = 'mutation ($id: ID!) { revokeSession(id: $id) }';
const WHO = '{ viewer { id } }';
const NEVER_MIND = 'subscription { viewerEvents { __typename } }';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('the program of Ann refreshes her tokens, and each refresh token is another', async () => {
  const ann = await world.person('ann');
  const { refresh } = await world.stranger().graphql(REFRESH, { token: ann.refreshToken });
  expect(refresh.viewer.id).toBe(ann.id);
  expect(refresh.refreshToken).not.toBe(ann.refreshToken);
  expect(await whoIs(refresh.accessToken)).toBe(ann.id);
});

test('the browser of Ben refreshes its cookies, and tells the page no refresh token', async () => {
  const ben = await browserOf('ben');
  const before = ben.cookies.get('refresh_token');
  const { data } = await ben.graphql(REFRESH);
  expect(data?.refresh.refreshToken).toBeNull();
  expect(ben.changes.map((change) => change.split('=', 1)[0])).toEqual(['access_token', 'refresh_token']);
  expect(ben.cookies.get('refresh_token')).not.toBe(before);
  expect((await ben.graphql(WHO)).data?.viewer).not.toBeNull();
});

test('two tabs of Cleo that refresh at once both stay signed in', async () => {
  const cleo = await world.person('cleo');
  const tabs = [world.stranger(), world.stranger(), world.stranger()];
  const answers = await Promise.all(tabs.map((tab) => tab.graphql(REFRESH, { token: cleo.refreshToken })));
  for (const { refresh } of answers) expect(await whoIs(refresh.accessToken)).toBe(cleo.id);
  const next = new Set(answers.map(({ refresh }) => refresh.refreshToken));
  for (const token of next) expect(await world.stranger().graphql(REFRESH, { token })).toBeTruthy();
});

test('Mallory’s copy of a refresh token that Dan has used ends the session for both', async () => {
  const dan = await world.person('dan');
  const line = await signedInLine(dan.accessToken);
  const { refresh } = await world.stranger().graphql(REFRESH, { token: dan.refreshToken });
  await elevenSecondsPass(dan.id);
  expect(await world.stranger().refused(REFRESH, { token: dan.refreshToken })).toMatchObject(SESSION_ENDED);
  expect(await world.stranger().refused(REFRESH, { token: refresh.refreshToken })).toMatchObject(SESSION_ENDED);
  expect(await whoIs(refresh.accessToken)).toBeNull();
  expect(await line.closing).toMatchObject({ code: 4401 });
});

test('a refresh token from two rotations ago ends the session at once', async () => {
  const eve = await world.person('eve');
  const { refresh: second } = await world.stranger().graphql(REFRESH, { token: eve.refreshToken });
  const { refresh: third } = await world.stranger().graphql(REFRESH, { token: second.refreshToken });
  expect(await world.stranger().refused(REFRESH, { token: eve.refreshToken })).toMatchObject(SESSION_ENDED);
  expect(await whoIs(third.accessToken)).toBeNull();
});

test('an access token refreshes nothing, and a refresh token opens nothing', async () => {
  const flo = await world.person('flo');
  expect(await world.stranger().refused(REFRESH, { token: flo.accessToken })).toMatchObject(SESSION_ENDED);
  expect(await whoIs(flo.refreshToken)).toBeNull();
  expect(await whoIs(flo.accessToken)).toBe(flo.id);
});

test('refreshing without a token is like being nobody', async () => {
  expect(await world.stranger().refused(REFRESH)).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(await world.stranger().refused(REFRESH, { token: '' })).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a session that has run out opens nothing and refreshes nothing', async () => {
  const gil = await world.person('gil');
  await world.node.core.db.session.updateMany({ where: { userId: gil.id }, data: { expiresAt: new Date(0) } });
  expect(await whoIs(gil.accessToken)).toBeNull();
  expect(await world.stranger().refused(REFRESH, { token: gil.refreshToken })).toMatchObject(SESSION_ENDED);
});

test('however often the session of Gil refreshes, after half a year it asks for the password', async () => {
  const gil = await world.person('gil');
  const { db } = world.node.core;
  const { id } = await db.session.findFirstOrThrow({ where: { userId: gil.id } });
  const DAY = 24 * 3_600_000;
  const begun = new Date(Date.now() - 179 * DAY);
  await db.session.update({ where: { id }, data: { createdAt: begun } });
  const { refreshToken } = await refresh(gil.refreshToken);
  const { viewer } = await gil.graphql('{ viewer { session { expiresAt } } }');
  expect(viewer.session.expiresAt).toBe(new Date(begun.getTime() + 180 * DAY).toISOString());
  await db.session.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1) } });
  await expect(refresh(refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('when Hana logs out her tokens are worthless, her cookies gone and her socket closed', async () => {
  const hana = await browserOf('hana');
  const { cookie } = hana;
  const [accessToken, token] = [hana.cookies.get('access_token') ?? '', hana.cookies.get('refresh_token')];
  const line = await signedInLine(accessToken);
  expect(await hana.graphql(LOG_OUT)).toEqual({ data: { logOut: true } });
  expect(hana.cookie).toBe('');
  expect(await line.closing).toMatchObject({ code: 4401 });
  expect(await whoIs(accessToken)).toBeNull();
  expect(await world.stranger().refused(REFRESH, { token })).toMatchObject(SESSION_ENDED);
  const copy = new Browser(world.node, { cookie });
  expect((await copy.graphql(WHO)).data).toEqual({ viewer: null });
  expect(await hana.graphql(LOG_OUT)).toEqual({ data: { logOut: true } });
});

test('two tabs of Ivo that log out at once are both told that he is out', async () => {
  const ivo = await world.person('ivo');
  const answers = await Promise.all(Array.from({ length: 6 }, () => ivo.ask(LOG_OUT)));
  expect(answers).toEqual(Array.from({ length: 6 }, () => ({ data: { logOut: true } })));
});

test('Jo, away for an hour, logs out with an access token that has expired', async () => {
  const jo = await browserOf('jo');
  const token = jo.cookies.get('refresh_token');
  jo.cookies.set('access_token', await forged(await anyone('jo.hour'), { expiresAt: '-45m' }));
  expect(await jo.graphql(LOG_OUT)).toEqual({ data: { logOut: true } });
  expect(await world.stranger().refused(REFRESH, { token })).toMatchObject(SESSION_ENDED);
});

test('Kim sees her browsers, newest first, and signs one of them out', async () => {
  const kim = await world.person('kim');
  const [phone, laptop] = [await browserFor(kim.username, 'Phone'), await browserFor(kim.username, 'Laptop')];
  const { sessions, session } = (await laptop.graphql(SESSIONS)).data?.viewer ?? {};
  expect(sessions.map(({ label }: { label: string }) => label).slice(0, 2)).toEqual(['Laptop', 'Phone']);
  expect(sessions.map(({ isCurrent }: { isCurrent: boolean }) => isCurrent)).toEqual([true, false, false]);
  expect(sessions[0].id).toBe(session.id);
  expect(await laptop.graphql(REVOKE, { id: sessions[1].id })).toEqual({ data: { revokeSession: true } });
  expect((await phone.graphql(WHO)).data).toEqual({ viewer: null });
  expect((await laptop.graphql(SESSIONS)).data?.viewer.sessions).toHaveLength(2);
  expect((await laptop.graphql(REVOKE, { id: sessions[1].id })).errors?.[0].extensions.code).toBe('NOT_FOUND');
});

test('who signs in again in the same browser, as whomever, leaves no session behind', async () => {
  const lee = await browserOf('lee');
  const before = lee.cookies.get('access_token') ?? '';
  const { username } = await world.person('moe');
  await lee.graphql(LOG_IN, { input: { username, password: PASSWORD } });
  expect(await whoIs(before)).toBeNull();
  const again = lee.cookies.get('access_token') ?? '';
  const headers = { ...JSON_BODY, cookie: lee.cookie };
  const body = JSON.stringify({ username, password: PASSWORD });
  expect((await send(world.node, { method: 'POST', path: '/login/', headers, body })).status).toBe(200);
  expect(await whoIs(again)).toBeNull();
});

test('Mallory cannot sign Lea out', async () => {
  const [lea, mallory] = [await world.person('lea'), await world.person('mallory')];
  const { viewer } = await lea.graphql(SESSIONS);
  expect(await mallory.refused(REVOKE, { id: viewer.session.id })).toMatchObject({ code: 'NOT_FOUND' });
  expect(await mallory.refused(REVOKE, { id: 'no uuid' })).toMatchObject({ code: 'NOT_FOUND' });
  expect(await whoIs(lea.accessToken)).toBe(lea.id);
});

test('Max signs out everywhere else: those sockets close on every node, his own stays', async () => {
  const max = await world.person('max');
  const elsewhere = world.clustered ? await world.anotherNode() : world.node;
  const others = [await signedIn(max), await signedIn(max)];
  const lines = await Promise.all(others.map((other) => signedInLine(other.accessToken, elsewhere)));
  await Promise.all(lines.map((line) => line.send({ id: 'rooms', type: 'subscribe', payload: { query: NEVER_MIND } })));
  const own = await signedInLine(max.accessToken, elsewhere);
  const { revokeOtherSessions } = await max.graphql('mutation { revokeOtherSessions }');
  expect(revokeOtherSessions).toBe(2);
  for (const line of lines) expect(await line.closing).toMatchObject({ code: 4401 });
  expect((await own.ask(WHO)).payload.data.viewer.id).toBe(max.id);
  own.close();
});

test('a socket that opens with the token of a session that has ended is closed with 4401', async () => {
  const nia = await world.person('nia');
  await nia.graphql(LOG_OUT);
  const line = new Line(world.node);
  line.init(nia.accessToken).catch(() => {});
  expect(await line.closing).toMatchObject({ code: 4401 });
});

type Forgery = {
  algorithm?: string;
  type?: string;
  issuer?: string;
  audience?: string;
  expiresAt?: string;
  subject?: string;
  session?: string | null;
  secret?: string;
};

test.each<[string, Forgery]>([
  ['signed with another key', { secret: 'x'.repeat(64) }],
  ['signed with an empty key', { secret: '' }],
  ['of another algorithm', { algorithm: 'HS512' }],
  ['of another server', { issuer: '00000000-0000-4000-8000-000000000000' }],
  ['for another audience', { audience: 'refresh' }],
  ['of another type', { type: 'refresh+jwt' }],
  ['of no type', { type: 'JWT' }],
  ['that has expired', { expiresAt: '-1s' }],
  ['of no session', { session: null }],
  ['of a session that never was', { session: '00000000-0000-4000-8000-000000000000' }],
  ['of a session that is no id', { session: "' OR true --" }],
  ['of somebody else’s session', { subject: '00000000-0000-4000-8000-000000000000' }],
])('Mallory’s token %s opens nothing', async (_, forgery) => {
  const olga = await anyone('olga');
  expect(await whoIs(await forged(olga, {}))).toBe(olga.id);
  await expectUseless(await forged(olga, forgery));
});

test('Mallory’s token without a signature opens nothing', async () => {
  const pia = await anyone('pia');
  const [, body = '', signature = ''] = pia.accessToken.split('.');
  const unsigned = new UnsecuredJWT(claimsOf(pia.accessToken)).encode();
  const none = Buffer.from('{"alg":"none","typ":"access+jwt"}').toString('base64url');
  const lies = [unsigned, `${none}.${body}.`, `${none}.${body}.${signature}`, pia.accessToken.slice(0, -4), 'a.b.c'];
  lies.push(await bringingItsKey(claimsOf(pia.accessToken)));
  for (const lie of lies) await expectUseless(lie);
});

test('sessions outlive a change of the key while the old one is named, and not a moment longer', async () => {
  const own = await openWorld();
  const quin = await own.person('quin');
  await own.node.close();
  const [older, newer] = [own.node.core.config.secretKey, 'another key, of at least 32 characters'];
  const changed = await own.anotherNode({ SECRET_KEY: newer, SECRET_KEY_PREVIOUS: older });
  expect((await quin.at(changed).graphql(WHO)).viewer.id).toBe(quin.id);
  const { refresh } = await own.stranger(changed).graphql(REFRESH, { token: quin.refreshToken });
  await changed.close();
  const after = await own.anotherNode({ SECRET_KEY: newer });
  expect((await quin.at(after).graphql(WHO)).viewer).toBeNull();
  expect(await whoIs(refresh.accessToken, after)).toBe(quin.id);
  await own.close();
});

// Signed with a key that the token itself names.
function bringingItsKey(claims: JWTPayload): Promise<string> {
  const key = Buffer.alloc(32, 7);
  const jwk = { kty: 'oct', k: key.toString('base64url') };
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'access+jwt', jwk }).sign(key);
}

const SESSION_ENDED = { code: 'UNAUTHENTICATED', message: 'Your session has ended. Sign in again.' };

async function whoIs(accessToken: string, node = world.node): Promise<string | null> {
  const browser = new Browser(node, { authorization: `Bearer ${accessToken}` });
  return (await browser.graphql(WHO)).data?.viewer?.id ?? null;
}

async function refresh(token: string): Promise<{ accessToken: string; refreshToken: string }> {
  return (await world.stranger().graphql(REFRESH, { token })).refresh;
}

async function expectUseless(token: string) {
  expect(await whoIs(token)).toBeNull();
  const withCookie = new Browser(world.node, { cookie: `access_token=${token}` });
  expect((await withCookie.graphql(WHO)).data).toEqual({ viewer: null });
  const line = new Line(world.node);
  line.init(token).catch(() => {});
  expect(await line.closing).toMatchObject({ code: 4401 });
}

async function signedInLine(accessToken: string, node = world.node): Promise<Line> {
  const line = new Line(node);
  expect(await line.init(accessToken)).toMatchObject({ type: 'connection_ack' });
  return line;
}

async function signedIn({ username }: Person): Promise<{ accessToken: string }> {
  const input = { username, password: PASSWORD, cookies: false };
  return (await world.stranger().graphql(LOG_IN, { input })).logIn;
}

async function browserOf(name: string): Promise<Browser> {
  return browserFor((await world.person(name)).username, 'Browser');
}

async function browserFor(username: string, label: string): Promise<Browser> {
  const browser = new Browser(world.node, { 'user-agent': label });
  await browser.graphql(LOG_IN, { input: { username, password: PASSWORD } });
  return browser;
}

const people = new Map<string, Promise<Person>>();
function anyone(name: string): Promise<Person> {
  const known = people.get(name) ?? world.person(name);
  people.set(name, known);
  return known;
}

async function elevenSecondsPass(userId: string) {
  const { session } = world.node.core.db;
  await session.updateMany({ where: { userId }, data: { rotatedAt: new Date(Date.now() - 11_000) } });
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

// A token as the server signs it, but for what is forged.
function forged({ accessToken }: Person, forgery: Forgery): Promise<string> {
  const { sid, iss, aud, sub, jti } = claimsOf(accessToken);
  const { session = sid, secret = world.node.core.config.secretKey, algorithm = 'HS256' } = forgery;
  return new SignJWT(session === null ? {} : { sid: session })
    .setProtectedHeader({ alg: algorithm, typ: forgery.type ?? 'access+jwt' })
    .setIssuer(forgery.issuer ?? iss)
    .setAudience(forgery.audience ?? aud)
    .setSubject(forgery.subject ?? sub)
    .setJti(jti)
    .setIssuedAt()
    .setExpirationTime(forgery.expiresAt ?? '5m')
    .sign(createHash('sha256').update(`shh tokens\n${secret}`).digest());
}
