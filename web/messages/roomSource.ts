import type { SealedEvent, SealedFound, SealedNotice } from '../crypto/types';
import { encryptedRoom } from '../encryption/encryptedRoom';
import { isEncrypted } from '../encryption/pinnedRooms';
import type { ShownFile } from '../files/fileWords';
import type { Unsent } from '../lib/outbox';
import type { Message, Notice } from '../lib/roomStore';
import type { Listener } from '../lib/supervisor';
import { plainRoom } from './plainRoom';

/** A run of a room's messages without a gap, oldest first. */
export interface Page {
  messages: readonly Message[];
  hasOlder: boolean;
  hasNewer: boolean;
}

/** The newest page, where the log ends, and which run of the log that is. */
export interface LatestPage extends Omit<Page, 'hasNewer'> {
  lastSeq: number;
  epoch: string;
}

/**
 * Where one room's messages come from and go to. Those who show them do not know which it is: what the server says, or
 * what this device makes of what the server cannot read. Everything rejects as the server's errors do.
 */
export interface RoomSource {
  /** Whether the page may keep what it shows in the browser's storage as it is. */
  keeps: boolean;
  latest(): Promise<LatestPage>;
  /** The 50 before a position. */
  older(before: number): Promise<Page>;
  /** The 50 after a position. */
  newer(after: number): Promise<Page>;
  /** About 50 around a message's id or a position; `newest` is the position of the room's newest message. */
  around(place: string): Promise<Page & { newest: number }>;
  /** What else happened between two positions, both left out, in order. */
  notices(after: number, before: number): Promise<readonly (Notice | SealedNotice)[]>;
  /** Every entry after `position().after`, one event for each, in order, for as long as it is not ended by the function given. */
  follow(position: () => { after?: number; epoch?: string }, listener: Listener<SealedEvent>): () => void;
  /** The pinned messages, newest pin first, and the end of the log as it was then. */
  pins(): Promise<{ messages: readonly Message[]; lastSeq: number }>;
  /** Takes one message into the log, however often it is called with one id. `fileIds`: of its files, in order. */
  send(item: Unsent, fileIds?: string[]): Promise<Message>;
  edit(id: string, body: string): Promise<Message>;
  remove(id: string): Promise<Message>;
  react(id: string, emoji: string, on: boolean): Promise<Message>;
  pin(id: string, on: boolean): Promise<Message>;
  /** Looks for words on this device. Missing where the server does. */
  search?(text: string, after?: string): Promise<SealedFound>;
  /** The address of a file's bytes, decrypted and checked. Missing where the file has an address of its own. */
  fileUrl?(file: ShownFile): Promise<string>;
}

/** The one place that chooses. A room that was once seen as encrypted is never plain again. */
export const sourceOf = (roomId: string): RoomSource =>
  isEncrypted(roomId) ? encryptedRoom(roomId) : plainRoom(roomId);
