import { acceptAll, type CiphersuiteImpl, type ClientState, type Proposal } from 'ts-mls';
import { createGroup, joinGroup, makePskIndex } from 'ts-mls/clientState.js';
import { createCommit, createGroupInfoWithExternalPub } from 'ts-mls/createCommit.js';
import { getCiphersuiteFromName } from 'ts-mls/crypto/ciphersuite.js';
import { getCiphersuiteImpl } from 'ts-mls/crypto/getCiphersuiteImpl.js';
import { defaultCapabilities } from 'ts-mls/defaultCapabilities.js';
import { generateKeyPackage } from 'ts-mls/keyPackage.js';
import { defaultLifetime } from 'ts-mls/lifetime.js';
import { processPublicMessage } from 'ts-mls/processMessages.js';
import { emptyPskIndex } from 'ts-mls/pskIndex.js';
import type { PublicMessage } from 'ts-mls/publicMessage.js';
import { beforeAll, expect, test } from 'vitest';
import { breakInto } from './adversary.ts';
import { bytes } from './devices.ts';

// The library by itself, without the engine's rules: what patches/ts-mls@1.6.4.patch and the version are for.

let suite: CiphersuiteImpl;
beforeAll(async () => {
  suite = await getCiphersuiteImpl(getCiphersuiteFromName('MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519'));
});

const person = (name: string) =>
  generateKeyPackage(
    { credentialType: 'basic', identity: bytes(name) },
    defaultCapabilities(),
    defaultLifetime,
    [],
    suite,
  );
type Person = Awaited<ReturnType<typeof person>>;
type Group = Map<string, ClientState>;

const add = ({ publicPackage }: Person): Proposal => ({ proposalType: 'add', add: { keyPackage: publicPackage } });
const remove = (state?: ClientState): Proposal => ({
  proposalType: 'remove',
  remove: { removed: state?.privatePath.leafIndex ?? -1 },
});

async function found(...names: string[]): Promise<Group> {
  const ann = await person('ann');
  const alone = await createGroup(bytes('room'), ann.publicPackage, ann.privatePackage, [], suite);
  return change(new Map([['ann', alone]]), { adds: names });
}

/** Ann's commit, which everybody follows; who is added joins by the Welcome. */
async function change(group: Group, { adds = [], removes = [] }: { adds?: string[]; removes?: string[] }) {
  const people = await Promise.all(adds.map(person));
  const { made, message } = await commitOf(group, [
    ...removes.map((name) => remove(group.get(name))),
    ...people.map(add),
  ]);
  const after: Group = new Map([['ann', made.newState]]);
  for (const [name, state] of group) if (name !== 'ann') after.set(name, await follow(state, message));
  for (const [at, { publicPackage, privatePackage }] of people.entries()) {
    if (!made.welcome) throw new Error('No welcome.');
    const psks = makePskIndex(undefined, {});
    after.set(adds[at] ?? '', await joinGroup(made.welcome, publicPackage, privatePackage, psks, suite));
  }
  for (const name of removes) if (!adds.includes(name)) after.delete(name);
  return after;
}

async function commitOf(group: Group, extraProposals: Proposal[]) {
  const state = group.get('ann') as ClientState;
  const options = { wireAsPublicMessage: true, ratchetTreeExtension: true, extraProposals };
  const made = await createCommit({ state, cipherSuite: suite }, options);
  if (made.commit.wireformat !== 'mls_public_message') throw new Error('Not public.');
  return { made, message: made.commit.publicMessage };
}

const follow = async (state: ClientState, message: PublicMessage) =>
  (await processPublicMessage(state, message, emptyPskIndex, suite, acceptAll)).newState;

test('who is removed by a commit that does nothing else does not get into the next epoch', async () => {
  const group = await found('bob', 'eve');
  const { message } = await commitOf(group, [remove(group.get('eve'))]);
  expect(await breakInto(group.get('eve') as ClientState, message, suite)).toBeUndefined();
  expect(await breakInto(group.get('bob') as ClientState, message, suite)).toBe('it can open a path secret');
});

test('who is removed by the only one who remains does not get into the next epoch either', async () => {
  const group = await found('eve');
  const { message } = await commitOf(group, [remove(group.get('eve'))]);
  expect(await breakInto(group.get('eve') as ClientState, message, suite)).toBeUndefined();
});

test('the one who tries to break in is one who could: a commit without a path lets it', async () => {
  const group = await found('bob', 'eve');
  const { message } = await commitOf(group, [add(await person('carol'))]);
  const eve = group.get('eve') as ClientState;
  expect(await breakInto(eve, message, suite)).toBe('the commit has no path that keeps it out');
});

test('who is added after two were added, two more, and one removed can join', async () => {
  let group = await found('bob', 'carol');
  group = await change(group, { adds: ['dave', 'eve'] });
  group = await change(group, { removes: ['bob'] });
  group = await change(group, { adds: ['frank', 'grace'] });
  const epochs = [...group.values()].map(({ keySchedule }) => String(keySchedule.epochAuthenticator));
  expect(new Set(epochs).size).toBe(1);
  expect([...group.keys()].sort()).toEqual(['ann', 'carol', 'dave', 'eve', 'frank', 'grace']);
});

test('the key by which others join by themselves has its length before it', async () => {
  const group = await found('bob');
  const info = await createGroupInfoWithExternalPub(group.get('bob') as ClientState, [], suite);
  const [extension] = info.extensions;
  expect(extension).toMatchObject({ extensionType: 'external_pub' });
  expect([extension?.extensionData.length, extension?.extensionData[0]]).toEqual([33, 32]);
});

test('who is removed learns so although another has the place at once', async () => {
  const group = await found('bob', 'eve');
  const { message } = await commitOf(group, [remove(group.get('eve')), add(await person('frank'))]);
  const eve = await follow(group.get('eve') as ClientState, message);
  expect(eve.groupActiveState.kind).toBe('removedFromGroup');
});
