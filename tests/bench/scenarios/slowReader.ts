import type { Figure } from '../figures.ts';
import { closeLane, gather, type Lane, openLane, VARIANTS, type Variant } from '../lanes.ts';
import type { Settings } from '../main.ts';
import { LONG } from '../payload.ts';

interface Outcome {
  p99: number;
  alone: number;
  held: number;
  missing: number;
  holes: number;
}

/** Some members stop reading while long messages are sent: what the others notice, and what the server holds. */
export async function slowReader({ services, quick }: Settings): Promise<Figure[]> {
  const [size, slow, messages] = quick ? [100, 25, 700] : [1_000, 50, 900];
  const outcomes = new Map<Variant, Outcome>();
  for (const variant of ['real', 'socketio'] as Variant[]) {
    const lane = await openLane(variant, services);
    outcomes.set(variant, await stalled(lane, size, slow, messages));
    await closeLane(lane);
  }
  const ours = outcomes.get('real') as Outcome;
  const theirs = outcomes.get('socketio') as Outcome;
  const name = `${slow} of ${size} do not read ${messages} messages of 8 kB`;
  return [
    { name: `${name}: held per slow reader`, value: ours.held / slow, unit: 'kB', atMost: 512 },
    { name: `the same, ${VARIANTS.socketio}`, value: theirs.held / slow, unit: 'kB' },
    { name: 'missing or out of order once they read again', value: ours.missing + ours.holes, unit: '', atMost: 0 },
    { name: 'p99 until the others have it, against nobody slow', value: ours.p99 / ours.alone, unit: '×' },
    { name: `the same, ${VARIANTS.socketio}`, value: theirs.p99 / theirs.alone, unit: '×' },
  ];
}

// `drive` fails unless everyone who reads gets everything.
async function stalled(lane: Lane, size: number, slow: number, messages: number): Promise<Outcome> {
  const { server, client } = lane;
  await gather(lane, 1, size);
  await server.call('say', { text: LONG.slice(0, 8_000) });
  const order = { times: messages, count: 1, spread: false, timed: true };
  const { p99: alone } = await client.call<{ p99: number }>('drive', { ...order, times: 50 });
  const before = await held(lane);
  await client.call('stall', { count: slow });
  const { p99 } = await client.call<{ p99: number }>('drive', order);
  const after = await held(lane);
  const { missing, holes } = await client.call<{ missing: number; holes: number }>('resume', { messages });
  return { p99, alone, held: Math.max(0, after - before) / 1_000, missing, holes };
}

const held = async ({ server }: Lane) => (await server.call<{ held: number }>('memory')).held;
