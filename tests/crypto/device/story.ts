import { expect } from 'vitest';
import { isPassing } from '../../../web/crypto/device/errors.ts';
import { Killed } from './faults.ts';
import { expectAgreement, expectNothingUnreadable } from './invariants.ts';
import type { Browser } from './people.ts';

export const NAMES = ['ann', 'bob', 'carol'] as const;
export type Name = (typeof NAMES)[number];

/** Where the story takes place: an encrypted room of three, which has no group yet. */
export interface Scene {
  room: string;
  browsers: Record<Name, Browser>;
  removeCarol(): unknown;
}

type Step = [who: Name, act: (one: Browser, room: string, ids: string[]) => Promise<unknown>];

const STORY: Step[] = [
  ['ann', ({ device }, room) => device.makeGroup(room)],
  ['ann', ({ say }, room, ids) => say(room, 'one', ids[1])],
  ['bob', ({ say }, room, ids) => say(room, 'two', ids[2])],
  ['carol', ({ read }, room) => read(room)],
  ['carol', ({ say }, room, ids) => say(room, 'three', ids[3])],
  ['ann', ({ tell }, room, ids) => tell(room, { type: 'edit', target: ids[1] ?? '', body: 'one, and a half' }, ids[7])],
  [
    'bob',
    ({ tell }, room, ids) => tell(room, { type: 'reaction', target: ids[3] ?? '', emoji: '👍', on: true }, ids[8]),
  ],
  ['ann', ({ device }, room) => device.settle(room)],
];
const AFTERWARDS: Step[] = [
  ['bob', ({ say }, room, ids) => say(room, 'four', ids[4])],
  ['ann', ({ device }, room) => device.renew(room)],
  ['ann', ({ say }, room, ids) => say(room, 'five', ids[5])],
  ['bob', ({ say }, room, ids) => say(room, 'six', ids[6])],
  ['ann', ({ read }, room) => read(room)],
  ['bob', ({ read }, room) => read(room)],
];
const SAID = ['one, and a half', 'two', 'three', 'four', 'five', 'six'];

/**
 * Lives through the whole story. Each does again what was stopped, as a page does: in a new one where it was closed. In the
 * end everybody who is in has read everything, once, from who said it, and Carol nothing of what came after her.
 */
export async function live({ room, browsers, removeCarol }: Scene) {
  const ids = Array.from({ length: 9 }, () => crypto.randomUUID());
  for (const step of STORY) await take(step);
  await removeCarol();
  for (const step of AFTERWARDS) await take(step);

  const { ann, bob, carol } = browsers;
  const authors = [ann, bob, carol, bob, ann, bob].map(({ user }) => user.id);
  for (const { device } of [ann, bob]) {
    const shown = device.core.rooms.get(room)?.view.messages() ?? [];
    expect(shown.map(({ message }) => message.body)).toEqual(SAID);
    expect(shown.map(({ senderId }) => senderId)).toEqual(authors);
  }
  const carols = carol.device.core.rooms.get(room)?.view.messages() ?? [];
  expect(SAID.slice(3)).not.toEqual(expect.arrayContaining(carols.map(({ message }) => message.body)));
  await expectAgreement(room, ann, bob);
  expectNothingUnreadable(ann, bob, carol);

  async function take([who, act]: Step) {
    for (let tries = 0; tries < 20; tries++) {
      try {
        return await act(browsers[who], room, ids);
      } catch (error) {
        if (error instanceof Killed) browsers[who] = await browsers[who].reload();
        else if (!isPassing(error)) throw error;
      }
    }
    throw new Error(`${who} did not get through.`);
  }
}
