import { generateKeyPairSync, sign } from 'node:crypto';
import { acceptAll, type CiphersuiteImpl, type ClientState, type Proposal } from 'ts-mls';
import { createGroup, joinGroup, makePskIndex } from 'ts-mls/clientState.js';
import { createCommit } from 'ts-mls/createCommit.js';
import { createApplicationMessage } from 'ts-mls/createMessage.js';
import { generateKeyPackageWithKey } from 'ts-mls/keyPackage.js';
import { mlsExporter } from 'ts-mls/keySchedule.js';
import { defaultLifetime } from 'ts-mls/lifetime.js';
import { processMessage } from 'ts-mls/processMessages.js';
import { emptyPskIndex } from 'ts-mls/pskIndex.js';
import type { Welcome } from 'ts-mls/welcome.js';
import { expect, test } from 'vitest';
import { readMessage, writeMessage } from '../../web/crypto/mls/wire.ts';
import { bytes, text } from './devices.ts';
import { chachaSuiteOf } from './nodeSuite.ts';
import { OpenMlsMember } from './openmls.ts';

// OpenMLS is another implementation, in another language, by other people. The build that npm has speaks suite 3, takes
// private handshakes only and knows no device credentials: so it is the patched library, without the engine's rules,
// that understands it and is understood.

async function person(name: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
  const suite = await chachaSuiteOf({
    publicKey: key,
    sign: async (message) => new Uint8Array(sign(null, message, privateKey)),
  });
  const capabilities = { versions: ['mls10' as const], ciphersuites: [suite.name], extensions: [], proposals: [] };
  const keys = await generateKeyPackageWithKey(
    { credentialType: 'basic', identity: bytes(name) },
    { ...capabilities, credentials: ['basic'] },
    defaultLifetime,
    [],
    { signKey: new Uint8Array(), publicKey: key },
    suite,
  );
  return { suite, ...keys };
}

/** Somebody whose client is ts-mls. */
class Member {
  constructor(
    readonly suite: CiphersuiteImpl,
    public state: ClientState,
  ) {}

  static async founding(name: string) {
    const { suite, publicPackage, privatePackage } = await person(name);
    return new Member(suite, await createGroup(bytes('room'), publicPackage, privatePackage, [], suite));
  }

  static async joining({ suite, publicPackage, privatePackage }: Awaited<ReturnType<typeof person>>, welcome: Welcome) {
    const psks = makePskIndex(undefined, {});
    return new Member(suite, await joinGroup(welcome, publicPackage, privatePackage, psks, suite));
  }

  async commit(extraProposals: Proposal[] = []) {
    const options = { wireAsPublicMessage: false, ratchetTreeExtension: true, extraProposals };
    const made = await createCommit({ state: this.state, cipherSuite: this.suite }, options);
    this.state = made.newState;
    return { message: writeMessage(made.commit), welcome: made.welcome as Welcome };
  }

  async read(message: Uint8Array) {
    const decoded = readMessage(message);
    if (decoded.wireformat !== 'mls_public_message' && decoded.wireformat !== 'mls_private_message') throw new Error();
    const read = await processMessage(decoded, this.state, emptyPskIndex, acceptAll, this.suite);
    this.state = read.newState;
    return read.kind === 'applicationMessage' ? text(read.message) : undefined;
  }

  async write(words: string) {
    const { newState, privateMessage } = await createApplicationMessage(this.state, bytes(words), this.suite);
    this.state = newState;
    return writeMessage({ wireformat: 'mls_private_message', privateMessage });
  }

  exported = () => mlsExporter(this.state.keySchedule.exporterSecret, 'shh', bytes('context'), 32, this.suite);
}

const add = (keyPackage: Awaited<ReturnType<typeof person>>['publicPackage']): Proposal => ({
  proposalType: 'add',
  add: { keyPackage },
});
const welcomeBytes = (welcome: Welcome) => writeMessage({ wireformat: 'mls_welcome', welcome });

/** Both are in one epoch: what they derive is the same, and each reads the other. */
async function expectUnderstanding(ours: Member, theirs: OpenMlsMember) {
  const { provider, identity, group } = theirs;
  if (!group) throw new Error('Not in the group.');
  expect(group.export_key(provider, 'shh', bytes('context'), 32)).toEqual(await ours.exported());
  expect(text(group.process_message(provider, await ours.write('from ts-mls')))).toBe('from ts-mls');
  expect(await ours.read(group.create_message(provider, identity, bytes('from OpenMLS')))).toBe('from OpenMLS');
}

test('OpenMLS joins a group of ours, and follows when keys are renewed and members come and go', async () => {
  const ann = await Member.founding('ann');
  const olga = new OpenMlsMember('olga');
  olga.join(welcomeBytes((await ann.commit([add(olga.makeKeyPackage().keyPackage)])).welcome));
  await expectUnderstanding(ann, olga);

  const follow = ({ message }: { message: Uint8Array }) => olga.group?.process_message(olga.provider, message);
  follow(await ann.commit());
  await expectUnderstanding(ann, olga);
  const bob = await person('bob');
  follow(await ann.commit([add(bob.publicPackage)]));
  await expectUnderstanding(ann, olga);
  follow(await ann.commit([{ proposalType: 'remove', remove: { removed: 2 } }]));
  await expectUnderstanding(ann, olga);
});

test('OpenMLS takes a tree whose parents list different unmerged leaves, as our patch does', async () => {
  const ann = await Member.founding('ann');
  const people = await Promise.all(['bob', 'carol', 'dave', 'eve', 'frank'].map(person));
  const adds = people.map(({ publicPackage }) => add(publicPackage));
  await ann.commit(adds.slice(0, 2));
  await ann.commit(adds.slice(2, 4));
  await ann.commit([{ proposalType: 'remove', remove: { removed: 1 } }]);
  const olga = new OpenMlsMember('olga');
  const { welcome } = await ann.commit([...adds.slice(4), add(olga.makeKeyPackage().keyPackage)]);
  olga.join(welcomeBytes(welcome));
  const frank = await Member.joining(people[4] as Awaited<ReturnType<typeof person>>, welcome);
  await expectUnderstanding(ann, olga);
  expect(await frank.exported()).toEqual(await ann.exported());
});

test('we follow OpenMLS when it adds somebody, and join where it has been', async () => {
  const ann = await Member.founding('ann');
  const [olga, oscar] = [new OpenMlsMember('olga'), new OpenMlsMember('oscar')];
  olga.join(welcomeBytes((await ann.commit([add(olga.makeKeyPackage().keyPackage)])).welcome));
  const { group, provider, identity } = olga;
  const made = group?.propose_and_commit_add(provider, identity, oscar.makeKeyPackage().own);
  if (!made) throw new Error('Not in the group.');
  group?.merge_pending_commit(provider);
  await ann.read(made.proposal);
  await ann.read(made.commit);
  await expectUnderstanding(ann, olga);

  const bob = await person('bob');
  const { message, welcome } = await ann.commit([add(bob.publicPackage)]);
  group?.process_message(provider, message);
  await expectUnderstanding(await Member.joining(bob, welcome), olga);
});
