import { setTimeout as sleep } from 'node:timers/promises';
import { check, type RoomLog, type Verdict } from './checker.ts';
import type { Device } from './device.ts';
import { FAULTS, type FaultName, LONG, type Stage } from './faults.ts';
import type { Program } from './nodeProcess.ts';
import { historiesOf, type Population, type Size, settle } from './population.ts';
import { Random } from './random.ts';
import { delaysWithin, machine, type Report, type Strike, spreadOf } from './report.ts';
import { NAIVE, openSite, readLogs, readMembers, readTops, type Site } from './site.ts';

const PATIENCE = 60_000;
const LATE = 5_000;

/** What to do to whom, and for how long. */
export interface Plan {
  program: Program;
  seed: string;
  faults: FaultName[];
  size: Size;
  scale: number;
  /** Goes on until all of these are reached, and every fault was injected. */
  seconds: number;
  sends: number;
  kills: number;
  /** How long to wait for subscribers to catch up, in milliseconds. */
  patience?: number;
  tell?: (line: string) => void;
  /** Ends it before its time: what was found so far is told. */
  enough?: AbortSignal;
}

/** Runs the whole of it: people, faults, and at the end the comparison with the log. */
export async function runChaos(plan: Plan): Promise<Report> {
  const random = new Random(plan.seed);
  const site = await openSite(plan.program);
  try {
    const population = await settle(site, plan.size, random);
    const own = {
      random: random.fork('faults'),
      scale: plan.scale,
      kills: 0,
      bereaved: new Set<Device>(),
      troubles: [],
    };
    const stage: Stage = { site, population, ...own };
    for (const actor of [...population.devices, ...population.senders]) actor.start();
    const since = Date.now();
    const strikes = await strike(plan, stage);
    const seconds = (Date.now() - since) / 1_000;
    await quieten(plan, stage);
    return judge(stage, strikes, await readLogs(site), plan.seed, seconds);
  } finally {
    await site.close();
  }
}

/** What the same checker finds of a server that stores, then pushes, and has no cursor. */
export async function runControl(seed: string): Promise<Verdict> {
  const faults: FaultName[] = ['Redis restarted', 'kill -9'];
  const size = { people: 6, rooms: 3, senders: 8, devices: 9, archive: 0, pause: 40, burst: 8 };
  const goal = { seconds: 0, sends: 100, kills: 1, patience: 2_000 };
  const { verdict, acknowledged } = await runChaos({ program: NAIVE, seed, faults, size, scale: 0.3, ...goal });
  if (acknowledged < goal.sends) throw new Error(`the control has acknowledged ${acknowledged} sends only`);
  return verdict;
}

async function strike(plan: Plan, stage: Stage): Promise<Strike[]> {
  const strikes: Strike[] = [];
  const since = Date.now();
  const isDone = () =>
    plan.enough?.aborted ||
    (strikes.length >= plan.faults.length &&
      stage.population.ledger.sends.size >= plan.sends &&
      stage.kills >= plan.kills &&
      Date.now() - since >= plan.seconds * 1_000);
  await sleep(1_000);
  for (const name of order(plan, stage)) {
    if (isDone()) return strikes;
    strikes.push(await strikeOnce(plan, stage, name));
    plan.tell?.(line(stage, strikes.at(-1) as Strike));
    await sleep(stage.random.between(0, 2_000) * plan.scale);
  }
  return strikes;
}

// Each once, in any order; then whatever comes, most of it kills while kills are wanted.
function* order(plan: Plan, stage: Stage): Generator<FaultName> {
  yield* stage.random.shuffled(plan.faults);
  const short = plan.faults.filter((name) => !LONG.includes(name));
  const deadly = short.filter((name) => name.startsWith('kill -9'));
  for (;;) {
    const wanted = stage.kills < plan.kills && stage.random.chance(0.85) ? deadly : short;
    yield stage.random.pick(wanted.length > 0 ? wanted : plan.faults);
  }
}

