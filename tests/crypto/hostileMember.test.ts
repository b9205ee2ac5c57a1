import type { CiphersuiteImpl, Proposal } from 'ts-mls';
import { createCommit, joinGroupExternal } from 'ts-mls/createCommit.js';
import { createApplicationMessage, createProposal } from 'ts-mls/createMessage.js';
import type { PublicMessage } from 'ts-mls/publicMessage.js';
import { treeHashRoot } from 'ts-mls/treeHash.js';
import { beforeAll, expect, test } from 'vitest';
import { deviceCertificateInput, encodeDeviceCredential } from '../../web/crypto/identity/credential.ts';
import { groupInfoOf } from '../../web/crypto/mls/commits.ts';
import { CONFIG } from '../../web/crypto/mls/config.ts';
import type { CommitView, GroupState } from '../../web/crypto/mls/engine.ts';
import { createKeyPackage } from '../../web/crypto/mls/keyPackages.ts';
import { deviceEquality, newcomerOf } from '../../web/crypto/mls/members.ts';
import { mlsOf } from '../../web/crypto/mls/state.ts';
import { suiteOf } from '../../web/crypto/mls/suite.ts';
import { createMlsEngine } from '../../web/crypto/mls/tsMlsEngine.ts';
import { readMessageOf, writeMessage } from '../../web/crypto/mls/wire.ts';
import { bytes, codeOf, type Device, device, group, leafOf } from './devices.ts';

// Mallory is in the group, has all keys that a member has, and a client that keeps to no rule.

let ann: Device;
let bob: Device;
let mallory: Device;
let suiteOfMallory: CiphersuiteImpl;
let anns: GroupState;
let bobs: GroupState;
let mallorys: GroupState;

beforeAll(async () => {
  [ann, bob, mallory] = await Promise.all([device('ann'), device('bob'), device('mallory')]);
  suiteOfMallory = await suiteOf(mallory.identity.signer);
  [anns, bobs, mallorys] = await group(ann, bob, mallory);
});

const asBob = (commit: Uint8Array) => codeOf(bob.engine.applyCommit(bobs, commit));

/** A commit of whatever Mallory likes. */
async function commitOf(extraProposals: Proposal[], state = mlsOf(mallorys), cipherSuite = suiteOfMallory) {
  const made = await createCommit({ state, cipherSuite }, { wireAsPublicMessage: true, extraProposals });
  return writeMessage(made.commit);
}

test('a commit that changes the group’s extensions, or makes another group of it, is not followed', async () => {
  const extensions = [{ extensionType: 0xf001, extensionData: bytes('anything') }];
  const groupContextExtensions: Proposal = {
    proposalType: 'group_context_extensions',
    groupContextExtensions: { extensions: [] },
  };
  const cipherSuite = 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519';
  const reinit: Proposal = {
    proposalType: 'reinit',
    reinit: { groupId: bytes('elsewhere'), version: 'mls10', cipherSuite, extensions },
  };
  expect(await asBob(await commitOf([groupContextExtensions]))).toBe('POLICY');
  expect(await asBob(await commitOf([reinit]))).toBe('POLICY');
});

test('a commit of a proposal that was sent apart is not followed', async () => {
  const removal: Proposal = { proposalType: 'remove', remove: { removed: leafOf(mallorys, ann) } };
  const proposed = await createProposal(mlsOf(mallorys), true, removal, suiteOfMallory);
  if (proposed.message.wireformat !== 'mls_public_message') throw new Error('Not public.');
  expect(await asBob(writeMessage(proposed.message))).toBe('BAD_MESSAGE');
  expect(await asBob(await commitOf([], proposed.newState))).toBe('POLICY');
});

/** How Eve would join from outside, given a hand in what she sends. */
async function joinOf(eve: Device, takesPlaceOf?: Device) {
  const suite = await suiteOf(eve.identity.signer);
  const { groupInfo } = readMessageOf('mls_group_info', await groupInfoOf(mlsOf(mallorys), suiteOfMallory));
  const { publicPackage, privatePackage } = await createKeyPackage(eve.identity, suite);
  const compareKeyPackageToLeafNode: typeof deviceEquality.compareKeyPackageToLeafNode = (_, leaf) =>
    newcomerOf(leaf).credential.deviceId === takesPlaceOf?.id;
  const config = { ...CONFIG, keyPackageEqualityConfig: { ...deviceEquality, compareKeyPackageToLeafNode } };
  const isBack = takesPlaceOf !== undefined;
  const made = await joinGroupExternal(groupInfo, publicPackage, privatePackage, isBack, suite, undefined, config);
  return made.publicMessage;
}

const publicMessage = (message: PublicMessage) =>
  writeMessage({ wireformat: 'mls_public_message', publicMessage: message });

test('who joins by a commit cannot throw somebody out by it', async () => {
  const eve = await device('eve');
  expect(await asBob(publicMessage(await joinOf(eve)))).toBe('NOT REFUSED');
  expect(await asBob(publicMessage(await joinOf(eve, ann)))).toBe('POLICY');
});

test('a join that removes a leaf far outside the tree is refused before anybody walks there', async () => {
  const message = await joinOf(await device('eve'));
  const { content } = message;
  if (content.contentType !== 'commit') throw new Error('No commit.');
  const removal: Proposal = { proposalType: 'remove', remove: { removed: 2 ** 31 } };
  const proposals = [...content.commit.proposals, { proposalOrRefType: 'proposal' as const, proposal: removal }];
  const altered = { ...message, content: { ...content, commit: { ...content.commit, proposals } } };
  expect(await asBob(publicMessage(altered))).toBe('POLICY');
});

