import type { CardContent, Content, EditContent, FileKey, MessageContent, UnknownContent } from '../sealing/content.ts';
import type { LogEntry, MessageChange, Person, RoomFile, RoomMessage, ServerMessage } from './log.ts';
import type { RoomRecord } from './roomState.ts';
import type { Entry, MessageEntry, MessageState, RoomView } from './view.ts';

type Place = Pick<Entry, 'seq' | 'at'>;
type Said<What> = { content: What; senderId: string };

/** Where content is put: the room's view and record as they are becoming. */
export interface Sheet {
  view: RoomView;
  record: RoomRecord;
  person(id: string): Person | null;
}

/** What a message was, once it was opened. Its author is who signed it, whatever the server says. */
export function putMessage(sheet: Sheet, message: ServerMessage, { content, senderId }: Said<MessageContent>) {
  const { replyTo, files = [] } = content;
  const shown: RoomMessage = {
    ...bare(message),
    author: sheet.person(senderId),
    body: content.body,
    files: files.map((file) => fileOf(file, message)),
    ...mentionsOf(sheet, content, senderId),
  };
  sheet.view.put({
    ...placeOf(message),
    kind: 'message',
    message: shown,
    state: 'read',
    senderId,
    files,
    ...(replyTo && { replyTo }),
  });
}

/** A message of which this device sees that it is there, and no more. */
export function putClosed(sheet: Sheet, message: ServerMessage, state: MessageState, senderId?: string) {
  const author = senderId ? sheet.person(senderId) : message.author;
  const shown = { ...bare(message), author, files: [] };
  sheet.view.put({ ...placeOf(message), kind: 'message', message: shown, state, ...(senderId && { senderId }) });
}

/** What was said while the room was not encrypted is as the server says. */
export function putPlain(sheet: Sheet, { sealed, ...message }: ServerMessage) {
  sheet.view.put({
    ...placeOf(message),
    kind: 'message',
    message,
    state: 'plain',
    ...(message.author && { senderId: message.author.id }),
  });
}

/** An event inside the room that is no message. What makes no sense, or is not this person's to say, says nothing. */
export function putEvent(sheet: Sheet, place: Place, { content, senderId }: Said<Content | UnknownContent>) {
  if (content.type === 'card') return putCard(sheet, place, content, senderId);
  const target = 'target' in content ? sheet.view.message(content.target) : undefined;
  if (!target || target.message.deletedAt) return putSilent(sheet, place);
  if (content.type === 'edit' && target.senderId === senderId) return edit(sheet, place, target, content);
  if (content.type === 'reaction') return react(sheet, place, target, content, senderId);
  if (content.type === 'pin' && mayPin(sheet.record, senderId)) return pin(sheet, place, target, content.on, senderId);
  putSilent(sheet, place);
}

export const putSilent = (sheet: Sheet, { seq, at }: Place) => sheet.view.put({ seq, at, kind: 'silent' });

/** The server no longer has what it said. */
export function putDeletion(sheet: Sheet, place: Place, deleted: ServerMessage, by: Person | null) {
  const target = sheet.view.message(deleted.id);
  if (!target) return putSilent(sheet, place);
  const emptied = { body: null, files: [], mentions: [], mentionsRoom: false, reactions: [], pinnedAt: null };
  change(sheet, place, target, 'MessageDeleted', by, { ...emptied, deletedAt: deleted.deletedAt ?? place.at });
}

/** Something that happened to a message of a room that was not encrypted then. */
export function putPlainChange(sheet: Sheet, entry: Extract<LogEntry, { __typename: MessageChange | 'MessageSent' }>) {
  const target = sheet.view.message(entry.message.id);
  if (!target || entry.__typename === 'MessageSent') return putSilent(sheet, entry);
  const { sealed, ...message } = entry.message;
  change(sheet, entry, target, entry.__typename, entry.by ?? null, message);
}

