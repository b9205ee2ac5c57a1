import { isEncrypted } from '../encryption/pinnedRooms';
import { encryptsNew, readyCrypto } from '../encryption/readyCrypto';
import { graphql } from '../gql';
import type { CreateRoomInput, MemberRole, NotifyLevel, UpdateRoomInput } from '../gql/graphql';
import { errorSentence } from '../lib/errors';
import { act } from '../request';
import { notify } from '../ui/useNotice';
import { type Room, useRooms } from './useRooms';

const createRoomMutation = graphql(`
  mutation CreateRoom($input: CreateRoomInput!) {
    createRoom(input: $input) {
      ...RoomParts
    }
  }
`);

const openDirectRoomMutation = graphql(`
  mutation OpenDirectRoom($userId: ID!, $encrypted: Boolean!) {
    openDirectRoom(userId: $userId, encrypted: $encrypted) {
      ...RoomParts
    }
  }
`);

const encryptRoomMutation = graphql(`
  mutation EncryptRoom($id: ID!) {
    encryptRoom(id: $id) {
      ...RoomParts
    }
  }
`);

const joinRoomMutation = graphql(`
  mutation JoinRoom($id: ID!) {
    joinRoom(id: $id) {
      ...RoomParts
    }
  }
`);

const joinByLinkMutation = graphql(`
  mutation JoinByLink($token: String!) {
    joinByLink(token: $token) {
      ...RoomParts
    }
  }
`);

const updateRoomMutation = graphql(`
  mutation UpdateRoom($input: UpdateRoomInput!) {
    updateRoom(input: $input) {
      ...RoomParts
    }
  }
`);

const leaveRoomMutation = graphql(`
  mutation LeaveRoom($id: ID!) {
    leaveRoom(id: $id)
  }
`);

const deleteRoomMutation = graphql(`
  mutation DeleteRoom($id: ID!) {
    deleteRoom(id: $id)
  }
`);

const addMemberMutation = graphql(`
  mutation AddMember($roomId: ID!, $userId: ID!) {
    addMember(roomId: $roomId, userId: $userId) {
      ...MemberParts
    }
  }
`);

const removeMemberMutation = graphql(`
  mutation RemoveMember($roomId: ID!, $userId: ID!) {
    removeMember(roomId: $roomId, userId: $userId)
  }
`);

const setRoleMutation = graphql(`
  mutation SetRole($roomId: ID!, $userId: ID!, $role: MemberRole!) {
    setRole(roomId: $roomId, userId: $userId, role: $role) {
      ...MemberParts
    }
  }
`);

const transferOwnershipMutation = graphql(`
  mutation TransferOwnership($roomId: ID!, $userId: ID!) {
    transferOwnership(roomId: $roomId, userId: $userId) {
      ...MemberParts
    }
  }
`);

const banMemberMutation = graphql(`
  mutation BanMember($roomId: ID!, $userId: ID!, $reason: String) {
    banMember(roomId: $roomId, userId: $userId, reason: $reason) {
      createdAt
    }
  }
`);

const unbanMemberMutation = graphql(`
  mutation UnbanMember($roomId: ID!, $userId: ID!) {
    unbanMember(roomId: $roomId, userId: $userId)
  }
`);

const setRetentionMutation = graphql(`
  mutation SetRetention($roomId: ID!, $days: Int) {
    setRetention(roomId: $roomId, days: $days) {
      ...RoomParts
    }
  }
`);

const setNotifyMutation = graphql(`
  mutation SetNotify($roomId: ID!, $level: NotifyLevel!) {
    setNotify(roomId: $roomId, level: $level) {
      ...RoomParts
    }
  }
`);

const { put, rooms } = useRooms();

export async function createRoom(input: CreateRoomInput) {
  if (input.encrypted) return createEncryptedRoom(input);
  const { createRoom: room } = await act(createRoomMutation, { input });
  put(room);
  return room;
}

/** What it is called stands inside the encryption: the server is not told. */
async function createEncryptedRoom({ kind, encrypted, name, topic }: CreateRoomInput) {
  const crypto = await readyCrypto();
  const { createRoom: room } = await act(createRoomMutation, { input: { kind, encrypted } });
  put(room);
  await crypto.setCard(room.id, { name: name ?? '', topic: topic ?? '' }).catch(onNameless);
  return room;
}

// It is there, and can be named later.
const onNameless = (error: unknown) =>
  notify(`The name was not kept: change it under Details. ${errorSentence(error)}`);

/** For good. What it was called until now goes inside the encryption. */
export async function encryptRoom({ id, kind, name, topic }: Room) {
  const crypto = await readyCrypto();
  put((await act(encryptRoomMutation, { id })).encryptRoom);
  if (kind === 'DIRECT') return;
  await crypto.begin(id);
  await crypto.setCard(id, { name: name ?? '', topic }).catch(onNameless);
}

/** The one that is there, or a new one, which is encrypted. */
export async function openDirectRoom(userId: string) {
  const there = [...rooms.values()].find(({ directWith }) => directWith?.id === userId);
  const encrypted = there ? there.encryption === 'MLS' : await encryptsNew();
  const { openDirectRoom: room } = await act(openDirectRoomMutation, { userId, encrypted });
  put(room);
  return room;
}

export async function joinRoom(id: string) {
  const { joinRoom: room } = await act(joinRoomMutation, { id });
  put(room);
  return room;
}

export async function joinByLink(token: string) {
  const { joinByLink: room } = await act(joinByLinkMutation, { token });
  put(room);
  return room;
}

export async function updateRoom(input: UpdateRoomInput) {
  if (isEncrypted(input.id)) {
    const { id, name, topic } = input;
    return (await readyCrypto()).setCard(id, { ...(name != null && { name }), ...(topic != null && { topic }) });
  }
  const { updateRoom: room } = await act(updateRoomMutation, { input });
  put(room);
}

export async function setNotify(roomId: string, level: NotifyLevel) {
  const { setNotify: room } = await act(setNotifyMutation, { roomId, level });
  put(room);
}

/** For so many days, or (0) for good. */
export async function setRetention(roomId: string, days: number) {
  const { setRetention: room } = await act(setRetentionMutation, { roomId, days: days || null });
  put(room);
}

export async function leaveRoom(id: string) {
  await act(leaveRoomMutation, { id });
  rooms.delete(id);
}

export async function deleteRoom(id: string) {
  await act(deleteRoomMutation, { id });
  rooms.delete(id);
}

/** Into an encrypted room somebody is asked by this browser first: the server's word alone would let nobody in. */
export async function addMember(roomId: string, userId: string) {
  if (isEncrypted(roomId)) await (await readyCrypto()).invite(roomId, userId);
  await act(addMemberMutation, { roomId, userId });
}

export const removeMember = (roomId: string, userId: string) => act(removeMemberMutation, { roomId, userId });
export const banMember = (roomId: string, userId: string, reason: string) =>
  act(banMemberMutation, { roomId, userId, reason });
export const unbanMember = (roomId: string, userId: string) => act(unbanMemberMutation, { roomId, userId });
export const transferOwnership = (roomId: string, userId: string) => act(transferOwnershipMutation, { roomId, userId });
export const setRole = (roomId: string, userId: string, role: MemberRole) =>
  act(setRoleMutation, { roomId, userId, role });
