import { spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { publicPart } from '../../release/signature.ts';
import { sha256 } from '../files.ts';
import { WEB } from './site.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MANIFEST = '/.well-known/app-manifest.json';
const ENTRY = `/assets/${readdirSync(join(WEB, 'assets')).find((name) => /^index-.*\.js$/.test(name))}`;

/** A copy of the product as it was built, signed by nobody, to be changed as a release or a stranger would, and signed with its own script. */
export function copyOfBuild() {
  const root = mkdtempSync(join(tmpdir(), 'shh-build-'));
  const keys = mkdtempSync(join(tmpdir(), 'shh-keys-'));
  const web = join(root, 'dist/web');
  cpSync(WEB, web, { recursive: true });
  cpSync(join(ROOT, 'release'), join(root, 'release'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  const text = (file: string) => readFileSync(join(web, file), 'utf8');
  const write = (file: string, content: string) => {
    for (const packed of ['.br', '.gz']) rmSync(join(web, file + packed), { force: true });
    writeFileSync(join(web, file), content);
  };
  write(MANIFEST, text(MANIFEST).replace(/"key": ".*"/, '"key": ""'));
  const script = (name: string, ...args: string[]) => {
    const env = { ...process.env, RELEASE_KEY: join(keys, name) };
    const tsx = join(ROOT, 'node_modules/tsx/dist/cli.mjs');
    const { status, stderr } = spawnSync(process.execPath, [tsx, join(root, 'release/sign.ts'), ...args], { env });
    if (status !== 0) throw new Error(String(stderr));
  };

  return {
    web,
    entry: ENTRY,
    /** Becomes another build, whose page says which it is, and whose first script has the same name and more in it. Gives its name. */
    become(name: string, { script = '', ...more }: { version?: string; key?: string; script?: string } = {}) {
      const manifest = JSON.parse(text(MANIFEST));
      const build = sha256(name).slice(0, 12);
      write('index.html', readFileSync(join(WEB, 'index.html'), 'utf8').replace('<html', `<html data-build="${name}"`));
      write(ENTRY, readFileSync(join(WEB, ENTRY), 'utf8') + script);
      const files = { ...manifest.files, '/': sha256(text('index.html')), [ENTRY]: sha256(text(ENTRY)) };
      const hashes = ['/', ENTRY].map((file) => [manifest.files[file], files[file]] as const);
      const worker = hashes.reduce((code, [before, after]) => code.replace(before, after), text('sw.js'));
      write('sw.js', worker.replaceAll(manifest.build, build));
      write(
        MANIFEST,
        JSON.stringify({ ...manifest, ...more, build, files: { ...files, '/sw.js': sha256(text('sw.js')) } }),
      );
      return build;
    },
    /** Puts something into the page of which nothing else knows. */
    slipIn: (markup: string) => write('index.html', text('index.html') + markup),
    /** Makes a pair of keys, and gives the public one. */
    newKey(name: string): string {
      rmSync(join(root, 'release/release.pub'), { force: true });
      script(name, '--new');
      return publicPart(createPrivateKey(readFileSync(join(keys, name))));
    },
    sign: (name: string) => script(name),
    remove: () => {
      for (const folder of [root, keys]) rmSync(folder, { recursive: true, force: true });
    },
  };
}
