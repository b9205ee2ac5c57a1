import { createHash } from 'node:crypto';
import { build } from 'esbuild';
import type { Plugin, Rolldown } from 'vite';

type Bundle = Rolldown.OutputBundle;

/** Makes /sw.js, which knows the files of this build that the page needs without a network. */
export function worker(): Plugin {
  return {
    name: 'worker',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      async handler(_, bundle) {
        const files = shellFiles(bundle);
        const page = bundle['index.html'];
        const content = JSON.stringify([files, page?.type === 'asset' && page.source]);
        const name = createHash('sha256').update(content).digest('hex').slice(0, 12);
        this.emitFile({ type: 'asset', fileName: 'sw.js', source: await bundled(name, files) });
      },
    },
  };
}

/** The page, and everything that its first script may load, now or later, its Worker too. GraphiQL is not part of it. */
function shellFiles(bundle: Bundle): string[] {
  const found = new Set<string>();
  const entry = Object.values(bundle).find((file) => file.type === 'chunk' && file.isEntry && file.name === 'index');
  if (entry) collect(bundle, entry.fileName, found);
  const besides = Object.keys(bundle).filter((name) => /figtree.*woff2$|crypto-[^/]*\.js$/.test(name));
  return ['/', '/icon.svg', '/manifest.webmanifest', ...[...found, ...besides].sort().map((name) => `/${name}`)];
}

function collect(bundle: Bundle, name: string, found: Set<string>) {
  const file = bundle[name];
  if (file?.type !== 'chunk' || found.has(name)) return;
  found.add(name);
  for (const css of file.viteMetadata?.importedCss ?? []) found.add(css);
  for (const next of [...file.imports, ...file.dynamicImports]) collect(bundle, next, found);
}

async function bundled(name: string, files: string[]): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${import.meta.dirname}/worker/serviceWorker.ts`],
    define: { BUILD: JSON.stringify(name), FILES: JSON.stringify(files) },
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
  });
  return outputFiles[0]?.text ?? '';
}
