import { expect, test } from 'vitest';
import { peek } from '../../web/crypto/mls/peek.ts';
import { mlsOf } from '../../web/crypto/mls/state.ts';
import { bytes, codeOf, device, group, leafOf, text } from './devices.ts';

test('Ann writes to Bob, who was not there when she added him', async () => {
  const [ann, bob] = await Promise.all([device('ann'), device('bob')]);
  const [annState, bobState] = await group(ann, bob);
  const sent = await ann.engine.encrypt(annState, bytes('Hello, Bob'), bytes('seen by the server'));
  const read = await bob.engine.decrypt(bobState, sent.message);
  expect(text(read.plaintext)).toBe('Hello, Bob');
  expect(text(read.authenticatedData)).toBe('seen by the server');
  expect(read.sender.credential.deviceId).toBe(ann.id);
  expect(read).toMatchObject({ epoch: 1n, generation: 0 });
  expect(await codeOf(bob.engine.decrypt(read.state, sent.message))).toBe('REPLAY');
  expect(await codeOf(ann.engine.decrypt(sent.state, sent.message))).toBe('OWN_MESSAGE');
});

test('Ann removes Eve, who can read nothing that comes after', async () => {
  const [ann, bob, eve] = await Promise.all([device('ann'), device('bob'), device('eve')]);
  const [annState, bobState, eveState] = await group(ann, bob, eve);
  const { next, commit } = await ann.engine.commit(annState, { removes: [leafOf(annState, eve)] });
  const bobs = await bob.engine.applyCommit(bobState, commit);
  const eves = await eve.engine.applyCommit(eveState, commit);
  expect(bobs).toMatchObject({ removedSelf: false, external: false, adds: [] });
  expect(bobs.removes.map(({ credential }) => credential.deviceId)).toEqual([eve.id]);
  expect(eves.removedSelf).toBe(true);
  const { message } = await ann.engine.encrypt(next, bytes('Eve is gone'));
  expect(text((await bob.engine.decrypt(bobs.state, message)).plaintext)).toBe('Eve is gone');
  expect(await codeOf(eve.engine.decrypt(eves.state, message))).toBe('NOT_MEMBER');
  expect(await codeOf(eve.engine.decrypt(eveState, message))).toBe('FUTURE_EPOCH');
});

test('Carol joins while nobody is online, and again after she lost her state', async () => {
  const [ann, bob, carol] = await Promise.all([device('ann'), device('bob'), device('carol')]);
  const [annState, bobState] = await group(ann, bob);
  const renewal = await ann.engine.commit(annState);
  const first = await carol.engine.joinExternal(renewal.groupInfo, bytes('proof'));
  const bobs = await bob.engine.applyCommit(
    (await bob.engine.applyCommit(bobState, renewal.commit)).state,
    first.commit,
  );
  expect(bobs).toMatchObject({ external: true, removes: [], authenticatedData: bytes('proof') });
  expect(bobs.committer.credential.deviceId).toBe(carol.id);
  expect(bobs.state.epochAuthenticator).toEqual(first.next.epochAuthenticator);

  const again = await carol.engine.joinExternal(first.groupInfo);
  const after = await bob.engine.applyCommit(bobs.state, again.commit);
  expect(after.removes.map(({ credential }) => credential.deviceId)).toEqual([carol.id]);
  expect(after.state.members).toHaveLength(3);
  const { message } = await carol.engine.encrypt(again.next, bytes('Back again'));
  expect(text((await bob.engine.decrypt(after.state, message)).plaintext)).toBe('Back again');
  expect((await carol.engine.applyCommit(first.next, again.commit)).removedSelf).toBe(true);
});

test('messages of one epoch are read in whatever order they come, and each once', async () => {
  const [ann, bob] = await Promise.all([device('ann'), device('bob')]);
  let [anns, bobs] = await group(ann, bob);
  const messages: Uint8Array[] = [];
  for (let at = 0; at < 40; at++) {
    const sent = await ann.engine.encrypt(anns, bytes(`message ${at}`));
    anns = sent.state;
    messages.push(sent.message);
  }
  for (const [at, message] of [...messages.entries()].reverse()) {
    const read = await bob.engine.decrypt(bobs, message);
    expect({ words: text(read.plaintext), generation: read.generation }).toEqual({
      words: `message ${at}`,
      generation: at,
    });
    bobs = read.state;
  }
  for (const message of messages) expect(await codeOf(bob.engine.decrypt(bobs, message))).toBe('REPLAY');
});

