// Applies patches/NAME@VERSION.patch to that package in node_modules, once: node api/patches.mjs
// No package may run a script when it is installed, so this is done before each build and each test.
import { existsSync, readdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyPatch, parsePatch } from 'diff';

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
    for (const { file, published, text } of patched) {
      if (!existsSync(kept(file))) replace(kept(file), published);
      if (readFileSync(file, 'utf8') !== text) replace(file, text);
    }
  }
}

function checkVersion(home, version, name) {
  const installed = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).version;
  if (installed === version) return;
  throw new Error(
    `patches/${name} is for ${version}, and ${installed} is installed: make the patch anew, or run npm ci.`,
  );
}

/** Beside each patched file is what was published, so that a patch that has changed is applied to that. */
function kept(file) {
  return `${file}.published`;
}

function patchedText(file, change, name) {
  // In this order, because another start may be patching at this moment.
  const current = readFileSync(file, 'utf8');
  const published = existsSync(kept(file)) ? readFileSync(kept(file), 'utf8') : current;
  const text = applyPatch(published, change);
  if (text === false) throw new Error(`patches/${name} does not fit ${file}: remove node_modules, then run npm ci.`);
  return { file, published, text };
}

// A file that another start is reading at this moment is never seen half written.
function replace(file, text) {
  const whole = `${file}.${process.pid}`;
  writeFileSync(whole, text);
  renameSync(whole, file);
}
