/** What the server refused, or that it could not be reached (`NETWORK`). */
export class ServerError extends Error {
  override readonly name = 'ServerError';

  constructor(
    readonly code: string,
    message: string,
    /** Of a refusal that a device acts on, such as EPOCH_STALE. */
    readonly reason?: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

/** Whether this is the server's refusal for that reason. */
export const isReason = (error: unknown, ...reasons: string[]): error is ServerError =>
  error instanceof ServerError && reasons.includes(error.reason ?? '');

/** Whether the server says that there is no such thing, or none for this account. */
export const isNotFound = (error: unknown) => error instanceof ServerError && error.code === 'NOT_FOUND';

/** Whether asking once more may help: nobody has refused. */
export const isPassing = (error: unknown) =>
  error instanceof ServerError &&
  ['NETWORK', 'UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL_SERVER_ERROR'].includes(error.code);

export type DeviceErrorCode =
  /** Somebody's key is another than before: `details.userIds`. */
  | 'IDENTITY_CHANGED'
  /** This device is not in the room's group yet, and somebody has to be online once to let it in. */
  | 'WAITING'
  /** The room is broken: renew its encryption. */
  | 'BROKEN'
  /** The room is not encrypted, or was and is said not to be. */
  | 'NOT_ENCRYPTED'
  | 'NOT_FOUND'
  | 'FORBIDDEN'
  | 'INVALID_INPUT'
  /** The account has an identity, and this device has no keys of it. */
  | 'ELSEWHERE';

/** Why the device itself does not do what was asked. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';

  constructor(
    readonly code: DeviceErrorCode,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

/** Catches what is wrong with one room alone: it is broken, or this account is not in it any more. */
export function unlessOfRoom(error: unknown) {
  if (!isNotFound(error) && !(error instanceof DeviceError)) throw error;
}
