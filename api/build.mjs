// Makes what is missing or older than its sources: node api/build.mjs [--prisma | --generate | --server | --all]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const STAMPS = join(ROOT, 'dist', '.stamps');
const at = (path) => join(ROOT, path);
const MADE_HERE = [at('api/generated'), at('web/gql')];

/** In this order: what one step makes, the next ones read. */
const STEPS = [
  {
    name: 'prisma',
    flags: ['--prisma', '--generate', '--server'],
    inputs: () => [...files('prisma/schema.prisma'), ...versions('prisma', '@pothos/plugin-prisma')],
    outputs: ['api/generated/prisma/client.ts', 'api/generated/pothos-types.ts'],
    run: () => run('prisma', 'prisma', ['generate', '--schema', 'prisma/schema.prisma', '--no-hints']),
  },
  {
    name: 'graphql',
    flags: ['--generate'],
    inputs: () => [
      ...files('schema.graphql', 'codegen.ts'),
      ...graphqlDocuments(),
      ...versions('@graphql-codegen/cli'),
    ],
    outputs: ['web/gql/graphql.ts'],
    run: () => run('@graphql-codegen/cli', 'graphql-codegen', ['--config', 'codegen.ts', '--silent']),
  },
  {
    name: 'web',
    flags: [],
    inputs: () => [
      ...files('web', 'schema.graphql', 'codegen.ts', 'package.json', 'package-lock.json', 'examples/api', 'patches'),
      ...files('release/release.pub', 'release/app-manifest.sig'),
    ],
    outputs: ['dist/web/index.html'],
    missing: ['web/vite.config.ts', 'web/index.html'],
    run: () => run('vite', 'vite', ['build', '--config', 'web/vite.config.ts', '--logLevel', 'warn']),
  },
  {
    name: 'server',
    flags: ['--server'],
    inputs: () => [...files('api', 'package.json', 'prisma/schema.prisma'), ...versions('esbuild')],
    outputs: ['dist/main.js', 'dist/pgliteWorker.js', 'dist/pgliteInit.js'],
    missing: ['api/main.ts'],
    run: bundleServer,
  },
  {
    // An empty database to copy at the first start: making it takes longer than people like to wait.
    name: 'database',
    flags: [],
    inputs: () => [...files('api/db/pgliteInit.js'), ...versions('@electric-sql/pglite')],
    outputs: ['dist/pgTemplate/PG_VERSION'],
    missing: ['dist/pgliteInit.js'],
    run: makeDatabase,
  },
];

/** What esbuild makes the server of: the entries, and how. Shared with `npm run dev`. */
export function serverBundle() {
  const commands = ['createsuperuser', 'backup', 'restore', 'move', 'importDjango'].map((name) => `api/${name}.ts`);
  const entries = ['api/main.ts', ...commands, 'api/db/pgliteWorker.js', 'api/db/pgliteInit.js'];
  return {
    absWorkingDir: ROOT,
    entryPoints: entries.filter((entry) => existsSync(at(entry))),
    entryNames: '[name]',
    outdir: 'dist',
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    logLevel: 'warning',
  };
}

if (isProgram()) await build(process.argv[2] ?? '--all');

function isProgram() {
  return Boolean(process.argv[1]) && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
}

async function build(flag) {
  if (isPruned()) return;
  await patch();
  const steps = STEPS.filter(({ flags }) => flag === '--all' || flags.includes(flag));
  if (steps.length === 0) fail(`Unknown option ${flag}: use --prisma, --generate, --server or --all.`);
  for (const step of steps) await refresh(step);
}

// An image made for running has the results and not the tools.
function isPruned() {
  if (existsSync(at('node_modules/esbuild'))) return false;
  if (existsSync(at('dist/main.js'))) return true;
  fail('The packages that build shh are not installed: run `npm ci`.');
}

// Imported here, because an image made for running does not have what it needs.
async function patch() {
  const { applyPatches } = await import('./patches.mjs');
  applyPatches();
}

async function refresh(step) {
  const absent = step.missing?.find((path) => !existsSync(at(path)));
  if (absent) return console.log(`Skipped ${step.name}: there is no ${absent}.`);
  const stamp = join(STAMPS, step.name);
  const hash = digest(step.inputs());
  const made = step.outputs.every((path) => existsSync(at(path)));
  if (made && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  const start = performance.now();
  await step.run();
  mkdirSync(STAMPS, { recursive: true });
  writeFileSync(stamp, hash);
  console.log(`Built ${step.name} in ${((performance.now() - start) / 1000).toFixed(1)} s.`);
}

function digest(inputs) {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(input).update('\0');
  return hash.digest('hex');
}

function* files(...paths) {
  for (const path of [...paths, 'api/build.mjs']) {
    for (const file of walk(at(path))) {
      yield relative(ROOT, file);
      yield readFileSync(file);
    }
  }
}

function* walk(path) {
  if (MADE_HERE.includes(path) || !existsSync(path)) return;
  if (!statSync(path).isDirectory()) return yield path;
  for (const name of readdirSync(path).sort()) yield* walk(join(path, name));
}

// Not all of web: most of its changes leave the queries alone.
function* graphqlDocuments() {
  for (const file of walk(at('web'))) {
    const text = /\.(ts|vue)$/.test(file) ? readFileSync(file, 'utf8') : '';
    if (text.includes('graphql(')) yield text;
  }
}

function* versions(...names) {
  for (const name of names) yield manifest(name).version;
}

function manifest(name) {
  return JSON.parse(readFileSync(at(`node_modules/${name}/package.json`), 'utf8'));
}

function makeDatabase() {
  rmSync(at('dist/pgTemplate'), { recursive: true, force: true });
  mkdirSync(at('dist/pgTemplate'), { mode: 0o700 });
  const { status } = spawnSync(process.execPath, [at('dist/pgliteInit.js'), at('dist/pgTemplate')], {
    stdio: 'inherit',
  });
  if (status !== 0) fail('The empty database could not be made.');
}

async function bundleServer() {
  const { build: bundle } = await import('esbuild');
  await bundle(serverBundle()).catch(() => process.exit(1));
}

function run(name, program, args) {
  const { bin } = manifest(name);
  const script = at(`node_modules/${name}/${typeof bin === 'string' ? bin : bin[program]}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: ROOT,
    env: toolEnvironment(),
    encoding: 'utf8',
  });
  if (status !== 0) fail(`${stdout}${stderr}\nCould not build: ${program} failed.`);
}

// Prisma asks for a native engine before every command, also for those that never use it: any file satisfies it.
// Its generators are found on PATH. The web client is built for use, wherever it is built.
function toolEnvironment() {
  const path = `${at('node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}`;
  const engine = process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath;
  return {
    ...process.env,
    NODE_ENV: 'production',
    PATH: path,
    PRISMA_SCHEMA_ENGINE_BINARY: engine,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  };
}

function fail(sentence) {
  console.error(sentence.trim());
  process.exit(1);
}
