import type { WebSocket } from 'ws';
import { TokenError } from '../auth/tokens.ts';
import type { Core } from '../core.ts';
import { isUnavailable } from '../db/driverErrors.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { Viewer } from '../users/users.ts';
import { isEncrypted, TOKEN_SENTENCES } from './refusals.ts';

/** One open socket, of somebody who wants into a room. */
export interface Door {
  core: Core;
  socket: WebSocket;
  roomId: string;
  /** Aborted once the socket is closed, by whomever. */
  closed: AbortSignal;
}

/** One open socket of somebody who is in the room. */
export interface Chat extends Door {
  viewer: Viewer;
  /** The position up to which the socket has been shown the room. */
  shown: number;
}

/** Why a socket is closed. Clients read these. */
export const END = {
  noToken: 4000,
  expiredToken: 4001,
  invalidToken: 4002,
  noRoom: 4004,
  encrypted: 4009,
  tooMany: 4429,
  failed: 1011,
  unavailable: 1013,
};

/** Of what somebody may not: the code that the rest of the server has for it. */
export const REFUSALS: Record<number, ErrorCode | undefined> = {
  [END.noToken]: 'UNAUTHENTICATED',
  [END.expiredToken]: 'UNAUTHENTICATED',
  [END.invalidToken]: 'UNAUTHENTICATED',
  [END.noRoom]: 'NOT_FOUND',
  [END.tooMany]: 'RATE_LIMITED',
};

export class SocketEnd extends Error {
  constructor(
    readonly code: number,
    reason: string,
  ) {
    super(reason);
  }
}

/** Runs at once when the socket is closed already. */
export function whenClosed(closed: AbortSignal, stop: () => void) {
  if (closed.aborted) stop();
  else closed.addEventListener('abort', stop, { once: true });
}

/** Closes the socket with the code that the error stands for; what is a bug is logged. */
export function endSocket({ core, socket }: Door, error: unknown): void {
  if (socket.readyState !== socket.OPEN) return;
  const { code, message } = endOf(error) ?? bug(core, error);
  socket.close(code, message);
}

/** The end that an error means for a socket; undefined when the socket can go on. */
export function endOf(error: unknown): SocketEnd | undefined {
  if (error instanceof SocketEnd) return error;
  if (error instanceof TokenError) return new SocketEnd(TOKEN_ENDS[error.reason], TOKEN_SENTENCES[error.reason]);
  if (isEncrypted(error)) return new SocketEnd(END.encrypted, 'This room is end-to-end encrypted');
  if (error instanceof AppError && error.code === 'NOT_FOUND') return new SocketEnd(END.noRoom, 'Room not found');
}

const TOKEN_ENDS = { expired: END.expiredToken, invalid: END.invalidToken };

function bug(core: Core, error: unknown): SocketEnd {
  if (error instanceof AppError && error.code === 'UNAVAILABLE') return new SocketEnd(END.unavailable, error.message);
  if (isUnavailable(error)) return new SocketEnd(END.unavailable, 'The server cannot reach its database');
  core.log.error('legacySocket.bug', { error });
  return new SocketEnd(END.failed, 'Something went wrong on the server');
}
