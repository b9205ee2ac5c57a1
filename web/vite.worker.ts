import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Rolldown } from 'vite';

type Bundle = Rolldown.OutputBundle;

/** The name of a build, and its /sw.js, which knows the files that the page needs without a network, and what each must be. */
export async function workerOf(folder: string, bundle: Bundle): Promise<{ name: string; script: string }> {
  const files = Object.fromEntries(shellFiles(bundle).map((file) => [file, sha256(contentOf(folder, file))]));
  const name = sha256(await bundled('', files)).slice(0, 12);
  return { name, script: await bundled(name, files) };
}

export const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

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

const contentOf = (folder: string, file: string) => readFileSync(join(folder, file === '/' ? 'index.html' : file));

async function bundled(name: string, files: Record<string, string>): Promise<string> {
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
