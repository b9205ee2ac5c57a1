import type { Bytes } from '../bytes.ts';
import { edit, invite, makeLink, pin, react, remove, say, setCard } from '../device/conversation.ts';
import type { Device } from '../device/device.ts';
import { DeviceError, ServerError } from '../device/errors.ts';
import type { LogEntry } from '../device/log.ts';
import { mentionsIn } from '../device/mentions.ts';
import { fromBase64Url } from '../device/records.ts';
import { BELOW, type Room } from '../device/roomState.ts';
import { searchRooms } from '../device/search.ts';
import {
  eventsAfter,
  latestPage,
  newerPage,
  noticesBetween,
  olderPage,
  pageAround,
  pinsIn,
  type ShownEvent,
} from '../device/shown.ts';
import { type Signal, sealSignal } from '../device/signals.ts';
import { compareScanned, type Party, qrPayload, safetyNumber } from '../identity/safetyNumber.ts';
import { toBase64 } from '../primitives.ts';
import type { FileKey } from '../sealing/content.ts';
import type { RoomCard, SentFile } from '../types.ts';
import type { Desk } from './desk.ts';

/** A message as the page wants it sent. */
export interface Wanted {
  id: string;
  body: string;
  replyTo?: string | undefined;
  files?: readonly SentFile[] | undefined;
}

/** Everything that a tab can ask of the Worker that holds the keys, by name. */
export const callsOf = (desk: Desk) => ({
  /** What a tab has to know at first. */
  hello: async () => {
    await desk.retry();
    desk.tellState();
    return desk.board.rooms();
  },
  ...readingOf(desk),
  ...writingOf(desk),
  ...roomsOf(desk),
  ...peopleOf(desk),
  ...keepingOf(desk),
});

export type Calls = ReturnType<typeof callsOf>;

function readingOf(desk: Desk) {
  const shown = async (roomId: string) => (await (await desk.ready()).room(roomId)).view;
  return {
    latest: async (roomId: string) => {
      const room = await current(desk, roomId);
      return { ...latestPage(room.view), lastSeq: room.record.cursor, epoch: '', run: desk.board.runOf(room) };
    },
    older: async (roomId: string, before: number) => olderPage(await shown(roomId), before),
    newer: async (roomId: string, after: number) => newerPage(await shown(roomId), after),
    around: async (roomId: string, place: string) => {
      const page = pageAround(await shown(roomId), place);
      if (!page) throw new DeviceError('NOT_FOUND', 'This message is not there any more.');
      return page;
    },
    notices: async (roomId: string, after: number, before: number) =>
      noticesBetween(roomId, await shown(roomId), after, before),
    events: async (roomId: string, after: number) => {
      const { view, record } = await (await desk.ready()).room(roomId);
      return everySeq(roomId, eventsAfter(roomId, view, after), after, record.cursor);
    },
    pins: async (roomId: string) => {
      const room = await (await desk.ready()).room(roomId);
      return { messages: pinsIn(room.view), lastSeq: room.record.cursor };
    },
    search: async (roomId: string, text: string, after?: string) =>
      searchRooms([await (await desk.ready()).room(roomId)], text, after),
    fileKey: async (roomId: string, fileId: string) => fileKeyIn(await (await desk.ready()).room(roomId), fileId),
  };
}

/** The room as it is here; what has happened since is followed meanwhile. Of a room that is not known here yet it is waited for. */
async function current(desk: Desk, roomId: string): Promise<Room> {
  const device = await desk.ready();
  const room = await device.room(roomId);
  const following = device.follow(roomId);
  if (room.record.cursor && room.view.all().length) following.catch(() => undefined);
  else await following;
  if (!room.record.cursor) throw new DeviceError('NOT_FOUND', 'You are not in this room.');
  return room;
}

/** One event for each position: of what is not kept here there is nothing to show. */
function everySeq(roomId: string, events: ShownEvent[], after: number, end: number): ShownEvent[] {
  const known = new Map(events.map((event) => [event.seq, event]));
  const silent = (seq: number): ShownEvent => ({ __typename: 'Silent', roomId, seq, at: events[0]?.at ?? '' });
  return Array.from({ length: Math.max(0, end - after) }, (_, n) => known.get(after + 1 + n) ?? silent(after + 1 + n));
}

function fileKeyIn({ view }: Room, fileId: string): FileKey | undefined {
  for (const { files = [] } of view.messages()) {
    const found = files.find(({ id }) => id === fileId);
    if (found) return found;
  }
  return undefined;
}