function putCard(sheet: Sheet, place: Place, card: CardContent, senderId: string) {
  const { record } = sheet;
  const known = record.card;
  if (known?.version === card.version) record.owes.card = false;
  const isNews = known?.name !== card.name || known?.topic !== card.topic;
  const counts = !known || (card.version > known.version && mayModerate(record, senderId));
  if (!counts) return putSilent(sheet, place);
  record.card = card;
  if (!isNews) return putSilent(sheet, place);
  sheet.view.put({ ...place, kind: 'renamed', name: card.name, topic: card.topic, by: sheet.person(senderId) });
}

export const mayModerate = (record: RoomRecord, accountId: string) =>
  record.kind === 'DIRECT' || ['OWNER', 'MODERATOR'].includes(record.roles[accountId] ?? '');

const mayPin = mayModerate;

function edit(sheet: Sheet, place: Place, target: MessageEntry, content: EditContent) {
  const parts = { body: content.body, editedAt: place.at, ...mentionsOf(sheet, content, target.senderId ?? '') };
  change(sheet, place, target, 'MessageEdited', target.message.author, parts);
}

function pin(sheet: Sheet, place: Place, target: MessageEntry, on: boolean, by: string) {
  if (on === !!target.message.pinnedAt) return putSilent(sheet, place);
  change(sheet, place, target, on ? 'MessagePinned' : 'MessageUnpinned', sheet.person(by), {
    pinnedAt: on ? place.at : null,
  });
}

function react(
  sheet: Sheet,
  place: Place,
  target: MessageEntry,
  { emoji, on }: { emoji: string; on: boolean },
  by: string,
) {
  const person = sheet.person(by);
  if (!person) return putSilent(sheet, place);
  const reactions = reacted(target.message.reactions, emoji, on, { id: by, displayName: person.displayName });
  change(sheet, place, target, 'ReactionsChanged', person, { reactions });
}

type Reactions = RoomMessage['reactions'];

function reacted(
  reactions: Reactions,
  emoji: string,
  on: boolean,
  user: Reactions[number]['users'][number],
): Reactions {
  const users = reactions.find((one) => one.emoji === emoji)?.users ?? [];
  const others = users.filter(({ id }) => id !== user.id);
  const now = on ? [...others, user] : others;
  const next = { emoji, count: now.length, users: now };
  if (!users.length) return now.length ? [...reactions, next] : reactions;
  return reactions.map((one) => (one.emoji === emoji ? next : one)).filter(({ count }) => count > 0);
}

function change(
  sheet: Sheet,
  place: Place,
  target: MessageEntry,
  what: MessageChange,
  by: Person | null,
  parts: Partial<RoomMessage>,
) {
  const { files, ...rest } = target;
  const kept = what === 'MessageDeleted' ? rest : target;
  sheet.view.put({ ...kept, message: { ...target.message, ...parts, changedSeq: place.seq } });
  sheet.view.put({ seq: place.seq, at: place.at, kind: 'change', what, id: target.message.id, by });
}

const placeOf = ({ seq, createdAt }: RoomMessage) => ({ seq, at: createdAt });

/** Nothing but what the server has to know. */
function bare({ id, seq, author, createdAt, deletedAt }: ServerMessage): RoomMessage {
  const nothing = { integration: null, body: null, editedAt: null, pinnedAt: null, mentionsRoom: false, replyTo: null };
  return { id, seq, changedSeq: seq, author, createdAt, deletedAt, ...nothing, files: [], mentions: [], reactions: [] };
}

/** Whom the sender calls: everybody only where the sender may. */
function mentionsOf(
  sheet: Sheet,
  { mentions = [], mentionsRoom = false }: EditContent | MessageContent,
  senderId: string,
) {
  const people = mentions.map((id) => sheet.person(id)).filter((person) => person !== null);
  return {
    mentions: people.map(({ id, username, displayName }) => ({ id, username, displayName })),
    mentionsRoom: mentionsRoom && mayModerate(sheet.record, senderId),
  };
}

function fileOf({ id, name, type, size, width, height, placeholder }: FileKey, { files }: ServerMessage): RoomFile {
  const url = files.find((file) => file.id === id)?.url ?? `/files/${id}`;
  const looks = { width: width ?? null, height: height ?? null, placeholder: placeholder ?? null };
  return { id, name, type, size, ...looks, url, thumbnailUrl: null };
}
