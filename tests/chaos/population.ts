import { Account, type Answers } from './account.ts';
import { Device } from './device.ts';
import type { History } from './history.ts';
import { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import { Sender } from './sender.ts';
import type { Site } from './site.ts';

/** How many of everything. */
export interface Size {
  people: number;
  rooms: number;
  senders: number;
  devices: number;
  /** Messages that lie in one room from the start. */
  archive: number;
  /** Milliseconds between two things that a sender does, on average. */
  pause: number;
  /** How many sends of one sender are under way at once, at most. */
  burst: number;
}

/** Everyone who uses the site, the rooms that they are in, what they were promised and what they saw. */
export interface Population {
  owner: Account;
  people: Account[];
  rooms: string[];
  /** A room with a long past that few follow. */
  archive: string;
  senders: Sender[];
  devices: Device[];
  /** What subscribers saw who are no longer there. */
  past: History[];
  ledger: Ledger;
  answers: Answers;
}

const CREATE = 'mutation ($input: CreateRoomInput!) { createRoom(input: $input) { id } }';
const ADD = 'mutation ($roomId: ID!, $userId: ID!) { addMember(roomId: $roomId, userId: $userId) { role } }';

export async function settle(site: Site, size: Size, random: Random): Promise<Population> {
  const answers: Answers = new Map();
  const ledger = new Ledger();
  const account = (name: string) => new Account(name, site.nodes, random.fork(name), answers);
  const owner = account('olga');
  const people = Array.from({ length: size.people }, (_, i) => account(`person${i}`));
  for (const person of [owner, ...people]) await person.register();
  const rooms: string[] = [];
  for (let i = 0; i < size.rooms; i++) rooms.push(await openRoom(owner, people, `room ${i}`));
  const archive = await openRoom(owner, people, 'archive');
  await fillArchive(site, archive, owner.id, size.archive);
  const population: Population = { owner, people, rooms, archive, senders: [], devices: [], past: [], ledger, answers };
  for (let i = 0; i < size.senders; i++) population.senders.push(sender(site, population, size, random, i));
  for (let i = 0; i < size.devices; i++) population.devices.push(device(site, population, random, i));
  return population;
}

/** A new room of the owner with these people in it. */
export async function openRoom(owner: Account, people: Account[], name: string): Promise<string> {
  const input = { name: `${name} ${Date.now()}`, kind: 'PRIVATE' };
  const { id } = (await owner.insist(CREATE, { input })).createRoom;
  for (const person of people) await owner.insist(ADD, { roomId: id, userId: person.id });
  return id;
}

/** What every subscriber saw. */
export const historiesOf = ({ devices, past }: Population): History[] => [
  ...past,
  ...devices.flatMap((device) => device.following.map(({ history }) => history)),
];

function sender(site: Site, { people, rooms, ledger }: Population, size: Size, random: Random, i: number): Sender {
  const own = random.fork(`sender${i}`);
  return new Sender(people[i % people.length] as Account, () => rooms, site.nodes, ledger, own, size.pause, size.burst);
}

// In turn: all rooms by themselves, one room, all with one subscription. Some read slowly from time to time.
function device(site: Site, { people, rooms }: Population, random: Random, i: number): Device {
  const own = random.fork(`device${i}`);
  const open = i % 3 === 1 ? [own.pick(rooms)] : [...rooms];
  const way = i % 3 === 2 ? 'viewerLog' : 'roomLog';
  const person = people[i % people.length] as Account;
  const prompt = i % 6 !== 5 && i % 9 !== 4;
  return new Device(`device${i} of ${person.name}`, person, open, site.nodes, own, site.epoch, prompt, way);
}

async function fillArchive(site: Site, roomId: string, actorId: string, count: number) {
  if (count === 0) return;
  await site.query(
    `WITH room_now AS (SELECT last_seq, message_count FROM room WHERE id = $1), filled AS (
       INSERT INTO entry (room_id, seq, id, kind, actor_id, body, ordinal, changed_seq)
       SELECT $1, last_seq + n, gen_random_uuid(), 'MESSAGE', $2, 'from long ago ' || n, message_count + n, last_seq + n
       FROM room_now, generate_series(1, $3::int) n
     ) UPDATE room SET last_seq = last_seq + $3, last_message_seq = last_seq + $3, message_count = message_count + $3
     WHERE id = $1`,
    [roomId, actorId, count],
  );
}
