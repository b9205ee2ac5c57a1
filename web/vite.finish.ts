import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';
import product from '../package.json' with { type: 'json' };
import { sha256, workerOf } from './vite.worker.ts';

const worth = /\.(js|css|html|svg|ttf|webmanifest)$/;
const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
const release = resolve(import.meta.dirname, '../release');

/**
 * What is made of the finished files: /sw.js, which knows those of the page; the manifest, which names all; and a .br and
 * a .gz beside every text, for a server that hands them out as they are. The same sources make the same bytes.
 */
export function finish(): Plugin {
  return {
    name: 'finish',
    apply: 'build',
    // From the disk: until then other plugins still change what the files say.
    async writeBundle({ dir = '' }, bundle) {
      const { name, script } = await workerOf(dir, bundle);
      writeFileSync(join(dir, 'sw.js'), script);
      const manifest = { version: product.version, build: name, key: releaseKey(), files: hashes(dir) };
      mkdirSync(join(dir, '.well-known'));
      writeFileSync(join(dir, '.well-known/app-manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
      if (existsSync(join(release, 'app-manifest.sig')))
        cpSync(join(release, 'app-manifest.sig'), join(dir, '.well-known/app-manifest.sig'));
      await compress(dir);
    },
  };
}

/** The public key of those who sign releases, in base64; nothing where nobody does. */
function releaseKey(): string {
  const file = join(release, 'release.pub');
  return existsSync(file) ? readFileSync(file, 'utf8').replace(/-----.*-----|\s/g, '') : '';
}

function hashes(folder: string): Record<string, string> {
  return Object.fromEntries(
    filesIn(folder).map((file) => [file === 'index.html' ? '/' : `/${file}`, sha256(readFileSync(join(folder, file)))]),
  );
}

async function compress(folder: string) {
  for (const file of filesIn(folder).filter((name) => worth.test(name))) {
    const source = readFileSync(join(folder, file));
    writeFileSync(join(folder, `${file}.br`), await promisify(brotliCompress)(source, options));
    writeFileSync(join(folder, `${file}.gz`), await promisify(gzip)(source, { level: 9 }));
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !file.startsWith('.well-known') && statSync(join(folder, file)).isFile())
    .sort();
}
