import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { administrator, openWorld, PASSWORD, Person, type World } from '../world.ts';

const REGISTER = 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken viewer { id } } }';
const INVITE =
  'mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { token invitation { id } } }';
const REVOKE = 'mutation ($id: ID!) { revokeInvitation(id: $id) }';
const LIST = '{ invitations { id uses maxUses createdBy { displayName } } }';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await administrator(world.node, 'ada', { registration: 'INVITE' });
});
afterAll(() => world.close());

function account(username: string, more: object) {
  return { input: { username, password: PASSWORD, cookies: false, ...more } };
}

const invite = async (input: object = {}) => (await ada.graphql(INVITE, { input })).createInvitation;

const comes = (name: string, invitation?: string) => world.stranger().ask(REGISTER, account(name, { invitation }));

describe('Set "invite"; a stranger cannot sign up; an invited person can.', () => {
  test('without an invitation nobody registers', async () => {
    const { server } = await world.stranger().graphql('{ server { registration } }');
    expect(server.registration).toBe('INVITE');
    for (const invitation of [undefined, '', 'made up', ada.accessToken]) {
      expect(await comes('bob', invitation)).toMatchObject({ errors: [FORBIDDEN] });
    }
  });

  test('Bob comes with an invitation, and Ada sees that it was used', async () => {
    const { token, invitation } = await invite({ maxUses: 2 });
    expect((await comes('bob', token)).data).toBeTruthy();
    const { invitations } = await ada.graphql(LIST);
    const expected = { id: invitation.id, uses: 1, maxUses: 2, createdBy: { displayName: 'ada' } };
    expect(invitations).toContainEqual(expected);
    expect(JSON.stringify(invitations)).not.toContain(token);
  });
});

test('of two people with the last use of an invitation one gets in', async () => {
  const { token, invitation } = await invite();
  const answers = await Promise.all([comes('cleo', token), comes('carl', token)]);
  expect(answers.filter(({ data }) => data)).toHaveLength(1);
  expect(answers.find(({ errors }) => errors)).toMatchObject({ errors: [FORBIDDEN] });
  expect(await comes('cora', token)).toMatchObject({ errors: [FORBIDDEN] });
  expect(await listed()).not.toContain(invitation.id);
});

test('a name that is taken does not use the invitation up', async () => {
  const { token } = await invite();
  expect(await comes('ada', token)).toMatchObject({ errors: [{ extensions: { code: 'INVALID_INPUT' } }] });
  expect((await comes('dora', token)).data).toBeTruthy();
});

test('an invitation that Ada revoked lets nobody in', async () => {
  const { token, invitation } = await invite({ maxUses: 9 });
  expect(await ada.graphql(REVOKE, { id: invitation.id })).toEqual({ revokeInvitation: true });
  expect(await comes('ed', token)).toMatchObject({ errors: [FORBIDDEN] });
  expect(await listed()).not.toContain(invitation.id);
  expect(await ada.refused(REVOKE, { id: invitation.id })).toMatchObject({ code: 'NOT_FOUND' });
  expect(await ada.refused(REVOKE, { id: 'no uuid' })).toMatchObject({ code: 'NOT_FOUND' });
});

test('an invitation that has expired lets nobody in', async () => {
  const { token, invitation } = await invite({ expiresInHours: 1 });
  const expiresAt = new Date(Date.now() - 1);
  await world.node.core.db.invitation.update({ where: { id: invitation.id }, data: { expiresAt } });
  expect(await comes('fay', token)).toMatchObject({ errors: [FORBIDDEN] });
  expect(await listed()).not.toContain(invitation.id);
});

test('Gus, no administrator, makes no invitations, sees none and revokes none', async () => {
  const { token, invitation } = await invite({ maxUses: 2 });
  const { data } = await comes('gus', token);
  const gus = new Person(world.node, { name: 'gus', id: '', accessToken: data.register.accessToken });
  expect(await gus.refused(INVITE, { input: {} })).toMatchObject({ code: 'FORBIDDEN' });
  expect(await gus.refused(LIST)).toMatchObject({ code: 'FORBIDDEN' });
  expect(await gus.refused(REVOKE, { id: invitation.id })).toMatchObject({ code: 'FORBIDDEN' });
  expect((await comes('hal', token)).data).toBeTruthy();
});

test.each([
  ['nobody', { maxUses: 0 }, 'maxUses'],
  ['too many', { maxUses: 1_001 }, 'maxUses'],
  ['no time', { expiresInHours: 0 }, 'expiresInHours'],
  ['too long', { expiresInHours: 8_761 }, 'expiresInHours'],
])('Ada cannot invite for %s', async (_, input, field) => {
  const refusal = await ada.refused(INVITE, { input });
  expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { [field]: [expect.any(String)] } });
});

const FORBIDDEN = { extensions: { code: 'FORBIDDEN' } };

async function listed(): Promise<string[]> {
  return (await ada.graphql(LIST)).invitations.map(({ id }: { id: string }) => id);
}
