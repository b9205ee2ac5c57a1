// Signs the manifest of the build, with the private key in the file RELEASE_KEY: npm run release:sign [-- --new]
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fittingLines, publicPart, signatureLine } from './signature.ts';

const ROOT = resolve(import.meta.dirname, '..');
const PUBLIC_KEY = resolve(ROOT, 'release/release.pub');
const SIGNATURE = resolve(ROOT, 'release/app-manifest.sig');
const SERVED = resolve(ROOT, 'dist/web/.well-known');

const keyFile = resolve(process.env.RELEASE_KEY || fail('Set RELEASE_KEY to the file of the private key.'));
if (process.argv.includes('--new')) makeKey();
else signBuild();

function makeKey() {
  if (!relative(ROOT, keyFile).startsWith('..')) fail('RELEASE_KEY must be a file outside of this repository.');
  if (existsSync(PUBLIC_KEY)) fail('There is a release/release.pub: remove it if the new key is to take its place.');
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  writeFileSync(PUBLIC_KEY, publicKey.export({ type: 'spki', format: 'pem' }));
  console.log(`Keep ${keyFile} safe and commit release/release.pub. Then build, and sign the build.`);
}

function signBuild() {
  const manifest = readFileSync(resolve(SERVED, 'app-manifest.json'));
  if (!JSON.parse(manifest.toString()).key) fail('This build names no key: make one with --new, then build.');
  const key = createPrivateKey(readFileSync(keyFile));
  const lines = [...others(manifest, publicPart(key)), signatureLine(manifest, key)];
  for (const file of [SIGNATURE, resolve(SERVED, 'app-manifest.sig')]) writeFileSync(file, `${lines.join('\n')}\n`);
  console.log(`Signed by ${lines.length === 1 ? 'one key' : `${lines.length} keys`}. Commit release/app-manifest.sig.`);
}

// A build that names a new key is signed by the one before, too.
function others(manifest: Buffer, key: string): string[] {
  if (!existsSync(SIGNATURE)) return [];
  return fittingLines(manifest, readFileSync(SIGNATURE, 'utf8')).filter((line) => !line.startsWith(`${key} `));
}

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}
