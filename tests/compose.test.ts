import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../api/config.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

interface Service {
  image?: string;
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  networks: string[] | Record<string, { ipv4_address: string }>;
  depends_on?: Record<string, { condition: string }> | string[];
  healthcheck?: object;
  stop_grace_period?: string;
  init?: boolean;
  command?: string[];
}

/** What the operator puts into .env. */
const GIVEN: Record<string, string> = {
  SECRET_KEY: '0123456789abcdef'.repeat(4),
  POSTGRES_PASSWORD: 'letters4and2digits',
  SITE: 'chat.example.org',
};

let services: Record<string, Service>;
let volumes: string[];
beforeAll(() => {
  const compose = parse(read('compose.yaml'), { merge: true });
  services = compose.services;
  volumes = Object.keys(compose.volumes);
});

/** As Docker Compose puts values in: ${NAME:?why} and ${NAME:-otherwise}. */
const filled = (text: string) =>
  text.replace(/\$\{(\w+)(?::([?-])([^}]*))?\}/g, (_, name: string, kind: string, rest: string) => {
    const value = GIVEN[name];
    if (value === undefined && kind === '?') throw new Error(`${name} is needed and GIVEN has none`);
    return value ?? (kind === '-' ? rest : '');
  });
const environmentOf = (service: Service | undefined) =>
  Object.fromEntries(Object.entries(service?.environment ?? {}).map(([name, value]) => [name, filled(value)]));
const nodes = () => Object.keys(services).filter((name) => /^shh-\d+$/.test(name));

test('two nodes are set up alike, with settings that the server knows and takes', () => {
  const [one, two, ...more] = nodes();
  expect([one, two, more]).toEqual(['shh-1', 'shh-2', []]);
  expect(services['shh-1']).toEqual(services['shh-2']);
  const environment = environmentOf(services['shh-1']);
  const known = [...read('.env.example').matchAll(/^#? ?([A-Z][A-Z\d_]+)=/gm)].map(([, name]) => name);
  expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
  expect(readConfig({ HOST: '0.0.0.0', DATA_DIR: '/data', ...environment })).toMatchObject({
    publicUrl: 'https://chat.example.org',
    isExposed: false,
    filesDir: '/data/files',
    databaseUrl: 'postgresql://shh:letters4and2digits@postgres:5432/shh',
    redisUrl: 'redis://redis:6379',
  });
});

test('what they need is there: database, bus, a folder for files that both see, and time to stop', () => {
  const node = services['shh-1'] as Service;
  for (const url of [environmentOf(node).DATABASE_URL, environmentOf(node).REDIS_URL]) {
    const { hostname } = new URL(url ?? '');
    expect(services[hostname]?.healthcheck).toBeDefined();
    expect(node.depends_on).toMatchObject({ [hostname]: { condition: 'service_healthy' } });
  }
  const { username, password, pathname } = new URL(environmentOf(node).DATABASE_URL ?? '');
  expect(environmentOf(services.postgres)).toMatchObject({ POSTGRES_USER: username, POSTGRES_PASSWORD: password });
  expect(pathname).toBe(`/${username}`);
  expect(node.volumes).toEqual(['data:/data']);
  expect(read('Dockerfile')).toMatch(/DATA_DIR=\/data\b/);
  expect(Number.parseInt(node.stop_grace_period ?? '', 10)).toBeGreaterThan(10);
  expect(node.init).toBe(true);
  const mounted = Object.values(services).flatMap(({ volumes: some = [] }) =>
    some.map((volume) => volume.split(':')[0] ?? ''),
  );
  expect(mounted.filter((name) => !name.startsWith('.')).filter((name) => !volumes.includes(name))).toEqual([]);
});

test('only the proxy is reached from outside, it leads to each node, and the nodes believe what it says', () => {
  const open = Object.entries(services).filter(([, { ports }]) => ports);
  expect(open.map(([name]) => name)).toEqual(['proxy']);
  const proxy = services.proxy as Service;
  expect(proxy.volumes?.[0]).toMatch(/^\.\/Caddyfile:/);
  const caddyfile = read('Caddyfile');
  const port = /\bPORT=(\d+)/.exec(read('Dockerfile'))?.[1];
  const [, upstreams = ''] = /reverse_proxy (.*) {/.exec(caddyfile) ?? [];
  expect(upstreams.split(' ')).toEqual(nodes().map((name) => `${name}:${port}`));
  expect(caddyfile).toContain('health_uri /readyz');
  const kept = Number(/keepalive (\d+)s/.exec(caddyfile)?.[1]) * 1_000;
  const idle = /^const IDLE = ([\d_]+);/m.exec(read('api/server.ts'))?.[1];
  expect(kept).toBeLessThan(Number(idle?.replaceAll('_', '')));
  const { ipv4_address: address = '' } = (proxy.networks as Record<string, { ipv4_address: string }>).inside ?? {};
  expect(isIP(address)).toBe(4);
  expect(readConfig(environmentOf(services['shh-1'])).trustedProxies).toEqual([address]);
  expect(environmentOf(proxy).SITE).toBe('chat.example.org');
});

test('over plain http who browses is led to https, and programs are refused', () => {
  const [, plain = '', secure = ''] =
    /^http:\/\/{\$SITE} {\n([\s\S]*?)^}\n\n^{\$SITE} {\n([\s\S]*?)^}/m.exec(read('Caddyfile')) ?? [];
  expect(read('Caddyfile')).toMatch(/^{\n\tauto_https disable_redirects\n}$/m);
  expect(plain.trim().split(/\s*\n\s*/)).toEqual([
    '@page header Accept *text/html*',
    'redir @page https://{host}{uri} 308',
    'respond "Speak https to this server." 403',
  ]);
  expect(secure).toContain('reverse_proxy');
});

test('the image runs as a user without rights', () => {
  const [, last = ''] = read('Dockerfile')
    .split(/^FROM .*$/m)
    .slice(1);
  expect(last).toMatch(/^USER node$/m);
  expect(last).toContain('mkdir -m 700 /data && chown node:node /data');
  const nodesAndAll = Object.values(services).map((service) => Object.keys(service));
  for (const keys of nodesAndAll) expect(keys).not.toContain('privileged');
});

test('nothing of the repository but what is built is in the image', () => {
  const [, last = ''] = read('Dockerfile')
    .split(/^FROM .*$/m)
    .slice(1);
  const copied = [...last.matchAll(/^COPY (.*)$/gm)].map(([, what]) => what);
  const source = (line = '') => line.replace('--from=build /app/', '').split(' ')[0];
  expect(copied.map(source)).toEqual(['package.json', 'node_modules', 'prisma', 'dist']);
  for (const name of ['.git', '.env', 'data']) expect(read('.dockerignore').split('\n')).toContain(name);
  expect(read('Dockerfile')).toContain('npm run build && npx tsx release/prune.ts\n');
});

test('each setting of the server stands in .env.example, and nothing else does', () => {
  const known = [...read('.env.example').matchAll(/^#? ?([A-Z][A-Z\d_]+)=/gm)].map(([, name]) => name).sort();
  const [, object = ''] = /const Environment = z\.object\({([\s\S]*?)\n}\);/.exec(read('api/config.ts')) ?? [];
  const settings = [...object.matchAll(/^ {2}([A-Z][A-Z\d_]+):/gm)].map(([, name]) => name).sort();
  // People for developers, which npm run dev asks for.
  expect(known).toEqual(settings.filter((name) => name !== 'SEED'));
});
