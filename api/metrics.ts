import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Connections, Fault } from './connections.ts';
import type { Core } from './core.ts';
import { isUnavailable } from './db/driverErrors.ts';

/**
 * The node's figures in the Prometheus text format, read at each scrape. They hold counts only: no id, name or address.
 * Served to this machine, and elsewhere to whoever has METRICS_TOKEN.
 */
export function createMetrics(core: Core, connections: Pick<Connections, 'size' | 'strangers' | 'waiting' | 'cut'>) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  const { deliveries, roomFeeds, admission } = core;
  gauge('shh_connections', 'Open WebSockets.', () => connections.size());
  gauge('shh_connections_unknown', 'Of them, those on which nobody has signed in.', () => connections.strangers());
  gauge('shh_connections_waiting_bytes', 'What waits to be written to them.', () => connections.waiting());
  gauge('shh_rooms_watched', 'Rooms that somebody on this node follows.', () => roomFeeds.size());
  gauge('shh_log_lag_entries', 'Entries that the watched rooms were behind the database when last compared.', () =>
    roomFeeds.lag(),
  );
  gauge('shh_bus_up', 'Whether rings reach other nodes.', () => Number(core.bus.connected()));
  gauge('shh_database_up', 'Whether the database answers.', () => databaseAnswers(core));
  gauge('shh_devices', 'Devices for encrypted rooms that are in use.', () =>
    core.db.device.count({ where: { revokedAt: null } }).catch(unknown),
  );
  gauge('shh_removals_due', 'Encrypted rooms in which nothing is taken before a commit has removed somebody.', () =>
    core.db.room.count({ where: { removalsDue: true, deletedAt: null } }).catch(unknown),
  );
  counter('shh_deliveries_total', 'Entries written to members of groups.', () => deliveries.delivered);
  counter('shh_executions_total', 'GraphQL executions that those deliveries took.', () => deliveries.executions);
  counter('shh_fallbacks_total', 'Readers that fell behind and went back to the log.', () => deliveries.fellBack);
  counter('shh_rings_lost_total', 'Times that a watched room was behind because a ring did not arrive.', () =>
    roomFeeds.ringsLost(),
  );
  for (const fault of ['flooding', 'pinging', 'silent', 'stuck'] satisfies Fault[]) {
    counter(`shh_sockets_cut_${fault}_total`, `WebSockets that were cut: ${WHY[fault]}.`, () => connections.cut[fault]);
  }
  for (const [kind, turns] of Object.entries(admission)) {
    gauge(`shh_admission_${kind}_waiting`, `How many ${kind} wait for their turn.`, () => turns.waiting);
    counter(`shh_admission_${kind}_refused_total`, `How many ${kind} found the queue full.`, () => turns.refused);
  }
  return registry;
}

const WHY: Record<Fault, string> = {
  flooding: 'too many frames a second',
  pinging: 'pings came faster than answers could leave',
  silent: 'a ping was not answered',
  stuck: 'what waited was not read',
};

/** Whether this request may read the figures. */
export function mayScrape(core: Core, request: IncomingMessage, address: string): boolean {
  const { metricsToken } = core.config;
  if (!metricsToken) return (address === '127.0.0.1' || address === '::1') && !request.headers['x-forwarded-for'];
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${metricsToken}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

// While the database is away the other figures are wanted most: shh_database_up says why this one is missing.
function unknown(error: unknown): number {
  if (isUnavailable(error)) return Number.NaN;
  throw error;
}

async function databaseAnswers(core: Core): Promise<number> {
  return core.db.$queryRaw`SELECT 1`.then(
    () => 1,
    () => 0,
  );
}
