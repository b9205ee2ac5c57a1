import type { HeardSignal } from '../device/signals.ts';
import type { CryptoStatus, Recovery, SealedFileKey, SealedRoom } from '../types.ts';
import type { Calls } from './calls.ts';

/*
 * How the tabs of a browser talk with the one Worker that holds the keys: over a BroadcastChannel of the account, so
 * that it does not matter which of them it is. Nothing of this leaves the browser.
 */
export const CHANNEL = 'shh-crypto';

export type Message = CallMessage | AnswerMessage | News;

/** Something that a tab asks for. It is asked again when another Worker takes over, so it must bear being done twice. */
export interface CallMessage {
  kind: 'call';
  from: string;
  id: number;
  name: keyof Calls;
  args: unknown[];
}

export interface AnswerMessage {
  kind: 'answer';
  to: string;
  id: number;
  result?: unknown;
  problems?: Problem[];
}

/** An error in the form in which GraphQL has them, for those who know that form. */
export interface Problem {
  message: string;
  extensions: { code: string; reason?: string | undefined } & Record<string, unknown>;
}

export type News =
  /** A Worker begins to hold the keys: who waits for an answer asks again. */
  | { kind: 'here' }
  /** The Worker that was asked to is there. */
  | { kind: 'alive' }
  | { kind: 'asked' }
  | ({ kind: 'state' } & DeskState)
  | { kind: 'rooms'; rooms: ShownRoom[] }
  /** Somebody of a room signals something, at this moment. `at` is the server's word. */
  | { kind: 'signal'; roomId: string; at: string; signal: HeardSignal }
  /** Signed out: nobody is to begin anew. */
  | { kind: 'forgotten' };

export interface DeskState {
  status: CryptoStatus;
  problem: string;
  recovery: Recovery['state']['value'];
  messagesOnlyHere: number;
}

/** A room with the position up to which it was followed. */
export interface ShownRoom {
  room: SealedRoom;
  end: number;
  /** Another number: what was shown of it is to be asked for anew. */
  run: number;
}

/** What a page asks of its own Worker, which needs no keys of the device for it. */
export type Order = { id: number } & (
  | { what: 'seal'; file: Blob }
  | { what: 'open'; address: string; key: SealedFileKey; type: string }
);

export interface Done {
  id: number;
  result?: unknown;
  problems?: Problem[];
}

/** What the page says to its Worker besides. */
export type Command =
  | { what: 'begin'; viewer: import('../types.ts').CryptoViewer }
  | { what: 'takeOver' }
  | { what: 'end' };
