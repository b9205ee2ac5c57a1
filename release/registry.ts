/** Of each component the first release that it has missed in its own line: the same major version, or before 1.0 the same minor one. */
export async function missedBy(components: string[], registry: string): Promise<Missed[]> {
  const missed: Missed[] = [];
  for (const component of components) {
    const first = await firstMissed(component, registry);
    if (first) missed.push({ component, ...first });
  }
  return missed;
}

/** What the registry knows against these components, and whether it tells at all. */
export async function weaknessesOf(components: string[], registry: string) {
  const asked: { [name: string]: string[] } = {};
  for (const { name, version } of components.map(parsed)) asked[name] = [...(asked[name] ?? []), version];
  const response = await fetch(new URL('-/npm/v1/security/advisories/bulk', registry), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(asked),
  });
  if (!response.ok) return { answer: `not told (${response.status})`, found: [] };
  const advisories = (await response.json()) as { [name: string]: { url: string; severity: string }[] };
  const found = Object.entries(advisories).flatMap(([component, known]) =>
    known.map(({ url, severity }) => ({ component, url, severity })),
  );
  return { answer: TOLD, found };
}

/** How a record says that the registry gives out advisories. */
export const TOLD = 'told';

async function firstMissed(component: string, registry: string) {
  const { name, version } = parsed(component);
  const response = await fetch(new URL(name.replace('/', '%2f'), registry));
  if (!response.ok) throw new Error(`The registry answers ${response.status} when it is asked for ${name}.`);
  const { time, versions } = (await response.json()) as Packument;
  const [first] = Object.keys(versions)
    .filter((other) => isRelease(other) && line(other) === line(version) && compare(other, version) > 0)
    .sort(compare);
  return first ? { missed: first, since: (time[first] ?? '').slice(0, 10) } : undefined;
}

function parsed(component: string) {
  const at = component.lastIndexOf('@');
  return { name: component.slice(0, at), version: component.slice(at + 1) };
}

const numbers = (version: string) => (version.split('-')[0] ?? '').split('.').map(Number);
const isRelease = (version: string) => !version.includes('-');

function line(version: string) {
  const [major = 0, minor = 0] = numbers(version);
  return major > 0 ? `${major}` : `0.${minor}`;
}

function compare(one: string, other: string): number {
  const theirs = numbers(other);
  const differences = numbers(one).map((number, index) => number - (theirs[index] ?? 0));
  return differences.find((difference) => difference !== 0) ?? 0;
}

interface Packument {
  versions: { [version: string]: unknown };
  time: { [version: string]: string };
}

export interface Missed {
  component: string;
  /** The first release after the one in use. */
  missed: string;
  /** The day on which it came out. */
  since: string;
}
