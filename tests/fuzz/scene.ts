import { randomUUID } from 'node:crypto';
import { startSession } from '../../api/auth/sessions.ts';
import { begin, upload } from '../files.ts';
import { openDirect, people, react, roomOf } from '../rooms.ts';
import { administrator, openWorld, type Person } from '../world.ts';
import { Ids } from './values.ts';

/** People, rooms and messages that hostile inputs may hit; whoever signs out or loses the account comes back. */
export async function setScene() {
  const world = await openWorld({
    LOG_LEVEL: 'warn',
    REGISTRATION: 'open',
    LIMIT_FRAMES_PER_SECOND: '100000',
    LIMIT_SOCKETS_PER_PERSON: '1000',
  });
  const ids = new Ids();
  const ada = await administrator(world.node);
  const { ann, ben } = await people(world, 'ann', 'ben');
  const room = await roomOf(ann, ben);
  const open = await ben.createRoom();
  const message = await ann.say(room, 'hello');
  await ben.graphql(...react(message.id, '👍'));
  const direct = (await ann.graphql(...openDirect(ben.id))).openDirectRoom.id;
  const file = await upload(ann, room, { bytes: Buffer.from('notes') });
  const waiting = await begin(ann, room, { bytes: Buffer.from('some more notes') });
  ids.keep('room', room, room, open, direct);
  ids.keep('message', message.id);
  ids.keep('user', ann.id, ben.id, ada.id);
  ids.learn([file, waiting.id].join());
  const makeHook = 'mutation ($id: ID!) { createIncomingWebhook(input: { roomId: $id, name: "Build" }) { path } }';
  const hook: string = (await ann.graphql(makeHook, { id: room })).createIncomingWebhook.path;
  const actors = [ann, ann, ben, ada, world.stranger()];
  return { world, node: world.node, ids, actors, room, hook, comeBack };

  /** With a new session, or, when the account is gone, as somebody new; in a room of their own in any case. */
  async function comeBack(person: Person): Promise<void> {
    const { core } = world.node;
    await core.db.user.updateMany({ where: { id: person.id }, data: { disabledAt: null } });
    const account = await core.db.user.findUnique({ where: { id: person.id } });
    const next = account ? person : await world.person(`again${randomUUID().slice(0, 4)}`);
    const { accessToken } = account ? await startSession(core, account, 'fuzz') : next;
    Object.assign(person, { id: next.id, username: next.username, accessToken });
    ids.keep('user', next.id);
    ids.keep('room', await person.createRoom());
  }
}
export type Scene = Awaited<ReturnType<typeof setScene>>;
