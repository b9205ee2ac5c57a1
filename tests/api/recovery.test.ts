import { pbkdf2Sync, randomUUID } from 'node:crypto';
import argon2 from 'argon2';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ADD, Authenticator, addPasskey, BEGIN as BEGIN_PASSKEY } from '../authenticator.ts';
import { Gate, meanwhile, onceItWaits } from '../meanwhile.ts';
import { tablesWith } from '../rooms.ts';
import { Browser, Line } from '../wire.ts';
import { administrator, openWorld, PASSWORD, Person, type World } from '../world.ts';

const NEXT = 'another quiet one';
const CHANGE = 'mutation ($current: String!, $next: String!) { changePassword(current: $current, next: $next) }';
const CODE = 'mutation ($password: String!) { createRecoveryCode(password: $password) }';
const SIGNED = '{ accessToken refreshToken recoveryCode viewer { id } }';
const RECOVER = `mutation ($input: RecoverInput!) { recover(input: $input) ${SIGNED} }`;
const LINK = 'mutation ($id: ID!) { createResetLink(userId: $id) { token expiresAt user { id } } }';
const RESET = `mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) ${SIGNED} }`;
const LOG_IN = `mutation ($input: LogInInput!) { logIn(input: $input) ${SIGNED} }`;
const TOKEN = `mutation {
  createPersonalToken(input: { name: "mine", scope: WRITE, expiresInDays: 366 }) { token }
}`;
const BEGIN_APP = 'mutation ($password: String!) { beginCodeApp(password: $password) { secret } }';
const PUSH = 'mutation ($subscription: PushSubscriptionInput) { setPush(subscription: $subscription) { hasPush } }';
const SUBSCRIPTION = {
  endpoint: 'https://push.example.org/x',
  p256dh: Buffer.alloc(65, 4).toString('base64url'),
  auth: Buffer.alloc(16).toString('base64url'),
};
const WAYS_IN = '{ personalTokens { id } viewer { passkeys { id } hasCodeApp hasRecoveryCode sessions { id } } }';
const SECURITY = '{ viewer { hasRecoveryCode securityEvents { kind } sessions { id } } }';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld({ TRUSTED_PROXIES: '127.0.0.1', OUTGOING_ORIGINS: 'https://push.example.org' });
  ada = await administrator(world.node);
});
afterAll(() => world.close());

const logIn = ({ username }: Person, password: string) =>
  world.stranger().ask(LOG_IN, { input: { username, password, cookies: false } });
const signsIn = async (person: Person, password: string) => (await logIn(person, password)).data?.logIn != null;
const codeOf = async (person: Person): Promise<string> =>
  (await person.graphql(CODE, { password: PASSWORD })).createRecoveryCode;
const recover = (username: string, code: string, password = NEXT) =>
  world.stranger().ask(RECOVER, { input: { username, code, password, cookies: false } });
const linkFor = async (person: Person) => (await ada.graphql(LINK, { id: person.id })).createResetLink;
const reset = (token: string, password = NEXT) =>
  world.stranger().ask(RESET, { input: { token, password, cookies: false } });
const kinds = async (person: Person) =>
  (await person.graphql(SECURITY)).viewer.securityEvents.map(({ kind }: { kind: string }) => kind);
const codesOf = ({ errors }: { errors?: any[] }) => errors?.map(({ extensions }) => extensions.code);

async function elsewhere(person: Person): Promise<{ program: Person; line: Line }> {
  const { accessToken, refreshToken } = (await logIn(person, PASSWORD)).data.logIn;
  const line = new Line(world.node);
  await line.init(accessToken);
  return { program: new Person(world.node, { ...person, accessToken, refreshToken }), line };
}
const sessionOf = ({ accessToken }: Person): string =>
  JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()).sid;

test('when Ann changes her password her other sessions end and their sockets close; her own stays', async () => {
  const ann = await world.person('ann');
  const { program, line } = await elsewhere(ann);
  const own = new Line(world.node);
  await own.init(ann.accessToken);
  expect(await ann.graphql(CHANGE, { current: PASSWORD, next: NEXT })).toEqual({ changePassword: true });
  expect(await line.closing).toMatchObject({ code: 4401 });
  expect(await program.graphql('{ viewer { id } }')).toEqual({ viewer: null });
  expect((await own.ask('{ viewer { id } }')).payload.data.viewer.id).toBe(ann.id);
  own.close();
  expect([await signsIn(ann, PASSWORD), await signsIn(ann, NEXT)]).toEqual([false, true]);
  expect(await kinds(ann)).toEqual(['PASSWORD_CHANGED']);
});

