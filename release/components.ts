import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the running server and the page contain: package and version, each once, sorted. */
export function componentsOf(root: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lockfile;
  const found = new Set(Object.keys(packages).filter((path) => path && ofServer(packages[path] ?? {})));
  for (const name of Object.keys(packages['']?.devDependencies ?? {}))
    if (inPage(root, name)) add(`node_modules/${name}`, packages, found);
  return [...new Set([...found].map((path) => `${nameAt(path)}@${packages[path]?.version}`))].sort();
}

const ofServer = ({ dev, devOptional, optional }: Locked) => !dev && !devOptional && !optional;

/** The page imports this package, or takes a file out of it. What builds the page does not count. */
function inPage(root: string, name: string): boolean {
  const mention = new RegExp(`(['"]|node_modules/)${name.replace('@iconify-json', '~icons')}['"/]`);
  return sourcesOfPage(join(root, 'web')).some((source) => mention.test(source));
}

const read = new Map<string, string[]>();

function sourcesOfPage(folder: string): string[] {
  const known = read.get(folder);
  if (known) return known;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.(ts|vue|css|html)$/.test(file) && !/(^(gql|vite\.|typecheck))|\.d\.ts$/.test(file),
  );
  const sources = files.map((file) => readFileSync(join(folder, file), 'utf8'));
  read.set(folder, sources);
  return sources;
}

function add(path: string, packages: Lockfile['packages'], found: Set<string>) {
  if (found.has(path)) return;
  found.add(path);
  for (const name of Object.keys(packages[path]?.dependencies ?? {})) {
    const dependency = pathOf(name, path, packages);
    if (dependency) add(dependency, packages, found);
  }
}

/** Where Node finds a package that is imported from another one: beside it, or beside one that it lies in. */
export function pathOf(name: string, from: string, packages: Lockfile['packages']): string | undefined {
  const path = `${from}/node_modules/${name}`;
  if (packages[path]) return path;
  const outer = from.lastIndexOf('/node_modules/');
  return outer === -1
    ? [`node_modules/${name}`].find((top) => packages[top])
    : pathOf(name, from.slice(0, outer), packages);
}

const nameAt = (path: string) => path.split('node_modules/').at(-1) ?? '';

interface Locked {
  version?: string;
  dev?: boolean;
  devOptional?: boolean;
  optional?: boolean;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}
interface Lockfile {
  packages: Record<string, Locked>;
}
