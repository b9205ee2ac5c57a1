import type { GroupInfo } from 'ts-mls/groupInfo.js';
import { ratchetTreeFromExtension } from 'ts-mls/groupInfo.js';
import type { PrivateMessage } from 'ts-mls/privateMessage.js';
import type { PublicMessage } from 'ts-mls/publicMessage.js';
import type { Bytes } from '../bytes.ts';
import type { Glimpse } from './engine.ts';
import { MlsError } from './errors.ts';
import { membersOf, newcomerOf } from './members.ts';
import { orBadMessage, readMessage } from './wire.ts';

/** What anybody can see of an MLSMessage without a key, as the server does. Nothing of it is verified. */
export function peek(bytes: Uint8Array): Glimpse {
  const message = readMessage(bytes);
  return orBadMessage(() => {
    switch (message.wireformat) {
      case 'mls_public_message':
        return peekCommit(message.publicMessage);
      case 'mls_private_message':
        return peekApplication(message.privateMessage);
      case 'mls_welcome':
        return { kind: 'welcome', keyPackageRefs: message.welcome.secrets.map(({ newMember }) => copy(newMember)) };
      case 'mls_group_info':
        return peekGroupInfo(message.groupInfo);
      case 'mls_key_package': {
        const { leafNode } = message.keyPackage;
        return { kind: 'keyPackage', credential: newcomerOf(leafNode).credential, ...leafNode.lifetime };
      }
    }
  });
}

function peekCommit({ content }: PublicMessage): Glimpse {
  if (content.contentType !== 'commit') throw new MlsError('BAD_MESSAGE', 'A public message is a commit here.');
  const { groupId, epoch, sender, authenticatedData, commit } = content;
  const proposals = commit.proposals.flatMap((each) => (each.proposalOrRefType === 'proposal' ? [each.proposal] : []));
  return {
    kind: 'commit',
    groupId: copy(groupId),
    epoch,
    sender: sender.senderType === 'member' ? sender.leafIndex : 'external',
    adds: proposals.flatMap((each) =>
      each.proposalType === 'add' && 'add' in each ? [newcomerOf(each.add.keyPackage.leafNode).credential] : [],
    ),
    removes: proposals.flatMap((each) =>
      each.proposalType === 'remove' && 'remove' in each ? [each.remove.removed] : [],
    ),
    authenticatedData: copy(authenticatedData),
  };
}

function peekApplication({ contentType, groupId, epoch, authenticatedData }: PrivateMessage): Glimpse {
  if (contentType !== 'application') throw new MlsError('BAD_MESSAGE', 'A private message is an application’s here.');
  return { kind: 'application', groupId: copy(groupId), epoch, authenticatedData: copy(authenticatedData) };
}

function peekGroupInfo(groupInfo: GroupInfo): Glimpse {
  const { groupId, epoch } = groupInfo.groupContext;
  const members = membersOf(ratchetTreeFromExtension(groupInfo) ?? []);
  return {
    kind: 'groupInfo',
    groupId: copy(groupId),
    epoch,
    members: members.map(({ leaf, credential }) => ({ leaf, credential })),
  };
}

const copy = (bytes: Uint8Array): Bytes => new Uint8Array(bytes);
