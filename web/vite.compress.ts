import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const worth = /\.(js|css|html|svg|ttf|webmanifest)$/;
const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/** Puts a .br and a .gz beside every text file of the build, for a server that hands them out as they are. */
export function compress(): Plugin {
  return {
    name: 'compress',
    apply: 'build',
    // From the disk: until then other plugins still change what the files say.
    async writeBundle({ dir = '' }, bundle) {
      for (const fileName of Object.keys(bundle).filter((name) => worth.test(name))) {
        const source = await readFile(join(dir, fileName));
        await writeFile(join(dir, `${fileName}.br`), await promisify(brotliCompress)(source, options));
        await writeFile(join(dir, `${fileName}.gz`), await promisify(gzip)(source, { level: 9 }));
      }
    },
  };
}
