/** Why an input was refused. The state that it came to is as it was. */
export type MlsErrorCode =
  /** No MLS message, damaged, or of something that this engine does not speak. */
  | 'BAD_MESSAGE'
  /** Larger than anything that this engine makes. */
  | 'TOO_LARGE'
  /** Of another group. */
  | 'WRONG_GROUP'
  /** Of an epoch that has ended: nothing of it can be read any more. */
  | 'STALE_EPOCH'
  /** Of an epoch that has not begun here: a commit is missing. */
  | 'FUTURE_EPOCH'
  /** Read before, or so old that its key is gone. */
  | 'REPLAY'
  /** Made by this very device, which cannot read what it encrypted. */
  | 'OWN_MESSAGE'
  /** A commit that the rules of the engine, or the caller's policy, do not allow. */
  | 'POLICY'
  /** This state is out of the group: it reads and writes nothing any more. */
  | 'NOT_MEMBER'
  /** A welcome for other key packages than those given. */
  | 'UNKNOWN_KEY_PACKAGE'
  /** A key package that is out of date, of another suite or badly signed. */
  | 'BAD_KEY_PACKAGE'
  /** What was saved cannot be read. */
  | 'BAD_STATE'
  /** The caller asks for what makes no sense, such as removing who is not there. */
  | 'INVALID_INPUT';

/** The only error that the engine throws for input, with a stable code. */
export class MlsError extends Error {
  override readonly name = 'MlsError';

  constructor(
    readonly code: MlsErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
