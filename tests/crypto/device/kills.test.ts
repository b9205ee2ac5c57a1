import { expect, test } from 'vitest';
import { Life } from './faults.ts';
import { stage } from './stage.ts';
import { live, NAMES, type Name } from './story.ts';

const opened = await stage(...NAMES);

/** The whole story, in which one page is closed just before its n-th deed. How many deeds there were by its end. */
async function closed(victim: Name, lastDeed: number): Promise<number> {
  const life = new Life(lastDeed);
  const { server, users, browsers } = await opened({ lives: { [victim]: life } });
  const room = server.room('PRIVATE', users.ann, users.bob, users.carol);
  await live({ room, browsers, removeCarol: () => server.leave(room, users.carol, users.ann) });
  return life.deeds;
}

test.each(NAMES)(
  'whenever the page of %s is closed, nothing is lost and nothing comes twice',
  async (victim) => {
    const deeds = await closed(victim, Number.POSITIVE_INFINITY);
    expect(deeds).toBeGreaterThan(10);
    const moments = Array.from({ length: deeds }, (_, at) => at);
    for (const last of moments) {
      await closed(victim, last).catch((cause) => {
        throw new Error(`closed before deed ${last + 1} of ${deeds}`, { cause });
      });
    }
  },
  600_000,
);
