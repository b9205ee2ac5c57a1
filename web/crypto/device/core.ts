import type { Bytes } from '../bytes.ts';
import type { MlsEngine } from '../mls/engine.ts';
import type { Person } from './log.ts';
import type { Pins } from './pins.ts';
import type { Ports } from './ports.ts';
import type { Room } from './roomState.ts';

/** What every part of a device works with. */
export interface Core {
  ports: Ports;
  engine: MlsEngine;
  self: Self;
  /** Everybody that the server has told of. */
  people: Map<string, Person>;
  rooms: Map<string, Room>;
  pins: Pins;
  /** Whoever listens is told that something about a room has changed, and what came into its log. */
  tell(roomId: string): void;
}

export interface Self {
  accountId: string;
  deviceId: string;
  accountKey: Bytes;
  signatureKey: Bytes;
}
