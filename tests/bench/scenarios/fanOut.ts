import { type Figure, median, shown, table } from '../figures.ts';
import { closeLane, gather, type Lane, openLane, VARIANTS, type Variant } from '../lanes.ts';
import type { Settings } from '../main.ts';

interface Crowd {
  name: string;
  rooms: number;
  size: number;
  flight: number;
}

/** CPU µs per delivery, by crowd and variant. */
type Costs = Map<string, Map<Variant, number>>;

/** Delivering one message to everyone in a room: server CPU per delivery, peers interleaved. */
export async function fanOut({ services, quick, say }: Settings): Promise<Figure[]> {
  const lanes = await Promise.all((Object.keys(VARIANTS) as Variant[]).map((variant) => openLane(variant, services)));
  const [rounds, deliveries] = quick ? [5, 8_000] : [11, 20_000];
  const costs: Costs = new Map();
  for (const crowd of crowds(quick)) {
    for (const lane of lanes) await gather(lane, crowd.rooms, crowd.size);
    costs.set(crowd.name, await measure(lanes, crowd, rounds, deliveries));
  }
  await Promise.all(lanes.map(closeLane));
  say(costTable(costs));
  return figures(costs);
}

function crowds(quick: boolean): Crowd[] {
  const large = quick ? 2_000 : 5_000;
  return [
    { name: '100 members', rooms: 1, size: 100, flight: 1 },
    { name: '1,000', rooms: 1, size: 1_000, flight: 1 },
    { name: '1,000, eight in flight', rooms: 1, size: 1_000, flight: 8 },
    { name: LARGE, rooms: 1, size: large, flight: 1 },
    { name: ROOMS, rooms: large / 10, size: large, flight: 1 },
  ];
}

const LARGE = 'the largest room';
const ROOMS = 'rooms of 10';

async function measure(lanes: Lane[], crowd: Crowd, rounds: number, deliveries: number) {
  const times = Math.max(3, Math.ceil(deliveries / (crowd.size * crowd.flight)));
  const taken = new Map<Variant, number[]>(lanes.map(({ variant }) => [variant, []]));
  for (let round = -1; round < rounds; round++) {
    for (const lane of lanes) {
      const cost = await costOf(lane, crowd, times);
      if (round >= 0) taken.get(lane.variant)?.push(cost);
    }
  }
  return new Map([...taken].map(([variant, values]) => [variant, median(values)]));
}

async function costOf({ server, client }: Lane, { rooms, flight }: Crowd, times: number): Promise<number> {
  const before = await server.call<number>('cpu');
  const order = { times, count: flight, spread: rooms > 1 };
  const { deliveries } = await client.call<{ deliveries: number }>('drive', order);
  return ((await server.call<number>('cpu')) - before) / deliveries;
}

function costTable(costs: Costs): string {
  const rows = (Object.keys(VARIANTS) as Variant[]).map((variant) => [
    VARIANTS[variant],
    ...[...costs.values()].map((by) => shown(by.get(variant) ?? 0)),
  ]);
  return `Server CPU per delivery, µs\n\n${table(['server', ...costs.keys()], rows)}`;
}

function figures(costs: Costs): Figure[] {
  const ratio = (crowd: string, peer: Variant, own: Variant = 'ours') =>
    (costs.get(crowd)?.get(own) ?? 0) / (costs.get(crowd)?.get(peer) ?? 0);
  const against = (name: string, crowd: string, peer: Variant, atMost: number, own: Variant = 'ours'): Figure => ({
    name: `CPU per delivery, ${name}, against ${VARIANTS[peer]}`,
    value: ratio(crowd, peer, own),
    unit: '×',
    atMost,
  });
  const growth = (costs.get(LARGE)?.get('ours') ?? 0) / (costs.get('100 members')?.get('ours') ?? 0);
  const thousand = '1,000';
  return [
    against('1,000 members', thousand, 'ws', 0.85),
    against('1,000 members, every id different', thousand, 'ws', 0.85, 'different'),
    against('1,000 members', thousand, 'limit', 1.3),
    against('1,000 members', thousand, 'socketio', 0.65),
    against('1,000 members', thousand, 'documented', 0.12),
    against('1,000 members, eight in flight', '1,000, eight in flight', 'socketio', 0.2),
    against('rooms of 10', ROOMS, 'socketio', 1.2),
    { name: 'growth: CPU per delivery in the largest room against 100 members', value: growth, unit: '×', atMost: 2 },
  ];
}
