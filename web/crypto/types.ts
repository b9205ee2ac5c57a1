import type { ShallowRef } from 'vue';
import type { ShownFile } from '../files/fileWords';
import type { Unsent } from '../lib/outboxStore';
import type { Message, Notice, RoomEvent } from '../lib/roomStore';
import type { Bytes } from './bytes';
import type { HeardSignal, Signal } from './device/signals';
import type { ScannedCode } from './identity/safetyNumber';

export type { HeardSignal };

/**
 * What the page knows of end-to-end encryption, and nothing else: the main thread's side. The keys live in a Worker,
 * one for all tabs of this browser. `client.ts` is loaded lazily and gives one `CryptoClient`.
 */
export interface CryptoClient {
  readonly status: ShallowRef<CryptoStatus>;
  /** Why `status` is 'failed' or 'unsupported': a sentence that says what to do. */
  readonly problem: ShallowRef<string>;

  /**
   * Makes this browser a device of the person who is signed in, or goes on as the one that it is. Registers it, keeps
   * key packages at the server, follows the encrypted rooms. May be called again, and costs nothing then. To be called
   * after each sign-in, when the page is idle: others can start a conversation only with who has a device.
   */
  start(viewer: CryptoViewer): Promise<void>;

  /** A room as the page's message list wants it. The same object for the same room. */
  source(roomId: string): SealedSource;
  /** What is known of each encrypted room of this device. Reactive: a row is replaced when it changes. */
  readonly rooms: ReadonlyMap<string, SealedRoom>;
  /** Whether this browser has ever seen the room as encrypted: then nothing in plain text goes there, whatever the server says. */
  isPinned(roomId: string): Promise<boolean>;
  /** What the devices of a room tell each other at this moment, and nobody keeps. */
  signals(roomId: string): Signals;
  /** News of a room from the page's log: the Worker looks there, when it is not yet so far. */
  heard(roomId: string, seq: number): void;

  /** A room that the viewer has just encrypted: whoever is in it is let in, as they have seen in the list of its members. */
  begin(roomId: string): Promise<void>;
  /** Asks somebody in, before the server adds them: its word alone lets nobody into a room that is not for two. */
  invite(roomId: string, userId: string): Promise<void>;
  /** A new generation of the room's group: the way out of whatever is wrong. Owners and moderators; both in a direct room. */
  renew(roomId: string): Promise<void>;
  /** Changes what the room is called, for owners and moderators. What is left out stays. */
  setCard(roomId: string, change: Partial<Pick<RoomCard, 'name' | 'topic' | 'history'>>): Promise<void>;
  /**
   * Gives the secret that belongs behind a link's token in its fragment (base64url), and tells the members of it. `linkId`
   * is the id of the link on the server.
   */
  makeLink(roomId: string, linkId: string): Promise<string>;
  /** Enters the room's group by the secret of a link, after the server has let the person in by its token. */
  joinByLink(roomId: string, linkId: string, secret: string): Promise<void>;

  readonly people: People;
  readonly recovery: Recovery;
  /** Things of the person's own that are kept on this device, encrypted: unsent messages and drafts of encrypted rooms. */
  readonly kept: Kept;

  /** Encrypts a file for an encrypted room: what to upload, and the key that goes inside the message. */
  sealFile(file: Blob): Promise<{ bytes: Blob; key: SealedFileKey }>;

  /** Signing out: removes everything that this browser keeps of encrypted rooms, keys included. Nothing works afterwards. */
  forget(): Promise<void>;
}

/**
 * 'elsewhere': the account has an identity and this browser has no keys of it: enter the recovery key
 * (`recovery.use`), or start anew (`recovery.startAnew`). 'unsupported': no secure context, or a browser without Ed25519.
 */
export type CryptoStatus = 'off' | 'starting' | 'ready' | 'unsupported' | 'elsewhere' | 'failed';

export interface CryptoViewer {
  id: string;
  /** What this device is to be called, such as 'Firefox on Linux'. */
  deviceName: string;
}

export interface SealedRoom {
  roomId: string;
  /**
   * 'waiting': somebody of the room has to be online once, to let this device in. 'not-joined': joins with a link's
   * secret only. 'broken': renew it; `problem` says why.
   */
  state: 'ready' | 'catching-up' | 'waiting' | 'not-joined' | 'broken';
  /** While catching up: so many of so many entries. */
  progress?: { done: number; of: number };
  problem?: string;
  name: string;
  topic: string;
  history: RoomCard['history'];
  /** Calls for the viewer that are not read, given how far the viewer has read. */
  mentionsAfter: readonly number[];
  /** Newest message in short, for the list of rooms. */
  lastMessage?: Pick<Message, 'id' | 'seq' | 'body' | 'createdAt' | 'author' | 'files'>;
  /** Devices as the group's tree has them, not as the server says. */
  members: readonly TreeMember[];
  /** The server's list of members is another: accounts that only one of both has. */
  onlyInTree: readonly string[];
  onlyOnServer: readonly string[];
  /** People of the room whose key is another than before: nothing is sent until each was accepted. */
  blockedBy: readonly string[];
  /** Of `onlyOnServer`: those whom nobody of the room has asked in. `invite` lets them in. */
  notAskedIn: readonly string[];
  /** Of these: those of whom the server says that the viewer has. */
  asking: readonly string[];
  /** The first position that this device could read; what is before was there before it joined. */
  readableFrom: number;
}

export interface Signals {
  /** Calls back with each that is somebody else’s of the room, once; `at` is when the server passed it on. */
  follow(listener: SignalListener): () => void;
  /** Whether it was passed on: at most once, to those who are there. */
  tell(signal: Signal): Promise<boolean>;
}

