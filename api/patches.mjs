// Applies patches/NAME@VERSION.patch to that package in node_modules, once: node api/patches.mjs
// No package may run a script when it is installed, so this is done before each build and each test.
import { readdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyPatch, parsePatch, reversePatch } from 'diff';

const ROOT = resolve(import.meta.dirname, '..');

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) applyPatches();

/** Throws, with what to do, when a patch is for another version or does not fit: nothing may run without it. */
export function applyPatches(root = ROOT) {
  for (const name of readdirSync(join(root, 'patches')).filter((file) => file.endsWith('.patch'))) {
    const [, folder, version] = /^(.+)@([^@]+)\.patch$/.exec(name) ?? [];
    const home = join(root, 'node_modules', folder ?? '');
    checkVersion(home, version, name);
    const changes = parsePatch(readFileSync(join(root, 'patches', name), 'utf8'));
    const patched = changes.map((change) => patchedText(join(home, change.newFileName), change, name));
    for (const { file, text } of patched) if (text !== undefined) replace(file, text);
  }
}

function checkVersion(home, version, name) {
  const installed = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).version;
  if (installed === version) return;
  throw new Error(
    `patches/${name} is for ${version}, and ${installed} is installed: make the patch anew, or run npm ci.`,
  );
}

function patchedText(file, change, name) {
  const text = readFileSync(file, 'utf8');
  if (applyPatch(text, reversePatch(change)) !== false) return { file };
  const result = applyPatch(text, change);
  if (result === false) throw new Error(`patches/${name} does not fit ${file}: remove node_modules, then run npm ci.`);
  return { file, text: result };
}

// A file that another start is reading at this moment is never seen half written.
function replace(file, text) {
  const whole = `${file}.${process.pid}`;
  writeFileSync(whole, text);
  renameSync(whole, file);
}
