import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { compareSchemas } from '../api/schemaChanges.ts';

const ROOT = resolve(import.meta.dirname, '..');
const changes = (released: string, current: string) =>
  compareSchemas(buildSchema(released), buildSchema(current), '2026-11-22');
const until = (date: string) => `@deprecated(reason: "Ask for name; gone from ${date} on.")`;

test('The released schema is in the repository; CI fails on an unannounced breaking change.', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shh-schema-'));
  for (const file of ['schema.graphql', 'schema.released.graphql']) cpSync(join(ROOT, file), join(folder, file));
  const check = () =>
    spawnSync(process.execPath, ['--import', TSX, join(ROOT, 'api/check-schema.ts')], {
      cwd: folder,
      encoding: 'utf8',
    });
  expect(check()).toMatchObject({ status: 0, stderr: '' });
  const schema = readFileSync(join(folder, 'schema.graphql'), 'utf8');
  const without = schema.replace(/^ {2}"""[^"]*"""\n {2}username: String!\n/m, '');
  expect(without).not.toBe(schema);
  writeFileSync(join(folder, 'schema.graphql'), without);
  const broken = check();
  expect(broken.status).toBe(1);
  expect(broken.stderr).toMatch(/username was removed\. The released schema does not announce it\./);
  rmSync(folder, { recursive: true });
  expect(readFileSync(join(ROOT, 'package.json'), 'utf8')).toMatch(/"check": "[^"]*schema:check/);
});

const TSX = import.meta.resolve('tsx');

test('what was deprecated in the released schema with a date that is past may go, and nothing else', () => {
  const released = (mark: string) => `type Query { name(old: Int ${mark}): String, nick: String ${mark} }
    enum Colour { RED BLUE ${mark} }`;
  const current = 'type Query { name: String } enum Colour { RED }';
  expect(changes(released(until('2026-11-22')), current).refused).toEqual([]);
  for (const mark of ['', until('2026-11-23'), '@deprecated', '@deprecated(reason: "old")']) {
    const { refused } = changes(released(mark), current);
    expect(refused.map((sentence) => sentence.split('.')[0])).toHaveLength(3);
  }
  expect(changes('type Query { a: Int }', 'type Query { a: String }').refused).toHaveLength(1);
  expect(changes('type Query { a: Int }', 'type Query { a(b: Int!): Int }').refused).toHaveLength(1);
});

test('a deprecation names a date, and what could surprise is told', () => {
  const marked = changes('type Query { a: Int, b: Int }', 'type Query { a: Int, b: Int @deprecated(reason: "old") }');
  expect(marked.refused).toEqual(['Query.b is deprecated without a date from which on it may go, such as 2027-01-31.']);
  const grown = changes('type Query { a: E } enum E { A }', 'type Query { a: E } enum E { A B }');
  expect(grown).toEqual({ refused: [], dangerous: ['B was added to enum type E.'] });
});
