import type { Bytes } from '../bytes.ts';
import type { BodyKey, MessageKey } from '../sealing/seal.ts';

/** What was sealed to be sent, until the log has it. It is sealed once, however often it is sent. */
export interface SentRecord {
  header: Bytes;
  body: Bytes;
  key: BodyKey;
  /** It may have arrived already. */
  isTried?: boolean;
}

/** The key of something that was read, with its position, for the backup and for history. */
export interface KeptKey extends MessageKey {
  /** 0 while no entry was opened with it. */
  seq: number;
  /** Whether somebody has shared it: then what it says of the sender is their word. */
  isShared?: boolean;
}
