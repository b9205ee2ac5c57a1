/** What package-lock.json says of one package, as far as it matters here. */
export interface Locked {
  version?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
  devDependencies?: Record<string, string>;
}
export type Lock = Record<string, Locked>;

/**
 * The places in node_modules of what the running server needs, or what is at those places: its dependencies and what those
 * need, but nothing that they would merely like beside them. Of a package for other machines the place may be empty.
 */
export function neededPlaces(packages: Lock, by = ['']): Set<string> {
  const needed = new Set<string>();
  const waiting = [...by];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const found = namesOf(packages[place]).map((name) => pathOf(name, place, packages));
    for (const next of found) {
      if (!next || needed.has(next)) continue;
      needed.add(next);
      waiting.push(next);
    }
  }
  return needed;
}

function namesOf({ dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta }: Locked = {}) {
  const beside = Object.keys(peerDependencies ?? {}).filter((name) => !peerDependenciesMeta?.[name]?.optional);
  return [...Object.keys({ ...dependencies, ...optionalDependencies }), ...beside];
}

/** Where Node finds a package that is imported from another one: beside it, or beside one that it lies in. */
function pathOf(name: string, from: string, packages: Lock): string | undefined {
  const path = `${from}/node_modules/${name}`;
  if (packages[path]) return path;
  const outer = from.lastIndexOf('/node_modules/');
  return outer === -1
    ? [`node_modules/${name}`].find((top) => packages[top])
    : pathOf(name, from.slice(0, outer), packages);
}
