/** Why something sealed was refused. Nothing of it has been read then. */
export type SealErrorCode =
  /** No header of this form, or of a version that this client does not speak. */
  | 'BAD_HEADER'
  /** Not the body that the header, or the key entry, speaks of. */
  | 'WRONG_BODY'
  /** The body is the right one, but damaged inside: whoever sealed it did not follow the format. */
  | 'BAD_BODY'
  /** What came out is no content that a person may send: too long, of the wrong shape, no text. */
  | 'BAD_CONTENT'
  /** A list of keys that is not one. */
  | 'BAD_KEYS'
  /** A file that is damaged, cut short, put together otherwise or not the one that the message names. */
  | 'BAD_FILE'
  /** More than a body can hold. */
  | 'TOO_LARGE';

/** The only error that sealing and opening throw, with a stable code. */
export class SealError extends Error {
  override readonly name = 'SealError';

  constructor(
    readonly code: SealErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
