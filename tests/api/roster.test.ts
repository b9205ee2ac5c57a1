import { expect, test } from 'vitest';
import { Companions } from '../../api/presence/companions.ts';
import { type PresenceRing, Roster } from '../../api/presence/roster.ts';

/** Two nodes: what one rings, the other hears, unless it is lost. */
function twoNodes() {
  const [near, far] = [new Roster('near'), new Roster('far')];
  const heard: PresenceRing[] = [];
  const beat = (now: number, { lost = false } = {}) => {
    const rings = [near.beat(now), far.beat(now)].filter((ring) => ring !== null);
    heard.push(...rings);
    if (!lost) for (const ring of rings) for (const roster of [near, far]) roster.hear(ring, now);
  };
  return { near, far, heard, beat };
}

test('who comes to one node is here at the other, and is told once', () => {
  const { near, far, heard, beat } = twoNodes();
  beat(0);
  beat(1_000);
  near.enter('ada');
  beat(2_000);
  beat(3_000);
  expect(far.isHere('ada')).toBe(true);
  expect([...far.take()]).toEqual(['ada']);
  expect(heard.filter(({ here }) => here.includes('ada'))).toHaveLength(1);
});

test('who goes is here for ten seconds more, and who is back by then never went', () => {
  const { near, far, beat } = twoNodes();
  near.enter('ada');
  near.enter('bea');
  beat(0);
  far.take();
  near.leave('ada', 1_000);
  near.leave('bea', 1_000);
  beat(9_000);
  near.enter('bea');
  beat(10_900);
  expect(far.isHere('ada')).toBe(true);
  beat(11_000);
  expect(far.isHere('ada')).toBe(false);
  expect(far.isHere('bea')).toBe(true);
  expect([...far.take()]).toEqual(['ada']);
});

test('rings that are lost are noticed with the next one, ten seconds later at most, and made up for', () => {
  const { near, far, beat } = twoNodes();
  near.enter('ada');
  beat(0);
  beat(1_000);
  near.leave('ada', 1_000);
  near.enter('bea');
  beat(11_000, { lost: true });
  beat(12_000);
  expect([far.isHere('ada'), far.isHere('bea')]).toEqual([true, false]);
  for (const now of [21_000, 22_000, 23_000]) beat(now);
  expect([far.isHere('ada'), far.isHere('bea')]).toEqual([false, true]);
});

test('a node that is not heard for half a minute is forgotten, and known again when it is back', () => {
  const { near, far, beat } = twoNodes();
  near.enter('ada');
  beat(0);
  for (let now = 1_000; now < 30_000; now += 1_000) far.beat(now);
  expect(far.isHere('ada')).toBe(true);
  far.take();
  far.beat(30_000);
  expect(far.isHere('ada')).toBe(false);
  expect([...far.take()]).toEqual(['ada']);
  for (const now of [31_000, 32_000, 33_000]) beat(now);
  expect(far.isHere('ada')).toBe(true);
});

test('a node that missed nothing is not told of everybody again, however long it listens', () => {
  const { near, heard, beat } = twoNodes();
  for (let n = 0; n < 1_000; n++) near.enter(`guest${n}`);
  for (let now = 0; now < 60_000; now += 1_000) beat(now);
  expect(heard.flatMap(({ here }) => here)).toHaveLength(1_000);
  expect(heard.filter(({ node }) => node === 'near')).toHaveLength(7);
});

test('a node that starts late is told of everybody, by a few nodes at a time', () => {
  const old = Array.from({ length: 25 }, (_, n) => new Roster(`node${n}`));
  const late = new Roster('late');
  const beat = (all: Roster[], now: number) => {
    const rings = all.map((roster) => roster.beat(now)).filter((ring) => ring !== null);
    for (const ring of rings) for (const roster of all) roster.hear(ring, now);
    return rings;
  };
  for (const [n, roster] of old.entries()) roster.enter(`guest${n}`);
  for (let now = 0; now < 5_000; now += 1_000) beat(old, now);
  const rings = Array.from({ length: 8 }, (_, n) => beat([...old, late], 5_000 + n * 1_000));
  expect(old.every((_, n) => late.isHere(`guest${n}`))).toBe(true);
  const complete = rings.map((some) => some.filter(({ isComplete }) => isComplete).length);
  expect(Math.max(...complete)).toBe(10);
  expect(complete.reduce((sum, count) => sum + count)).toBe(25);
});

test('whoever is at two nodes is here until both have let them go', () => {
  const { near, far, beat } = twoNodes();
  for (const roster of [near, far]) roster.enter('ada');
  beat(0);
  near.leave('ada', 0);
  beat(11_000);
  expect([near.isHere('ada'), far.isHere('ada')]).toEqual([true, true]);
  far.leave('ada', 11_000);
  beat(22_000);
  expect([near.isHere('ada'), far.isHere('ada')]).toEqual([false, false]);
});

test('in a crowd nobody is told of the others, until it is well below that again', () => {
  const companions = new Companions();
  const guest = (n: number) => `guest${n}`;
  for (let n = 1; n <= 500; n++) companions.place(guest(n), ['hall', ...(n <= 2 ? ['kitchen'] : [])]);
  expect(companions.of(guest(1)).size).toBe(499);
  expect(companions.takeUnsettled().size).toBe(0);
  companions.place(guest(501), ['hall']);
  expect(companions.takeUnsettled().size).toBe(501);
  expect([...companions.of(guest(1))]).toEqual([guest(2)]);
  for (let n = 501; n >= 400; n--) companions.place(guest(n), undefined);
  expect(companions.takeUnsettled().size).toBe(399);
  expect(companions.of(guest(1)).size).toBe(398);
});

test('everyone’s rooms are looked at again in turn', () => {
  const companions = new Companions();
  for (const name of ['ada', 'bea', 'carol']) companions.place(name, ['kitchen']);
  expect(companions.place('ada', ['kitchen'])).toEqual({ found: [], lost: [] });
  expect([...companions.oldest(2)]).toEqual(['bea', 'carol']);
  expect(companions.place('bea', ['cellar'])).toEqual({ found: [], lost: ['ada', 'carol'] });
  expect([...companions.oldest(9)]).toEqual(['carol', 'ada', 'bea']);
});
