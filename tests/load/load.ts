import { setTimeout as sleep } from 'node:timers/promises';
import { Member } from './member.ts';
import { readNode, type Spent, spentBetween } from './nodes.ts';
import type { Plan } from './plan.ts';
import { Tally } from './tally.ts';

/** How many people sign in at a time, and how many come at a time. A password takes a server some 30 ms of a core. */
const [SIGNING_IN, COMING] = [8, 50];

export interface Outcome {
  plan: Plan;
  tally: Tally;
  /** Of each node that let its metrics be read. */
  nodes: Spent[];
  /** How long the measured part took, in seconds. */
  seconds: number;
}

/**
 * Lets people live on a running server: they sign in, follow their rooms, then each, again and again after a pause, writes
 * (typing before), reads a page, or loses the connection and catches up. Only that second part is measured of the nodes.
 */
export async function runLoad(plan: Plan, tell: (line: string) => void): Promise<Outcome> {
  const tally = new Tally();
  const members = await gather(plan, tally);
  tell(`${members.length} people are in ${Math.ceil(plan.people / plan.perRoom)} rooms.`);
  const before = await Promise.all(plan.urls.map((url) => readNode(url, plan.metricsToken)));
  const started = performance.now();
  const end = started + plan.seconds * 1_000;
  const first = (n: number) => (n + 1) / members.length;
  await Promise.all(members.map((member, n) => live(member, neighbour(members, n, plan), first(n), tally, plan, end)));
  await Promise.all(members.map(({ back }) => back));
  const seconds = (performance.now() - started) / 1_000;
  const after = await Promise.all(plan.urls.map((url) => readNode(url, plan.metricsToken)));
  await sleep(500);
  for (const member of members) member.close();
  const nodes = plan.urls.flatMap((url, n) => spentBetween(url, before[n] ?? null, after[n] ?? null) ?? []);
  return { plan, tally, nodes, seconds };
}

/** Everybody, signed in, in a room with their neighbours, and connected. */
async function gather(plan: Plan, tally: Tally): Promise<Member[]> {
  const url = (n: number) => plan.urls[n % plan.urls.length] as string;
  const members = Array.from({ length: plan.people }, (_, n) => new Member(url(n), `${plan.name}.${n}`, tally));
  await inTurns(SIGNING_IN, members, (member) => tally.time('signed in', () => member.signIn()));
  for (let first = 0; first < members.length; first += plan.perRoom) {
    await meet(members.slice(first, first + plan.perRoom), `${plan.name} ${first / plan.perRoom} of ${plan.perRoom}`);
  }
  await inTurns(COMING, members, (member) => tally.time('connected', () => member.connect()));
  return members;
}

async function inTurns(atOnce: number, members: Member[], act: (member: Member) => Promise<unknown>) {
  const waiting = [...members];
  const turn = async () => {
    for (let member = waiting.pop(); member; member = waiting.pop()) await act(member);
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
}

async function meet([first, ...others]: Member[], name: string) {
  if (!first) return;
  const found = 'query ($name: String!) { publicRooms(search: $name, first: 1) { nodes { id } } }';
  const [known] = (await first.post(found, { name })).publicRooms.nodes;
  const make = 'mutation ($input: CreateRoomInput!) { createRoom(input: $input) { id } }';
  const roomId = known?.id ?? (await first.post(make, { input: { name } })).createRoom.id;
  const join = 'mutation ($id: ID!) { joinRoom(id: $id) { id } }';
  await inTurns(COMING, [first, ...others], (member) => member.post(join, { id: roomId }));
  for (const member of [first, ...others]) member.roomId = roomId;
}

/** Somebody else of the same room; oneself where there is nobody. */
function neighbour(members: Member[], n: number, { perRoom }: Plan): Member {
  const first = n - (n % perRoom);
  const room = members.slice(first, first + perRoom);
  return room[(n - first + 1) % room.length] as Member;
}

/** What is done first is spread over everybody, so that each kind of act is among it. */
async function live(member: Member, other: Member, first: number, tally: Tally, plan: Plan, end: number) {
  for (let dice = first; ; dice = Math.random()) {
    // Exponential, as the times between the acts of many people are.
    const pause = -Math.log(1 - Math.random()) * plan.pause * 1_000;
    if (performance.now() + pause > end) return sleep(Math.max(0, end - performance.now()));
    await sleep(pause);
    const act = dice < 0.6 ? () => member.write() : dice < 0.95 ? () => member.read() : () => reconnect(member, other);
    await act().catch((error: Error) => tally.error(error.message));
  }
}

// What is said meanwhile is said by a program of the neighbour, whose socket may be away as well.
async function reconnect(member: Member, other: Member) {
  const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { seq } }';
  await member.breakOff(async () => {
    const input = { id: crypto.randomUUID(), roomId: member.roomId, body: 'said meanwhile' };
    return (await other.post(send, { input })).sendMessage.seq;
  });
}
