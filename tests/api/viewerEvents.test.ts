import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Core } from '../../api/core.ts';
import { addMember as addMemberOf, joinRoom } from '../../api/rooms/joining.ts';
import { leaveRoom } from '../../api/rooms/leaving.ts';
import { type RoomChange, watchRoomChanges } from '../../api/rooms/roomChanges.ts';
import { openApp } from '../../api/server.ts';
import {
  addMember,
  create,
  deleteRoom,
  dying,
  join,
  leave,
  listOwn,
  openDirect,
  people,
  removeMember,
  roomOf,
  VIEWER_EVENTS,
  viewer,
} from '../rooms.ts';
import { type Arrivals, openWorld, type Person, type World } from '../world.ts';

let world: World;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  world = await openWorld();
  ({ alice, bob } = await people(world, 'alice', 'bob'));
});
afterAll(() => world.close());

const own = async (person: Person): Promise<{ roomsVersion: number; rooms: { id: string }[] }> =>
  (await person.graphql(...listOwn())).viewer;
/** What the person's rooms do from now on: the answer to a version that never was shows that the server listens. */
async function watch(person: Person): Promise<Arrivals> {
  const told = person.subscribe(VIEWER_EVENTS, { after: -1 });
  expect((await told.next()).__typename).toBe('RoomsChanged');
  return told;
}
const joined = (id: string) => ({ __typename: 'RoomJoined', room: { id } });
const left = (roomId: string) => ({ __typename: 'RoomLeft', roomId });

test('every way into a room and out of it is told', async () => {
  const dan = await world.person('dan');
  const told = await watch(dan);
  const open = await alice.createRoom();
  await dan.join(open);
  expect(await told.next()).toMatchObject(joined(open));
  await dan.graphql(...leave(open));
  expect(await told.next()).toMatchObject(left(open));

  const hidden = await roomOf(alice, dan);
  expect(await told.next()).toMatchObject({ __typename: 'RoomJoined', room: { id: hidden, kind: 'PRIVATE' } });
  await alice.graphql(...removeMember(hidden, dan.id));
  expect(await told.next()).toMatchObject(left(hidden));

  const mine = (await dan.graphql(...create({ name: 'mine', kind: 'PRIVATE' }))).createRoom.id;
  expect(await told.next()).toMatchObject({ __typename: 'RoomJoined', room: { id: mine, name: 'mine' } });
  await dan.graphql(...deleteRoom(mine));
  expect(await told.next()).toMatchObject(left(mine));
});

test('a direct room that another opens is told to both, each with the other in it', async () => {
  const { dan, eve } = await people(world, 'dan', 'eve');
  const [dans, eves] = [await watch(dan), await watch(eve)];
  const room = (await dan.graphql(...openDirect(eve.id))).openDirectRoom.id;
  const direct = (other: Person) => ({
    __typename: 'RoomJoined',
    room: { id: room, kind: 'DIRECT', directWith: { id: other.id } },
  });
  expect(await eves.next()).toMatchObject(direct(dan));
  expect(await dans.next()).toMatchObject(direct(eve));
});

test('when a room is deleted, everyone who was in it is told, on every device', async () => {
  const room = await roomOf(alice, bob);
  const phone = bob.at(bob.node);
  const told = [await watch(alice), await watch(bob), await watch(phone)];
  await alice.graphql(...deleteRoom(room));
  for (const each of told) expect(await each.next()).toMatchObject(left(room));
});

test('others are not told', async () => {
  const { dan, eve } = await people(world, 'dan', 'eve');
  const told = await watch(eve);
  await dan.graphql(...deleteRoom(await roomOf(dan, alice)));
  await roomOf(dan, eve);
  await told.next();
  expect(told.all.map((event) => event.__typename)).toEqual(['RoomsChanged', 'RoomJoined']);
});

test('what changed since the rooms were read is told as one RoomsChanged, and then it goes on', async () => {
  const dan = await world.person('dan');
  const { roomsVersion } = await own(dan);
  const rooms = [await roomOf(alice, dan), await roomOf(alice, dan)];
  const told = dan.subscribe(VIEWER_EVENTS, { after: roomsVersion });
  expect(await told.next()).toEqual({ __typename: 'RoomsChanged', version: (await own(dan)).roomsVersion });
  await alice.graphql(...removeMember(`${rooms[0]}`, dan.id));
  expect(await told.next()).toMatchObject(left(`${rooms[0]}`));
});

