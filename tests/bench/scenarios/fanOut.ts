import { type Figure, median, ratio, shown, table } from '../figures.ts';
import { closeLane, costOf, gather, type Lane, openLane, VARIANTS, type Variant } from '../lanes.ts';
import type { Settings } from '../main.ts';

interface Crowd {
  name: string;
  rooms: number;
  size: number;
  flight: number;
  variants: Variant[];
}

/** CPU µs per delivery of every round, by crowd and variant. */
type Costs = Map<string, Map<Variant, number[]>>;

/** Delivering one message to everyone in a room: server CPU per delivery, peers interleaved. */
export async function fanOut({ services, quick, say }: Settings): Promise<Figure[]> {
  const lanes = await Promise.all((quick ? PEERS : ALL).map((variant) => openLane(variant, services)));
  const [rounds, deliveries] = quick ? [7, 5_000] : [15, 12_000];
  const costs: Costs = new Map();
  for (const crowd of crowds(quick)) {
    const there = lanes.filter(({ variant }) => crowd.variants.includes(variant));
    await Promise.all(there.map((lane) => gather(lane, crowd.rooms, crowd.size)));
    costs.set(crowd.name, await measure(there, crowd, rounds, deliveries));
  }
  await Promise.all(lanes.map(closeLane));
  say(costTable(costs));
  return figures(costs);
}

const PAGE: Variant[] = ['documentedPage', 'page'];
const SHORT = (Object.keys(VARIANTS) as Variant[]).filter((variant) => variant !== 'sealed' && !PAGE.includes(variant));
const ALL = [...SHORT, ...PAGE];
const PEERS: Variant[] = ['limit', 'ws', 'socketio', 'documented', 'ours'];
// With thousands of sockets, what is documented would take most of the time, and there is no bar for it.
const FAST: Variant[] = ['limit', 'ws', 'socketio', 'ours'];

function crowds(quick: boolean): Crowd[] {
  const rooms = quick ? 50 : 500;
  const crowd = (name: string, size: number, more: Partial<Crowd> = {}) => {
    return { name, size, rooms: 1, flight: 1, variants: SHORT, ...more };
  };
  return [
    crowd('100 members', 100),
    crowd('1,000', 1_000, { variants: ALL }),
    crowd('1,000, eight in flight', 1_000, { flight: 8 }),
    ...(quick ? [] : [crowd('5,000', 5_000, { variants: FAST })]),
    crowd(`${rooms} rooms × 10`, rooms * 10, { rooms, variants: FAST }),
  ];
}

// Until what each server does all the time is compiled.
const WARM_UP = 3;

async function measure(lanes: Lane[], crowd: Crowd, rounds: number, deliveries: number) {
  const taken = new Map<Variant, number[]>(lanes.map(({ variant }) => [variant, []]));
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const lane of lanes) {
      const enough = lane.variant.startsWith('documented') ? deliveries / 3 : deliveries;
      const times = Math.max(2, Math.ceil(enough / (crowd.size * crowd.flight)));
      const cost = await costOf(lane, { times, count: crowd.flight, spread: crowd.rooms > 1 });
      if (round >= 0) taken.get(lane.variant)?.push(cost);
    }
  }
  return taken;
}

function costTable(costs: Costs): string {
  const rows = ALL.filter((variant) => [...costs.values()].some((by) => by.has(variant))).map((variant) => [
    VARIANTS[variant],
    ...[...costs.values()].map((by) => shown(median(by.get(variant) ?? [Number.NaN]))),
  ]);
  return `Server CPU per delivery, µs\n\n${table(['server', ...costs.keys()], rows)}`;
}

function figures(costs: Costs): Figure[] {
  const [small = '', thousand = '', flight = ''] = costs.keys();
  const [large = '', rooms = ''] = [...costs.keys()].slice(-2);
  const most = costs.size > 4 ? large : thousand;
  const costsOf = (crowd: string, variant: Variant) => costs.get(crowd)?.get(variant) ?? [];
  const against = (name: string, crowd: string, peer: Variant, atMost: number, own: Variant = 'ours'): Figure => ({
    name: `CPU per delivery, ${name}, against ${VARIANTS[peer]}`,
    value: ratio(costsOf(crowd, own), costsOf(crowd, peer)),
    unit: '×',
    atMost,
  });
  const growth = median(costsOf(most, 'ours')) / median(costsOf(small, 'ours'));
  return [
    against('1,000 members', thousand, 'ws', 0.85),
    ...(costs.get(thousand)?.has('different')
      ? [against('1,000 members, every id different', thousand, 'ws', 0.85, 'different')]
      : []),
    against('1,000 members', thousand, 'limit', 1.3),
    against('1,000 members', thousand, 'socketio', 0.65),
    against('1,000 members', thousand, 'documented', 0.12),
    ...(costs.get(thousand)?.get('page')?.length
      ? [against('1,000 members', thousand, 'documentedPage', 0.12, 'page')]
      : []),
    against('1,000 members, eight in flight', flight, 'socketio', 0.2),
    against(rooms, rooms, 'socketio', 1),
    ...(['ws', 'socketio', 'documented'] as const).map((peer) => ({
      name: `for comparison: ${VARIANTS.limit}, 1,000 members, against ${VARIANTS[peer]}`,
      value: ratio(costsOf(thousand, 'limit'), costsOf(thousand, peer)),
      unit: '×',
    })),
    { name: `growth: CPU per delivery, ${most} members against 100`, value: growth, unit: '×', atMost: 2 },
  ];
}
