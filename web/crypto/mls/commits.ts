import type { CiphersuiteImpl, ClientState } from 'ts-mls';
import { createCommit, createGroupInfoWithExternalPubAndRatchetTree } from 'ts-mls/createCommit.js';
import type { FramedContentCommit } from 'ts-mls/framedContent.js';
import type { LeafNode } from 'ts-mls/leafNode.js';
import { processPublicMessage } from 'ts-mls/processMessages.js';
import type { Proposal } from 'ts-mls/proposal.js';
import { emptyPskIndex } from 'ts-mls/pskIndex.js';
import type { PublicMessage } from 'ts-mls/publicMessage.js';
import { findBlankLeafNodeIndexOrExtend, type RatchetTree } from 'ts-mls/ratchetTree.js';
import { type Bytes, equal } from '../bytes.ts';
import type { Device } from './device.ts';
import type {
  AppliedCommit,
  Change,
  CommitPolicy,
  CommitView,
  GroupState,
  Member,
  Newcomer,
  PendingCommit,
} from './engine.ts';
import { checkPlace } from './epochs.ts';
import { MlsError } from './errors.ts';
import { readKeyPackage } from './keyPackages.ts';
import { isSameDevice, memberOf, membersOf, newcomerOf } from './members.ts';
import {
  checkCommitter,
  checkContext,
  checkLeaf,
  checkPrivateKeys,
  checkTree,
  type Proposals,
  proposalsOf,
} from './rules.ts';
import { activeMlsOf, memberAt, removedState, stateOf } from './state.ts';
import { orBadMessageLater, readMessageOf, writeMessage } from './wire.ts';

export async function commit({ suite }: Device, state: GroupState, change: Change = {}): Promise<PendingCommit> {
  const mls = activeMlsOf(state);
  const made = await createCommit(
    { state: mls, cipherSuite: suite },
    {
      wireAsPublicMessage: true,
      ratchetTreeExtension: true,
      extraProposals: await proposalsFor(state, change, suite),
      authenticatedData: new Uint8Array(change.authenticatedData ?? []),
    },
  );
  checkTree(made.newState.ratchetTree);
  return {
    next: stateOf(made.newState),
    commit: writeMessage(made.commit),
    welcome: made.welcome && writeMessage({ wireformat: 'mls_welcome', welcome: made.welcome }),
    groupInfo: await groupInfoOf(made.newState, suite),
  };
}

async function proposalsFor(state: GroupState, change: Change, suite: CiphersuiteImpl): Promise<Proposal[]> {
  const removes = [...new Set(change.removes)];
  for (const leaf of removes) {
    if (leaf === state.ownLeaf) throw new MlsError('INVALID_INPUT', 'Nobody can remove the own device: others do.');
    if (!memberAt(state, leaf)) throw new MlsError('INVALID_INPUT', `Nobody is at leaf ${leaf}.`);
  }
  const adds = await Promise.all((change.adds ?? []).map((bytes) => readKeyPackage(bytes, suite)));
  checkNew(
    adds.map(({ leafNode }) => newcomerOf(leafNode)),
    state.members.filter(({ leaf }) => !removes.includes(leaf)),
  );
  return [
    ...removes.map((removed): Proposal => ({ proposalType: 'remove', remove: { removed } })),
    ...adds.map((keyPackage): Proposal => ({ proposalType: 'add', add: { keyPackage } })),
  ];
}

function checkNew(newcomers: Newcomer[], members: Newcomer[]) {
  for (const [at, newcomer] of newcomers.entries()) {
    const others = [...members, ...newcomers.slice(0, at)];
    if (others.some((other) => isSameDevice(other, newcomer) || equal(other.signatureKey, newcomer.signatureKey))) {
      throw new MlsError('INVALID_INPUT', 'The device is in the group already.');
    }
  }
}

