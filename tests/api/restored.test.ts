import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeBackup } from '../../api/backups/backup.ts';
import { restoreBackup } from '../../api/backups/restore.ts';
import { readConfig } from '../../api/config.ts';
import { Authenticator, addPasskey } from '../authenticator.ts';
import { prepareTestDatabase, type TestDatabase } from '../services/database.ts';
import { administrator, GENEROUS, type Node, openNode, openWorld, PASSWORD, Person, type World } from '../world.ts';

const SITE = 'https://chat.example.org';
// Nobody listens there.
const AWAY = 'http://127.0.0.1:9';
const INVITE = 'mutation { createInvitation(input: { maxUses: 9 }) { token } }';
const REGISTER = 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }';
const LINK = 'mutation ($roomId: ID!) { createRoomLink(input: { roomId: $roomId, maxUses: 9 }) { token } }';
const ENTER = 'mutation ($token: String!) { joinByLink(token: $token) { id } }';
const TOKEN = 'mutation { createPersonalToken(input: { name: "bot", scope: WRITE }) { token } }';
const POSTED = 'mutation ($roomId: ID!) { createIncomingWebhook(input: { roomId: $roomId, name: "Build" }) { path } }';
const TELL = `mutation ($input: CreateOutgoingWebhookInput!) { createOutgoingWebhook(input: $input) { webhook { id } } }`;
const TOLD = 'query ($roomId: ID!) { outgoingWebhooks(roomId: $roomId) { stoppedAt } }';
const LOG_IN = 'mutation ($input: LogInInput!) { logIn(input: $input) { accessToken } }';
const ENVIRONMENT = { PUBLIC_URL: SITE, OUTGOING_ORIGINS: AWAY, REGISTRATION: 'invite' };
const silent = () => {};

let folder: string;
let world: World;
let there: TestDatabase;
let ada: Person;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shh-restored-'));
  world = await openWorld(ENVIRONMENT);
  there = await prepareTestDatabase();
  ada = await administrator(world.node);
});
afterAll(async () => {
  await world.close();
  await there.drop();
  rmSync(folder, { recursive: true, force: true });
});

test('what was revoked since the backup opens nothing after it is restored, and the operator is told what stands as it was', async () => {
  const room = await ada.createRoom({ kind: 'PRIVATE' });
  const invitation = (await ada.graphql(INVITE)).createInvitation.token;
  const link = (await ada.graphql(LINK, { roomId: room })).createRoomLink.token;
  const token = (await ada.graphql(TOKEN)).createPersonalToken.token;
  const { path } = (await ada.graphql(POSTED, { roomId: room })).createIncomingWebhook;
  await ada.graphql(TELL, { input: { roomId: room, url: `${AWAY}/told`, events: ['MESSAGE_SENT'] } });
  await addPasskey(ada, new Authenticator(SITE), PASSWORD);
  const open = async (node: Node) => ({
    session: (await ada.at(node).ask('{ viewer { id } }')).data.viewer !== null,
    token: (await nameless(node, token).ask('{ viewer { id } }')).data.viewer !== null,
    invitation: (await register(node, invitation)).errors === undefined,
    webhook: (await nameless(node).post(path, JSON.stringify({ text: 'green' }))).ok,
  });
  const file = join(folder, 'kept.shh');
  await writeBackup(world.node.core.config, file, silent);
  expect(await open(world.node)).toEqual({ session: true, token: true, invitation: true, webhook: true });

  const { standing } = await restoreBackup(readConfig(there.environment), file, {}, silent);
  expect(standing).toEqual({ administrators: 1, passkeys: 1, codeApps: 0, recoveryCodes: 0, devices: 0 });
  const node = await openNode({ ...GENEROUS, ...ENVIRONMENT, ...there.environment });
  expect(await open(node)).toEqual({ session: false, token: false, invitation: false, webhook: false });
  const input = { username: ada.username, password: PASSWORD, cookies: false };
  const again = nameless(node, (await nameless(node).graphql(LOG_IN, { input })).logIn.accessToken);
  expect((await again.refused(ENTER, { token: link })).code).toBe('NOT_FOUND');
  const { outgoingWebhooks } = await again.graphql(TOLD, { roomId: room });
  expect(outgoingWebhooks).toEqual([{ stoppedAt: expect.any(String) }]);
  await node.close();
});

const nameless = (node: Node, accessToken = '') => new Person(node, { name: 'somebody', id: '', accessToken });
const register = (node: Node, invitation: string) =>
  nameless(node).ask(REGISTER, {
    input: { username: `bob.${node.url.split(':').at(-1)}`, password: PASSWORD, cookies: false, invitation },
  });
