import type { ClientConfig, ClientState } from 'ts-mls';
import { decodeUint32, decodeUint64, uint32Encoder, uint64Encoder } from 'ts-mls/codec/number.js';
import { mapDecoders } from 'ts-mls/codec/tlsDecoder.js';
import { contramapBufferEncoders, encode } from 'ts-mls/codec/tlsEncoder.js';
import {
  decodeVarLenData,
  decodeVarLenType,
  varLenDataEncoder,
  varLenTypeEncoder,
} from 'ts-mls/codec/variableLength.js';
import { decodeGroupActiveState, groupActiveStateEncoder } from 'ts-mls/groupActiveState.js';
import { decodeGroupContext, groupContextEncoder } from 'ts-mls/groupContext.js';
import { decodeKeySchedule, keyScheduleEncoder } from 'ts-mls/keySchedule.js';
import { decodePrivateKeyPath, privateKeyPathEncoder } from 'ts-mls/privateKeyPath.js';
import { decodeRatchetTree, ratchetTreeEncoder } from 'ts-mls/ratchetTree.js';
import { decodeGenerationSecret, generationSecretEncoder } from 'ts-mls/secretTree.js';
import { type Bytes, concat, equal } from '../bytes.ts';
import type { GroupState, SavedGroup } from './engine.ts';
import { MlsError } from './errors.ts';
import { memberAt, mlsOf, stateOf } from './state.ts';

const VERSION = 1;

type EpochParts = [
  ClientState['groupContext'],
  ClientState['keySchedule'],
  ClientState['ratchetTree'],
  ClientState['privatePath'],
  Uint8Array,
  ClientState['groupActiveState'],
];

const epochEncoder = contramapBufferEncoders(
  [
    groupContextEncoder,
    keyScheduleEncoder,
    ratchetTreeEncoder,
    privateKeyPathEncoder,
    varLenDataEncoder,
    groupActiveStateEncoder,
  ],
  (mls: ClientState): EpochParts => [
    mls.groupContext,
    mls.keySchedule,
    mls.ratchetTree,
    mls.privatePath,
    mls.confirmationTag,
    mls.groupActiveState,
  ],
);

const decodeEpoch = mapDecoders(
  [
    decodeGroupContext,
    decodeKeySchedule,
    decodeRatchetTree,
    decodePrivateKeyPath,
    decodeVarLenData,
    decodeGroupActiveState,
  ],
  (groupContext, keySchedule, ratchetTree, privatePath, confirmationTag, groupActiveState) => ({
    groupContext,
    keySchedule,
    ratchetTree,
    privatePath,
    confirmationTag,
    groupActiveState,
  }),
);

type Ratchet = ClientState['secretTree'][number]['application'];

interface Ratchets {
  epoch: bigint;
  epochAuthenticator: Uint8Array;
  width: number;
  /** The chain of application messages of each leaf that has a member. Handshakes are public: theirs is never used. */
  application: [leaf: number, ratchet: Ratchet][];
}

const applicationEncoder = contramapBufferEncoders(
  [uint32Encoder, generationSecretEncoder],
  (entry: [number, Ratchet]) => entry,
);

const ratchetsEncoder = contramapBufferEncoders(
  [uint64Encoder, varLenDataEncoder, uint32Encoder, varLenTypeEncoder(applicationEncoder)],
  (ratchets: Ratchets): [bigint, Uint8Array, number, [number, Ratchet][]] => [
    ratchets.epoch,
    ratchets.epochAuthenticator,
    ratchets.width,
    ratchets.application,
  ],
);

const decodeRatchets = mapDecoders(
  [
    decodeUint64,
    decodeVarLenData,
    decodeUint32,
    decodeVarLenType(
      mapDecoders([decodeUint32, decodeGenerationSecret], (leaf, ratchet): [number, Ratchet] => [leaf, ratchet]),
    ),
  ],
  (epoch, epochAuthenticator, width, application): Ratchets => ({ epoch, epochAuthenticator, width, application }),
);

export function save(state: GroupState): SavedGroup {
  const mls = mlsOf(state);
  return {
    epoch: versioned(encode(epochEncoder)(mls)),
    ratchet: versioned(encode(ratchetsEncoder)(ratchetsOf(state))),
  };
}

function ratchetsOf(state: GroupState): Ratchets {
  const { secretTree } = mlsOf(state);
  const application: Ratchets['application'] = [];
  for (const { leaf } of state.members) {
    const node = secretTree[2 * leaf];
    if (node) application.push([leaf, node.application]);
  }
  return { epoch: state.epoch, epochAuthenticator: state.epochAuthenticator, width: secretTree.length, application };
}

/** The inverse of `save`, for the device whose leaf has `signatureKey`. */
export function load(saved: SavedGroup, clientConfig: ClientConfig, signatureKey: Bytes): GroupState {
  try {
    const epoch = whole(decodeEpoch, saved.epoch);
    const ratchets = whole(decodeRatchets, saved.ratchet);
    const isOne = ratchets.epoch === epoch.groupContext.epoch;
    if (!isOne || !equal(ratchets.epochAuthenticator, epoch.keySchedule.epochAuthenticator)) throw new Error();
    const state = stateOf({ ...epoch, ...unsaved(clientConfig), secretTree: secretTreeOf(ratchets) });
    const own = memberAt(state, state.ownLeaf);
    if (!state.removed && !(own && equal(own.signatureKey, signatureKey))) throw new Error();
    return state;
  } catch (cause) {
    throw new MlsError('BAD_STATE', 'What was saved of this group cannot be read.', { cause });
  }
}

const unsaved = (clientConfig: ClientConfig) => ({
  clientConfig,
  signaturePrivateKey: new Uint8Array(),
  unappliedProposals: {},
  historicalReceiverData: new Map(),
});

function secretTreeOf({ width, application }: Ratchets): ClientState['secretTree'] {
  if (width > 1 << 16) throw new RangeError('The tree is too wide.');
  const tree: ClientState['secretTree'] = Array.from({ length: width }, () => ({ handshake: USED, application: USED }));
  for (const [leaf, ratchet] of application) {
    if (2 * leaf >= width) throw new RangeError('A ratchet without a leaf.');
    tree[2 * leaf] = { handshake: USED, application: ratchet };
  }
  return tree;
}

/** In the place of a chain that is not kept: no generation of it can be asked for. */
const USED: Ratchet = { secret: new Uint8Array(), generation: 0xffffffff, unusedGenerations: {} };

const versioned = (bytes: Uint8Array) => concat(Uint8Array.of(VERSION), bytes);

function whole<T>(decode: (bytes: Uint8Array, offset: number) => [T, number] | undefined, bytes: Uint8Array): T {
  if (bytes[0] !== VERSION) throw new Error('Of another version.');
  const [value, length] = decode(bytes.slice(), 1) ?? [];
  if (value === undefined || length !== bytes.length - 1) throw new Error('Damaged.');
  return value;
}