test('with the version of the last event nothing was missed, with an older one something was', async () => {
  const dan = await world.person('dan');
  const told = await watch(dan);
  await roomOf(alice, dan);
  const { version } = await told.next();
  dan.disconnect();
  const again = dan.subscribe(VIEWER_EVENTS, { after: version });
  await roomOf(alice, dan);
  expect((await again.next()).version).toBe(version + 1);
  expect((await dan.subscribe(VIEWER_EVENTS, { after: version }).next()).__typename).toBe('RoomsChanged');
});

test('a change whose ring is lost is told all the same', async () => {
  const dan = await world.person('dan');
  const told = await watch(dan);
  const room = await roomOf(alice);
  await addMemberOf(dying(world.node.core), viewer(alice), room, dan.id);
  expect(await told.next()).toMatchObject(joined(room));
  await leaveRoom(dying(world.node.core), viewer(dan), room);
  expect(await told.next()).toMatchObject(left(room));
});

test('a room that was left and joined again between two looks was left and joined', async () => {
  const dan = await world.person('dan');
  const room = await alice.createRoom();
  await dan.join(room);
  const told = await watch(dan);
  await leaveRoom(dying(world.node.core), viewer(dan), room);
  await joinRoom(dying(world.node.core), viewer(dan), room);
  await bob.graphql(...join(room));
  await dan.graphql(...addMember(await dan.createRoom(), bob.id));
  const events = [await told.next(), await told.next(), await told.next()];
  expect(events.map((event) => event.roomId ?? event.room.id).filter((id) => id === room)).toEqual([room, room]);
  expect(events.filter((event) => event.__typename === 'RoomLeft')).toMatchObject([left(room)]);
});

test('however reading and joining cross, who reads and then listens knows every room in the end', async () => {
  const dan = await world.person('dan');
  for (let round = 0; round < 30; round++) {
    const adding = Promise.all([roomOf(alice, dan), roomOf(bob, dan)]);
    const { roomsVersion, rooms } = await own(dan);
    const told = dan.subscribe(VIEWER_EVENTS, { after: roomsVersion });
    const added = await adding;
    const known = new Set(rooms.map(({ id }) => id));
    while (!added.every((id) => known.has(id))) {
      const event = await told.next();
      if (event.__typename === 'RoomJoined') known.add(event.room.id);
      if (event.__typename === 'RoomsChanged') for (const { id } of (await own(dan)).rooms) known.add(id);
    }
    told.stop();
  }
});

test('what changes while listening begins is told', async () => {
  const dan = await world.person('dan');
  const { core } = world.node;
  const { roomsVersion } = await own(dan);
  const added: string[] = [];
  const roomsOf = async (id: string) => {
    const rooms = await core.lookups.roomsOf(id);
    if (added.length === 0) added.push(await roomOf(alice, dan));
    return rooms;
  };
  const meddled = { ...core, lookups: { ...core.lookups, roomsOf } };
  const changes = await watchRoomChanges(meddled, viewer(dan), roomsVersion);
  const [room] = added;
  const next = await roomOf(bob, dan);
  const seen: RoomChange[] = [];
  const told = (roomId?: string) => seen.some((change) => change.kind === 'JOINED' && change.roomId === roomId);
  do seen.push((await changes.next()).value);
  while (seen[0]?.kind !== 'MISSED' && !(told(room) && told(next)));
  await changes.return();
  expect(seen[0]?.kind === 'MISSED' || told(room)).toBe(true);
});

test('rooms are never older than the version that is read with them', async () => {
  const dan = await world.person('dan');
  const { core } = world.node;
  const added: string[] = [];
  const meddled = { ...core, db: meddle(core, async () => void added.push(await roomOf(alice, dan))) };
  const app = await openApp(meddled, 'no-web-client');
  const { roomsVersion, rooms } = await own(dan.at({ ...world.node, app, url: await app.listen() }));
  expect(roomsVersion).toBe((await own(dan)).roomsVersion);
  expect(rooms.map(({ id }) => id)).toEqual(added);
  expect(added).toHaveLength(1);
  await app.close();
});

/** The database, in which something happens before somebody asks for a version for the first time. */
function meddle({ db }: Core, happen: () => Promise<void>): Core['db'] {
  let due = true;
  const meddling = db.$extends({
    query: {
      $queryRaw: async ({ args, query }) => {
        if (due && JSON.stringify(args).includes('rooms_version')) {
          due = false;
          await happen();
        }
        return query(args);
      },
    },
  });
  return meddling as unknown as Core['db'];
}

test('who has not signed in is refused', async () => {
  expect(await world.stranger().subscribe(VIEWER_EVENTS).ending()).toMatchObject({ code: 'UNAUTHENTICATED' });
});
