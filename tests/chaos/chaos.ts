import { setTimeout as sleep } from 'node:timers/promises';
import { check, type RoomLog } from './checker.ts';
import { FAULTS, type FaultName, type Stage } from './faults.ts';
import type { Program } from './nodeProcess.ts';
import { historiesOf, type Population, type Size, settle } from './population.ts';
import { Random } from './random.ts';
import { delaysWithin, type Report, type Strike } from './report.ts';
import { openSite, readLogs, readMembers, readTops, type Site } from './site.ts';

const PATIENCE = 60_000;
const LATE = 1_500;

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
  /** How long to wait for subscribers to catch up. */
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
    const stage: Stage = { site, population, random: random.fork('faults'), scale: plan.scale, kills: 0, troubles: [] };
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
    await sleep(stage.random.between(0, 1_000));
  }
  return strikes;
}

// Each once, in any order; then whatever comes, every second one a kill while kills are wanted.
function* order(plan: Plan, stage: Stage): Generator<FaultName> {
  yield* stage.random.shuffled(plan.faults);
  for (;;) {
    const deadly = stage.kills < plan.kills && stage.random.chance(0.6);
    yield deadly ? 'kill -9' : stage.random.pick(plan.faults);
  }
}

async function strikeOnce(plan: Plan, stage: Stage, name: FaultName): Promise<Strike> {
  const { ledger } = stage.population;
  ledger.takeGap();
  const [from, before] = [Date.now(), ledger.sends.size];
  const finish = await FAULTS[name](stage);
  const to = Date.now();
  const [gap, sent] = [ledger.takeGap(), ledger.sends.size - before];
  const recovered = await catchUp(plan, stage);
  if (!recovered) stage.troubles.push(`${name}: not everyone has caught up after ${patienceOf(plan)} ms`);
  const recovery = Date.now() - to;
  await finish?.();
  return { name, from, to, recovery, gap, sent };
}

const line = ({ population, kills }: Stage, { name, from, to, recovery, gap, sent }: Strike) =>
  `${name}: ${to - from} ms, ${sent} acknowledged meanwhile, longest pause ${gap} ms; all caught up after ` +
  `${recovery} ms (${population.ledger.sends.size} acknowledged, ${kills} kills)`;

const patienceOf = ({ patience = PATIENCE }: Plan) => patience;

/** Waits until every member's subscription has what stood in the logs when this was called. */
async function catchUp(plan: Plan, { site, population }: Stage): Promise<boolean> {
  const deadline = Date.now() + patienceOf(plan);
  const [tops, members] = [await readTops(site), await readMembers(site)];
  const due = population.devices.flatMap((device) =>
    device.following
      .filter(({ roomId }) => members.has(`${roomId} ${device.account.id}`))
      .map((following) => ({ device, following, top: tops.get(following.roomId) ?? 0 })),
  );
  for (const { device, following, top } of due) {
    const late = setTimeout(
      () => plan.tell?.(`  late: ${device.status}; ${following.history.describe()}, wants ${top}`),
      LATE,
    );
    while (following.cursor < top && Date.now() < deadline) await sleep(10);
    clearTimeout(late);
  }
  return due.every(({ following, top }) => following.cursor >= top);
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
  };
}

const misbehaviourOf = ({ nodes }: Site) => nodes.flatMap((node) => node.misbehaved);
const complaintsOf = ({ devices }: Population) =>
  devices.flatMap((device) => device.complaints.map((complaint) => `${device.name}: ${complaint}`));
