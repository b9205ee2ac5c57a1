import { createGroup as createLibraryGroup, joinGroup, makePskIndex } from 'ts-mls/clientState.js';
import { joinGroupExternal } from 'ts-mls/createCommit.js';
import { ratchetTreeFromExtension } from 'ts-mls/groupInfo.js';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import type { RatchetTree } from 'ts-mls/ratchetTree.js';
import type { Welcome } from 'ts-mls/welcome.js';
import { equal } from '../bytes.ts';
import { groupInfoOf } from './commits.ts';
import { CONFIG } from './config.ts';
import type { Device } from './device.ts';
import type { Created, GroupState, PendingCommit } from './engine.ts';
import { MlsError } from './errors.ts';
import { createKeyPackage, type KeyPackageSecret, readSecret } from './keyPackages.ts';
import { isSameDevice, membersOf, newcomerOf } from './members.ts';
import { checkContext, checkLeaf, checkPrivateKeys, checkTree } from './rules.ts';
import { stateOf } from './state.ts';
import { orBadMessageLater, readMessageOf, writeMessage } from './wire.ts';

export async function createGroup({ identity, suite }: Device, groupId: Uint8Array): Promise<Created> {
  const { publicPackage, privatePackage } = await createKeyPackage(identity, suite);
  const mls = await createLibraryGroup(new Uint8Array(groupId), publicPackage, privatePackage, [], suite, CONFIG);
  return { state: stateOf(mls), groupInfo: await groupInfoOf(mls, suite) };
}

export async function join(device: Device, bytes: Uint8Array, secrets: Uint8Array[]): Promise<GroupState> {
  const { welcome } = readMessageOf('mls_welcome', bytes);
  const own = await matching(device, welcome, secrets.map(readSecret));
  const mls = await orBadMessageLater(() =>
    joinGroup(
      welcome,
      own.publicPackage,
      own.privatePackage,
      makePskIndex(undefined, {}),
      device.suite,
      undefined,
      undefined,
      CONFIG,
    ),
  );
  checkContext(mls.groupContext);
  checkJoinable(mls.ratchetTree);
  await orBadMessageLater(() => checkPrivateKeys(mls, undefined, device.suite));
  return stateOf(mls);
}

async function matching(
  { suite, identity }: Device,
  { secrets }: Welcome,
  own: KeyPackageSecret[],
): Promise<KeyPackageSecret> {
  for (const secret of own) {
    const ref = await makeKeyPackageRef(secret.publicPackage, suite.hash);
    const isOwn = equal(secret.publicPackage.leafNode.signaturePublicKey, identity.signer.publicKey);
    if (isOwn && secrets.some(({ newMember }) => equal(newMember, ref))) return secret;
  }
  throw new MlsError('UNKNOWN_KEY_PACKAGE', 'The welcome is for no key package of this device.');
}

export async function joinExternal(
  { identity, suite }: Device,
  bytes: Uint8Array,
  authenticatedData: Uint8Array = new Uint8Array(),
): Promise<PendingCommit> {
  const { groupInfo } = readMessageOf('mls_group_info', bytes);
  checkContext(groupInfo.groupContext);
  const { publicPackage, privatePackage } = await createKeyPackage(identity, suite);
  const { publicMessage, newState } = await orBadMessageLater(() => {
    const tree = ratchetTreeFromExtension(groupInfo);
    if (!tree) throw new MlsError('BAD_MESSAGE', 'The group’s tree is missing.');
    checkJoinable(tree);
    const isBack = membersOf(tree).some((member) => isSameDevice(member, newcomerOf(publicPackage.leafNode)));
    return joinGroupExternal(
      groupInfo,
      publicPackage,
      privatePackage,
      isBack,
      suite,
      tree,
      CONFIG,
      new Uint8Array(authenticatedData),
    );
  });
  return {
    next: stateOf(newState),
    commit: writeMessage({ wireformat: 'mls_public_message', publicMessage }),
    groupInfo: await groupInfoOf(newState, suite),
  };
}

function checkJoinable(tree: RatchetTree) {
  for (const node of tree) if (node?.nodeType === 'leaf') checkLeaf(node.leaf);
  checkTree(tree);
}
