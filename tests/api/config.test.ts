import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../api/config.ts';
import { StartError } from '../../api/errors.ts';

const API = resolve(import.meta.dirname, '../../api');
const TSX = createRequire(import.meta.url).resolve('tsx');
const SECRET_KEY = 'k'.repeat(32);
const DATABASE_URL = 'postgresql://shh:hunter2@localhost:5432/shh';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shh-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (environment: Record<string, string>) => readConfig({ DATA_DIR: join(folder, 'data'), ...environment });

function complaint(environment: Record<string, string>): string {
  try {
    read(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return (error as Error).message;
  }
  throw new Error(`${JSON.stringify(environment)} was taken`);
}

test('the operator is told when others reach the server in plain text', () => {
  const exposed = (environment: Record<string, string>) => read(environment).isExposed;
  expect(exposed({})).toBe(false);
  expect(exposed({ HOST: '::1' })).toBe(false);
  expect(exposed({ HOST: '0.0.0.0' })).toBe(true);
  expect(exposed({ HOST: '0.0.0.0', PUBLIC_URL: 'http://chat.example.org' })).toBe(true);
  expect(exposed({ HOST: '0.0.0.0', PUBLIC_URL: 'https://chat.example.org' })).toBe(false);
});

test('with nothing said, the server listens to this machine only, and explains itself to developers', () => {
  expect(read({})).toMatchObject({
    host: '127.0.0.1',
    port: 8000,
    databaseUrl: undefined,
    redisUrl: undefined,
    debug: false,
    graphiql: true,
    seed: false,
    logLevel: 'info',
    registration: undefined,
    publicUrl: undefined,
    allowedOrigins: [],
    trustedProxies: [],
    allowedHosts: ['localhost', '127.0.0.1', '[::1]'],
    socketsPerPerson: 10,
    framesPerSecond: 100,
    limits: { loginFailures: 5, loginsPerMinute: 20, registrationsPerHour: 30 },
  });
});

test('an empty value is as good as none', () => {
  expect(read({ PORT: '', DATABASE_URL: '', SECRET_KEY: '', REGISTRATION: '' })).toEqual(read({}));
});

test('nobody changes the configuration afterwards', () => {
  const config = read({}) as { port: number };
  expect(() => (config.port = 1)).toThrow(TypeError);
});

test.each([
  ['PORT', 'eighty'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PORT', '80.5'],
  ['PORT', ' '],
  ['PORT', '0x50'],
  ['HOST', 'http://127.0.0.1'],
  ['HOST', '127.0.0.1:8000'],
  ['DATABASE_URL', 'mysql://localhost/shh'],
  ['DATABASE_URL', 'localhost'],
  ['REDIS_URL', 'http://localhost'],
  ['SECRET_KEY', 'short'],
  ['SECRET_KEY', 'change-me-change-me-change-me-change-me'],
  ['SECRET_KEY', 'your-secret-key-your-secret-key-your-secret-key'],
  ['SECRET_KEY', 'django-insecure-0123456789abcdefghijklmnop'],
  ['SECRET_KEY_PREVIOUS', 'short'],
  ['DEBUG', 'maybe'],
  ['ALLOWED_HOSTS', 'https://chat.example.org'],
  ['ALLOWED_HOSTS', 'chat.example.org:8000'],
  ['CORS_ALLOWED_ORIGINS', 'chat.example.org'],
  ['CORS_ALLOWED_ORIGINS', 'https://chat.example.org/path'],
  ['CORS_ALLOWED_ORIGINS', 'https://good.example.org, *'],
  ['CORS_ALLOWED_ORIGINS', 'null'],
  ['PUBLIC_URL', 'my.site'],
  ['PUBLIC_URL', 'ftp://my.site'],
  ['PUBLIC_URL', 'https://my.site/chat'],
  ['TRUSTED_PROXIES', 'proxy.example.org'],
  ['TRUSTED_PROXIES', '10.0.0.1, 10.0.0.0/8'],
  ['REGISTRATION', 'sometimes'],
  ['GRAPHIQL', '2'],
  ['SEED', 'please'],
  ['LOG_LEVEL', 'loud'],
  ['LIMIT_LOGIN_FAILURES', '0'],
  ['LIMIT_LOGINS_PER_MINUTE', 'many'],
  ['LIMIT_REGISTRATIONS_PER_HOUR', '-5'],
  ['LIMIT_MESSAGES_PER_10_SECONDS', '1.5'],
  ['LIMIT_CHANGES_PER_MINUTE', '1e9'],
  ['LIMIT_PROFILE_CHANGES_PER_HOUR', '0'],
  ['LIMIT_FRAMES_PER_SECOND', '0'],
  ['LIMIT_SOCKETS_PER_PERSON', '0'],
])('%s cannot be "%s", and one sentence says so', (name, value) => {
  const sentence = complaint({ [name]: value });
  expect(sentence).toMatch(new RegExp(`^${name} [^\n]+\\.$`));
  if (/SECRET|URL/.test(name)) expect(sentence).not.toContain(value);
});

test('PostgreSQL without a secret key is refused, and the password of the database stays unsaid', () => {
  const sentence = complaint({ DATABASE_URL });
  expect(sentence).toMatch(/^SECRET_KEY [^\n]+\.$/);
  expect(sentence).not.toContain('hunter2');
  expect(read({ DATABASE_URL, SECRET_KEY }).secretKey).toBe(SECRET_KEY);
});

test('the embedded database gets a secret key of its own, kept where only its owner can read it', () => {
  const DATA_DIR = join(folder, 'own');
  const { secretKey } = read({ DATA_DIR });
  expect(secretKey).toMatch(/^[0-9a-f]{64}$/);
  expect(read({ DATA_DIR }).secretKey).toBe(secretKey);
  expect(read({ DATA_DIR: join(folder, 'other') }).secretKey).not.toBe(secretKey);
  expect(mode(join(DATA_DIR, 'secret-key'))).toBe(0o600);
  expect(mode(DATA_DIR)).toBe(0o700);
});

test('a secret key that is given is not written to disk', () => {
  const DATA_DIR = join(folder, 'given');
  expect(read({ DATA_DIR, SECRET_KEY }).secretKey).toBe(SECRET_KEY);
  expect(existsSync(join(DATA_DIR, 'secret-key'))).toBe(false);
});

test('a secret key file that was cut short stops the start', () => {
  const DATA_DIR = join(folder, 'cut');
  read({ DATA_DIR });
  writeFileSync(join(DATA_DIR, 'secret-key'), '');
  expect(complaint({ DATA_DIR })).toMatch(/^[^\n]+secret-key[^\n]+\.$/);
});

test('a data folder that cannot be one stops the start', () => {
  const file = join(folder, 'a file');
  writeFileSync(file, '');
  expect(complaint({ DATA_DIR: file })).toMatch(/^[^\n]*a file[^\n]+\.$/);
});

test('lists take spaces, and hosts any case', () => {
  const given = { ALLOWED_HOSTS: ' Chat.Example.org , .example.net', TRUSTED_PROXIES: '10.0.0.1, ::1', ...CORS };
  const { allowedHosts, trustedProxies, allowedOrigins } = read(given);
  expect(allowedHosts).toEqual(expect.arrayContaining(['chat.example.org', '.example.net']));
  expect(trustedProxies).toEqual(['10.0.0.1', '::1']);
  expect(allowedOrigins).toEqual(['https://a.example', 'http://localhost:5173']);
});
const CORS = { CORS_ALLOWED_ORIGINS: 'https://a.example , http://localhost:5173' };

test('the public address names a host to answer to', () => {
  const { publicUrl, allowedHosts } = read({ PUBLIC_URL: 'https://Chat.example.org:8443/' });
  expect(publicUrl).toBe('https://chat.example.org:8443');
  expect(allowedHosts).toContain('chat.example.org');
});

test.each<[string, Record<string, string>, boolean]>([
  ['for this machine alone', {}, true],
  ['listening to the network', { HOST: '0.0.0.0' }, false],
  ['with a public address', { PUBLIC_URL: 'https://chat.example.org' }, false],
  ['with other hosts', { ALLOWED_HOSTS: 'chat.example.org' }, false],
  ['on PostgreSQL', { DATABASE_URL, SECRET_KEY }, false],
  ['listening to the network, with DEBUG', { HOST: '0.0.0.0', DEBUG: 'true' }, true],
  ['with DEBUG, but without GraphiQL', { DEBUG: 'true', GRAPHIQL: 'false' }, false],
])('whether there is GraphiQL %s', (_, environment, graphiql) => {
  expect(read(environment).graphiql).toBe(graphiql);
});

test('values come from .env, and the environment wins', () => {
  writeFileSync(join(folder, '.env'), 'PORT=8123\nREGISTRATION="closed" # for now\nLOG_LEVEL=warn\n');
  const program = `import { readConfig } from '${API}/config.ts'; console.log(JSON.stringify(readConfig()))`;
  const { stdout } = run(['--input-type=module', '-e', program], { LOG_LEVEL: 'error' });
  expect(JSON.parse(stdout)).toMatchObject({ port: 8123, registration: 'CLOSED', logLevel: 'error' });
});

test('the operator who mistypes a port reads one sentence and no stack', () => {
  const { status, stdout, stderr } = run([join(API, 'main.ts')], { PORT: 'eighty' });
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: '',
    stderr: 'PORT must be a whole number from 0 to 65535, but it is "eighty".\n',
  });
});