test.each([
  ['the wrong password', { current: 'not it at all', next: NEXT }, 'current'],
  ['no password', { current: '', next: NEXT }, 'current'],
  ['a new one that is too short', { current: PASSWORD, next: 'short' }, 'next'],
  ['a new one that everybody has', { current: PASSWORD, next: 'password123' }, 'next'],
])('with %s nothing is changed', async (_, given, field) => {
  const ben = await world.person('ben');
  const refusal = await ben.refused(CHANGE, given);
  expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { [field]: [expect.any(String)] } });
  expect(await signsIn(ben, PASSWORD)).toBe(true);
});

test('whoever found the browser of Cleo open cannot guess her password for long', async () => {
  const cleo = await world.person('cleo');
  const guesses = Array.from({ length: 7 }, (_, n) => cleo.refused(CHANGE, { current: `guess ${n}`, next: NEXT }));
  const codes = (await Promise.all(guesses)).map(({ code }) => code).sort();
  expect(codes).toEqual([...Array(5).fill('INVALID_INPUT'), ...Array(2).fill('RATE_LIMITED')]);
  expect(await cleo.refused(CODE, { password: PASSWORD })).toMatchObject({ code: 'RATE_LIMITED' });
  expect(await signsIn(cleo, PASSWORD)).toBe(true);
});

test('of two changes of one password at once one is made', async () => {
  const cora = await world.person('cora');
  const wishes = ['the first wish', 'the second wish'];
  const answers = await Promise.all(wishes.map((next) => cora.ask(CHANGE, { current: PASSWORD, next })));
  expect(answers.filter(({ data }) => data?.changePassword)).toHaveLength(1);
  const works = await Promise.all(wishes.map((password) => signsIn(cora, password)));
  expect(works).toEqual(answers.map(({ data }) => data?.changePassword === true));
});

test('whoever signs in with the old password while it is changed is not left inside', async () => {
  const dan = await world.person('dan');
  // The password was right, and the session is not there yet.
  meanwhile(world.node, { before: () => dan.graphql(CHANGE, { current: PASSWORD, next: NEXT }) });
  expect(codesOf(await logIn(dan, PASSWORD))).toEqual(['UNAUTHENTICATED']);
  expect((await dan.graphql(SECURITY)).viewer.sessions).toHaveLength(1);
});

test('whoever signs in with the old password, kept as the Django application did, while it is reset does not bring it back', async () => {
  const dora = await world.person('dora');
  const result = pbkdf2Sync(PASSWORD, 'salt', 1000, 32, 'sha256').toString('base64');
  const data = { passwordHash: `pbkdf2_sha256$1000$salt$${result}` };
  await world.node.core.db.user.update({ where: { id: dora.id }, data });
  const { token } = await linkFor(dora);
  const [begun, renewing] = [new Gate(), new Gate()];
  meanwhile(world.node, {
    before: () => {
      begun.open();
      return renewing.opened;
    },
  });
  const resetting = reset(token);
  await begun.opened;
  const { hash } = argon2;
  // The old password was right, and its new hash is not there yet.
  const spy = vi.spyOn(argon2, 'hash').mockImplementationOnce(async (...all) => {
    renewing.open();
    await resetting;
    return hash(...all);
  });
  expect(codesOf(await logIn(dora, PASSWORD))).toEqual(['UNAUTHENTICATED']);
  spy.mockRestore();
  expect((await resetting).data).toBeTruthy();
  expect([await signsIn(dora, PASSWORD), await signsIn(dora, NEXT)]).toEqual([false, true]);
});

