import { join } from 'node:path';
import { packedSize, scripts, weigh } from '../../weight.ts';
import type { Figure } from '../figures.ts';
import { type Place, WEB } from './place.ts';

const PEERS = 'Cinny 947, Campfire about 208, The Lounge 187';

/** What somebody waits for who was never here. */
export async function firstLoad(place: Place): Promise<Figure[]> {
  const ada = await place.account('Ada');
  const room = await ada.createRoom('harbour');
  const [guest, member] = [await place.visit(), await place.visit(ada)];
  const hosts = new Set<string>();
  for (const page of [guest, member]) page.on('request', (request) => hosts.add(new URL(request.url()).host));
  const door = await weigh(guest, '/login', WEB);
  const inside = await weigh(member, `/r/${room}`, WEB);
  const first = new Set([...door.loaded, ...inside.loaded]);
  const lazy = scripts(WEB).filter((file) => !first.has(file));
  const largest = Math.max(...lazy.map((file) => packedSize(join(WEB, file))));
  return [
    { name: 'login, JavaScript', ...kilobytes(door.js), atMost: 50, beside: PEERS },
    { name: 'room, JavaScript', ...kilobytes(inside.js), atMost: 100, beside: PEERS },
    { name: 'room, CSS', ...kilobytes(inside.css), atMost: 12 },
    { name: `largest of ${lazy.length} lazy chunks`, ...kilobytes(largest), atMost: 45 },
    { name: 'font', ...kilobytes(inside.woff2), atMost: 25 },
    { name: 'login, requests', value: door.requests, unit: '' },
    { name: 'room, requests', value: inside.requests, unit: '' },
    { name: 'other hosts that were asked', value: hosts.size - 1, unit: '', atMost: 0 },
  ];
}

const kilobytes = (bytes: number) => ({ value: Math.round(bytes / 10) / 100, unit: 'kB gzip' });
