import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

// Who stands above whom, from the edge down to the core. A file imports from its own layer or from below.
const LAYERS = [
  [
    'main.ts',
    'createsuperuser.ts',
    'backup.ts',
    'restore.ts',
    'move.ts',
    'importDjango.ts',
    'seed.ts',
    'print-schema.ts',
    'check-schema.ts',
  ],
  ['server.ts', 'housekeeping.ts'],
  ['routes.ts'],
  [
    'yoga.ts',
    'sockets.ts',
    'graphqlSocket.ts',
    'connections.ts',
    'static.ts',
    'cookies.ts',
    'requests.ts',
    'exchange.ts',
    'documentLimits.ts',
    'largeBodies.ts',
    'sharedDocument.ts',
    'sharedExecution.ts',
    'metrics.ts',
    'legacy/',
  ],
  ['schema.ts'],
  [/\.(schema|http)\.ts$/],
  ['builder.ts', 'openingCost.ts', 'context.ts', 'loaders.ts', 'tokenReach.ts'],
  ['administration/'],
  ['typing/', 'signals/', 'presence/', 'accounts/', 'backups/', 'django/', 'search/', 'notifications/'],
  ['reactions/', 'pins/', 'mentions/', 'webhooks/', 'retention/', 'groups/'],
  ['messages/', 'roomLinks/'],
  ['files/', 'secrets/'],
  ['devices/'],
  ['rooms/'],
  ['passkeys/'],
  ['auth/'],
  ['invitations/'],
  ['audit/'],
  ['hush/'],
  ['users/'],
  ['instance/'],
  ['core.ts'],
  ['realtime/', 'storage/'],
  [
    'days.ts',
    'input.ts',
    'links.ts',
    'outgoing.ts',
    'paging.ts',
    'limits.ts',
    'admission.ts',
    'turns.ts',
    'pubsub.ts',
    'busCheck.ts',
    'log.ts',
    'trails.ts',
    'config.ts',
    'db/',
    'version.ts',
    'command.ts',
  ],
  ['errors.ts', 'schemaChanges.ts'],
] as const;

const ROOT = resolve(import.meta.dirname, '..');
const API = join(ROOT, 'api');

test('every file of the server has a layer', () => {
  expect(sources(API).filter((file) => layerOf(file) === -1)).toEqual([]);
});

