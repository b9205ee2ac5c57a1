import { expect } from 'vitest';
import type { Browser } from './people.ts';

/** All of them are in one epoch of one history, and see the same devices. */
export async function expectAgreement(roomId: string, ...browsers: Browser[]) {
  const views = [];
  for (const { device } of browsers) {
    const { group } = await device.follow(roomId);
    const devices = group?.members.map(({ credential }) => credential.deviceId).sort();
    views.push({ epoch: group?.epoch, authenticator: group?.epochAuthenticator, removed: group?.removed, devices });
  }
  for (const view of views) expect(view).toEqual(views[0]);
}

/** Nobody stands before something that was said to them and that they cannot open. */
export function expectNothingUnreadable(...browsers: Browser[]) {
  for (const { device, user } of browsers)
    for (const { view } of device.core.rooms.values())
      expect({
        reader: user.displayName,
        unreadable: view.messages().filter(({ state }) => state === 'unreadable'),
      }).toEqual({ reader: user.displayName, unreadable: [] });
}
