import type { Figure } from '../figures.ts';
import { closeLane, gather, type Lane, openLane, VARIANTS, type Variant } from '../lanes.ts';
import type { Settings } from '../main.ts';

const MEASURED: Variant[] = ['ws', 'ours', 'socketio', 'documented'];

/** What one more subscribed connection costs a server that already has some, in resident memory. */
export async function memory({ services, quick }: Settings): Promise<Figure[]> {
  const costs = new Map<Variant, number>();
  for (const variant of MEASURED) {
    const lane = await openLane(variant, services);
    costs.set(variant, await perConnection(lane, 500, quick ? 1_500 : 4_500));
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

async function perConnection(lane: Lane, few: number, many: number): Promise<number> {
  await gather(lane, 1, few);
  const before = await resident(lane);
  await gather(lane, 1, many);
  return ((await resident(lane)) - before) / (many - few) / 1_000;
}

const resident = async ({ server }: Lane) => (await server.call<{ resident: number }>('memory')).resident;
