/** How many people do what, for how long, and what has to come of it. */
export interface Plan {
  /** Addresses of the nodes, such as http://127.0.0.1:8000; people are spread over them. */
  urls: string[];
  people: number;
  /** How many share a room. */
  perRoom: number;
  seconds: number;
  /** In seconds, how long a person waits between two acts, on the average. */
  pause: number;
  /** What the accounts are called: the same again signs in to those that there are. */
  name: string;
  metricsToken?: string | undefined;
  gate: Gate;
}

/** Bars in milliseconds, and how many errors there may be. */
export interface Gate {
  sent: number;
  heard: number;
  read: number;
  resumed: number;
  errors: number;
}

/** P6 of what is promised: fresh within 250 ms; a page and a break have more. */
export const GATE: Gate = { sent: 250, heard: 250, read: 500, resumed: 2_000, errors: 0 };

export const HELP = `npm run load -- [URL ...] [--people 100] [--per-room 25] [--seconds 30] [--pause 10] [--name load]
  [--gate sent=250,heard=250,read=500,resumed=2000,errors=0] [--metrics-token TOKEN] [--json=FILE] [--elsewhere]

People sign in (accounts are made the first time), open a socket, follow their rooms, read, type, write and lose their
connection. Ends with 1 when a bar is missed. Without URL: http://127.0.0.1:8000; with several, people are spread over the nodes.
An address that is not this machine's wants --elsewhere: load only what is yours.
All come from one address, so the server must allow that: start it with LIMIT_REGISTRATIONS_PER_HOUR=1000000
LIMIT_LOGINS_PER_MINUTE=1000000, and with REGISTRATION=open.`;

/** Reads the arguments of the command; throws a sentence. */
export function readPlan(args: string[]): Plan & { json: string | undefined } {
  const options = new Map<string, string>();
  const urls: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [, name, given] = /^--([a-z-]+)(?:=(.*))?$/.exec(args[at] ?? '') ?? [];
    if (!name) urls.push((args[at] ?? '').replace(/\/$/, ''));
    else options.set(name, given ?? (name === 'elsewhere' ? 'yes' : (args[++at] ?? '')));
  }
  const known = ['people', 'per-room', 'seconds', 'pause', 'name', 'gate', 'metrics-token', 'json', 'elsewhere'];
  for (const name of options.keys()) if (!known.includes(name)) throw new Error(`There is no --${name}.\n\n${HELP}`);
  const plan = {
    urls: urls.length > 0 ? urls : ['http://127.0.0.1:8000'],
    people: numberOf(options, 'people', 100),
    perRoom: numberOf(options, 'per-room', 25),
    seconds: numberOf(options, 'seconds', 30),
    pause: numberOf(options, 'pause', 10),
    name: options.get('name') ?? 'load',
    metricsToken: options.get('metrics-token'),
    gate: gateOf(options.get('gate')),
    json: options.get('json'),
  };
  if (!options.has('elsewhere')) for (const url of plan.urls) refuseElsewhere(url);
  return plan;
}

function numberOf(options: Map<string, string>, name: string, otherwise: number): number {
  const number = Number(options.get(name) ?? otherwise);
  if (!(number > 0)) throw new Error(`--${name} is a number above 0, not ${options.get(name)}.`);
  return number;
}

function gateOf(text = ''): Gate {
  const gate = { ...GATE };
  for (const part of text.split(',').filter(Boolean)) {
    const [name = '', value] = part.split('=');
    if (!(name in gate) || !(Number(value) >= 0)) throw new Error(`--gate does not know ${part}.`);
    gate[name as keyof Gate] = Number(value);
  }
  return gate;
}

function refuseElsewhere(url: string) {
  const { hostname } = new URL(url);
  if (/^(127\.|localhost$|\[::1\]$)/.test(hostname)) return;
  throw new Error(`${url} is not this machine. If it is yours, say so with --elsewhere.`);
}