test('a tree that lists unmerged leaves far outside itself is refused before anybody walks there', async () => {
  const eve = await device('eve');
  const mls = mlsOf((await mallory.engine.commit(mallorys)).next);
  const ratchetTree = mls.ratchetTree.map((node) =>
    node?.nodeType === 'parent' ? { ...node, parent: { ...node.parent, unmergedLeaves: [2 ** 31] } } : node,
  );
  expect(ratchetTree).not.toEqual(mls.ratchetTree);
  const treeHash = await treeHashRoot(ratchetTree, suiteOfMallory.hash);
  const altered = { ...mls, ratchetTree, groupContext: { ...mls.groupContext, treeHash } };
  expect(await codeOf(eve.engine.joinExternal(await groupInfoOf(altered, suiteOfMallory)))).toBe('BAD_MESSAGE');
});

test('a device that claims another’s id is no device, whoever signed for it', async () => {
  const eve = await device('eve');
  const { privateKey } = eve.account.key;
  const deviceKey = eve.identity.signer.publicKey;
  const accountKey = new Uint8Array(await crypto.subtle.exportKey('raw', eve.account.key.publicKey));
  const input = deviceCertificateInput(ann.account.id, ann.id, deviceKey);
  const certificate = new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, input));
  const credential = encodeDeviceCredential({ accountId: ann.account.id, deviceId: ann.id, accountKey, certificate });
  const posing = { ...eve, identity: { ...eve.identity, credential } };
  expect(await asBob(publicMessage(await joinOf(posing)))).toBe('POLICY');
});

test('a device whose certificate is not for its key is not followed', async () => {
  const eve = await device('eve');
  const posing = { ...eve, identity: { ...eve.identity, credential: ann.identity.credential } };
  expect(await asBob(publicMessage(await joinOf(posing)))).toBe('BAD_MESSAGE');
  expect(await codeOf(createMlsEngine(posing.identity))).toBe('INVALID_INPUT');
});

test('a member does not become another of its account’s devices in a commit', async () => {
  const { account, identity } = mallory;
  const deviceId = crypto.randomUUID();
  const input = deviceCertificateInput(account.id, deviceId, identity.signer.publicKey);
  const certificate = new Uint8Array(await crypto.subtle.sign('Ed25519', account.key.privateKey, input));
  const accountKey = new Uint8Array(await crypto.subtle.exportKey('raw', account.key.publicKey));
  const credential = encodeDeviceCredential({ accountId: account.id, deviceId, accountKey, certificate });
  const mls = mlsOf(mallorys);
  const ratchetTree = mls.ratchetTree.map((node, at) =>
    node?.nodeType === 'leaf' && at === 2 * mallorys.ownLeaf
      ? { ...node, leaf: { ...node.leaf, credential: { credentialType: 'basic' as const, identity: credential } } }
      : node,
  );
  expect(await asBob(await commitOf([], { ...mls, ratchetTree }))).toBe('POLICY');
});

test('one device is not added twice, not even with new keys', async () => {
  const { keyPackage } = await ann.engine.createKeyPackage();
  const { keyPackage: added } = readMessageOf('mls_key_package', keyPackage);
  const twice: Proposal = { proposalType: 'add', add: { keyPackage: added } };
  const lenient = {
    ...CONFIG,
    keyPackageEqualityConfig: { compareKeyPackages: () => false, compareKeyPackageToLeafNode: () => false },
  };
  const commit = await commitOf([twice], { ...mlsOf(mallorys), clientConfig: lenient });
  expect(await asBob(commit)).toBe('BAD_MESSAGE');
});

test('what the room’s policy does not allow is not followed, and what it allows is', async () => {
  const removal = await ann.engine.commit(anns, {
    removes: [leafOf(anns, mallory)],
    authenticatedData: bytes('because'),
  });
  const seen: CommitView[] = [];
  const policy = (verdict: unknown) => (commit: CommitView) => {
    seen.push(commit);
    return verdict as boolean;
  };
  expect(await codeOf(bob.engine.applyCommit(bobs, removal.commit, policy(false)))).toBe('POLICY');
  expect(await codeOf(bob.engine.applyCommit(bobs, removal.commit, policy('yes')))).toBe('POLICY');
  expect(await codeOf(bob.engine.applyCommit(bobs, removal.commit, policy(Promise.resolve(true))))).toBe('NOT REFUSED');
  expect(seen[0]).toMatchObject({ external: false, adds: [], authenticatedData: bytes('because'), epoch: bobs.epoch });
  expect(seen[0]?.committer.credential.deviceId).toBe(ann.id);
  expect(seen[0]?.removes.map(({ credential }) => credential.deviceId)).toEqual([mallory.id]);
});

test('a commit whose path has other public keys than its secrets give is not followed', async () => {
  const { hpke } = suiteOfMallory;
  const deriveKeyPair = async (secret: Uint8Array) => ({
    ...(await hpke.deriveKeyPair(secret)),
    publicKey: (await hpke.generateKeyPair()).publicKey,
  });
  expect(await asBob(await commitOf([]))).toBe('NOT REFUSED');
  const own = { ...suiteOfMallory, hpke: { ...hpke, deriveKeyPair } };
  expect(await asBob(await commitOf([], mlsOf(mallorys), own))).toBe('BAD_MESSAGE');
});

test('a message is by who signed it, whatever leaf it says', async () => {
  const mls = mlsOf(mallorys);
  const asAnn = { ...mls, privatePath: { ...mls.privatePath, leafIndex: leafOf(mallorys, ann) } };
  const { privateMessage } = await createApplicationMessage(asAnn, bytes('I am Ann'), suiteOfMallory);
  const message = writeMessage({ wireformat: 'mls_private_message', privateMessage });
  expect(await codeOf(bob.engine.decrypt(bobs, message))).toBe('BAD_MESSAGE');
});
