import type { Costs } from './costs.ts';

/** Rooms of one size, and how many of them each person is in. */
interface Kind {
  size: number;
  each: number;
}

/** Who is there, and what they do. */
export interface Crowd {
  /** On each node. */
  connections: number;
  kinds: Kind[];
  /** Messages of a person, per second. */
  sends: number;
}

/** What each node, Redis and PostgreSQL have to do in a second when so many nodes share a crowd. */
export interface Load {
  nodes: number;
  people: number;
  /** Of one node. */
  sent: number;
  rings: number;
  deliveries: number;
  watched: number;
  /** In per cent of a core. */
  cpu: number;
  /** Of all together: PUBLISH, and what Redis hands on. */
  published: number;
  handedOn: number;
  /** Entries appended, and rooms whose ends are asked for, by all nodes. */
  appended: number;
  asked: number;
}

/**
 * Puts the crowd on nodes at random, as a proxy without sticky sessions does, and counts: in which rooms does each node have
 * somebody, so that it has to hear of what is said there. Rooms are drawn one by one; `random` gives numbers from 0 to 1.
 */
export function simulate(nodes: number, crowd: Crowd, costs: Costs, random: () => number): Load {
  const people = nodes * crowd.connections;
  const totals = { rings: 0, deliveries: 0, watched: 0, sent: 0 };
  const joined = crowd.kinds.reduce((sum, { each }) => sum + each, 0);
  for (const { size, each } of crowd.kinds) {
    const rooms = Math.round((people * each) / size);
    const perRoom = (people * crowd.sends * (each / joined)) / rooms;
    for (let room = 0; room < rooms; room++) {
      const on = nodesOf(size, nodes, random);
      totals.watched += on;
      totals.sent += perRoom;
      totals.rings += perRoom * (nodes > 1 ? on : 0);
      totals.deliveries += perRoom * size;
    }
  }
  return toLoad(nodes, people, totals, crowd, costs);
}

function nodesOf(members: number, nodes: number, random: () => number): number {
  const seen = new Set<number>();
  for (let member = 0; member < members && seen.size < nodes; member++) seen.add(Math.floor(random() * nodes));
  return seen.size;
}

function toLoad(
  nodes: number,
  people: number,
  totals: { rings: number; deliveries: number; watched: number; sent: number },
  { connections }: Crowd,
  costs: Costs,
): Load {
  const of = (total: number) => total / nodes;
  const busy =
    connections * costs.connection +
    of(totals.sent) * (costs.send + (nodes > 1 ? costs.ringOut : 0)) +
    (nodes > 1 ? of(totals.rings) * costs.ringIn : of(totals.sent) * costs.execution) +
    of(totals.deliveries) * costs.delivery;
  return {
    nodes,
    people,
    sent: of(totals.sent),
    rings: nodes > 1 ? of(totals.rings) : 0,
    deliveries: of(totals.deliveries),
    watched: of(totals.watched),
    cpu: busy / 10_000,
    published: nodes > 1 ? totals.sent : 0,
    handedOn: nodes > 1 ? totals.rings : 0,
    appended: totals.sent,
    asked: totals.watched,
  };
}

/** The same numbers in each run. */
export function sameNumbers(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
