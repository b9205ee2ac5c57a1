import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { StartError } from './errors.ts';

const SAMPLE_KEYS = /^(change[-_ ]?me|secret|your[-_ ]|django-insecure)/i;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
const flag = z.stringbool({
  truthy: ['true', '1', 'yes', 'on'],
  falsy: ['false', '0', 'no', 'off'],
  error: 'must be true or false',
});
const listOf = (fits: (part: string) => boolean, what: string) =>
  list.refine((parts) => parts.every(fits), `must list ${what}, with commas`);
const whole = (least: number, most: number) =>
  z
    .string()
    .transform((text) => (/^\d+$/.test(text) ? Number(text) : -1))
    .refine((number) => number >= least && number <= most, `must be a whole number from ${least} to ${most}`);
const url = (protocols: RegExp, example: string) =>
  z.url({ protocol: protocols, error: `must be an address such as ${example}` });

const isHost = (text: string) => isIP(text) > 0 || /^[\w.-]+$/.test(text);
const isHostPattern = (text: string) => /^(\*|\.?[\w-]+(\.[\w-]+)*|\[[\da-f:]+\])$/i.test(text);
const isOrigin = (text: string) => isSite(text) && new URL(text).origin === text;
const isSite = (text: string) => URL.canParse(text) && /^https?:\/\/[^/?#@]+\/?$/i.test(text);

const Environment = z.object({
  HOST: z.string().refine(isHost, 'must be an address or a name such as 127.0.0.1').default('127.0.0.1'),
  PORT: whole(0, 65535).default(8000),
  DATA_DIR: z.string().default('./data'),
  DATABASE_URL: url(/^postgres(ql)?$/, 'postgresql://user:password@host:5432/name').optional(),
  REDIS_URL: url(/^rediss?$/, 'redis://host:6379').optional(),
  SECRET_KEY: z
    .string()
    .min(32, 'must have at least 32 characters: make one with `openssl rand -hex 32`')
    .refine((key) => !SAMPLE_KEYS.test(key), 'is a sample: make your own with `openssl rand -hex 32`')
    .optional(),
  SECRET_KEY_PREVIOUS: z.string().min(32, 'must have at least 32 characters').optional(),
  DEBUG: flag.default(false),
  ALLOWED_HOSTS: listOf(isHostPattern, 'names such as chat.example.org')
    .transform((hosts) => hosts.map((host) => host.toLowerCase()))
    .default([]),
  CORS_ALLOWED_ORIGINS: listOf(isOrigin, 'origins such as https://chat.example.org').default([]),
  PUBLIC_URL: z
    .string()
    .refine(isSite, 'must be an address such as https://chat.example.org, without a path')
    .optional(),
  OUTGOING_ORIGINS: listOf(isOrigin, 'origins such as http://10.0.0.5:8080').default([]),
  TRUSTED_PROXIES: listOf((part) => isIP(part) > 0, 'addresses such as 127.0.0.1').default([]),
  REGISTRATION: z
    .string()
    .toUpperCase()
    .pipe(z.enum(['OPEN', 'INVITE', 'CLOSED'], { error: 'must be open, invite or closed' }))
    .optional(),
  FILES_DIR: z.string().optional(),
  FILE_LIMIT_MB: whole(1, 1_000).default(25),
  S3_ADDRESS: url(/^https?$/, 'https://s3.example.org/bucket').optional(),
  S3_REGION: z.string().default('us-east-1'),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
  CLAMD_ADDRESS: z
    .string()
    .regex(/^[\w.-]+:\d{1,5}$/, 'must be a host and a port such as 127.0.0.1:3310')
    .optional(),
  OLD_ROUTES: flag.default(true),
  GRAPHIQL: flag.optional(),
  METRICS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  SEED: flag.default(false),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'], { error: 'must be debug, info, warn or error' })
    .default('info'),
  LIMIT_LOGIN_FAILURES: whole(1, 1_000_000).default(5),
  LIMIT_LOGINS_PER_MINUTE: whole(1, 1_000_000).default(20),
  LIMIT_REGISTRATIONS_PER_HOUR: whole(1, 1_000_000).default(30),
  LIMIT_MESSAGES_PER_10_SECONDS: whole(1, 1_000_000).default(50),
  LIMIT_CHANGES_PER_MINUTE: whole(1, 1_000_000).default(120),
  LIMIT_PROFILE_CHANGES_PER_HOUR: whole(1, 1_000_000).default(30),
  LIMIT_UPLOADS_PER_HOUR: whole(1, 1_000_000).default(300),
  LIMIT_EXPORTS_PER_HOUR: whole(1, 1_000_000).default(10),
  LIMIT_MARKS_PER_10_SECONDS: whole(1, 1_000_000).default(100),
  LIMIT_HOOKS_PER_MINUTE: whole(1, 1_000_000).default(60),
  LIMIT_KEY_CLAIMS_PER_HOUR: whole(1, 1_000_000).default(60),
  LIMIT_FRAMES_PER_SECOND: whole(1, 1_000_000).default(100),
  LIMIT_SOCKETS_PER_PERSON: whole(1, 1_000_000).default(10),
  LIMIT_UNKNOWN_SOCKETS: whole(1, 1_000_000).default(20_000),
  LIMIT_UNKNOWN_SOCKETS_PER_ADDRESS: whole(1, 1_000_000).default(1_000),
  LIMIT_WAITING: whole(1, 1_000_000).default(20_000),
});

export type Config = ReturnType<typeof readConfig>;

/**
 * The configuration from the environment and, beneath it, from `.env` in the working folder. Frozen.
 * A value that cannot be used throws StartError with one sentence that names it.
 */
export function readConfig(environment: Record<string, string | undefined> = readEnvironment()) {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) throw new StartError(sentence(parsed.error.issues[0], given));
  const env = parsed.data;
  const dataDir = resolve(env.DATA_DIR);
  const loopback = LOOPBACK.has(env.HOST);
  const explorable = loopback && !env.DATABASE_URL && !env.PUBLIC_URL && env.ALLOWED_HOSTS.length === 0;
  return Object.freeze({
    host: env.HOST,
    port: env.PORT,
    dataDir,
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    secretKey: env.SECRET_KEY ?? ownSecretKey(dataDir, env.DATABASE_URL),
    previousSecretKey: env.SECRET_KEY_PREVIOUS,
    debug: env.DEBUG,
    /** Whether others can reach this in plain text, as far as the configuration tells. */
    isExposed: !loopback && !env.PUBLIC_URL?.startsWith('https:'),
    allowedHosts: allowedHosts(env.ALLOWED_HOSTS, env.PUBLIC_URL, env.HOST),
    allowedOrigins: env.CORS_ALLOWED_ORIGINS,
    publicUrl: env.PUBLIC_URL && new URL(env.PUBLIC_URL).origin,
    trustedProxies: env.TRUSTED_PROXIES,
    /** What may be asked although it is not public or not https: webhooks and push services of the operator's own. */
    outgoingOrigins: env.OUTGOING_ORIGINS,
    filesDir: env.FILES_DIR ? resolve(env.FILES_DIR) : join(dataDir, 'files'),
    /** In bytes. */
    fileLimit: env.FILE_LIMIT_MB * 1_048_576,
    bucket: bucketOf(env),
    /** The clamd that looks at files. */
    scanner: scannerAt(env.CLAMD_ADDRESS),
    registration: env.REGISTRATION,
    graphiql: env.GRAPHIQL ?? (env.DEBUG || explorable),
    /** Whether the routes and the socket of the Django application answer. */
    oldRoutes: env.OLD_ROUTES,
    metricsToken: env.METRICS_TOKEN,
    seed: env.SEED,
    logLevel: env.LOG_LEVEL,
    limits: {
      loginFailures: env.LIMIT_LOGIN_FAILURES,
      loginsPerMinute: env.LIMIT_LOGINS_PER_MINUTE,
      registrationsPerHour: env.LIMIT_REGISTRATIONS_PER_HOUR,
      messagesPer10Seconds: env.LIMIT_MESSAGES_PER_10_SECONDS,
      changesPerMinute: env.LIMIT_CHANGES_PER_MINUTE,
      profileChangesPerHour: env.LIMIT_PROFILE_CHANGES_PER_HOUR,
      uploadsPerHour: env.LIMIT_UPLOADS_PER_HOUR,
      exportsPerHour: env.LIMIT_EXPORTS_PER_HOUR,
      marksPer10Seconds: env.LIMIT_MARKS_PER_10_SECONDS,
      hooksPerMinute: env.LIMIT_HOOKS_PER_MINUTE,
      keyClaimsPerHour: env.LIMIT_KEY_CLAIMS_PER_HOUR,
    },
    framesPerSecond: env.LIMIT_FRAMES_PER_SECOND,
    socketsPerPerson: env.LIMIT_SOCKETS_PER_PERSON,
    /** Sockets of people who have not signed in (yet). */
    unknownSockets: env.LIMIT_UNKNOWN_SOCKETS,
    unknownSocketsPerAddress: env.LIMIT_UNKNOWN_SOCKETS_PER_ADDRESS,
    /** How many may wait for their turn to come in, of each kind. */
    mayWait: env.LIMIT_WAITING,
  });
}

