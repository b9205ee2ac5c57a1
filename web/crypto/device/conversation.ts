import { randomBytes, toBase64 } from '../primitives.ts';
import type { CardContent, Content, FileKey } from '../sealing/content.ts';
import { mayModerate } from './apply.ts';
import type { Device } from './device.ts';
import { DeviceError } from './errors.ts';
import { newId } from './ids.ts';
import type { RoomMessage } from './log.ts';
import { toBase64Url } from './records.ts';
import type { Room } from './roomState.ts';
import { send } from './send.ts';
import { shownMessage } from './shown.ts';
import type { MessageEntry } from './view.ts';

/** A message to be sent. The id is chosen once and kept for every try. */
export interface Draft {
  id: string;
  roomId: string;
  body: string;
  replyTo?: string;
  files?: FileKey[];
  /** Accounts whom the text names. */
  mentions?: string[];
  mentionsRoom?: boolean;
}

/** Says something in an encrypted room, once, however often it is called with one id. Gives the message as it is in the log. */
export async function say(
  device: Device,
  { id, roomId, body, replyTo, files, mentions, mentionsRoom }: Draft,
): Promise<RoomMessage> {
  const more = { ...(replyTo && { replyTo }), ...(files?.length && { files }), ...called(mentions, mentionsRoom) };
  const content: Content = { type: 'message', body, ...more };
  return device.within(roomId, async (room) => {
    await send(device.core, room, { id, content });
    return found(room, id);
  });
}

/** Changes one's own message. */
export function edit(
  device: Device,
  roomId: string,
  target: string,
  { body, mentions, mentionsRoom }: Pick<Draft, 'body' | 'mentions' | 'mentionsRoom'>,
): Promise<RoomMessage> {
  return about(device, roomId, target, { type: 'edit', target, body, ...called(mentions, mentionsRoom) }, (entry) => {
    if (entry.senderId !== device.core.self.accountId) throw forbidden('Only who wrote a message can change it.');
  });
}

export const react = (device: Device, roomId: string, target: string, emoji: string, on: boolean) =>
  about(device, roomId, target, { type: 'reaction', target, emoji, on });

/** Pins a message, or takes its pin away: owners and moderators. */
export const pin = (device: Device, roomId: string, target: string, on: boolean) =>
  about(device, roomId, target, { type: 'pin', target, on }, (_, room) => refuseMembers(device, room));

/** Has the server forget what a message said, and its edits and files. */
export async function remove(device: Device, roomId: string, id: string): Promise<RoomMessage> {
  await device.core.ports.server.deleteMessage(id);
  return found(await device.follow(roomId), id);
}

/** Changes what a room is called and how one comes in. What is left out stays. */
export function setCard(
  device: Device,
  roomId: string,
  change: Partial<Omit<CardContent, 'type' | 'version'>>,
): Promise<void> {
  return device.within(roomId, async (room) => {
    if (room.record.card) refuseMembers(device, room);
    const { card = EMPTY } = room.record;
    const content: CardContent = { ...card, ...change, version: card.version + 1 };
    await send(device.core, room, { id: newId(device.core), content });
  });
}

/**
 * Asks somebody into a private room, before the server is told: its word alone lets nobody in. The members are told with
 * it who answers for whom.
 */
export function invite(device: Device, roomId: string, account: string): Promise<void> {
  const { core } = device;
  return device.within(roomId, async (room) => {
    const key = core.pins.keyOf(account);
    const content: Content = { type: 'invited', account, ...(key && { accountKey: toBase64(key) }) };
    await send(core, room, { id: newId(core), content });
  });
}

/** Gives what belongs into the fragment of a link's address, and tells the members of the room by what to know who uses it. */
export async function makeLink(device: Device, roomId: string, linkId: string): Promise<string> {
  const secret = randomBytes(32);
  const room = await device.follow(roomId);
  const others = (room.record.card?.links ?? []).filter(({ id }) => id !== linkId).slice(-MOST_LINKS);
  await setCard(device, roomId, { links: [...others, { id: linkId, secret: toBase64(secret) }] });
  return toBase64Url(secret);
}

const MOST_LINKS = 99;
const EMPTY: CardContent = { type: 'card', name: '', topic: '', history: 'joining', links: [], version: 0 };

async function about(
  device: Device,
  roomId: string,
  target: string,
  content: Content,
  check: (entry: MessageEntry, room: Room) => void = () => {},
): Promise<RoomMessage> {
  return device.within(roomId, async (room) => {
    const entry = room.view.message(target);
    if (!entry || entry.message.deletedAt) throw new DeviceError('NOT_FOUND', 'This message is not there any more.');
    check(entry, room);
    await send(device.core, room, { id: newId(device.core), content });
    return found(room, target);
  });
}

function found({ view }: Room, id: string): RoomMessage {
  const entry = view.message(id);
  if (!entry) throw new DeviceError('NOT_FOUND', 'This message is not there any more.');
  return shownMessage(view, entry);
}

function refuseMembers({ core }: Device, { record }: Room) {
  if (!mayModerate(record, core.self.accountId))
    throw forbidden('Only owners and moderators of this room can do this.');
}

const forbidden = (sentence: string) => new DeviceError('FORBIDDEN', sentence);

const called = (mentions: string[] = [], mentionsRoom = false) => ({
  ...(mentions.length && { mentions }),
  ...(mentionsRoom && { mentionsRoom }),
});
