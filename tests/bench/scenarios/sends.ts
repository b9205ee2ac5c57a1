import type { Place } from '../client.ts';
import { type Figure, median, shown, table } from '../figures.ts';
import type { Settings } from '../main.ts';
import { type Child, startChild } from '../processes.ts';

/** Acknowledged messages per second into one hot room on PostgreSQL, against the naive ways, interleaved. */
export async function sends({ services, quick, say }: Settings): Promise<Figure[]> {
  const [rounds, seconds] = quick ? [2, 1] : [5, 3];
  const [ours, naive, client] = await Promise.all(['ours', 'documented', 'client'].map((name) => startChild(name)));
  if (!ours || !naive || !client) throw new Error('not started');
  const databaseUrl = await services.database();
  const place = await ours.call<Place>('start', { DATABASE_URL: databaseUrl });
  const tokens = await ours.call<string[]>('people', { count: 64 });
  const [room, other] = await ours.call<string[]>('rooms', { count: 2 });
  const naivePlace = await naive.call<Place>('start', { databaseUrl });

  const rate = (at: Place, to: string | undefined, senders: number) =>
    client.call<number>('send', { place: at, room: to, tokens, senders, seconds });
  const rates: Record<string, number[]> = { 1: [], 16: [], 64: [], naive1: [], naive16: [], naive64: [] };
  for (const senders of [64, 16, 1]) {
    for (let round = 0; round < (senders === 64 ? rounds : 1); round++) {
      rates[`naive${senders}`]?.push(await rate(naivePlace, other, senders));
      rates[senders]?.push(await rate(place, room, senders));
    }
  }
  const path = await appendPath(ours, room, other, rounds, seconds);
  await Promise.all([ours.stop(), naive.stop(), client.stop()]);

  const row = (name: string, key: string) => [
    name,
    ...[1, 16, 64].map((senders) => shown(median(rates[`${key}${senders}`] ?? []))),
  ];
  const rows = [row('**shh**', ''), row('one interactive transaction each, Yoga as documented', 'naive')];
  say(
    `Acknowledged sends per second, one room, GraphQL over WebSocket\n\n${table(['senders', '1', '16', '64'], rows)}`,
  );
  const against = median(rates['64'] ?? []) / median(rates.naive64 ?? []);
  return [
    {
      name: 'acknowledged sends, 64 senders, against an interactive transaction each',
      value: against,
      unit: '×',
      atLeast: 10,
    },
    { name: 'appending alone, 64 senders, against `prisma.create` each', value: path, unit: '×', atLeast: 5 },
  ];
}

async function appendPath(
  ours: Child,
  room: string | undefined,
  other: string | undefined,
  rounds: number,
  seconds: number,
) {
  const [appended, created]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    created.push(await ours.call<number>('create', { room: other, senders: 64, seconds }));
    appended.push(await ours.call<number>('append', { room, senders: 64, seconds }));
  }
  return median(appended) / median(created);
}
