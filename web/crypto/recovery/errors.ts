/** Why something could not be recovered. */
export type RecoveryErrorCode =
  /** Not 56 characters of the alphabet, or a check symbol does not fit: mistyped. */
  | 'TYPO'
  /** A recovery key, but not the one with which this was locked; or what the server gives is not what was kept. */
  | 'WRONG_KEY'
  /** What the server gives is older than what is known to be there. */
  | 'OUTDATED';

/** The only error that recovery throws, with a stable code. */
export class RecoveryError extends Error {
  override readonly name = 'RecoveryError';

  constructor(
    readonly code: RecoveryErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
