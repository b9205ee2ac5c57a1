import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lock, neededPlaces } from './running.ts';

/** What the running server and the page contain: package and version, each once, sorted. */
export function componentsOf(root: string): string[] {
  const { packages }: { packages: Lock } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const tools = Object.keys(packages['']?.devDependencies ?? {});
  const ofPage = tools.filter((name) => inPage(root, name)).map((name) => `node_modules/${name}`);
  const places = [...ofPage, ...neededPlaces(packages), ...neededPlaces(packages, ofPage)];
  return [...new Set(places.map((place) => `${nameAt(place)}@${packages[place]?.version}`))].sort();
}

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

const nameAt = (place: string) => place.split('node_modules/').at(-1) ?? '';
