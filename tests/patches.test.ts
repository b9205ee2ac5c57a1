import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyPatches } from '../api/patches.mjs';

const PATCH = `--- dist/greeting.js
+++ dist/greeting.js
@@ -1,3 +1,3 @@
 function greet() {
-  return 'good night';
+  return 'good morning';
 }
`;
const AS_PUBLISHED = "function greet() {\n  return 'good night';\n}\n";

let root: string;
const at = (...path: string[]) => join(root, ...path);
const greeting = () => readFileSync(at('node_modules/greeting/dist/greeting.js'), 'utf8');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'patches-'));
  write('patches/greeting@1.0.0.patch', PATCH);
  write('node_modules/greeting/package.json', '{ "version": "1.0.0" }');
  write('node_modules/greeting/dist/greeting.js', AS_PUBLISHED);
});

afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: string) {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}

test('a patch is applied, and once however often the build is started', () => {
  applyPatches(root);
  applyPatches(root);
  expect(greeting()).toBe(AS_PUBLISHED.replace('night', 'morning'));
});

test('a patch that has changed takes the place of what it was', () => {
  applyPatches(root);
  write('patches/greeting@1.0.0.patch', PATCH.replace('morning', 'afternoon'));
  applyPatches(root);
  expect(greeting()).toBe(AS_PUBLISHED.replace('night', 'afternoon'));
});

test('it is applied again after the packages were installed anew', () => {
  applyPatches(root);
  rmSync(at('node_modules/greeting/dist'), { recursive: true });
  write('node_modules/greeting/dist/greeting.js', AS_PUBLISHED);
  applyPatches(root);
  expect(greeting()).toContain('morning');
});

test('nothing starts when the package is of another version', () => {
  write('node_modules/greeting/package.json', '{ "version": "1.0.1" }');
  expect(() => applyPatches(root)).toThrow('patches/greeting@1.0.0.patch is for 1.0.0, and 1.0.1 is installed');
});

test('nothing starts when the patch does not fit, and no file is left half patched', () => {
  write('patches/greeting@1.0.0.patch', PATCH + PATCH.replaceAll('greeting', 'parting'));
  write('node_modules/greeting/dist/parting.js', 'something else\n');
  expect(() => applyPatches(root)).toThrow('does not fit');
  expect(greeting()).toBe(AS_PUBLISHED);
});