export type SignalListener = (signal: HeardSignal, at: string) => void;

export interface TreeMember {
  userId: string;
  deviceId: string;
  own: boolean;
}

export interface RoomCard {
  name: string;
  topic: string;
  /** What new members may read: from their joining on, or all that who lets them in can read. */
  history: 'joining' | 'all';
}

export type Trust = 'new' | 'known' | 'verified' | 'changed';

export interface SafetyNumber {
  /** Sixty, in 12 groups with a space between. */
  digits: string;
  /** What a QR code shows. */
  qr: Uint8Array;
  /** Theirs, of which it is made. */
  key: Bytes;
}

export interface People {
  trustOf(userId: string): Promise<Trust>;
  safetyNumber(userId: string): Promise<SafetyNumber>;
  /** What a scanned code says of what this device sees of the two. */
  compareCode(userId: string, scanned: Uint8Array): Promise<ScannedCode>;
  /** The numbers made of this key of theirs were compared and match. Rejects with IDENTITY_CHANGED when it is not the newest. */
  verify(userId: string, key: Bytes): Promise<void>;
  /** This changed key is to be used from now on; no longer verified. Rejects as `verify` does. */
  accept(userId: string, key: Bytes): Promise<void>;
}

export interface Recovery {
  readonly state: ShallowRef<'none' | 'offered' | 'on'>;
  /** Messages of which only this device has the keys. */
  readonly messagesOnlyHere: ShallowRef<number>;
  /** Makes a recovery key: 56 characters in groups of four. It is in force once `confirm` was given two groups of it. */
  make(): Promise<string>;
  /** The positions (from 0) of the groups that are asked back. */
  asked(): readonly [number, number];
  /** Whether these are the groups asked for: then the key is in force. */
  confirm(groups: readonly [string, string]): Promise<boolean>;
  /** Whether this is the recovery key that is in force. */
  check(key: string): Promise<boolean>;
  /** On a new browser. Rejects with a sentence when the key is wrong. */
  use(key: string): Promise<{ rooms: number; messages: number }>;
  /**
   * A new identity: others are told that the key has changed, and old messages stay unreadable. Without a password where the
   * person has confirmed it with a passkey, just before and in this session.
   */
  startAnew(password?: string): Promise<void>;
}

/** Values are structured clones, encrypted at rest, gone with `forget`. */
export interface Kept {
  read<Value>(key: string): Promise<Value | undefined>;
  readAll<Value>(prefix: string): Promise<Value[]>;
  write(key: string, value: unknown): Promise<void>;
  remove(key: string): Promise<void>;
}

/** The key of a file, as it travels inside a message. Bytes are base64. */
export interface SealedFileKey {
  key: string;
  sha256: string;
  /** Of the plaintext. */
  size: number;
}

export interface SealedPage {
  messages: Message[];
  hasOlder: boolean;
  hasNewer: boolean;
}

/** An entry of which there is nothing to show. It moves the position. */
export interface SilentEvent {
  __typename: 'Silent';
  roomId: string;
  seq: number;
  at: string;
}

/** Something about the encryption of a room, told in one line. `text` is the sentence. */
export interface SealedNotice {
  __typename: 'EncryptionNotice';
  roomId: string;
  seq: number;
  at: string;
  what: 'joinedByLink' | 'newDevice' | 'renewed' | 'encrypted' | 'keyChanged' | 'unreadable';
  user: Message['author'];
}

export type SealedEvent = RoomEvent | SilentEvent | SealedNotice;

/** An encrypted room, decrypted. Errors are as those of GraphQL: `[{ message, extensions: { code, reason } }]`. */
export interface SealedSource {
  latest(): Promise<{ messages: Message[]; hasOlder: boolean; lastSeq: number; epoch: string }>;
  older(beforeSeq: number): Promise<SealedPage>;
  newer(afterSeq: number): Promise<SealedPage>;
  /** Around a message's id, or a position as text. */
  around(place: string): Promise<SealedPage>;
  notices(after: number, before: number): Promise<(Notice | SealedNotice)[]>;
  /** Exactly one event for each seq after the position, in order. Gives the function that ends it. */
  follow(position: () => { after: number; epoch: string }, handlers: SealedHandlers): () => void;
  send(item: Unsent, files?: readonly SentFile[]): Promise<Message>;
  edit(id: string, body: string): Promise<Message>;
  remove(id: string): Promise<Message>;
  react(id: string, emoji: string, on: boolean): Promise<Message>;
  pin(id: string, on: boolean): Promise<Message>;
  pins(): Promise<{ messages: Message[]; lastSeq: number }>;
  search(text: string, after?: string): Promise<SealedFound>;
  /** An address (blob:) of the file's decrypted bytes, after the hash was checked. The same for the same file. */
  fileUrl(file: ShownFile): Promise<string>;
}

/** A file that was uploaded encrypted: its id on the server, and what goes inside the message. */
export interface SentFile {
  id: string;
  name: string;
  type: string;
  width?: number;
  height?: number;
  placeholder?: string;
  key: SealedFileKey;
}

export interface SealedHandlers {
  next(event: SealedEvent): void;
  error?(problem: unknown): void;
  // biome-ignore lint/suspicious/noConfusingVoidType: a listener may simply not answer
  complete?(): void | 'again';
}

export interface SealedFound {
  nodes: {
    message: Pick<Message, 'id' | 'body' | 'createdAt' | 'author' | 'integration' | 'files'> & { roomId: string };
    excerpt: { text: string; isMatch: boolean }[];
  }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}