function writingOf(desk: Desk) {
  const mentions = async (device: Device, roomId: string, body: string) =>
    mentionsIn(device.core, await device.room(roomId), body);
  return {
    send: async (roomId: string, { files, ...message }: Wanted) => {
      const device = await desk.begun(roomId);
      const keys = files?.map(({ key, ...file }) => ({ ...file, ...key }));
      const said = say(device, {
        ...sentOf(message),
        roomId,
        ...(keys && { files: keys }),
        ...(await mentions(device, roomId, message.body)),
      });
      return said.catch(later);
    },
    edit: async (roomId: string, id: string, body: string) => {
      const device = await desk.begun(roomId);
      return edit(device, roomId, id, { body, ...(await mentions(device, roomId, body)) });
    },
    remove: async (roomId: string, id: string) => remove(await desk.ready(), roomId, id),
    react: async (roomId: string, id: string, emoji: string, on: boolean) =>
      react(await desk.begun(roomId), roomId, id, emoji, on),
    pin: async (roomId: string, id: string, on: boolean) => pin(await desk.begun(roomId), roomId, id, on),
    signal: async (roomId: string, signal: Signal) => {
      const sealed = await sealSignal(await desk.ready(), roomId, signal);
      return sealed && toBase64(sealed);
    },
  };
}

/** Who waits to be let in sends it then: it is not refused. */
function later(error: unknown): never {
  if (error instanceof DeviceError && error.code === 'WAITING')
    throw new ServerError('UNAVAILABLE', error.message, error.code);
  throw error;
}

const sentOf = ({ id, body, replyTo }: Omit<Wanted, 'files'>) => ({ id, body, ...(replyTo && { replyTo }) });

function roomsOf(desk: Desk) {
  return {
    isPinned: async (roomId: string) => (await desk.ready()).isPinned(roomId),
    hear: (roomId: string, sealed: string, at: string) => desk.hear(roomId, sealed, at),
    heard: (roomId: string, seq: number) => desk.heard(roomId, seq),
    take: async (roomId: string, entries: LogEntry[]) => (await desk.ready()).take(roomId, entries),
    begin: async (roomId: string) => (await desk.ready()).makeGroup(roomId),
    invite: async (roomId: string, userId: string) => invite(await desk.begun(roomId), roomId, userId),
    renew: async (roomId: string) => (await desk.ready()).renew(roomId),
    setCard: async (roomId: string, change: Partial<Pick<RoomCard, 'name' | 'topic' | 'history'>>) =>
      setCard(await desk.begun(roomId), roomId, change),
    makeLink: async (roomId: string, linkId: string) => makeLink(await desk.begun(roomId), roomId, linkId),
    joinByLink: async (roomId: string, linkId: string, secret: string) => {
      const bytes = fromBase64Url(secret);
      if (bytes?.length !== 32) throw new DeviceError('INVALID_INPUT', 'This link is damaged: ask for it again.');
      await (await desk.ready()).enterByLink(roomId, { id: linkId, secret: bytes });
    },
  };
}

function peopleOf(desk: Desk) {
  const parties = async (userId: string): Promise<[own: Party, other: Party]> => {
    const { core } = await desk.ready();
    const accountKey = core.pins.shownKeyOf(userId);
    if (!accountKey)
      throw new DeviceError('NOT_FOUND', 'There is no key of theirs to compare yet: first write to each other.');
    const { accountId, accountKey: ownKey } = core.self;
    return [
      { accountId, accountKey: ownKey },
      { accountId: userId, accountKey },
    ];
  };
  return {
    trustOf: async (userId: string) => (await desk.ready()).core.pins.trustOf(userId),
    safetyNumber: async (userId: string) => {
      const [own, other] = await parties(userId);
      return { digits: await safetyNumber(own, other), qr: qrPayload(own, other), key: other.accountKey };
    },
    compareCode: async (userId: string, scanned: Uint8Array) => compareScanned(scanned, ...(await parties(userId))),
    verify: async (userId: string, key: Bytes) => (await desk.ready()).trust(userId, 'verify', key),
    accept: async (userId: string, key: Bytes) => (await desk.ready()).trust(userId, 'accept', key),
  };
}

function keepingOf({ store, recovery }: Desk) {
  return {
    keptRead: (key: string) => store.read(BELOW.kept + key),
    keptReadAll: async (prefix: string) => (await store.readAll(BELOW.kept + prefix)).map(([, value]) => value),
    keptWrite: (key: string, value: unknown) => store.write([[BELOW.kept + key, value]]),
    keptRemove: (key: string) => store.write([], [BELOW.kept + key]),
    makeRecoveryKey: () => recovery.make(),
    confirmRecoveryKey: (groups: readonly [string, string]) => recovery.confirm(groups),
    checkRecoveryKey: (key: string) => recovery.check(key),
    useRecoveryKey: (key: string) => recovery.use(key),
    startAnew: (password?: string) => recovery.startAnew(password),
  };
}