test('what nobody read before its epoch ended is lost, because nothing of the epoch is kept', async () => {
  const [ann, bob] = await Promise.all([device('ann'), device('bob')]);
  const [anns, bobs] = await group(ann, bob);
  const { message } = await ann.engine.encrypt(anns, bytes('too late'));
  const { state } = await bob.engine.applyCommit(bobs, (await ann.engine.commit(anns)).commit);
  expect(await codeOf(bob.engine.decrypt(state, message))).toBe('STALE_EPOCH');
  expect(mlsOf(state).historicalReceiverData.size).toBe(0);
});

test('all members derive the same secrets of an epoch, which are others for other purposes and in other epochs', async () => {
  const [ann, bob] = await Promise.all([device('ann'), device('bob')]);
  const [anns, bobs] = await group(ann, bob);
  const { next } = await ann.engine.commit(anns);
  const secret = await ann.engine.exportSecret(anns, 'typing', bytes('room'), 32);
  expect(secret).toHaveLength(32);
  expect(await bob.engine.exportSecret(bobs, 'typing', bytes('room'), 32)).toEqual(secret);
  expect(await bob.engine.exportSecret(bobs, 'receipts', bytes('room'), 32)).not.toEqual(secret);
  expect(await bob.engine.exportSecret(bobs, 'typing', bytes('another'), 32)).not.toEqual(secret);
  expect(await ann.engine.exportSecret(next, 'typing', bytes('room'), 32)).not.toEqual(secret);
});

test('the server sees of what passes through it who is in the group and in which epoch, and no word', async () => {
  const [ann, bob, carol] = await Promise.all([device('ann'), device('bob'), device('carol')]);
  const [anns] = await group(ann, bob);
  const { keyPackage, ref } = await carol.engine.createKeyPackage();
  const change = { adds: [keyPackage], removes: [leafOf(anns, bob)], authenticatedData: bytes('shown') };
  const { commit, welcome = bytes(''), groupInfo } = await ann.engine.commit(anns, change);
  const { message } = await ann.engine.encrypt(anns, bytes('a secret'));
  const groupId = bytes('room');
  const [leaf, removed] = [leafOf(anns, ann), leafOf(anns, bob)];
  const authenticatedData = bytes('shown');
  expect(peek(message)).toEqual({ kind: 'application', groupId, epoch: 1n, authenticatedData: bytes('') });
  expect(peek(commit)).toMatchObject({
    kind: 'commit',
    groupId,
    epoch: 1n,
    sender: leaf,
    removes: [removed],
    authenticatedData,
  });
  expect(peek(commit)).toMatchObject({ adds: [{ deviceId: carol.id, accountId: carol.account.id }] });
  expect(peek(welcome)).toEqual({ kind: 'welcome', keyPackageRefs: [ref] });
  expect(peek(groupInfo)).toMatchObject({ kind: 'groupInfo', groupId, epoch: 2n });
  expect(peek(groupInfo)).toMatchObject({
    members: [{ credential: { deviceId: ann.id } }, { credential: { deviceId: carol.id } }],
  });
  expect(peek((await carol.engine.joinExternal(groupInfo)).commit)).toMatchObject({
    kind: 'commit',
    sender: 'external',
  });
  expect(peek(keyPackage)).toMatchObject({ kind: 'keyPackage', credential: { deviceId: carol.id } });
  for (const data of [message, commit, welcome, groupInfo]) expect(Buffer.from(data).includes('a secret')).toBe(false);
});

test('a state that was saved and loaded reads and writes on', async () => {
  const [ann, bob] = await Promise.all([device('ann'), device('bob')]);
  const [annState, bobState] = await group(ann, bob);
  const first = await ann.engine.encrypt(annState, bytes('one'));
  const second = await ann.engine.encrypt(first.state, bytes('two'));
  const loaded = bob.engine.load(bob.engine.save(bobState));
  const two = await bob.engine.decrypt(loaded, second.message);
  const again = bob.engine.load(bob.engine.save(two.state));
  expect(text((await bob.engine.decrypt(again, first.message)).plaintext)).toBe('one');
  expect(await codeOf(bob.engine.decrypt(again, second.message))).toBe('REPLAY');
  const renewal = await bob.engine.commit(again);
  const anns = await ann.engine.applyCommit(ann.engine.load(ann.engine.save(second.state)), renewal.commit);
  expect(anns.state.epochAuthenticator).toEqual(renewal.next.epochAuthenticator);
});
