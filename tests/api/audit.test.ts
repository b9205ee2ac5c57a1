import { afterAll, beforeAll, expect, test } from 'vitest';
import { people } from '../rooms.ts';
import { administrator, openWorld, PASSWORD, type Person, type World } from '../world.ts';

const LOG = `query ($userId: ID, $actions: [AuditAction!], $first: Int, $after: String, $last: Int, $before: String) {
  auditLog(userId: $userId, actions: $actions, first: $first, after: $after, last: $last, before: $before) {
    nodes { id action actor { id } subject { id } roomId detail }
    pageInfo { hasNextPage endCursor startCursor }
  }
}`;
const LINK = 'mutation ($id: ID!) { createResetLink(userId: $id) { token } }';
const INVITE = 'mutation { createInvitation(input: {}) { token invitation { id } } }';
const CODE = 'mutation ($password: String!) { createRecoveryCode(password: $password) }';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await administrator(world.node);
});
afterAll(() => world.close());

const read = async (variables: object = {}) => (await ada.graphql(LOG, variables)).auditLog;

test('Who did what, when; filter by person; no message text.', async () => {
  const { bob, cleo } = await people(world, 'bob', 'cleo');
  const room = await bob.createRoom();
  await bob.say(room, 'a canary sings');
  await ada.graphql(LINK, { id: bob.id });
  await cleo.graphql(CODE, { password: PASSWORD });
  const { invitation } = (await ada.graphql(INVITE)).createInvitation;
  await ada.graphql('mutation ($id: ID!) { revokeInvitation(id: $id) }', { id: invitation.id });

  const acts = ({ nodes }: any) => nodes.map(({ action, actor, subject }: any) => [action, actor?.id, subject?.id]);
  expect(acts(await read())).toEqual([
    ['INVITATION_REVOKED', ada.id, undefined],
    ['INVITATION_MADE', ada.id, undefined],
    ['RECOVERY_CODE_MADE', cleo.id, cleo.id],
    ['RESET_LINK_MADE', ada.id, bob.id],
  ]);
  expect(acts(await read({ userId: bob.id }))).toEqual([['RESET_LINK_MADE', ada.id, bob.id]]);
  expect(acts(await read({ userId: cleo.id, actions: ['RESET_LINK_MADE'] }))).toEqual([]);
  expect(acts(await read({ actions: ['RESET_LINK_MADE', 'INVITATION_MADE'] }))).toHaveLength(2);
  const kept = await world.node.core.db.auditEvent.findMany();
  expect(JSON.stringify(kept)).not.toMatch(/canary|127\.0\.0\.1|::1/);
});

test('the log is read page by page, both ways, without a repeat and without a hole', async () => {
  for (let n = 0; n < 3; n++) await ada.graphql(INVITE);
  const all = (await read()).nodes.map(({ id }: any) => id);
  const forth: string[] = [];
  for (let after: string | undefined, more = true; more; ) {
    const { nodes, pageInfo } = await read({ first: 2, after });
    forth.push(...nodes.map(({ id }: any) => id));
    [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
  }
  expect(forth).toEqual(all);
  const back = await read({ last: 2, before: all[4] });
  expect(back.nodes.map(({ id }: any) => id)).toEqual(all.slice(2, 4));
  expect(await ada.refused(LOG, { after: 'not a cursor' })).toMatchObject({ code: 'INVALID_INPUT' });
});

test('who deletes their account is named in the log no more, and their acts stay', async () => {
  const { dora } = await people(world, 'dora');
  await dora.graphql(CODE, { password: PASSWORD });
  await ada.graphql(LINK, { id: dora.id });
  const before = (await read()).nodes.length;
  const remove =
    'mutation ($password: String!) { deleteAccount(password: $password, eraseMessages: true) { erasedMessages } }';
  await dora.graphql(remove, { password: PASSWORD });
  const { nodes } = await read();
  expect(nodes).toHaveLength(before);
  expect(nodes[0]).toMatchObject({ action: 'RESET_LINK_MADE', actor: { id: ada.id }, subject: null });
  expect(JSON.stringify(nodes)).not.toContain(dora.id);
});
