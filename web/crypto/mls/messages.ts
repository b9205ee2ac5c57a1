import type { ClientState } from 'ts-mls';
import { createApplicationMessage } from 'ts-mls/createMessage.js';
import { unprotectPrivateMessage } from 'ts-mls/messageProtection.js';
import { decryptSenderData, type PrivateMessage } from 'ts-mls/privateMessage.js';
import type { SenderData } from 'ts-mls/sender.js';
import { CONFIG } from './config.ts';
import type { Device } from './device.ts';
import type { Decrypted, Encrypted, GroupState } from './engine.ts';
import { checkPlace } from './epochs.ts';
import { MlsError } from './errors.ts';
import { activeMlsOf, memberAt, stateOf } from './state.ts';
import { orBadMessageLater, readMessageOf, writeMessage } from './wire.ts';

export async function encrypt(
  { suite }: Device,
  state: GroupState,
  plaintext: Uint8Array,
  authenticatedData?: Uint8Array,
): Promise<Encrypted> {
  const made = await createApplicationMessage(activeMlsOf(state), plaintext, suite, authenticatedData);
  const message = writeMessage({ wireformat: 'mls_private_message', privateMessage: made.privateMessage });
  return { state: stateOf(made.newState), message };
}

/**
 * The library does not say who sent a message: that is read here from the sender data (RFC 9420 §6.3.2), and holds
 * because the signature is then verified with the key of that leaf.
 */
export async function decrypt(device: Device, state: GroupState, bytes: Uint8Array): Promise<Decrypted> {
  const mls = activeMlsOf(state);
  const { privateMessage } = readMessageOf('mls_private_message', bytes);
  if (privateMessage.contentType !== 'application') throw new MlsError('BAD_MESSAGE', 'Handshakes are public here.');
  checkPlace(state, privateMessage);
  const senderData = await senderDataOf(device, mls, privateMessage);
  const sender = memberAt(state, senderData.leafIndex);
  if (!sender) throw new MlsError('BAD_MESSAGE', 'Nobody is at the leaf that the message says it is from.');
  checkFresh(mls, senderData);
  const { content, tree } = await orBadMessageLater(() => unprotect(device, mls, privateMessage));
  if (content.content.contentType !== 'application')
    throw new MlsError('BAD_MESSAGE', 'This is no message of a person.');
  return {
    state: stateOf({ ...mls, secretTree: tree }),
    plaintext: new Uint8Array(content.content.applicationData),
    sender,
    epoch: state.epoch,
    generation: senderData.generation,
    authenticatedData: new Uint8Array(privateMessage.authenticatedData),
  };
}

async function senderDataOf({ suite }: Device, mls: ClientState, message: PrivateMessage): Promise<SenderData> {
  return orBadMessageLater(async () => {
    const senderData = await decryptSenderData(message, mls.keySchedule.senderDataSecret, suite);
    if (!senderData) throw new Error('No sender data.');
    return senderData;
  });
}

function checkFresh({ privatePath, secretTree }: ClientState, { leafIndex, generation }: SenderData) {
  if (leafIndex === privatePath.leafIndex)
    throw new MlsError('OWN_MESSAGE', 'This device has sent the message itself.');
  const ratchet = secretTree[2 * leafIndex]?.application;
  if (ratchet && generation < ratchet.generation && !(generation in ratchet.unusedGenerations)) {
    throw new MlsError('REPLAY', 'The message was read before, or its key is gone.');
  }
}

const unprotect = ({ suite }: Device, mls: ClientState, message: PrivateMessage) =>
  unprotectPrivateMessage(
    mls.keySchedule.senderDataSecret,
    message,
    mls.secretTree,
    mls.ratchetTree,
    mls.groupContext,
    CONFIG.keyRetentionConfig,
    suite,
  );
