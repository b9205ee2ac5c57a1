import type { Bytes } from '../bytes.ts';
import type { DeviceCredential } from '../identity/credential.ts';

/**
 * What an encrypted conversation needs of MLS (RFC 9420). An engine speaks for one device. It keeps nothing: a group's
 * state goes in, the next one comes out, and the one that went in stays valid. It reads no clock but for the lifetime
 * of key packages, and does no input or output. All bytes in and out but `SavedGroup` are whole `MLSMessage`s (§6).
 *
 * Handshakes are PublicMessages, so that the server can refuse what it can see to be wrong; application messages are
 * PrivateMessages, padded to 256 bytes. Commits carry Add, Remove and ExternalInit by value and nothing else.
 *
 * Input that is malformed, replayed, foreign or forbidden throws an `MlsError` and changes nothing.
 */
export interface MlsEngine {
  /** A key package (§10) by which others can add this device while it is away. `lifetime` is in seconds. */
  createKeyPackage(options?: { lifetime?: number }): Promise<KeyPackage>;

  /** Reads and verifies somebody's key package, and that it is still valid now. */
  verifyKeyPackage(keyPackage: Uint8Array): Promise<Newcomer>;

  /** A group of this device alone, at epoch 0 (§11). */
  createGroup(groupId: Uint8Array): Promise<Created>;

  /** Joins by a Welcome (§12.4.3.1), given the secrets of the key packages for which it may be. */
  join(welcome: Uint8Array, secrets: Uint8Array[]): Promise<GroupState>;

  /**
   * Joins by an external commit (§12.4.3.2), with nobody online. A leaf that this device has in the group already is
   * replaced. Nothing is true until the server has taken the commit: then `next` is the state.
   */
  joinExternal(groupInfo: Uint8Array, authenticatedData?: Uint8Array): Promise<PendingCommit>;

  /**
   * A commit (§12.4) that adds, removes, both, or just renews this device's keys. Nothing is true until the server has
   * taken it: then `next` is the state; if it took another commit of the epoch first, drop it and apply that one.
   */
  commit(state: GroupState, change?: Change): Promise<PendingCommit>;

  /**
   * Follows somebody's commit, if `policy` allows it. The policy must come to the same verdict on every device, or the
   * group falls apart. One's own commit is not applied: its `next` is taken.
   */
  applyCommit(state: GroupState, commit: Uint8Array, policy?: CommitPolicy): Promise<AppliedCommit>;

  /** Encrypts for the members of the state's epoch. `authenticatedData` can be read by the server, not altered. */
  encrypt(state: GroupState, plaintext: Uint8Array, authenticatedData?: Uint8Array): Promise<Encrypted>;

  /** Decrypts a message of the state's epoch, and says whose leaf signed it. */
  decrypt(state: GroupState, message: Uint8Array): Promise<Decrypted>;

  /** A secret that all members of the epoch, and nobody else, can derive (§8.5). `length` in bytes, at most 255 · 32. */
  exportSecret(state: GroupState, label: string, context: Uint8Array, length: number): Promise<Bytes>;

  /**
   * What is to be kept of a state. It holds secrets: encrypt it at rest. `epoch` is the bulk and changes with the epoch
   * only; `ratchet` changes with each message too. Two parts that were not saved of one epoch do not load.
   */
  save(state: GroupState): SavedGroup;

  /** The inverse of `save`. */
  load(saved: SavedGroup): GroupState;
}

/** This device: its encoded credential (`encodeDeviceCredential`) and who signs for the key that it certifies. */
export interface DeviceIdentity {
  credential: Bytes;
  signer: Signer;
}

/** Signs with a key that the engine never sees, such as one that WebCrypto does not export. Ed25519 (suite 1). */
export interface Signer {
  publicKey: Bytes;
  sign(message: Bytes): Promise<Bytes>;
}

