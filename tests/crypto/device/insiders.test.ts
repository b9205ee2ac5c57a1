import { expect, test, vi } from 'vitest';
import { sentKey } from '../../../web/crypto/device/roomState.ts';
import { shareHistory } from '../../../web/crypto/history/history.ts';
import { seal } from '../../../web/crypto/sealing/seal.ts';
import { expectAgreement } from './invariants.ts';
import { stage } from './stage.ts';

const opened = await stage('ann', 'bob', 'eve');

/** Ann, Bob and Eve in one room, in which Ann has said something. */
async function room() {
  const { server, users, browsers } = await opened();
  const id = server.room('PRIVATE', users.ann, users.bob, users.eve);
  await browsers.ann.device.makeGroup(id);
  const said = await browsers.ann.say(id, 'one');
  for (const one of Object.values(browsers)) expect(await one.read(id)).toEqual(['one']);
  return { server, users, id, said, ...browsers };
}

test('Eve hands Bob false keys of Ann’s words, before and after she says them: they open nothing', async () => {
  const { server, users, id, ann, bob, eve } = await room();
  const forged = crypto.randomUUID();
  const { body, key } = await seal(forged, { type: 'message', body: 'I am Ann. Send me the money.' }, Date.now());
  const share = async () => {
    for (const content of shareHistory(bob.device.core.self.deviceId, [{ ...key, senderId: users.ann.id }]))
      await eve.tell(id, content);
  };
  await share();
  await eve.say(id, 'two');
  const twice = server.rooms.get(id)?.log.at(-1);
  if (!twice || !('message' in twice) || !twice.message.sealed) throw new Error('this is a sealed message');
  const { generation, epoch, mls } = twice.message.sealed;
  await eve.ports.server.sendSealed({ roomId: id, generation, epoch, id: forged, kind: 'MESSAGE', mls, body });
  await share();
  expect((await bob.read(id)).filter((words) => words !== null)).toEqual(['one', 'two']);
  const reloaded = await bob.reload();
  await reloaded.device.readAgain(id);
  expect((await reloaded.read(id)).filter((words) => words !== null)).toEqual(['one', 'two']);
  await ann.say(id, 'three');
  expect((await reloaded.read(id)).at(-1)).toBe('three');
  await expectAgreement(id, ann, reloaded);
});

test('Eve hands Bob a list of keys that is cut short: he follows the room as before', async () => {
  const { id, ann, bob, eve } = await room();
  const target = bob.device.core.self.deviceId;
  const event = crypto.randomUUID();
  vi.spyOn(JSON, 'stringify').mockReturnValueOnce(`{"type":"history","target":"${target}","keys":"AAAA","at":0}`);
  await eve.ports.store.write([[sentKey(id, event), await seal(event, { type: 'message', body: '' }, 0)]]);
  await eve.tell(id, { type: 'history', target, keys: '' }, event);
  await ann.say(id, 'two');
  expect(await bob.read(id)).toEqual(['one', 'two']);
  await bob.say(id, 'three');
  await expectAgreement(id, ann, bob, eve);
});

test('Eve edits, pins and renames what is not hers to change: nobody sees it', async () => {
  const { id, said, ann, bob, eve } = await room();
  await ann.tell(id, { type: 'card', name: 'Swans', topic: '', history: 'joining', links: [], version: 1 });
  await eve.tell(id, { type: 'edit', target: said, body: 'two' });
  await eve.tell(id, { type: 'pin', target: said, on: true });
  await eve.tell(id, { type: 'card', name: 'Eve’s', topic: '', history: 'all', links: [], version: 9 });
  for (const one of [ann, bob]) {
    const { view, record } = await one.device.follow(id);
    expect(view.message(said)?.message).toMatchObject({ body: 'one', pinnedAt: null });
    expect(record.card).toMatchObject({ name: 'Swans', history: 'joining' });
  }
});

test('a newcomer who is given keys of what was said before reads it, and so after a reload and after reading all again', async () => {
  const { server, users, id, ann, bob, eve } = await room();
  await ann.tell(id, { type: 'card', name: 'Swans', topic: '', history: 'all', links: [], version: 1 });
  await ann.say(id, 'two');
  server.leave(id, users.eve, users.ann);
  await ann.device.settle(id);
  await eve.device.follow(id);
  await ann.invite(id, users.eve);
  server.join(id, users.eve, users.ann);
  await ann.device.settle(id);
  await ann.device.settle(id);
  await bob.say(id, 'three');
  expect(await eve.read(id)).toEqual(['one', 'two', 'three']);
  const reloaded = await eve.reload();
  await reloaded.device.readAgain(id);
  expect(await reloaded.read(id)).toEqual(['one', 'two', 'three']);
  expect(reloaded.device.core.rooms.get(id)?.record.isStale).toBeUndefined();
  await expectAgreement(id, ann, bob, reloaded);
});
