import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

const section =
  read('docs/encryption.md').split('\n### What goes wrong elsewhere, and what holds here\n')[1]?.split('\n### ')[0] ??
  '';
const rows = [...section.matchAll(/^\| (\d+) \| .+? \| (.+) \|$/gm)].map(([, number, proof = '']) => ({
  number: Number(number),
  commands: [...proof.matchAll(/`npm run ([\w:]+)`/g)].map(([, command = '']) => command),
  tests: [...proof.matchAll(/`([\w/]+)` “([^”]+)”/g)].map(([, file = '', name = '']) => ({ file, name })),
}));

test('what must hold of the encryption is proved by tests that are there', () => {
  expect(rows.map(({ number }) => number)).toEqual(expect.arrayContaining([...range(1, 17), 20, 21]));
  expect(rows.filter(({ tests, commands }) => tests.length + commands.length === 0)).toEqual([]);
  const { scripts } = JSON.parse(read('package.json'));
  expect(rows.flatMap(({ commands }) => commands).filter((command) => !(command in scripts))).toEqual([]);
  const gone = rows.flatMap(({ tests }) => tests).filter(({ file, name }) => !isThere(`tests/${file}.test.ts`, name));
  expect(gone).toEqual([]);
});

const isThere = (path: string, name: string) => existsSync(join(ROOT, path)) && read(path).includes(name);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
