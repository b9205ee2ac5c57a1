import type { Person } from '../../../web/crypto/device/log.ts';
import type { LoggedEntry } from './heard.ts';

/** A server, as people deal with it and not their devices: who is in a room, which devices are in use, and what the log has. */
export interface Host {
  room(kind: 'PRIVATE', owner: Person, ...others: Person[]): string | Promise<string>;
  join(roomId: string, user: Person, by: Person): unknown;
  /** By themselves, or removed by somebody. */
  leave(roomId: string, user: Person, by?: Person): unknown;
  revoke(deviceId: string): unknown;
  /** All of it, with what the server knows of commits. */
  logOf(roomId: string): LoggedEntry[] | Promise<LoggedEntry[]>;
}