test('the operator whose .env cannot be read, as a folder that Docker made in its place, reads one sentence', () => {
  rmSync(join(folder, '.env'), { force: true });
  mkdirSync(join(folder, '.env'));
  const { status, stderr } = run([join(API, 'main.ts')], {});
  rmSync(join(folder, '.env'), { recursive: true });
  expect(stderr).toMatch(/^Cannot read the settings in .*\.env: [^\n]+\.\n$/);
  expect(status).toBe(1);
});

test.each([
  ['a folder for files that cannot be one', { FILES_DIR: TSX }, /^Cannot keep files in .*FILES_DIR\.\n$/],
  ['an address of another machine', { HOST: '192.0.2.1' }, /^HOST is not an address of this machine: .*\n$/],
])('the operator who gives %s reads one sentence', (_, environment, sentence) => {
  const { status, stderr } = run([join(API, 'main.ts')], { PORT: '0', LOG_LEVEL: 'error', ...environment });
  expect(stderr).toMatch(sentence);
  expect(status).toBe(1);
});

function run(args: string[], environment: Record<string, string>) {
  const env = { PATH: process.env.PATH, ...environment };
  return spawnSync(process.execPath, ['--import', TSX, ...args], { cwd: folder, env, encoding: 'utf8' });
}

const mode = (path: string) => statSync(path).mode & 0o777;