async function strikeOnce(plan: Plan, stage: Stage, name: FaultName): Promise<Strike> {
  const { ledger } = stage.population;
  ledger.takeGap();
  stage.bereaved.clear();
  const [from, before] = [Date.now(), ledger.sends.size];
  const finish = await FAULTS[name](stage);
  const to = Date.now();
  const [gap, sent] = [ledger.takeGap(), ledger.sends.size - before];
  const times = await catchUp(plan, stage);
  const resumed = [...times].filter(([device]) => stage.bereaved.has(device)).map(([, time]) => time);
  await finish?.();
  return { name, from, to, recovery: Math.max(0, ...times.values()), resumed, gap, sent };
}

const line = ({ population, kills }: Stage, { name, from, to, recovery, gap, sent }: Strike) =>
  `${name}: ${to - from} ms, ${sent} acknowledged meanwhile, longest pause ${gap} ms; all caught up after ` +
  `${recovery} ms (${population.ledger.sends.size} acknowledged, ${kills} kills)`;

/** How long each device takes until its subscriptions have what stood in the logs when this was called. */
async function catchUp({ patience = PATIENCE, tell }: Plan, stage: Stage): Promise<Map<Device, number>> {
  const since = Date.now();
  const { site, population, troubles } = stage;
  const [tops, members] = [await readTops(site), await readMembers(site)];
  const times = new Map<Device, number>();
  const lacking = (device: Device) =>
    device.following.filter(
      ({ roomId, cursor }) => members.has(`${roomId} ${device.account.id}`) && cursor < (tops.get(roomId) ?? 0),
    );
  const slow = setTimeout(() => tell?.(`  late: ${late().join('\n  late: ')}`), LATE);
  const late = () =>
    population.devices
      .filter((device) => !times.has(device))
      .map((device) => `${device.status}; ${lacking(device)[0]?.history.describe()}`);
  while (times.size < population.devices.length && Date.now() - since < patience) {
    for (const device of population.devices) {
      if (!times.has(device) && lacking(device).length === 0) times.set(device, Date.now() - since);
    }
    await sleep(10);
  }
  clearTimeout(slow);
  troubles.push(...late().map((text) => `not caught up after ${patience} ms: ${text}`));
  return times;
}

async function quieten(plan: Plan, stage: Stage) {
  const { senders, devices } = stage.population;
  await Promise.all(senders.map((sender) => sender.stop()));
  await sleep(500);
  await catchUp(plan, stage);
  await Promise.all(devices.map((device) => device.stop()));
}

function judge(
  { site, population, kills, troubles }: Stage,
  strikes: Strike[],
  logs: RoomLog[],
  seed: string,
  seconds: number,
): Report {
  const histories = historiesOf(population);
  return {
    seed,
    seconds,
    machine: machine(),
    strikes,
    kills,
    verdict: check(logs, population.ledger, histories),
    troubles: [...troubles, ...misbehaviourOf(site), ...complaintsOf(population)],
    acknowledged: population.ledger.sends.size,
    repeats: population.ledger.repeats,
    twins: population.senders.reduce((sum, { twins }) => sum + twins, 0),
    edits: population.ledger.edits.size,
    deletions: population.ledger.deletions.size,
    resumptions: histories.reduce((sum, { streams }) => sum + streams.length, 0),
    answers: Object.fromEntries(population.answers),
    delays: delaysWithin(logs, histories, strikes),
    resumed: spreadOf(strikes.flatMap((strike) => strike.resumed)),
    stopped: spreadOf(site.nodes.flatMap(({ stops }) => stops)),
  };
}

const misbehaviourOf = ({ nodes }: Site) => nodes.flatMap((node) => node.misbehaved);

// Nothing that is done here may be answered as a bug of the server.
const complaintsOf = ({ devices, answers }: Population) => [
  ...devices.flatMap((device) => device.complaints.map((complaint) => `${device.name}: ${complaint}`)),
  ...['INTERNAL_SERVER_ERROR', 'UNKNOWN']
    .filter((code) => answers.has(code))
    .map((code) => `answered ${answers.get(code)} times with ${code}`),
];
