import type { CiphersuiteImpl } from 'ts-mls';
import type { DeviceIdentity } from './engine.ts';

/** For whom an engine works, and with what. */
export interface Device {
  identity: DeviceIdentity;
  suite: CiphersuiteImpl;
}