test('Lose the password: get back in with the code; without the code, with a link from an administrator.', async () => {
  const eva = await world.person('eva');
  const code = await codeOf(eva);
  expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}$/);
  const { data } = await recover(eva.username, code);
  expect(data.recover).toMatchObject({ viewer: { id: eva.id }, recoveryCode: expect.any(String) });
  expect([await signsIn(eva, PASSWORD), await signsIn(eva, NEXT)]).toEqual([false, true]);

  const { token } = await linkFor(eva);
  const { data: back } = await reset(token, 'a third password');
  expect(back.resetPassword).toMatchObject({ viewer: { id: eva.id }, recoveryCode: null });
  expect([await signsIn(eva, NEXT), await signsIn(eva, 'a third password')]).toEqual([false, true]);
});

test('a recovery code is used once, ends every session and gives the next one', async () => {
  const fay = await world.person('fay');
  const { program, line } = await elsewhere(fay);
  const code = await codeOf(fay);
  const next = (await recover(fay.username, code)).data.recover.recoveryCode;
  expect(await line.closing).toMatchObject({ code: 4401 });
  for (const old of [fay, program]) expect(await old.graphql('{ viewer { id } }')).toEqual({ viewer: null });
  expect(codesOf(await recover(fay.username, code))).toEqual(['FORBIDDEN']);
  expect((await recover(fay.username, next, 'a third password')).data).toBeTruthy();
});

describe('while Flo recovers her account, the request that a thief has sent in a session of hers', () => {
  test.each<[string, (thief: Person) => Promise<[document: string, variables: object]>]>([
    ['a personal access token', async () => [TOKEN, {}]],
    ['a recovery code', async () => [CODE, { password: PASSWORD }]],
    ['notifications', async () => [PUSH, { subscription: SUBSCRIPTION }]],
    ['an app of codes', async () => [BEGIN_APP, { password: PASSWORD }]],
    [
      'a passkey',
      async (thief) => {
        const { ticket, options } = (await thief.graphql(BEGIN_PASSKEY, { password: PASSWORD })).beginPasskey;
        return [ADD, { input: { ticket, name: 'mine', response: new Authenticator(world.node.url).create(options) } }];
      },
    ],
  ])('for %s makes none', async (_, asking) => {
    const flo = await world.person('flo');
    const { program: thief } = await elsewhere(flo);
    const [document, variables] = await asking(thief);
    const code = await codeOf(flo);
    let recovered: any;
    meanwhile(world.node, {
      before: async () => {
        recovered = (await recover(flo.username, code)).data.recover;
      },
    });
    expect(await thief.refused(document, variables)).toMatchObject({ code: 'UNAUTHENTICATED' });
    const back = new Person(world.node, { ...flo, ...recovered });
    expect(await back.graphql(WAYS_IN)).toEqual({
      personalTokens: [],
      viewer: { passkeys: [], hasCodeApp: false, hasRecoveryCode: true, sessions: [{ id: expect.any(String) }] },
    });
    const { codeApp, pushSubscription } = world.node.core.db;
    const where = { userId: flo.id };
    expect([await codeApp.count({ where }), await pushSubscription.count({ where })]).toEqual([0, 0]);
    expect((await recover(flo.username, recovered.recoveryCode, 'a third password')).data).toBeTruthy();
  });

  test('for another password, confirmed with a passkey before, changes nothing', async () => {
    const flo = await world.person('flo');
    const { program: thief } = await elsewhere(flo);
    const code = await codeOf(flo);
    const sessionId = sessionOf(thief);
    const { db } = world.node.core;
    const expiresAt = new Date(Date.now() + 60_000);
    await db.confirmation.create({ data: { sessionId, act: 'CHANGE_PASSWORD', expiresAt } });
    const take = db.confirmation.deleteMany.bind(db.confirmation);
    const spy = vi.spyOn(db.confirmation, 'deleteMany').mockImplementationOnce((async (which: any) => {
      await recover(flo.username, code);
      return take(which);
    }) as any);
    const change = 'mutation { changePassword(next: "a third password") }';
    expect(await thief.refused(change)).toMatchObject({ code: 'UNAUTHENTICATED' });
    spy.mockRestore();
    expect([await signsIn(flo, 'a third password'), await signsIn(flo, NEXT)]).toEqual([false, true]);
  });

  test('for a reset link, as an administrator that she is, makes none', async () => {
    const flo = await world.person('flo');
    await ada.graphql('mutation ($id: ID!) { setAdministrator(userId: $id, on: true) { user { id } } }', {
      id: flo.id,
    });
    const { program: thief } = await elsewhere(flo);
    const code = await codeOf(flo);
    meanwhile(world.node, { before: () => recover(flo.username, code) });
    expect(await thief.refused(LINK, { id: flo.id })).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await world.node.core.db.resetLink.count({ where: { userId: flo.id } })).toBe(0);
  });
});

