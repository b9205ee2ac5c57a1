import { suiteOf } from '../../../web/crypto/mls/suite.ts';
import { type Device, device } from '../devices.ts';
import { nodeSuiteOf } from '../nodeSuite.ts';

/** Five devices. Eve's computes with the suite that browsers have, the others with one that is cheap in Node. */
export const cast = (): Promise<Device[]> =>
  Promise.all(
    ['ann', 'bob', 'carol', 'dave', 'eve'].map((name) => device(name, name === 'eve' ? suiteOf : nodeSuiteOf)),
  );
