import { type Figure, shown, table } from '../figures.ts';
import type { Settings } from '../main.ts';
import { type Child, startChild } from '../processes.ts';

const FEW = 10_000;
const MANY = 1_000_000;
/** Who looks, and for what; `#` is another rare word each time. The second person is in one of the ten rooms. */
const SEARCHES = {
  'a selective word': { person: 0, text: '#', times: 20 },
  'a selective word, of one room in ten': { person: 1, text: '#', times: 20 },
  'has:file': { person: 0, text: 'has:file', times: 20 },
  'a word of every other message': { person: 0, text: 'often', times: 3 },
  'from:me and a frequent word': { person: 0, text: 'from:me often', times: 3 },
  'the same, of one who wrote nothing': { person: 1, text: 'from:me often', times: 3 },
};
type Name = keyof typeof SEARCHES;

/** Searching very many messages, against searching few. */
export async function search({ services, quick, say }: Settings): Promise<Figure[]> {
  const large = quick ? 100_000 : MANY;
  const servers: [Child, Child] = [
    await filled(FEW, await services.database()),
    await filled(large, await services.database()),
  ];
  const rows: string[][] = [];
  const figures: Figure[] = [];
  for (const name of Object.keys(SEARCHES) as Name[]) {
    const [few, many] = await measure(servers, name);
    rows.push([name, ...[few, many].flatMap((took) => [part(took, 0.5), part(took, 0.95)].map((ms) => shown(ms)))]);
    if (name === 'a selective word')
      figures.push({
        name: `${name} in ${large.toLocaleString('en')} messages, against ${FEW.toLocaleString('en')}, p95`,
        value: part(many, 0.95) / part(few, 0.95),
        unit: '×',
        atMost: 2,
      });
  }
  for (const server of servers) await server.stop();
  const sizes = [FEW, large].map((size) => size.toLocaleString('en'));
  say(table(['search, ms', ...sizes.flatMap((size) => [`${size}: p50`, 'p95'])], rows));
  return figures;
}

async function filled(messages: number, url: string): Promise<Child> {
  const server = await startChild('ours');
  await server.call('start', { DATABASE_URL: url });
  await server.call('people', { count: 2 });
  const rooms = await server.call<string[]>('rooms', { count: 10 });
  // It follows these rooms: otherwise it reads all that is put into them while it is to search.
  await server.call('synthetic');
  await server.call('leave', { person: 1, rooms: rooms.slice(1) });
  await server.call('fillWords', { rooms, messages });
  return server;
}

/** In turns, so that what else the machine does hits both alike. */
async function measure([few, many]: [Child, Child], name: Name): Promise<[number[], number[]]> {
  const took: [number[], number[]] = [[], []];
  for (let round = 0; round < 6; round++) {
    for (const [index, server] of [few, many].entries()) {
      const times = await server.call<number[]>('search', SEARCHES[name]);
      if (round > 0) took[index]?.push(...times);
    }
  }
  return took;
}

function part(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