describe.skipIf(process.env.SERVICES === 'embedded')('while the password of Gil is changed', () => {
  test('his reset link waits, and is useless', async () => {
    const gil = await world.person('gil');
    const { token } = await linkFor(gil);
    const answer = await onceItWaits(
      world.node,
      gil.id,
      () => reset(token),
      (db) => db.resetLink.deleteMany({ where: { userId: gil.id } }),
    );
    expect(codesOf(answer)).toEqual(['FORBIDDEN']);
  });

  test('the removal of his passkey waits, and finds none', async () => {
    const gil = await world.person('gil');
    const { id } = await addPasskey(gil, new Authenticator(world.node.url), PASSWORD);
    const answer = await onceItWaits(
      world.node,
      gil.id,
      () => gil.ask('mutation ($id: ID!) { removePasskey(id: $id) }', { id }),
      (db) => db.passkey.deleteMany({ where: { userId: gil.id } }),
    );
    expect(codesOf(answer)).toEqual(['NOT_FOUND']);
  });

  test('what takes his app out of use waits, and finds none', async () => {
    const gil = await world.person('gil');
    await gil.graphql(BEGIN_APP, { password: PASSWORD });
    const off = 'mutation ($password: String!) { setSecondFactor(on: false, password: $password) }';
    const answer = await onceItWaits(
      world.node,
      gil.id,
      () => gil.ask(off, { password: PASSWORD }),
      (db) => db.codeApp.deleteMany({ where: { userId: gil.id } }),
    );
    expect(answer.data).toBeTruthy();
  });
});

test('of five who use one recovery code at once one gets in', async () => {
  const gus = await world.person('gus');
  const code = await codeOf(gus);
  const tries = await Promise.all(
    Array.from({ length: 5 }, (_, n) => recover(gus.username, code, `password no. ${n}`)),
  );
  expect(tries.filter(({ data }) => data)).toHaveLength(1);
});

test('a new code makes the one before it useless, and Hal sees that one was made', async () => {
  const hal = await world.person('hal');
  expect((await hal.graphql(SECURITY)).viewer.hasRecoveryCode).toBe(false);
  const [first, second] = [await codeOf(hal), await codeOf(hal)];
  expect((await hal.graphql(SECURITY)).viewer.hasRecoveryCode).toBe(true);
  expect(await kinds(hal)).toEqual(['RECOVERY_CODE_MADE', 'RECOVERY_CODE_MADE']);
  expect(codesOf(await recover(hal.username, first))).toEqual(['FORBIDDEN']);
  expect((await recover(hal.username, second)).data).toBeTruthy();
});

test('a code is taken as people type it, and a slip is told from a wrong code without a look at the account', async () => {
  const ida = await world.person('ida');
  const code = await codeOf(ida);
  const slip = `${code.slice(0, -1)}${code.endsWith('2') ? '3' : '2'}`;
  for (const typed of [slip, code.slice(1), '', 'U'.repeat(28), `${code}-0000`]) {
    expect((await recover(ida.username, typed)).errors?.[0].extensions).toMatchObject({
      code: 'INVALID_INPUT',
      fields: { code: [expect.any(String)] },
    });
  }
  const typed = ` ${code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')} `;
  expect((await recover(ida.username.toUpperCase(), typed)).data).toBeTruthy();
});