/** What others need to join by themselves (RFC 9420 §12.4.3): the tree, and the key to which they encrypt. */
export async function groupInfoOf(mls: ClientState, suite: CiphersuiteImpl): Promise<Bytes> {
  const groupInfo = await createGroupInfoWithExternalPubAndRatchetTree(mls, [], suite);
  return writeMessage({ wireformat: 'mls_group_info', groupInfo });
}

export async function applyCommit(
  device: Device,
  state: GroupState,
  bytes: Uint8Array,
  policy: CommitPolicy = () => true,
): Promise<AppliedCommit> {
  const mls = activeMlsOf(state);
  const { publicMessage } = readMessageOf('mls_public_message', bytes);
  const content = commitIn(publicMessage);
  checkPlace(state, content);
  const proposals = await orBadMessageLater(async () => checkBefore(state, mls, content));
  const after = await orBadMessageLater(() => follow(device, mls, publicMessage));
  const view = await orBadMessageLater(async () => checkAfter(state, after, content, proposals));
  if ((await policy(view)) !== true) throw new MlsError('POLICY', 'The commit is not allowed in this room.');
  const removedSelf = proposals.removes.includes(state.ownLeaf);
  return { ...view, removedSelf, state: removedSelf ? removedState(after) : stateOf(after) };
}

function commitIn({ content }: PublicMessage): FramedContentCommit {
  if (content.contentType !== 'commit') throw new MlsError('BAD_MESSAGE', 'A public message is a commit here.');
  return content;
}

function checkBefore(state: GroupState, mls: ClientState, content: FramedContentCommit): Proposals {
  if (content.sender.senderType === 'member' && content.sender.leafIndex === state.ownLeaf) {
    throw new MlsError('OWN_MESSAGE', 'This device made the commit itself.');
  }
  const proposals = proposalsOf(content, mls.ratchetTree);
  checkCommitter(content, proposals, mls.ratchetTree);
  for (const { leafNode } of proposals.adds) checkLeaf(leafNode);
  return proposals;
}

async function follow({ suite }: Device, mls: ClientState, message: PublicMessage): Promise<ClientState> {
  const { newState } = await processPublicMessage(mls, message, emptyPskIndex, suite);
  if (newState.groupActiveState.kind === 'active') await checkPrivateKeys(newState, mls, suite);
  return newState;
}

function checkAfter(
  before: GroupState,
  after: ClientState,
  content: FramedContentCommit,
  proposals: Proposals,
): CommitView {
  checkContext(after.groupContext);
  checkTree(after.ratchetTree);
  return {
    groupId: before.groupId,
    epoch: before.epoch,
    committer: committerOf(before, after, content),
    external: proposals.external,
    adds: proposals.adds.map(({ leafNode }) => placed(after.ratchetTree, leafNode)),
    removes: proposals.removes.flatMap((leaf) => memberAt(before, leaf) ?? []),
    authenticatedData: new Uint8Array(content.authenticatedData),
  };
}

function committerOf(before: GroupState, after: ClientState, { sender, commit }: FramedContentCommit): Member {
  if (sender.senderType === 'member') {
    const member = memberAt(before, sender.leafIndex);
    if (!member) throw new MlsError('BAD_MESSAGE', 'Nobody is at the leaf that the commit says it is from.');
    return member;
  }
  if (!commit.path) throw new MlsError('BAD_MESSAGE', 'Who joins brings a leaf.');
  // A device whose old leaf the newcomer replaces is told before the newcomer is in the tree.
  if (after.groupActiveState.kind === 'removedFromGroup') {
    return memberOf(commit.path.leafNode, findBlankLeafNodeIndexOrExtend(after.ratchetTree) / 2);
  }
  return placed(after.ratchetTree, commit.path.leafNode);
}

function placed(tree: RatchetTree, leafNode: LeafNode): Member {
  const member = membersOf(tree).find(({ signatureKey }) => equal(signatureKey, leafNode.signaturePublicKey));
  if (!member) throw new MlsError('BAD_MESSAGE', 'A newcomer is not in the tree.');
  return member;
}
