import type { DeviceIdentity } from './engine.ts';
import type { Suite } from './suite.ts';

/** For whom an engine works, and with what. */
export interface Device {
  identity: DeviceIdentity;
  suite: Suite;
}
