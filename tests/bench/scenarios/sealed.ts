import { type Figure, median, ratio, shown, table } from '../figures.ts';
import { closeLane, costOf, gather, type Lane, openLane, type Variant } from '../lanes.ts';
import type { Settings } from '../main.ts';
import { asLongAsSealed } from '../payload.ts';
import { startChild } from '../processes.ts';

const MEMBERS = 1_000;
const SENDERS = 64;
const LANES = ['ours', 'sealed', 'ws'] as const;

/**
 * What encrypted rooms cost the server: taking a message and delivering it, beside messages in plain text in the same run, and
 * beside `ws` with a prebuilt string as long as what is delivered.
 */
export async function sealed({ services, quick, say }: Settings): Promise<Figure[]> {
  const [rounds, seconds] = quick ? [3, 1] : [9, 3];
  const sent = await sends(await services.database(), rounds, seconds);
  const lanes = await Promise.all(LANES.map((variant) => openLane(variant, services)));
  for (const lane of lanes) await gather(lane, 1, MEMBERS);
  await lanes.find(({ variant }) => variant === 'ws')?.server.call('say', { text: asLongAsSealed() });
  const costs = await deliveries(lanes, rounds);
  await Promise.all(lanes.map(closeLane));
  say(`Plain and sealed\n\n${table(['', 'plain', 'sealed', '`ws`, as long'], rows(sent, costs))}`);
  return figures(sent, costs);
}

type Rates = Record<'plain' | 'sealed', number[]>;
type Costs = Map<Variant, number[]>;

async function sends(databaseUrl: string, rounds: number, seconds: number): Promise<Rates> {
  const ours = await startChild('ours');
  await ours.call('start', { DATABASE_URL: databaseUrl });
  await ours.call('people', { count: SENDERS });
  const [plainRoom] = await ours.call<string[]>('rooms', { count: 1 });
  const sealedRoom = await ours.call<string>('sealedRoom');
  const rates: Rates = { plain: [], sealed: [] };
  for (let round = 0; round < rounds; round++) {
    rates.plain.push(await ours.call<number>('speak', { room: plainRoom, senders: SENDERS, seconds }));
    rates.sealed.push(await ours.call<number>('speakSealed', { room: sealedRoom, senders: SENDERS, seconds }));
  }
  await ours.stop();
  return rates;
}

async function deliveries(lanes: Lane[], rounds: number): Promise<Costs> {
  const costs: Costs = new Map(lanes.map(({ variant }) => [variant, []]));
  for (let round = -1; round < rounds; round++) {
    for (const lane of lanes) {
      const cost = await costOf(lane, { times: 30, count: 1, spread: false });
      if (round >= 0) costs.get(lane.variant)?.push(cost);
    }
  }
  return costs;
}

const rows = ({ plain, sealed: closed }: Rates, costs: Costs) => [
  [`acknowledged sends per second, ${SENDERS} senders`, shown(median(plain)), shown(median(closed)), ''],
  [`CPU per delivery, ${MEMBERS} members, µs`, ...LANES.map((variant) => shown(median(costs.get(variant) ?? [])))],
];

function figures(sent: Rates, costs: Costs): Figure[] {
  const cost = (variant: Variant) => costs.get(variant) ?? [];
  const unit = '×';
  return [
    { name: 'sealed sends per second, against plain ones', value: ratio(sent.sealed, sent.plain), unit },
    {
      name: `CPU per sealed delivery, ${MEMBERS} members, against a plain one`,
      value: ratio(cost('sealed'), cost('ours')),
      unit,
      atMost: 1.2,
    },
    {
      name: `CPU per sealed delivery, ${MEMBERS} members, against \`ws\` with a prebuilt string as long`,
      value: ratio(cost('sealed'), cost('ws')),
      unit,
      atMost: 0.85,
    },
  ];
}