/** One device's view of one group in one epoch. Immutable; its secrets are with the engine, and `save` gives them. */
export interface GroupState {
  readonly groupId: Bytes;
  readonly epoch: bigint;
  /** Equal on two devices exactly when they agree on the group's whole history (§8.7). */
  readonly epochAuthenticator: Bytes;
  /** In the order of their leaves, this device included. */
  readonly members: readonly Member[];
  readonly ownLeaf: number;
  /** Whether a commit has removed this device: the state then only tells whose it was. */
  readonly removed: boolean;
}

export interface SavedGroup {
  epoch: Bytes;
  ratchet: Bytes;
}

/** A device that the group has, at its leaf of the ratchet tree (§7). Its certificate has been verified. */
export interface Member extends Newcomer {
  leaf: number;
}

/** A device whose certificate has been verified. */
export interface Newcomer {
  credential: DeviceCredential;
  /** The Ed25519 key that signs its messages. */
  signatureKey: Bytes;
}

export interface KeyPackage {
  keyPackage: Bytes;
  /** KeyPackageRef (§5.2), 32 bytes: by it a Welcome says for whom it is. */
  ref: Bytes;
  /** To be kept, encrypted, until the Welcome was processed and the state stored. */
  secret: Bytes;
}

export interface Change {
  /** Key packages. */
  adds?: Uint8Array[];
  /** Leaves of the tree. */
  removes?: number[];
  authenticatedData?: Uint8Array;
}

export interface Created {
  state: GroupState;
  groupInfo: Bytes;
}

export interface PendingCommit {
  /** The state once the commit is taken. To be saved before the commit is sent. */
  next: GroupState;
  commit: Bytes;
  /** For all added devices together (§12.4.3.1); absent when there are none. */
  welcome?: Bytes;
  /** Of the next epoch, with the tree: by it others join (§12.4.3). To be sent along. */
  groupInfo: Bytes;
}

/** A commit whose signatures, proofs and effect on the group have been verified. */
export interface CommitView {
  groupId: Bytes;
  /** The epoch that the commit ends. */
  epoch: bigint;
  /** Who made it, at the leaf that it has afterwards. */
  committer: Member;
  /** Whether the committer joins by it, or joins anew. */
  external: boolean;
  adds: readonly Member[];
  /** At the leaves that they had. */
  removes: readonly Member[];
  authenticatedData: Bytes;
}

/** Whether to follow a commit. Anything but `true` refuses it. */
export type CommitPolicy = (commit: CommitView) => boolean | Promise<boolean>;

export interface AppliedCommit extends CommitView {
  state: GroupState;
  /** Whether this device is out. `state.removed` says the same. */
  removedSelf: boolean;
}

export interface Encrypted {
  /** To be saved before the message is sent: the same key must never encrypt twice. */
  state: GroupState;
  message: Bytes;
}

export interface Decrypted {
  state: GroupState;
  plaintext: Bytes;
  sender: Member;
  epoch: bigint;
  /** Which of the sender's messages of the epoch it is, from 0 (§9.1). */
  generation: number;
  authenticatedData: Bytes;
}

/** What anybody can see of an MLSMessage, the server included. Nothing of it is verified. */
export type Glimpse =
  | {
      kind: 'commit';
      groupId: Bytes;
      epoch: bigint;
      /** The committer's leaf, or `external` when it joins by this commit. */
      sender: number | 'external';
      adds: DeviceCredential[];
      removes: number[];
      authenticatedData: Bytes;
    }
  | { kind: 'application'; groupId: Bytes; epoch: bigint; authenticatedData: Bytes }
  | { kind: 'welcome'; keyPackageRefs: Bytes[] }
  | { kind: 'groupInfo'; groupId: Bytes; epoch: bigint; members: { leaf: number; credential: DeviceCredential }[] }
  | { kind: 'keyPackage'; credential: DeviceCredential; notBefore: bigint; notAfter: bigint };
