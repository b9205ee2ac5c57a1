// Leaves in node_modules what the running server needs, for the image: npx tsx release/prune.ts
// `npm prune` would leave what packages would like beside them, too: of @prisma/client all of Prisma's tools, and TypeScript.
import { readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { neededPlaces } from './running.ts';

const ROOT = resolve(import.meta.dirname, '..');
const { packages } = JSON.parse(readFileSync(resolve(ROOT, 'package-lock.json'), 'utf8'));
const needed = neededPlaces(packages);

const superfluous = Object.keys(packages).filter((place) => place && !needed.has(place));
for (const place of superfluous) rmSync(resolve(ROOT, place), { recursive: true, force: true });
for (const stale of ['.bin', '.cache', '.package-lock.json']) {
  rmSync(resolve(ROOT, 'node_modules', stale), { recursive: true, force: true });
}
console.log(`${needed.size} packages are left of ${Object.keys(packages).length - 1}.`);
