import type { ClientState, KeyPackage } from 'ts-mls';
import type { FramedContentCommit } from 'ts-mls/framedContent.js';
import type { LeafNode } from 'ts-mls/leafNode.js';
import type { Proposal } from 'ts-mls/proposal.js';
import { getHpkePublicKey, type RatchetTree } from 'ts-mls/ratchetTree.js';
import { equal } from '../bytes.ts';
import { MlsError } from './errors.ts';
import { isSameDevice, isSameLeafOwner, membersOf, newcomerOf } from './members.ts';
import { SUITE, type Suite } from './suite.ts';

/** A commit's proposals once `proposalsOf` has looked at them. */
export interface Proposals {
  adds: KeyPackage[];
  /** Leaves that have somebody. */
  removes: number[];
  external: boolean;
}

/**
 * The proposals of a commit, if they are ones that we make: Add and Remove by a member, ExternalInit and at most one
 * Remove by who joins (RFC 9420 §12.2, §12.4.3.2), all by value. To be called before the library sees the commit: it
 * follows proposals that could not be followed safely, and does not look where a newcomer's Remove points.
 */
export function proposalsOf({ commit, sender }: FramedContentCommit, tree: RatchetTree): Proposals {
  const external = sender.senderType === 'new_member_commit';
  if (!external && sender.senderType !== 'member') throw forbidden('Only members and who joins may commit.');
  const proposals = commit.proposals.map((each) => {
    if (each.proposalOrRefType !== 'proposal') throw forbidden('A commit names proposals that were sent apart.');
    return each.proposal;
  });
  const found = { adds: [], removes: [], external } as Proposals;
  for (const proposal of proposals) collect(found, proposal);
  checkForm(found, proposals, tree);
  return found;
}

function collect(found: Proposals, proposal: Proposal) {
  if (proposal.proposalType === 'add' && 'add' in proposal) found.adds.push(proposal.add.keyPackage);
  else if (proposal.proposalType === 'remove' && 'remove' in proposal) found.removes.push(proposal.remove.removed);
  else if (proposal.proposalType !== 'external_init')
    throw forbidden('A commit changes more than who is in the group.');
}

function checkForm({ adds, removes, external }: Proposals, proposals: Proposal[], tree: RatchetTree) {
  const inits = proposals.length - adds.length - removes.length;
  if (external ? inits !== 1 || adds.length > 0 || removes.length > 1 : inits > 0) {
    throw forbidden('Who joins by a commit may replace an own leaf only.');
  }
  for (const leaf of removes) {
    if (tree[2 * leaf]?.nodeType !== 'leaf') throw forbidden('A commit removes a leaf where nobody is.');
  }
}

/**
 * Whether the committer is who it was. A member keeps its credential and signature key; who joins may take the place of
 * the same device alone, which the library does not check.
 */
export function checkCommitter(content: FramedContentCommit, { removes, external }: Proposals, tree: RatchetTree) {
  const leaf = content.commit.path?.leafNode;
  if (leaf) checkLeaf(leaf);
  if (external) {
    if (!leaf) throw forbidden('Who joins brings a leaf.');
    for (const removed of removes) {
      const node = tree[2 * removed];
      const isOwn = node?.nodeType === 'leaf' && isSameDevice(newcomerOf(leaf), newcomerOf(node.leaf));
      if (!isOwn) throw forbidden('Who joins by a commit may remove its own old leaf alone.');
    }
  } else if (leaf && content.sender.senderType === 'member') {
    const node = tree[2 * content.sender.leafIndex];
    const isSame = node?.nodeType === 'leaf' && isSameLeafOwner(leaf, node.leaf);
    if (!isSame) throw forbidden('A member’s device and key do not change in a commit.');
  }
}

/** What a leaf must be for others to accept the tree that it is in (RFC 9420 §7.3). Its signatures the library checks. */
export function checkLeaf({ capabilities, extensions, credential }: LeafNode) {
  const supports = capabilities.versions.includes('mls10') && capabilities.credentials.includes('basic');
  if (credential.credentialType !== 'basic' || extensions.length > 0 || !supports) {
    throw forbidden('A leaf is not of the form that devices of this product have.');
  }
}

/**
 * A tree that every joiner will take: each key once, each device once (RFC 9420 §7.3, §12.4.3.1). The library checks
 * this for who joins, but lets commits through after which nobody can.
 */
export function checkTree(tree: RatchetTree) {
  const keys = tree.flatMap((node) => {
    if (!node) return [];
    if (node.nodeType === 'parent') return [node.parent.hpkePublicKey];
    return [node.leaf.hpkePublicKey, node.leaf.signaturePublicKey];
  });
  const devices = membersOf(tree).map(({ credential }) => `${credential.accountId} ${credential.deviceId}`);
  if (hasTwice(keys.map(String)) || hasTwice(devices)) throw forbidden('A key or a device is twice in the tree.');
}

const hasTwice = (values: string[]) => new Set(values).size < values.length;

/**
 * Whether the private keys that came with a commit or a Welcome are those to the public ones in the tree (RFC 9420 §7.5).
 * The library does not look: who makes keys that do not fit would be followed, and the group fail at a later commit.
 */
export async function checkPrivateKeys(
  { privatePath, ratchetTree }: ClientState,
  before: ClientState | undefined,
  suite: Suite,
) {
  const known = before?.privatePath.privateKeys ?? {};
  for (const [at, privateKey] of Object.entries(privatePath.privateKeys)) {
    const node = ratchetTree[Number(at)];
    if (!node || privateKey === known[Number(at)]) continue;
    if (!equal(getHpkePublicKey(node), await suite.publicKeyOf(privateKey))) {
      throw new MlsError('BAD_MESSAGE', 'A key that came with the message does not fit the one in the tree.');
    }
  }
}

/** Of the one kind of group that there is: suite 1, without extensions, whose effects the library gets wrong. */
export function checkContext({ cipherSuite, extensions }: ClientState['groupContext']) {
  if (cipherSuite !== SUITE || extensions.length > 0)
    throw forbidden('The group is not of the kind that is made here.');
}

const forbidden = (sentence: string) => new MlsError('POLICY', sentence);