function readEnvironment(): Record<string, string | undefined> {
  const file = existsSync('.env') ? parseEnv(readSettings(resolve('.env'))) : {};
  return { ...file, ...process.env };
}

function readSettings(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(`Cannot read the settings in ${file}: ${(error as Error).message}.`);
  }
}

function sentence(issue: z.core.$ZodIssue | undefined, given: Record<string, string | undefined>): string {
  const name = String(issue?.path[0] ?? 'The configuration');
  const value = /SECRET|TOKEN|URL|KEY/.test(name) ? '' : `, but it is "${given[name]}"`;
  return `${name} ${issue?.message ?? 'cannot be read'}${value}.`;
}

// With the embedded database there is one node, so a key of its own beside the data is enough.
function ownSecretKey(dataDir: string, databaseUrl: string | undefined): string {
  if (databaseUrl)
    throw new StartError('SECRET_KEY is missing: make one with `openssl rand -hex 32` and give every node the same.');
  const file = join(dataDir, 'secret-key');
  const key = readOrMake(file);
  if (key.length < 32) throw new StartError(`${file} holds no secret key: restore it, or remove it to get a new one.`);
  return key;
}

function readOrMake(file: string): string {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new StartError(`Cannot keep a secret key in ${file}: ${(error as Error).message}.`);
  }
}

function bucketOf(env: z.output<typeof Environment>) {
  const { S3_ADDRESS, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey, S3_REGION: region } = env;
  if (!S3_ADDRESS) return null;
  if (accessKeyId && secretAccessKey) {
    return { address: S3_ADDRESS.replace(/\/+$/, ''), region, accessKeyId, secretAccessKey };
  }
  throw new StartError(
    'S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are missing: S3_ADDRESS cannot be used without them.',
  );
}

function scannerAt(address: string | undefined) {
  if (!address) return null;
  const [host = '', port] = address.split(':');
  return { host, port: Number(port) };
}

function allowedHosts(listed: string[], publicUrl: string | undefined, host: string): string[] {
  const own = publicUrl ? [new URL(publicUrl).hostname] : [];
  const local = ['localhost', '127.0.0.1', '[::1]'];
  return [...new Set([...listed, ...own, ...local, ...(host === '0.0.0.0' || host === '::' ? [] : [host])])];
}
