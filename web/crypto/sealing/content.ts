import { isBase64 } from '../primitives.ts';
import { boolean, type Check, type Checked, listOf, oneOf, optional, refuse, shape, string, whole } from './checks.ts';

const MOST_FILES = 10;
const MOST_MENTIONS = 500;
const MOST_LINKS = 100;
const UNICODE = { body: 8_000, name: 80, topic: 250, emoji: 32, fileName: 255, mediaType: 127 };

const id = string((value) => /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/.test(value));
const base64 = (bytes: number) => string((value) => value.length === Math.ceil(bytes / 3) * 4 && isBase64(value));
const text = (most: number) => string((value) => value.length <= most && isText(value));

/** How to fetch and open one encrypted file (files.ts). Its name and kind are nobody's business but the members'. */
const FileKey = shape({
  /** Of the stored bytes, as the server knows them. */
  id,
  /** AES-256, in Base64. */
  key: base64(32),
  /** SHA-256 of the stored bytes, which are encrypted, in hexadecimal digits. */
  sha256: string((value) => /^[\da-f]{64}$/.test(value)),
  name: string((value) => value.length <= UNICODE.fileName && /^[^/\\]+$/.test(value) && isText(value)),
  /** A media type as its sender's device saw it: to be treated with the care of anything from outside. */
  type: string((value) => value.length <= UNICODE.mediaType && /^[\w.+-]+\/[\w.+-]+$/.test(value)),
  /** In bytes, decrypted. */
  size: whole,
  /** In pixels, for images. */
  width: optional(whole),
  height: optional(whole),
  /** A ThumbHash in Base64. */
  placeholder: optional(string((value) => value.length <= 64 && isBase64(value))),
});

const said = {
  body: text(UNICODE.body),
  /** Accounts. */
  mentions: optional(listOf(id, MOST_MENTIONS)),
  /** Whether everybody in the room is meant. */
  mentionsRoom: optional(boolean),
};

const MessageContent = shape({
  type: oneOf('message'),
  ...said,
  /** The message that it answers. */
  replyTo: optional(id),
  files: optional(listOf(FileKey, MOST_FILES)),
});

/** Counts only when the account that wrote `target` has signed it. */
const EditContent = shape({ type: oneOf('edit'), target: id, ...said });

const ReactionContent = shape({
  type: oneOf('reaction'),
  target: id,
  emoji: string((value) => value.length > 0 && value.length <= UNICODE.emoji && isText(value)),
  on: boolean,
});

const PinContent = shape({ type: oneOf('pin'), target: id, on: boolean });

/** What a room is called and how one comes in. The highest version counts, of those from who may change it. */
const CardContent = shape({
  type: oneOf('card'),
  name: text(UNICODE.name),
  topic: text(UNICODE.topic),
  /** From where on new members may read. */
  history: oneOf('joining', 'all'),
  /** What invitation links prove in the fragments of their addresses; `secret` is 32 bytes in Base64. */
  links: listOf(shape({ id, secret: base64(32) }), MOST_LINKS),
  version: whole,
});

/** Keys of earlier messages, for somebody who may read them (history/). */
const HistoryContent = shape({
  type: oneOf('history'),
  /** The device that it is for. */
  target: id,
  /** `encodeMessageKeys`, in Base64: 96 bytes each. */
  keys: string((value) => /^([A-Za-z\d+/]{128})*$/.test(value)),
});

/** Who signs it has asked an account into the room: by their word it is let in. */
const InvitedContent = shape({
  type: oneOf('invited'),
  account: id,
  /** The account's key, where who asks them in has met it, in Base64. */
  accountKey: optional(base64(32)),
});

const KINDS = {
  message: MessageContent,
  edit: EditContent,
  reaction: ReactionContent,
  pin: PinContent,
  card: CardContent,
  history: HistoryContent,
  invited: InvitedContent,
};

export type FileKey = Checked<typeof FileKey>;
export type MessageContent = Checked<typeof MessageContent>;
export type EditContent = Checked<typeof EditContent>;
export type ReactionContent = Checked<typeof ReactionContent>;
export type PinContent = Checked<typeof PinContent>;
export type CardContent = Checked<typeof CardContent>;
export type HistoryContent = Checked<typeof HistoryContent>;
export type InvitedContent = Checked<typeof InvitedContent>;

/** What people, and their devices for them, say in an encrypted room. Plain JSON values. */
export type Content = Checked<(typeof KINDS)[keyof typeof KINDS]>;
/** Of a kind that a later version knows: it stands in the log and says nothing here. */
export interface UnknownContent {
  type: 'unknown';
}

/** A value as content, without fields that this version does not know. Throws a `SealError` BAD_CONTENT. */
export function contentOf(value: unknown): Content | UnknownContent {
  const { type } = Object(value) as { type?: unknown };
  if (typeof type !== 'string') return refuse('type');
  if (!Object.hasOwn(KINDS, type)) return { type: 'unknown' };
  return (KINDS[type as keyof typeof KINDS] as Check<Content>)(value, '');
}

// The same as the server demands where it can read.
function isText(value: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(value);
}
