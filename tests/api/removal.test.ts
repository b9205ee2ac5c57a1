import { afterAll, beforeAll, expect, test } from 'vitest';
import { schema } from '../../api/schema.ts';
import {
  addMember,
  ban,
  deleteRoom,
  leave,
  type Operation,
  PRESENCE,
  removeMember,
  startTyping,
  TYPING,
  VIEWER_EVENTS,
  VIEWER_LOG,
} from '../rooms.ts';
import { type Arrivals, type Node, openWorld, type Person, ROOM_LOG, type World } from '../world.ts';

const PEOPLE = 'subscription { peopleChanged { userId } }';
const POSITION = 'query ($id: ID!) { room(id: $id) { lastSeq } }';
const RECOLOUR = 'mutation { updateProfile(input: { colour: 7 }) { id } }';

/**
 * Every subscription, and what becomes of it where a membership ends: `ends` with that entry as its last, or `goes on`
 * with what is no matter of that room.
 */
const SUBSCRIPTIONS: Record<
  string,
  { document: string; variables: (room: string) => object; fate: 'ends' | 'goes on' }
> = {
  roomLog: { document: ROOM_LOG, variables: (roomId) => ({ roomId, after: 0 }), fate: 'ends' },
  viewerLog: { document: VIEWER_LOG, variables: (roomId) => ({ after: [{ roomId, seq: 0 }] }), fate: 'goes on' },
  typing: { document: TYPING, variables: (roomId) => ({ roomId }), fate: 'ends' },
  viewerEvents: { document: VIEWER_EVENTS, variables: () => ({ after: 0 }), fate: 'goes on' },
  presence: { document: PRESENCE, variables: () => ({}), fate: 'goes on' },
  peopleChanged: { document: PEOPLE, variables: () => ({}), fate: 'goes on' },
};

/** Of encrypted rooms alone: signals.test.ts has how they end. */
const OF_ENCRYPTED_ROOMS = ['signals'];

/** How a membership ends: who does it, and what it is in the log. */
const ENDS: Record<
  string,
  { by: 'owner' | 'oneself'; act: (room: string, mallory: Person) => Operation; entry: string }
> = {
  'is removed': { by: 'owner', act: (room, { id }) => removeMember(room, id), entry: 'MemberRemoved' },
  'is banned': { by: 'owner', act: (room, { id }) => ban(room, id), entry: 'MemberBanned' },
  leaves: { by: 'oneself', act: leave, entry: 'MemberLeft' },
  'loses the room': { by: 'owner', act: deleteRoom, entry: 'RoomDeleted' },
};

let world: World;
let olga: Person;
let other: Node;
beforeAll(async () => {
  world = await openWorld();
  other = world.clustered ? await world.anotherNode() : world.node;
  olga = await world.person('olga');
});
afterAll(async () => {
  olga?.disconnect();
  await world.close();
});

test('every subscription of the schema is looked at', () => {
  expect([...Object.keys(SUBSCRIPTIONS), ...OF_ENCRYPTED_ROOMS].sort()).toEqual(
    Object.keys(schema.getSubscriptionType()?.getFields() ?? {}).sort(),
  );
});

test.each(Object.entries(ENDS))(
  'whoever %s gets nothing after that entry on any subscription that was open',
  async (_, { by, act, entry }) => {
    const mallory = await world.person('mallory', other);
    const [room, elsewhere] = [await olga.createRoom({ kind: 'PRIVATE' }), await mallory.createRoom()];
    await olga.graphql(...addMember(room, mallory.id));
    const open = Object.fromEntries(
      Object.entries(SUBSCRIPTIONS).map(([name, { document, variables }]) => {
        return [name, mallory.subscribe(document, variables(room))];
      }),
    ) as Record<string, Arrivals>;
    await olga.say(room, 'while it lasts');
    await heardAll(open, async () => {
      await olga.ask(...startTyping(room));
      await olga.ask(RECOLOUR);
    });

    const { lastSeq } = (await olga.graphql(POSITION, { id: room })).room;
    const last = lastSeq + 1;
    await (by === 'owner' ? olga : mallory).graphql(...act(room, mallory));
    if (entry !== 'RoomDeleted') await olga.say(room, 'after the end');
    await olga.ask(...startTyping(room));
    const { id } = await mallory.say(elsewhere, 'mine goes on');
    await open.viewerLog?.upTo(({ message }) => message?.id === id);

    for (const [name, { fate }] of Object.entries(SUBSCRIPTIONS)) {
      const { all, ended } = open[name] as Arrivals;
      if (fate === 'ends') expect({ name, end: await open[name]?.ending() }).toEqual({ name, end: 'complete' });
      else expect({ name, ended }).toEqual({ name, ended: null });
      expect(JSON.stringify(all)).not.toContain('after the end');
    }
    for (const name of ['roomLog', 'viewerLog']) {
      const told = open[name]?.all.filter(({ roomId }) => roomId === room).at(-1);
      expect({ name, ...told }).toMatchObject({ name, __typename: entry, seq: last });
    }
    mallory.disconnect();
  },
);

/** Until each of them has brought something; what happens again and again is `stir`. */
async function heardAll(open: Record<string, Arrivals>, stir: () => Promise<void>) {
  while (!Object.values(open).every(({ all }) => all.length > 0)) await stir();
  await open.roomLog?.upTo(({ message }) => message?.body === 'while it lasts');
}
