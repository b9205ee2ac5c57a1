import { spawnSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
let root: string;
let keys: string;
const at = (...path: string[]) => join(root, ...path);
const read = (...path: string[]) => readFileSync(at(...path), 'utf8');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'shh-release-'));
  keys = mkdtempSync(join(tmpdir(), 'shh-keys-'));
  cpSync(join(ROOT, 'release'), at('release'), { recursive: true });
  for (const file of ['release.pub', 'app-manifest.sig']) rmSync(at('release', file), { force: true });
  writeFileSync(at('package.json'), '{ "type": "module" }');
  mkdirSync(at('dist/web/.well-known'), { recursive: true });
});

afterEach(() => {
  for (const folder of [root, keys]) rmSync(folder, { recursive: true });
});

/** Somebody runs the script in their copy of the repository. */
function sign(keyFile: string, ...args: string[]) {
  const tsx = join(ROOT, 'node_modules/tsx/dist/cli.mjs');
  const env = { ...process.env, RELEASE_KEY: keyFile };
  const { status, stderr } = spawnSync(process.execPath, [tsx, at('release/sign.ts'), ...args], {
    env,
    encoding: 'utf8',
  });
  return { status, said: stderr.trim() };
}

const publicKey = () => read('release/release.pub').replace(/-----.*-----|\s/g, '');
const build = (key: string) => writeFileSync(at('dist/web/.well-known/app-manifest.json'), JSON.stringify({ key }));

test('Kim makes a pair of keys, of which the private one stays with Kim, and signs a build', () => {
  expect(sign(join(keys, 'kim.pem'), '--new')).toEqual({ status: 0, said: '' });
  expect(statSync(join(keys, 'kim.pem')).mode & 0o777).toBe(0o600);
  build(publicKey());
  expect(sign(join(keys, 'kim.pem'))).toEqual({ status: 0, said: '' });
  const [key, signature = ''] = read('release/app-manifest.sig').trim().split(' ');
  expect(key).toBe(publicKey());
  const manifest = readFileSync(at('dist/web/.well-known/app-manifest.json'));
  const pem = createPublicKey(read('release/release.pub'));
  expect(verify(null, manifest, pem, Buffer.from(signature, 'base64'))).toBe(true);
  expect(read('dist/web/.well-known/app-manifest.sig')).toBe(read('release/app-manifest.sig'));
}, 60_000);

test('a build with a new key is signed with both, and signatures of another build go', () => {
  sign(join(keys, 'old.pem'), '--new');
  build(publicKey());
  sign(join(keys, 'old.pem'));
  rmSync(at('release/release.pub'));
  sign(join(keys, 'new.pem'), '--new');
  build(publicKey());
  for (const key of ['old.pem', 'new.pem', 'new.pem']) sign(join(keys, key));
  expect(read('release/app-manifest.sig').trim().split('\n')).toHaveLength(2);
}, 60_000);

test('no key is made inside the repository, over another one, or for a build that names none', () => {
  expect(sign(at('kim.pem'), '--new')).toMatchObject({ status: 1, said: expect.stringContaining('outside') });
  expect(sign('', '--new')).toMatchObject({ status: 1, said: expect.stringContaining('RELEASE_KEY') });
  sign(join(keys, 'kim.pem'), '--new');
  build('');
  expect(sign(join(keys, 'kim.pem'))).toMatchObject({ status: 1, said: expect.stringContaining('names no key') });
  expect(sign(join(keys, 'more.pem'), '--new')).toMatchObject({
    status: 1,
    said: expect.stringContaining('release.pub'),
  });
  expect(existsSync(join(keys, 'more.pem'))).toBe(false);
}, 60_000);
