import { acceptAll, type CiphersuiteImpl, type ClientState } from 'ts-mls';
import { joinGroup, makePskIndex } from 'ts-mls/clientState.js';
import { applyUpdatePathSecret } from 'ts-mls/createCommit.js';
import { deriveSecret } from 'ts-mls/crypto/kdf.js';
import { verifyLeafNodeSignature, verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';
import { decodeMlsMessage } from 'ts-mls/message.js';
import { verifyParentHashes } from 'ts-mls/parentHash.js';
import { getCommitSecret, pathToRoot } from 'ts-mls/pathSecrets.js';
import { toPrivateKeyPath } from 'ts-mls/privateKeyPath.js';
import { processMessage } from 'ts-mls/processMessages.js';
import { decodeProposal } from 'ts-mls/proposal.js';
import {
  addLeafNode,
  decodeRatchetTree,
  encodeRatchetTree,
  getHpkePublicKey,
  type RatchetTree,
  removeLeafNode,
  resolution,
  updateLeafNode,
} from 'ts-mls/ratchetTree.js';
import { treeHash, treeHashRoot } from 'ts-mls/treeHash.js';
import { leafWidth, left, nodeWidth, parent, right, root, sibling, toLeafIndex, toNodeIndex } from 'ts-mls/treemath.js';
import { applyUpdatePath, decodeUpdatePath } from 'ts-mls/updatePath.js';
import { describe, expect, test } from 'vitest';
import { suiteOf } from '../../web/crypto/mls/suite.ts';
import { bytes } from './devices.ts';
import { nodeSuiteOf } from './nodeSuite.ts';
import { contextOf, hex, messageOf, nobody, signerOf, toHex, vectors, whole } from './vectors.ts';

// The working group's vectors (vectors/README.md) on the patched library, with the suite that browsers have and with the
// one that only tests have.

describe.each([
  ['as in browsers', suiteOf],
  ['as in tests', nodeSuiteOf],
])('%s', (_, makeSuite) => {
  test.each(vectors('tree-operations'))('tree operations', async (vector) => {
    const { hash } = await makeSuite(nobody);
    const before = whole(decodeRatchetTree, vector.tree_before);
    expect(toHex(await treeHashRoot(before, hash))).toBe(vector.tree_hash_before);
    const after = changed(before, whole(decodeProposal, vector.proposal), vector.proposal_sender);
    expect(toHex(encodeRatchetTree(after))).toBe(vector.tree_after);
    expect(toHex(await treeHashRoot(after, hash))).toBe(vector.tree_hash_after);
  });

  test.each(vectors('tree-validation'))('tree validation', async (vector) => {
    const { hash, signature } = await makeSuite(nobody);
    const tree = whole(decodeRatchetTree, vector.tree);
    for (const [at, expected] of vector.tree_hashes.entries()) {
      expect(toHex(await treeHash(tree, toNodeIndex(at), hash))).toBe(expected);
      expect(resolution(tree, toNodeIndex(at))).toEqual(vector.resolutions[at]);
    }
    expect(await verifyParentHashes(tree, hash)).toBe(true);
    for (const [at, node] of tree.entries()) {
      if (node?.nodeType !== 'leaf') continue;
      const { leaf } = node;
      const isValid =
        leaf.leafNodeSource === 'key_package'
          ? verifyLeafNodeSignatureKeyPackage(leaf as never, signature)
          : verifyLeafNodeSignature(leaf, hex(vector.group_id), at / 2, signature);
      expect(await isValid).toBe(true);
    }
  });

  test.each(vectors('treekem'))('TreeKEM', async (vector) => {
    const suite = await makeSuite(nobody);
    const tree = whole(decodeRatchetTree, vector.ratchet_tree);
    const paths = new Map<number, ClientState['privatePath']>();
    for (const leaf of vector.leaves_private) paths.set(leaf.index, await privatePathOf(tree, leaf, suite));
    for (const update of vector.update_paths) {
      const path = whole(decodeUpdatePath, update.update_path);
      const after = await applyUpdatePath(tree, toLeafIndex(update.sender), path, suite.hash);
      const hashAfter = await treeHashRoot(after, suite.hash);
      expect(toHex(hashAfter)).toBe(update.tree_hash_after);
      const context = { ...contextOf(vector, vector.epoch), treeHash: hashAfter };
      for (const [leaf, expected] of update.path_secrets.entries()) {
        if (expected === null) continue;
        const own = paths.get(leaf);
        if (!own) throw new Error('No private path.');
        const found = await applyUpdatePathSecret(after, own, toLeafIndex(update.sender), context, path, [], suite);
        expect(toHex(found.pathSecret)).toBe(expected);
        const secrets = await pathToRoot(after, toNodeIndex(found.nodeIndex), found.pathSecret, suite.kdf);
        const top = root(leafWidth(after.length));
        const commitSecret = await getCommitSecret(after, top, secrets[top] as Uint8Array, suite.kdf);
        expect(toHex(commitSecret)).toBe(update.commit_secret);
      }
    }
  });

  test.each([
    ...vectors('passive-client-welcome'),
    ...vectors('passive-client-handling-commit'),
    ...vectors('passive-client-random'),
  ])('a client that only listens', async (vector) => {
    const suite = await makeSuite(signerOf(vector.signature_priv));
    const { keyPackage } = messageOf('mls_key_package', vector.key_package);
    const { welcome } = messageOf('mls_welcome', vector.welcome);
    const tree = vector.ratchet_tree ? whole(decodeRatchetTree, vector.ratchet_tree) : undefined;
    const psks = Object.fromEntries(
      vector.external_psks.map(({ psk_id, psk }: any) => [Buffer.from(psk_id, 'hex').toString('base64'), hex(psk)]),
    );
    const keys = {
      initPrivateKey: hex(vector.init_priv),
      hpkePrivateKey: hex(vector.encryption_priv),
      signaturePrivateKey: bytes(''),
    };
    let state = await joinGroup(welcome, keyPackage, keys, makePskIndex(undefined, psks), suite, tree);
    expect(toHex(state.keySchedule.epochAuthenticator)).toBe(vector.initial_epoch_authenticator);
    for (const epoch of vector.epochs) {
      for (const message of [...epoch.proposals, epoch.commit]) {
        const decoded = whole(decodeMlsMessage, message) as Parameters<typeof processMessage>[0];
        const read = await processMessage(decoded, state, makePskIndex(state, psks), acceptAll, suite);
        state = read.newState;
      }
      expect(toHex(state.keySchedule.epochAuthenticator)).toBe(epoch.epoch_authenticator);
    }
  });
});

test.each(vectors('tree-math'))('tree math of $n_leaves leaves', (vector) => {
  const width = vector.n_leaves;
  const orNull = (index: () => number) => {
    try {
      return index();
    } catch {
      return null;
    }
  };
  expect(nodeWidth(width)).toBe(vector.n_nodes);
  expect(root(width)).toBe(vector.root);
  for (let at = 0; at < vector.n_nodes; at++) {
    const node = toNodeIndex(at);
    expect([orNull(() => left(node)), orNull(() => right(node))]).toEqual([vector.left[at], vector.right[at]]);
    expect(orNull(() => parent(node, width))).toBe(vector.parent[at]);
    expect(orNull(() => sibling(node, width))).toBe(vector.sibling[at]);
  }
});

function changed(tree: RatchetTree, proposal: any, sender: number): RatchetTree {
  if (proposal.proposalType === 'add') return addLeafNode(tree, proposal.add.keyPackage.leafNode)[0];
  if (proposal.proposalType === 'remove') return removeLeafNode(tree, toLeafIndex(proposal.remove.removed));
  return updateLeafNode(tree, proposal.update.leafNode, toLeafIndex(sender));
}

async function privatePathOf(tree: RatchetTree, leaf: any, suite: CiphersuiteImpl) {
  const secrets = Object.fromEntries(leaf.path_secrets.map(({ node, path_secret }: any) => [node, hex(path_secret)]));
  const { privateKeys } = await toPrivateKeyPath(secrets, leaf.index, suite);
  for (const { node, path_secret } of leaf.path_secrets) {
    const pair = await suite.hpke.deriveKeyPair(await deriveSecret(hex(path_secret), 'node', suite.kdf));
    const inTree = tree[node];
    expect(inTree && toHex(getHpkePublicKey(inTree))).toBe(toHex(await suite.hpke.exportPublicKey(pair.publicKey)));
  }
  return { leafIndex: leaf.index, privateKeys: { ...privateKeys, [2 * leaf.index]: hex(leaf.encryption_priv) } };
}
