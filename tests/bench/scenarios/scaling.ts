import { type Figure, shown, table } from '../figures.ts';
import type { Settings } from '../main.ts';
import { type Costs, measureCosts } from '../scaling/costs.ts';
import { type Crowd, type Load, sameNumbers, simulate } from '../scaling/model.ts';

/** Ten thousand on each node, each in ten rooms of three sizes, with a message in two minutes. */
const CROWD: Crowd = {
  connections: 10_000,
  kinds: [
    { size: 5, each: 5 },
    { size: 50, each: 4 },
    { size: 1_000, each: 1 },
  ],
  sends: 1 / 120,
};
const NODES = [1, 2, 5, 10, 25, 50, 100];

/** What a node costs for each thing that it does, measured, and what many of them would have to do together, counted. */
export async function scaling({ services, quick, say }: Settings): Promise<Figure[]> {
  const costs = await measureCosts(services, quick);
  const loads = NODES.map((nodes) => simulate(nodes, CROWD, costs, sameNumbers()));
  say(`CPU of a node, µs\n\n${costTable(costs)}`);
  say(`${CROWD.connections.toLocaleString('en')} people on each node, simulated\n\n${loadTable(loads)}`);
  const [one, hundred] = [loads[0] as Load, loads.at(-1) as Load];
  return [
    { name: 'CPU of one node for 10,000 people, alone', value: one.cpu, unit: '% of a core' },
    { name: 'the same as one of a hundred', value: hundred.cpu, unit: '% of a core' },
    { name: 'growth from one node to a hundred', value: hundred.cpu / one.cpu, unit: '×', atMost: 2 },
  ];
}

function costTable(costs: Costs): string {
  const names: Record<keyof Costs, string> = {
    connection: 'a connection, for a second',
    execution: 'an entry, executed once',
    delivery: 'the same, written to one who follows it',
    send: 'a message, until it is acknowledged',
    ringOut: 'telling other nodes of an entry',
    ringIn: 'hearing of an entry through Redis, and executing it once',
  };
  const rows = (Object.keys(names) as (keyof Costs)[]).map((name) => [names[name], shown(costs[name])]);
  return table(['what', 'µs'], rows);
}

function loadTable(loads: Load[]): string {
  const head = [
    'nodes',
    'people',
    'CPU of a node',
    'its rings/s',
    'its deliveries/s',
    'its rooms',
    'Redis hands on/s',
    'entries/s',
    'ends asked/s',
  ];
  const rows = loads.map((load) => [
    `${load.nodes}`,
    load.people.toLocaleString('en'),
    shown(load.cpu, '%'),
    ...[load.rings, load.deliveries, load.watched, load.handedOn, load.appended, load.asked].map((value) =>
      Math.round(value).toLocaleString('en'),
    ),
  ]);
  return table(head, rows);
}