test('an unknown name and a wrong code get the same answer, after the same work', async () => {
  const { jan, kim } = { jan: await world.person('jan'), kim: await world.person('kim') };
  const code = await codeOf(kim);
  const hash = vi.spyOn(argon2, 'hash');
  const told: unknown[] = [];
  for (const name of [jan.username, kim.username, `nobody.${randomUUID().slice(0, 8)}`, '\0', 'x'.repeat(254)]) {
    hash.mockClear();
    const wrong = name === kim.username ? await codeOf(jan) : code;
    hash.mockClear();
    const { errors } = await recover(name, wrong);
    told.push({
      errors: errors?.map(({ message, extensions }) => ({ message, extensions })),
      work: hash.mock.calls.length,
    });
  }
  hash.mockRestore();
  expect(new Set(told.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(told[0]).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }], work: 1 });
  expect(await signsIn(kim, PASSWORD)).toBe(true);
});

test('recovery codes are not guessed forever', async () => {
  const lea = await world.person('lea');
  const code = await codeOf(await world.person('lou'));
  const headers = { 'x-forwarded-for': '203.0.113.9' };
  const browser = new Browser(world.node, headers);
  const codes: string[] = [];
  for (let n = 0; n < 6; n++) {
    const input = { username: lea.username, code, password: NEXT };
    codes.push((await browser.graphql(RECOVER, { input })).errors?.[0].extensions.code);
  }
  expect(codes).toEqual([...Array(5).fill('FORBIDDEN'), 'RATE_LIMITED']);
});

test('a new password that cannot be does not use the code up', async () => {
  const max = await world.person('max');
  const code = await codeOf(max);
  expect(codesOf(await recover(max.username, code, 'short'))).toEqual(['INVALID_INPUT']);
  expect((await recover(max.username, code)).data).toBeTruthy();
});

test('neither code nor link stands in the database', async () => {
  const nia = await world.person('nia');
  const code = await codeOf(nia);
  const { token } = await linkFor(nia);
  for (const secret of [code, code.replaceAll('-', ''), token])
    expect(await tablesWith(world.node, secret)).toEqual([]);
});

test('a reset link works once and ends every session, and Olga sees that an administrator made it', async () => {
  const olga = await world.person('olga');
  const { line } = await elsewhere(olga);
  const { token, user } = await linkFor(olga);
  expect(user.id).toBe(olga.id);
  expect(await kinds(olga)).toEqual(['RESET_LINK_MADE']);
  const { accessToken } = (await reset(token)).data.resetPassword;
  expect(await line.closing).toMatchObject({ code: 4401 });
  const back = new Person(world.node, { ...olga, accessToken });
  expect(await kinds(back)).toEqual(['RESET_LINK_USED', 'RESET_LINK_MADE']);
  expect(codesOf(await reset(token, 'a third password'))).toEqual(['FORBIDDEN']);
});

test('of five who follow one reset link at once one gets in', async () => {
  const pia = await world.person('pia');
  const { token } = await linkFor(pia);
  const tries = await Promise.all(Array.from({ length: 5 }, (_, n) => reset(token, `password no. ${n}`)));
  expect(tries.filter(({ data }) => data)).toHaveLength(1);
});

test('a reset link that is older, expired, made up or overtaken by a change is useless', async () => {
  const quin = await world.person('quin');
  const { token: older } = await linkFor(quin);
  const { token: newer, expiresAt } = await linkFor(quin);
  expect(new Date(expiresAt).getTime() - Date.now()).toBeLessThanOrEqual(24 * 3_600_000);
  for (const token of [older, 'made up', '']) expect(codesOf(await reset(token))).toEqual(['FORBIDDEN']);
  const { db } = world.node.core;
  await db.resetLink.update({ where: { userId: quin.id }, data: { expiresAt: new Date(Date.now() - 1) } });
  expect(codesOf(await reset(newer))).toEqual(['FORBIDDEN']);
  const { token } = await linkFor(quin);
  await quin.graphql(CHANGE, { current: PASSWORD, next: NEXT });
  expect(codesOf(await reset(token))).toEqual(['FORBIDDEN']);
  expect(await signsIn(quin, NEXT)).toBe(true);
});

test('nobody but an administrator makes reset links, and nobody sees what happened to the account of another', async () => {
  const rob = await world.person('rob');
  expect(await rob.refused(LINK, { id: ada.id })).toMatchObject({ code: 'FORBIDDEN' });
  expect(await ada.refused(LINK, { id: randomUUID() })).toMatchObject({ code: 'NOT_FOUND' });
  await linkFor(rob);
  expect(await kinds(ada)).toEqual([]);
});
