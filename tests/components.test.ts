import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { componentsOf } from '../release/components.ts';
import { heldBack, overdue, RELEASE_DAYS, type Review, WEAKNESS_DAYS } from '../release/review.ts';

const ROOT = resolve(import.meta.dirname, '..');
const reviewOf = (root: string): Review => JSON.parse(readFileSync(join(root, 'release/components.json'), 'utf8'));

test('the registry was asked about exactly what the server and the page are made of', () => {
  const components = componentsOf(ROOT);
  expect(reviewOf(ROOT).components).toEqual(components);
  for (const name of ['graphql-yoga', 'sharp', 'vue', '@vue/runtime-core', 'ts-mls', '@iconify-json/lucide'])
    expect(components.filter((component) => component.startsWith(`${name}@`))).toHaveLength(1);
  expect(components.filter((component) => /^(vite|vitest|playwright-core)@/.test(component))).toEqual([]);
});

test('nothing was later then than the page on security allows, but what is held back for a reason', () => {
  expect(overdue(reviewOf(ROOT), heldBack(ROOT))).toEqual([]);
  const behind = reviewOf(ROOT).behind.map(({ component }) => component.slice(0, component.lastIndexOf('@')));
  expect(heldBack(ROOT).filter((name) => !behind.includes(name))).toEqual([]);
});

test('the page on security says within how many days', () => {
  const page = readFileSync(join(ROOT, 'docs/security.md'), 'utf8').split('\n## Updates\n')[1];
  for (const [severity, days] of Object.entries(WEAKNESS_DAYS)) expect(page).toContain(`${severity} ${days} days`);
  expect(page).toContain(`within ${RELEASE_DAYS.told} days`);
  expect(page).toContain(`within ${RELEASE_DAYS.untold} days`);
});

let root: string;
let registry: Server;
let advisories: object | undefined;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'shh-components-'));
  advisories = undefined;
  registry = createServer((request, response) => {
    if (request.method === 'POST') return response.writeHead(advisories ? 200 : 405).end(JSON.stringify(advisories));
    return response.end(JSON.stringify(PUBLISHED[request.url ?? '']));
  }).listen(0, '127.0.0.1');
  await once(registry, 'listening');
  write('package-lock.json', JSON.stringify({ packages: LOCKED }));
  write('web/main.ts', "import { page } from 'page';\n");
  write('docs/dependencies.md', '');
  write('release/components.json', JSON.stringify({ weaknesses: [] }));
});

afterEach(() => {
  registry.close();
  rmSync(root, { recursive: true });
});

function write(file: string, text: string) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

const day = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10);
const LOCKED = {
  '': { dependencies: { '@an/engine': '1.2.9' }, devDependencies: { page: '0.4.0', tool: '1.0.0' } },
  'node_modules/@an/engine': { version: '1.2.9' },
  'node_modules/page': { version: '0.4.0', dev: true, dependencies: { part: '^2.0.0' } },
  'node_modules/part': { version: '1.0.0', dev: true },
  'node_modules/page/node_modules/part': { version: '2.0.0', dev: true },
  'node_modules/tool': { version: '1.0.0', dev: true },
};
const published = (versions: { [version: string]: string }) => ({ versions, time: versions });
const PUBLISHED: { [path: string]: object } = {
  '/@an%2fengine': published({ '1.2.9': day(90), '1.2.10': day(20), '1.3.0': day(3), '2.0.0': day(60) }),
  '/page': published({ '0.4.0': day(90), '0.4.1-rc.1': day(60), '0.4.1': day(5), '0.5.0': day(50) }),
  '/part': published({ '2.0.0': day(90), '1.0.1': day(1) }),
};

/** Kim asks the registry, by the command. */
async function ask() {
  const tsx = join(ROOT, 'node_modules/tsx/dist/cli.mjs');
  const env = { ...process.env, npm_config_registry: `http://127.0.0.1:${(registry.address() as AddressInfo).port}/` };
  const child = spawn(process.execPath, [tsx, join(ROOT, 'release/ask.ts'), root], { env });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const [status] = await once(child, 'close');
  return { status, said: said.trim() };
}

test('Kim is told of a release that was missed for too long, in its own line, and not of what builds the page', async () => {
  const told = `@an/engine@1.2.9 has missed 1.2.10, which came out on ${day(20)}: take it.`;
  expect(await ask()).toEqual({ status: 1, said: told });
  expect(reviewOf(root)).toEqual({
    asked: day(0),
    advisories: 'not told (405)',
    components: ['@an/engine@1.2.9', 'page@0.4.0', 'part@2.0.0'],
    behind: [
      { component: '@an/engine@1.2.9', missed: '1.2.10', since: day(20) },
      { component: 'page@0.4.0', missed: '0.4.1', since: day(5) },
    ],
    weaknesses: [],
  });
});

test('what is held back with a reason is not told of', async () => {
  write(
    'docs/dependencies.md',
    '\n## Held back\n\n| package | reason |\n|---|---|\n| @an/engine | page cannot do with another |\n',
  );
  expect(await ask()).toEqual({ status: 0, said: '' });
});

test('a weakness is dealt with by the day on which it was first heard of, and releases have longer then', async () => {
  const url = 'https://example.org/weakness';
  advisories = { part: [{ url, severity: 'high', vulnerable_versions: '*' }] };
  expect(await ask()).toEqual({ status: 0, said: '' });
  expect(reviewOf(root)).toMatchObject({
    advisories: 'told',
    weaknesses: [{ component: 'part', url, severity: 'high', since: day(0) }],
  });
  const weaknesses = [{ component: 'part', url, severity: 'high', since: day(31) }];
  write('release/components.json', JSON.stringify({ weaknesses }));
  expect(await ask()).toEqual({
    status: 1,
    said: `part has a weakness known since ${day(31)}, see ${url}: deal with it.`,
  });
});
