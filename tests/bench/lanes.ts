import type { Audience, Place } from './client.ts';
import { type Child, startChild } from './processes.ts';
import type { Services } from './services.ts';

export const VARIANTS = {
  limit: 'limit in Node',
  ws: '`ws`, prebuilt string',
  socketio: 'Socket.IO 4',
  documented: 'Yoga + graphql-ws as documented',
  documentedPage: 'Yoga + graphql-ws as documented, all that the page asks for',
  ours: '**shh**',
  page: '**shh**, all that the page asks for',
  different: '**shh**, every operation id different',
  real: '**shh**, sending included',
  sealed: '**shh**, an encrypted room',
} as const;

export type Variant = keyof typeof VARIANTS;

const OURS: Variant[] = ['ours', 'page', 'different', 'real', 'sealed'];
const DOCUMENTED: Variant[] = ['documented', 'documentedPage'];
const ASKED: Partial<Record<Variant, Audience['asked']>> = { documentedPage: 'page', page: 'page', sealed: 'sealed' };
const PEOPLE = 64;

/** One server and the process with all of its clients. */
export interface Lane {
  variant: Variant;
  server: Child;
  client: Child;
  place: Place;
  tokens: string[];
  rooms: string[];
}

/** Starts a server of that kind and a client for it. */
export async function openLane(variant: Variant, services: Services): Promise<Lane> {
  const ours = OURS.includes(variant);
  const [server, client] = await Promise.all([
    startChild(programOf(variant)),
    startChild('client', `the client of ${variant}`),
  ]);
  const databaseUrl = ours ? await services.database() : undefined;
  const place = await server.call<Place>('start', ours ? { DATABASE_URL: databaseUrl } : {});
  const tokens = ours ? await server.call<string[]>('people', { count: PEOPLE }) : [];
  if (variant === 'sealed') await server.call('seal');
  if (variant === 'real') await server.call('real');
  else if (ours) await server.call('synthetic');
  return { variant, server, client, place, tokens, rooms: [] };
}

function programOf(variant: Variant): string {
  if (OURS.includes(variant)) return 'ours';
  return DOCUMENTED.includes(variant) ? 'documented' : variant;
}

/** Has so many sockets listen to so many rooms; the rooms are new ones when their number is. */
export async function gather(lane: Lane, rooms: number, size: number): Promise<void> {
  if (lane.rooms.length !== rooms) {
    await lane.client.call('close');
    const named = [...DOCUMENTED, ...OURS].includes(lane.variant);
    if (!named) await lane.server.call('clear');
    lane.rooms = named
      ? await lane.server.call<string[]>('rooms', { count: rooms })
      : Array.from({ length: rooms }, () => '');
  }
  const { place, tokens, rooms: names, variant } = lane;
  const kind = { differentIds: variant === 'different', asked: ASKED[variant] ?? 'short' };
  await lane.client.call('open', { place, tokens, rooms: names, size, ...kind });
  await lane.client.call('settle', { spread: rooms > 1 });
}

/** Server CPU per delivery, µs, while the clients have so many messages sent. */
export async function costOf({ server, client }: Lane, order: { times: number; count: number; spread: boolean }) {
  const before = await server.call<number>('cpu');
  const { deliveries } = await client.call<{ deliveries: number }>('drive', order);
  return ((await server.call<number>('cpu')) - before) / deliveries;
}

export async function closeLane({ server, client }: Lane): Promise<void> {
  await client.stop();
  await server.stop();
}
