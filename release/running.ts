import { pathOf } from './components.ts';

/** What package-lock.json says of one package, as far as it matters here. */
export interface Locked {
  version?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}
type Lock = Record<string, Locked>;

/**
 * The places in node_modules of what the running server needs: its dependencies and what those need, but nothing that
 * they would merely like beside them. Of a package for other machines the place may be empty.
 */
export function neededPlaces(packages: Lock): Set<string> {
  const needed = new Set<string>();
  const waiting = [''];
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
