import { expect, test } from 'vitest';
import { Killed, Life } from './faults.ts';
import { expectAgreement, expectNothingUnreadable } from './invariants.ts';
import type { Browser } from './people.ts';
import { stage } from './stage.ts';

type Name = 'ann' | 'bob' | 'carol';
type Step = [who: Name, act: (one: Browser, room: string) => Promise<unknown>];

const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

// What each does again after its page was closed in the middle of it.
const STORY: Step[] = [
  ['ann', ({ device }, room) => device.makeGroup(room)],
  ['ann', ({ say }, room) => say(room, 'one', id(1))],
  ['bob', ({ say }, room) => say(room, 'two', id(2))],
  ['carol', ({ read }, room) => read(room)],
  ['carol', ({ say }, room) => say(room, 'three', id(3))],
  ['ann', ({ tell }, room) => tell(room, { type: 'edit', target: id(1), body: 'one, and a half' }, id(11))],
  ['bob', ({ tell }, room) => tell(room, { type: 'reaction', target: id(3), emoji: '👍', on: true }, id(12))],
  ['ann', ({ device }, room) => device.settle(room)],
];
const AFTERWARDS: Step[] = [
  ['bob', ({ say }, room) => say(room, 'four', id(4))],
  ['ann', ({ device }, room) => device.renew(room)],
  ['ann', ({ say }, room) => say(room, 'five', id(5))],
  ['bob', ({ say }, room) => say(room, 'six', id(6))],
];
const SAID = ['one, and a half', 'two', 'three', 'four', 'five', 'six'];

const opened = await stage('ann', 'bob', 'carol');

/** The whole story, in which one page is closed just before its n-th deed. How many deeds there were by its end. */
async function live(victim: Name, lastDeed: number): Promise<number> {
  const life = new Life(lastDeed);
  const { server, users, browsers } = await opened({ lives: { [victim]: life } });
  const room = server.room('PRIVATE', users.ann, users.bob, users.carol);
  await play(STORY);
  server.leave(room, users.carol, users.ann);
  await play(AFTERWARDS);

  await play([
    ['ann', ({ read }) => read(room)],
    ['bob', ({ read }) => read(room)],
  ]);

  const { ann, bob, carol } = browsers;
  expect(await ann.read(room)).toEqual(SAID);
  expect(await bob.read(room)).toEqual(SAID);
  await expectAgreement(room, ann, bob);
  expectNothingUnreadable(ann, bob, carol);
  return life.deeds;

  async function play(story: Step[]) {
    for (const [who, act] of story) {
      await act(browsers[who], room).catch(async (error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        browsers[who] = await browsers[who].reload();
        await act(browsers[who], room);
      });
    }
  }
}

test.each(['ann', 'bob', 'carol'] as const)(
  'whenever the page of %s is closed, nothing is lost and nothing comes twice',
  async (victim) => {
    const deeds = await live(victim, Number.POSITIVE_INFINITY);
    expect(deeds).toBeGreaterThan(10);
    const moments = Array.from({ length: deeds }, (_, at) => at);
    for (const last of moments) {
      await live(victim, last).catch((cause) => {
        throw new Error(`closed before deed ${last + 1} of ${deeds}`, { cause });
      });
    }
  },
  600_000,
);
