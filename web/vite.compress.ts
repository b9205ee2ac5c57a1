import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const worth = /\.(js|css|html|svg|ttf)$/;
const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/** Puts a .br and a .gz beside every text file of the build, for a server that hands them out as they are. */
export function compress(): Plugin {
  return {
    name: 'compress',
    apply: 'build',
    enforce: 'post',
    async generateBundle(_options, bundle) {
      const files = Object.values(bundle).filter((file) => worth.test(file.fileName));
      for (const file of files) {
        const source = Buffer.from(file.type === 'chunk' ? file.code : file.source);
        const fileName = file.fileName;
        this.emitFile({
          type: 'asset',
          fileName: `${fileName}.br`,
          source: await promisify(brotliCompress)(source, options),
        });
        this.emitFile({
          type: 'asset',
          fileName: `${fileName}.gz`,
          source: await promisify(gzip)(source, { level: 9 }),
        });
      }
    },
  };
}
