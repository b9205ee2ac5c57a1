import type { Figure } from '../figures.ts';
import { closeLane, gather, type Lane, openLane, VARIANTS, type Variant } from '../lanes.ts';
import type { Settings } from '../main.ts';

const MEASURED: Variant[] = ['ws', 'ours', 'socketio', 'documented'];

/** What one more subscribed connection costs a server that already has some. */
export async function memory({ services, quick }: Settings): Promise<Figure[]> {
  const costs = new Map<Variant, number>();
  for (const variant of MEASURED) {
    const lane = await openLane(variant, services);
    costs.set(variant, await perConnection(lane, quick ? 250 : 500, quick ? 1_000 : 4_500));
    await closeLane(lane);
  }
  const [ours, socketio] = [costs.get('ours') ?? 0, costs.get('socketio') ?? 0];
  const peers = MEASURED.filter((variant) => variant !== 'ours');
  return [
    { name: 'memory per subscribed connection', value: ours, unit: 'kB', atMost: 14 },
    { name: 'the same, against Socket.IO 4', value: ours / socketio, unit: '×', atMost: 1 },
    ...peers.map((peer) => ({ name: `the same, ${VARIANTS[peer]}`, value: costs.get(peer) ?? 0, unit: 'kB' })),
  ];
}

// Pages that were free before hide growth, and pages that are free now feign it: what counts is the larger of what the
// process occupies and what it holds.
async function perConnection(lane: Lane, few: number, many: number): Promise<number> {
  await gather(lane, 1, few);
  const before = await sizes(lane);
  await gather(lane, 1, many);
  const after = await sizes(lane);
  const grown = Math.max(after.resident - before.resident, after.held - before.held);
  return grown / (many - few) / 1_000;
}

const sizes = ({ server }: Lane) => server.call<{ resident: number; held: number }>('memory');
