import * as v from 'valibot';
import { SealError } from './errors.ts';

const MOST_FILES = 10;
const MOST_MENTIONS = 500;
const MOST_LINKS = 100;
const UNICODE = { body: 8_000, name: 80, topic: 250, emoji: 32, fileName: 255, mediaType: 127 };

const Id = v.pipe(v.string(), v.regex(/^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/));
const Whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = (most: number) => v.pipe(v.string(), v.maxLength(most), v.check(isText));
const base64 = (bytes: number) => v.pipe(v.string(), v.length(Math.ceil(bytes / 3) * 4), v.base64());

/** How to fetch and open one encrypted file (files.ts). Its name and kind are nobody's business but the members'. */
const FileKey = v.object({
  /** Of the stored bytes, as the server knows them. */
  id: Id,
  /** AES-256, in Base64. */
  key: base64(32),
  /** SHA-256 of the stored bytes, which are encrypted, in hexadecimal digits. */
  sha256: v.pipe(v.string(), v.regex(/^[\da-f]{64}$/)),
  name: v.pipe(text(UNICODE.fileName), v.minLength(1), v.regex(/^[^/\\]+$/)),
  /** A media type as its sender's device saw it: to be treated with the care of anything from outside. */
  type: v.pipe(v.string(), v.maxLength(UNICODE.mediaType), v.regex(/^[\w.+-]+\/[\w.+-]+$/)),
  /** In bytes, decrypted. */
  size: Whole,
  /** In pixels, for images. */
  width: v.optional(Whole),
  height: v.optional(Whole),
  /** A ThumbHash in Base64. */
  placeholder: v.optional(v.pipe(v.string(), v.maxLength(64), v.base64())),
});

const said = {
  body: text(UNICODE.body),
  /** Accounts. */
  mentions: v.optional(v.pipe(v.array(Id), v.maxLength(MOST_MENTIONS))),
  /** Whether everybody in the room is meant. */
  mentionsRoom: v.optional(v.boolean()),
};

const MessageContent = v.object({
  type: v.literal('message'),
  ...said,
  /** The message that it answers. */
  replyTo: v.optional(Id),
  files: v.optional(v.pipe(v.array(FileKey), v.maxLength(MOST_FILES))),
});

/** Counts only when the account that wrote `target` has signed it. */
const EditContent = v.object({ type: v.literal('edit'), target: Id, ...said });

const ReactionContent = v.object({
  type: v.literal('reaction'),
  target: Id,
  emoji: v.pipe(text(UNICODE.emoji), v.minLength(1)),
  on: v.boolean(),
});

const PinContent = v.object({ type: v.literal('pin'), target: Id, on: v.boolean() });

/** What a room is called and how one comes in. The highest version counts, of those from who may change it. */
const CardContent = v.object({
  type: v.literal('card'),
  name: text(UNICODE.name),
  topic: text(UNICODE.topic),
  /** From where on new members may read. */
  history: v.picklist(['joining', 'all']),
  /** What invitation links prove in the fragments of their addresses; `secret` is 32 bytes in Base64. */
  links: v.pipe(v.array(v.object({ id: Id, secret: base64(32) })), v.maxLength(MOST_LINKS)),
  version: Whole,
});

/** Keys of earlier messages, for somebody who may read them (history/). */
const HistoryContent = v.object({
  type: v.literal('history'),
  /** The device that it is for. */
  target: Id,
  /** `encodeMessageKeys`, in Base64. */
  keys: v.pipe(v.string(), v.base64()),
});

const Content = v.variant('type', [
  MessageContent,
  EditContent,
  ReactionContent,
  PinContent,
  CardContent,
  HistoryContent,
]);

export type FileKey = v.InferOutput<typeof FileKey>;
export type MessageContent = v.InferOutput<typeof MessageContent>;
export type EditContent = v.InferOutput<typeof EditContent>;
export type ReactionContent = v.InferOutput<typeof ReactionContent>;
export type PinContent = v.InferOutput<typeof PinContent>;
export type CardContent = v.InferOutput<typeof CardContent>;
export type HistoryContent = v.InferOutput<typeof HistoryContent>;

/** What people, and their devices for them, say in an encrypted room. Plain JSON values. */
export type Content = v.InferOutput<typeof Content>;
/** Of a kind that a later version knows: it stands in the log and says nothing here. */
export interface UnknownContent {
  type: 'unknown';
}

const TYPES = new Set<unknown>(Content.options.map((option) => option.entries.type.literal));

/** A value as content, without fields that this version does not know. Throws a `SealError` BAD_CONTENT. */
export function contentOf(value: unknown): Content | UnknownContent {
  const { type } = Object(value) as { type?: unknown };
  if (typeof type === 'string' && !TYPES.has(type)) return { type: 'unknown' };
  const { success, output, issues } = v.safeParse(Content, value);
  if (success) return output;
  throw new SealError('BAD_CONTENT', `This is not what can be said in a room: ${v.getDotPath(issues[0]) ?? 'value'}.`);
}

// The same as the server demands where it can read.
function isText(value: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(value);
}
