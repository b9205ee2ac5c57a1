import { afterAll, beforeAll, expect, test } from 'vitest';
import { upload } from '../files.ts';
import { openDirect, people, react, roomOf } from '../rooms.ts';
import { send } from '../wire.ts';
import { openWorld, PASSWORD, type Person, type World } from '../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const ask = ({ accessToken }: Person, headers: Record<string, string> = {}, node = world.node) =>
  send(node, { path: '/export', headers: { authorization: `Bearer ${accessToken}`, ...headers } });

test('the file of Ann opens offline and has her profile, sessions, rooms and every message of hers, and no other’s', async () => {
  const { ann, bob } = await people(world, 'ann', 'bob');
  const room = await roomOf(ann, bob);
  await ann.graphql(...openDirect(bob.id));
  await ann.graphql('mutation ($password: String!) { createRecoveryCode(password: $password) }', {
    password: PASSWORD,
  });
  for (let n = 0; n < 1_010; n += 10)
    await Promise.all(Array.from({ length: 10 }, (_, m) => ann.say(room, `mine ${n + m}`)));
  const { id, seq } = await bob.say(room, `not hers, but for @${ann.username}`);
  for (const emoji of ['👍', '🎉']) await ann.graphql(...react(id, emoji));
  const file = await upload(ann, room, { name: 'plan.txt', bytes: Buffer.from('the plan') });
  const { status, headers, json, text } = await ask(ann);
  expect(status).toBe(200);
  expect(headers['content-disposition']).toBe('attachment; filename="shh-export.json"');
  expect(json.profile).toMatchObject({ id: ann.id, username: ann.username, displayName: 'ann' });
  expect(json.sessions).toHaveLength(1);
  expect(json.reactions.map(({ emoji, ...at }: any) => [emoji, at])).toEqual(
    ['👍', '🎉'].toSorted().map((emoji) => [emoji, expect.objectContaining({ roomId: room, seq })]),
  );
  expect(json.mentions).toMatchObject([{ roomId: room, seq }]);
  expect(json.files).toMatchObject([{ id: file, name: 'plan.txt', size: 8, path: `/files/${file}` }]);
  expect(json.securityEvents).toMatchObject([{ action: 'RECOVERY_CODE_MADE' }]);
  expect(json.memberships.map(({ room: { kind } }: any) => kind).sort()).toEqual(['DIRECT', 'PRIVATE']);
  const bodies = json.messages.map(({ body }: { body: string }) => body);
  expect(new Set(bodies)).toEqual(new Set(Array.from({ length: 1_010 }, (_, n) => `mine ${n}`)));
  expect(bodies).toHaveLength(1_010);
  for (const secret of ['not hers', 'Hash', 'refreshId', '$argon2']) expect(text).not.toContain(secret);
});

test('whoever is not signed in, and a page of another site, gets no file', async () => {
  const cleo = await world.person('cleo');
  expect(await send(world.node, { path: '/export' })).toMatchObject({ status: 401 });
  expect(await ask(cleo, { origin: 'https://evil.example' })).toMatchObject({ status: 403 });
  expect(await ask(cleo, { 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 });
  const cookie = `access_token=${cleo.accessToken}`;
  const foreign = { cookie, 'sec-fetch-site': 'cross-site' };
  expect(await send(world.node, { path: '/export', headers: foreign })).toMatchObject({ status: 403 });
  expect(await send(world.node, { path: '/export', headers: { cookie } })).toMatchObject({ status: 200 });
  expect(await send(world.node, { method: 'POST', path: '/export', headers: { cookie } })).toMatchObject({
    status: 405,
  });
});

test('one file at a time is put together for Dan, and the next when it is done', async () => {
  const { dan } = await people(world, 'dan');
  const nodes = world.clustered ? [world.node, await world.anotherNode()] : [world.node];
  const answers = await Promise.all(Array.from({ length: 5 }, (_, n) => ask(dan, {}, nodes[n % nodes.length])));
  const statuses = answers.map(({ status }) => status).sort();
  expect(statuses[0]).toBe(200);
  expect(statuses.at(-1)).toBe(429);
  expect((await ask(dan)).status).toBe(200);
});

test('who asks for file after file is told when to go on', async () => {
  const own = await openWorld({ LIMIT_EXPORTS_PER_HOUR: '2' });
  const eve = await own.person('eve');
  const asks = () => send(own.node, { path: '/export', headers: { authorization: `Bearer ${eve.accessToken}` } });
  const statuses: number[] = [];
  for (let n = 0; n < 3; n++) statuses.push((await asks()).status);
  expect(statuses).toEqual([200, 200, 429]);
  expect((await asks()).headers['retry-after']).toMatch(/^\d+$/);
  await own.close();
});
