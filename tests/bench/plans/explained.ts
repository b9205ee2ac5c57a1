import pg from 'pg';

interface Node {
  'Node Type': string;
  'Index Name'?: string;
  'Relation Name'?: string;
  'Actual Loops'?: number;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  Plans?: Node[];
}

/** What PostgreSQL did for one statement. */
export interface Plan {
  /** In ms, without the way there and back. */
  took: number;
  /** Pages of 8 kB that were looked at, in memory or on disk. */
  pages: number;
  indexes: string[];
  /** Tables that were read from end to end. */
  scanned: string[];
  /** The statement and its plan, as PostgreSQL tells them. */
  text: string;
}

let told: Plan[] = [];

/** Has PostgreSQL tell the plan of each statement that is run in this database, as auto_explain does. */
export async function explainAll(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
  const settings = {
    session_preload_libraries: "'auto_explain'",
    'auto_explain.log_min_duration': '0',
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_buffers': 'on',
    'auto_explain.log_format': "'json'",
    'auto_explain.log_level': "'notice'",
  };
  await client.query("LOAD 'auto_explain'");
  for (const [name, value] of Object.entries(settings))
    await client.query(`ALTER DATABASE "${rows[0]?.name}" SET ${name} = ${value}`);
  hear();
}

/** The plans of what the act asked of PostgreSQL, in order, without what begins and ends transactions. */
export async function plansOf(act: () => Promise<unknown>): Promise<Plan[]> {
  told = [];
  await act();
  // The last one is told after the answer.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return told.splice(0);
}

function hear() {
  const heard = new WeakSet<pg.Client>();
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function listening(this: pg.Client, ...args: unknown[]) {
    if (!heard.has(this)) this.on('notice', note);
    heard.add(this);
    return (query as (...all: unknown[]) => unknown).apply(this, args);
  } as typeof query;
}

function note({ message = '' }: { message?: string | undefined }) {
  const [, took, json] = /^duration: ([\d.]+) ms\s+plan:\s+([\s\S]*)$/.exec(message) ?? [];
  if (!took || !json) return;
  const { Plan: root } = JSON.parse(json) as { Plan: Node };
  const nodes = [...walk(root)];
  told.push({
    took: Number(took),
    pages: (root['Shared Hit Blocks'] ?? 0) + (root['Shared Read Blocks'] ?? 0),
    indexes: [...new Set(nodes.flatMap((node) => node['Index Name'] ?? []))].sort(),
    scanned: [...new Set(nodes.filter(isScan).flatMap((node) => node['Relation Name'] ?? []))].sort(),
    text: json,
  });
}

const isScan = (node: Node) => node['Node Type'] === 'Seq Scan' && (node['Actual Loops'] ?? 0) > 0;

function* walk(node: Node): Generator<Node> {
  yield node;
  for (const child of node.Plans ?? []) yield* walk(child);
}
