import type { CiphersuiteImpl, ClientState } from 'ts-mls';
import { applyProposals, nextEpochContext } from 'ts-mls/clientState.js';
import { encode } from 'ts-mls/codec/tlsEncoder.js';
import { decryptWithLabel } from 'ts-mls/crypto/hpke.js';
import { type FramedContentCommit, verifyConfirmationTag } from 'ts-mls/framedContent.js';
import { groupContextEncoder } from 'ts-mls/groupContext.js';
import { initializeEpoch } from 'ts-mls/keySchedule.js';
import { emptyPskIndex } from 'ts-mls/pskIndex.js';
import type { PublicMessage } from 'ts-mls/publicMessage.js';
import { addLeafNode } from 'ts-mls/ratchetTree.js';
import { treeHashRoot } from 'ts-mls/treeHash.js';
import { toLeafIndex } from 'ts-mls/treemath.js';
import { applyUpdatePath } from 'ts-mls/updatePath.js';

/**
 * How somebody with a member's last state, who does not keep to the rules, gets into the epoch that a commit begins:
 * by no path secret at all, or by opening one with any private key that the state has. Nothing when they do not.
 */
export async function breakInto(mls: ClientState, message: PublicMessage, suite: CiphersuiteImpl) {
  const content = message.content as FramedContentCommit;
  const tree = await nextTree(mls, content, suite);
  if (await enterWithoutPath(mls, message, tree, suite)) return 'the commit has no path that keeps it out';
  return (await openPathSecret(mls, content, tree, suite)) ? 'it can open a path secret' : undefined;
}

async function nextTree(mls: ClientState, { commit, sender }: FramedContentCommit, suite: CiphersuiteImpl) {
  const committer = sender.senderType === 'member' ? toLeafIndex(sender.leafIndex) : undefined;
  const { tree } = await applyProposals(mls, commit.proposals, committer, emptyPskIndex, false, suite);
  if (!commit.path) return tree;
  if (committer !== undefined) return applyUpdatePath(tree, committer, commit.path, suite.hash);
  const [joined, at] = addLeafNode(tree, commit.path.leafNode);
  return applyUpdatePath(joined, toLeafIndex(at / 2), commit.path, suite.hash, true);
}

type Tree = ClientState['ratchetTree'];

async function enterWithoutPath(
  mls: ClientState,
  { content, auth }: PublicMessage,
  tree: Tree,
  suite: CiphersuiteImpl,
) {
  if (auth.contentType !== 'commit') return false;
  const none = new Uint8Array(suite.kdf.size);
  const context = await nextEpochContext(
    mls.groupContext,
    'mls_public_message',
    content as FramedContentCommit,
    auth.signature,
    await treeHashRoot(tree, suite.hash),
    mls.confirmationTag,
    suite.hash,
  );
  const { keySchedule } = await initializeEpoch(mls.keySchedule.initSecret, none, context, none, suite.kdf);
  const { confirmationKey } = keySchedule;
  return verifyConfirmationTag(confirmationKey, auth.confirmationTag, context.confirmedTranscriptHash, suite.hash);
}

async function openPathSecret(mls: ClientState, { commit }: FramedContentCommit, tree: Tree, suite: CiphersuiteImpl) {
  const context = encode(groupContextEncoder)({
    ...mls.groupContext,
    treeHash: await treeHashRoot(tree, suite.hash),
    epoch: mls.groupContext.epoch + 1n,
  });
  const secrets = (commit.path?.nodes ?? []).flatMap(({ encryptedPathSecret }) => encryptedPathSecret);
  for (const bytes of Object.values(mls.privatePath.privateKeys)) {
    const key = await suite.hpke.importPrivateKey(bytes);
    for (const { kemOutput, ciphertext } of secrets) {
      const opened = decryptWithLabel(key, 'UpdatePathNode', context, kemOutput, ciphertext, suite.hpke);
      if (await opened.catch(() => undefined)) return true;
    }
  }
  return false;
}
