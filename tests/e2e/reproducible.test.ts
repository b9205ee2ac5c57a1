import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { sha256 } from '../files.ts';
import { WEB } from './site.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SOURCES = ['web', 'release', 'examples', 'schema.graphql', 'package.json', 'codegen.ts'];
const elsewhere = mkdtempSync(join(tmpdir(), 'somewhere else '));

afterAll(() => rmSync(elsewhere, { recursive: true }));

test('the web client that is built in another folder is the same, byte for byte', () => {
  for (const source of SOURCES) cpSync(join(ROOT, source), join(elsewhere, source), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(elsewhere, 'node_modules'));
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  const args = [vite, 'build', '--config', 'web/vite.config.ts', '--logLevel', 'error'];
  const env = { ...process.env, NODE_ENV: 'production' };
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: elsewhere, env, encoding: 'utf8' });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const made = hashes(join(elsewhere, 'dist/web'));
  expect(made).toEqual(hashes(WEB));
  expect(made.map(([file]) => file)).toContain('.well-known/app-manifest.json');
});

function hashes(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(folder, file)).isFile())
    .sort()
    .map((file) => [file, sha256(readFileSync(join(folder, file)))]);
}