test('no file imports from a layer above its own', () => {
  const wrong = sources(API).flatMap((file) =>
    valueImports(join(API, file))
      .filter((target) => target.startsWith(API) && !target.includes('/generated/'))
      .map((target) => relative(API, target))
      .filter((target) => layerOf(target) < layerOf(file))
      .map((target) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test('no file imports itself through others', () => {
  const graph = new Map(sources(API).map((file) => [file, importsWithin(file)]));
  const cycles = [...graph.keys()].filter((file) => reaches(graph, file, file, new Set()));
  expect(cycles).toEqual([]);
});

test('the web client and the server meet only in schema.graphql', () => {
  const web = join(ROOT, 'web');
  const crossing = [
    ...sources(web).flatMap((file) => allImports(join(web, file)).filter((target) => target.startsWith(API))),
    ...sources(API).flatMap((file) => allImports(join(API, file)).filter((target) => target.startsWith(web))),
  ];
  expect(crossing).toEqual([]);
});

test('only config reads the environment', () => {
  const allowed = ['config.ts', 'createsuperuser.ts'];
  const readers = sources(API).filter((file) => /process\.env\b/.test(read(join(API, file))));
  expect(readers.filter((file) => !allowed.includes(file))).toEqual([]);
});

test('only db and the builder touch what Prisma generates', () => {
  const touching = sources(API).filter((file) =>
    allImports(join(API, file)).some((target) => target.includes('/generated/')),
  );
  expect(touching.filter((file) => !file.startsWith('db/') && file !== 'builder.ts')).toEqual([]);
});

test('bytes are kept as files of a room alone, because a backup takes those along and no others', () => {
  const keepers = sources(API).filter((file) => /\bstorage\.put\(/.test(read(join(API, file))));
  expect(keepers.filter((file) => !/^(files|backups)\//.test(file))).toEqual([]);
});

test('only context makes a viewer out of credentials', () => {
  const makers = sources(API).filter((file) => /\bverify(Session|PersonalToken)\(/.test(read(join(API, file))));
  expect(makers.filter((file) => !['context.ts', 'auth/sessions.ts', 'auth/personalTokens.ts'].includes(file))).toEqual(
    [],
  );
});

test('only web/crypto/mls knows the library under the encryption', () => {
  const web = join(ROOT, 'web');
  const importers = sources(web).filter((file) => /from '(ts-mls|@hpke)\b/.test(read(join(web, file))));
  expect(importers.filter((file) => !file.startsWith('crypto/mls/'))).toEqual([]);
});

test('no statement is made of text, no program is run and no code is made of what people send', () => {
  expect(having(/\$(query|execute)RawUnsafe\b|\beval\(|\bnew Function\(|node:vm\b/)).toEqual([]);
  expect(having(/node:child_process/)).toEqual(['db/pglite.ts']);
  // Constants alone: read them when one comes.
  expect(having(/\bPrisma\.raw\(/)).toEqual([
    ...['db/db.ts', 'mentions/mentions.ts', 'realtime/entry.ts', 'realtime/person.ts', 'rooms/unread.ts'],
  ]);
  expect(having(/\bnew RegExp\(/)).toEqual(['reactions/emoji.ts', 'search/search.ts', 'users/username.ts']);
  expect(having(/\binnerHTML\b|\bv-html\b|\beval\(|\bnew Function\(/, join(ROOT, 'web'))).toEqual([]);
});

test('what may not be guessed is not made by Math.random', () => {
  // They spread what comes at once.
  const spreading = ['admission.ts', 'connections.ts', 'pubsub.ts', 'realtime/sharedSubscription.ts', 'sockets.ts'];
  expect(having(/\bMath\.random\b/)).toEqual(spreading);
});

test('only the log writes to the console of a running server', () => {
  const commands = [
    ...['backup.ts', 'check-schema.ts', 'command.ts', 'createsuperuser.ts', 'importDjango.ts', 'main.ts', 'move.ts'],
    ...['restore.ts', 'seed.ts'],
  ];
  const writing = having(/\bconsole\.|\bprocess\.std(out|err)\b/);
  expect(writing.filter((file) => !commands.includes(file))).toEqual(['log.ts']);
});

const having = (pattern: RegExp, folder = API) =>
  sources(folder)
    .filter((file) => pattern.test(read(join(folder, file))))
    .sort();

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.(ts|vue|js)$/.test(file) && !file.startsWith('generated/') && !file.startsWith('gql/'));
}

function layerOf(file: string): number {
  const matches = (rule: string | RegExp) =>
    rule instanceof RegExp ? rule.test(file) : rule.endsWith('/') ? file.startsWith(rule) : file === rule;
  return LAYERS.findIndex((rules) => rules.some(matches));
}

const importsWithin = (file: string) =>
  valueImports(join(API, file))
    .filter((target) => target.startsWith(API) && !target.includes('/generated/'))
    .map((target) => relative(API, target));

function reaches(graph: Map<string, string[]>, from: string, goal: string, seen: Set<string>): boolean {
  return (graph.get(from) ?? []).some((next) => {
    if (next === goal) return true;
    if (seen.has(next)) return false;
    seen.add(next);
    return reaches(graph, next, goal, seen);
  });
}

// A type that is imported is gone when the code runs.
const valueImports = (file: string) =>
  imports(file, /^(?:import|export) (?!type\b)[^;]*?from '(\.[^']+)'|^import '(\.[^']+)'/gm);
const allImports = (file: string) => imports(file, /(?:from|import\(?) ?'(\.[^']+)'/gm);

function imports(file: string, pattern: RegExp): string[] {
  return [...read(file).matchAll(pattern)].map((match) => resolve(dirname(file), match[1] ?? match[2] ?? ''));
}

const read = (file: string) => readFileSync(file, 'utf8');
