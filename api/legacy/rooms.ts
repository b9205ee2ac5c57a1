import type { Core } from '../core.ts';
import type { Room, User } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { createLoaders, type Loaders } from '../loaders.ts';
import { joinRoom } from '../rooms/joining.ts';
import { leaveRoom } from '../rooms/leaving.ts';
import { createRoom, deleteRoom, getPublicRoom, getRoom, listRooms } from '../rooms/rooms.ts';
import { getUser, listOthers, type Viewer } from '../users/users.ts';
import { bodyOf, textOf } from './body.ts';
import { insteadOf, Refusal, refuseEncrypted } from './refusals.ts';
import type { LegacyAnswer, LegacyRequest } from './routes.ts';

/** GET /api/users/ */
export async function listPeople(core: Core, viewer: Viewer): Promise<LegacyAnswer> {
  const people = await listOthers(core, viewer);
  const body = people.map(({ firstName, lastName, ...user }) => ({
    ...person(user),
    first_name: firstName,
    last_name: lastName,
  }));
  return { status: 200, body };
}

/** GET /rooms/ */
export async function listOwnRooms(core: Core, viewer: Viewer): Promise<LegacyAnswer> {
  const { rooms } = await listRooms(core, viewer);
  const loaders = createLoaders(core, { viewer });
  const listed = await Promise.all(rooms.map((room) => listedRoom(loaders, room)));
  const message = listed.length > 0 ? 'Rooms fetched successfully' : 'No rooms found';
  return { status: 200, body: { rooms: listed, count: listed.length, message } };
}

/** POST /rooms/create/ */
export async function createNamedRoom(core: Core, viewer: Viewer, request: LegacyRequest): Promise<LegacyAnswer> {
  const name = textOf(bodyOf(request), 'chat_room_name');
  if (!name?.trim()) throw new Refusal(400, { error: 'Chat room name is required' });
  const refused = ({ message }: AppError) => new Refusal(400, { error: message });
  const room = await createRoom(core, viewer, { name })
    .catch(insteadOf('CONFLICT', refused))
    .catch(insteadOf('INVALID_INPUT', refused));
  const creator = person(await getUser(core, viewer, viewer.id));
  const body = { room_id: room.id, chat_room_name: room.name, created_by: creator, created_at: room.createdAt };
  return { status: 201, body };
}

/** POST /room/join/ */
export async function joinById(core: Core, viewer: Viewer, request: LegacyRequest): Promise<LegacyAnswer> {
  const id = roomIdIn(request);
  refuseEncrypted(await findRoom(core, viewer, id));
  const banned = () => new Refusal(403, { error: 'You are banned from this room' });
  const { room, joined } = await joinRoom(core, viewer, id).catch(insteadOf('FORBIDDEN', banned));
  const name = await nameOf(createLoaders(core, { viewer }), room);
  const user = person(await getUser(core, viewer, viewer.id));
  const message = joined ? `Joined room ${name}` : `Already in room ${name}`;
  return {
    status: 200,
    body: { message, room: { room_id: room.id, room_name: name, created_at: room.createdAt }, user },
  };
}

/** POST /room/leave/ */
export async function leaveById(core: Core, viewer: Viewer, request: LegacyRequest): Promise<LegacyAnswer> {
  const room = await leaveRoom(core, viewer, roomIdIn(request));
  return { status: 200, body: { message: `Left room ${room.name ?? ''}`.trim() } };
}

/** DELETE /room/delete/<room_id>/ */
export async function deleteById(core: Core, viewer: Viewer, _: LegacyRequest, id: string): Promise<LegacyAnswer> {
  const refused = () => new Refusal(403, { error: 'Only the room creator can delete this room' });
  await deleteRoom(core, viewer, id).catch(insteadOf('FORBIDDEN', refused));
  return { status: 200, body: { message: 'Room deleted successfully', deleted_room: { room_id: id.toLowerCase() } } };
}

function roomIdIn(request: LegacyRequest): string {
  const id = textOf(bodyOf(request), 'room_id')?.trim();
  if (!id) throw new Refusal(400, { error: 'Room ID is required' });
  return id;
}

/** A room that the viewer may join or is in already; NOT_FOUND for every other. */
function findRoom(core: Core, viewer: Viewer, id: string): Promise<Room> {
  return getPublicRoom(core, viewer, id).catch((error) => {
    if (error instanceof AppError && error.code === 'NOT_FOUND') return getRoom(core, viewer, id);
    throw error;
  });
}

async function listedRoom(loaders: Loaders, room: Room) {
  const [name, creator] = await Promise.all([
    nameOf(loaders, room),
    room.createdById ? loaders.user.load(room.createdById) : null,
  ]);
  return { room_id: room.id, room_name: name, created_at: room.createdAt, created_by: creator && person(creator) };
}

// A direct room is called after the other person; the name of an encrypted one is not known here.
async function nameOf(loaders: Loaders, room: Room): Promise<string> {
  if (room.kind !== 'DIRECT') return room.name ?? '';
  return (await loaders.roomFacts.load({ id: room.id, part: 'directWith' })).directWith?.displayName ?? '';
}

const person = ({ id, username }: Pick<User, 'id' | 'username'>) => ({ id, username });
