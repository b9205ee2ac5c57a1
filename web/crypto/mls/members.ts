import type { KeyPackage } from 'ts-mls';
import type { LeafNode } from 'ts-mls/leafNode.js';
import type { RatchetTree } from 'ts-mls/ratchetTree.js';
import { equal } from '../bytes.ts';
import { decodeDeviceCredential } from '../identity/credential.ts';
import type { Member, Newcomer } from './engine.ts';
import { MlsError } from './errors.ts';

const known = new WeakMap<RatchetTree, readonly Member[]>();

/** Who is in a tree whose leaves have been verified, in the order of the leaves. */
export function membersOf(tree: RatchetTree): readonly Member[] {
  const before = known.get(tree);
  if (before) return before;
  const members = tree.flatMap((node, at) => (node?.nodeType === 'leaf' ? [memberOf(node.leaf, at / 2)] : []));
  known.set(tree, members);
  return members;
}

export function memberOf(node: LeafNode, leaf: number): Member {
  return { leaf, ...newcomerOf(node) };
}

export function newcomerOf({ credential, signaturePublicKey }: LeafNode): Newcomer {
  const decoded = credential.credentialType === 'basic' ? decodeDeviceCredential(credential.identity) : undefined;
  if (!decoded) throw new MlsError('BAD_MESSAGE', 'A leaf without a device credential.');
  return { credential: decoded, signatureKey: new Uint8Array(signaturePublicKey) };
}

/** Whether both are the same device, with whatever keys. */
export function isSameDevice(one: Newcomer, other: Newcomer): boolean {
  const { accountId, deviceId } = one.credential;
  return accountId === other.credential.accountId && deviceId === other.credential.deviceId;
}

export function isSameLeafOwner(one: LeafNode, other: LeafNode): boolean {
  return equal(one.signaturePublicKey, other.signaturePublicKey) && isSameDevice(newcomerOf(one), newcomerOf(other));
}

/** One device has one leaf, whatever key it comes with (RFC 9420 §12.2). */
export const deviceEquality = {
  compareKeyPackages: (one: KeyPackage, other: KeyPackage) =>
    isSameDevice(newcomerOf(one.leafNode), newcomerOf(other.leafNode)),
  compareKeyPackageToLeafNode: (keyPackage: KeyPackage, leaf: LeafNode) =>
    isSameDevice(newcomerOf(keyPackage.leafNode), newcomerOf(leaf)),
};
