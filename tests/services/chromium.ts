import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
import manifest from '../../package.json' with { type: 'json' };
import { findProgram } from './findProgram.ts';

const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
];

const CACHE = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));

/**
 * The Chromium at CHROMIUM_PATH, else an installed one, else the one from npm. It keeps to the same-origin policy,
 * CSP and CORS as a person's browser does, and asks the network for nothing but what a page asks for.
 */
export async function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  const args = [...QUIET, ...(options.args ?? [])];
  // Containers may have little shared memory, for which Playwright has files used instead: slower, and seldom needed.
  const ignoreDefaultArgs = hasSharedMemory() ? ['--disable-dev-shm-usage'] : [];
  return chromium.launch({ ...whichChromium(), ignoreDefaultArgs, ...options, args });
}

function hasSharedMemory(): boolean {
  if (!existsSync('/dev/shm')) return false;
  const { bavail, bsize } = statfsSync('/dev/shm');
  return bavail * bsize > 1_073_741_824;
}

function whichChromium(): LaunchOptions {
  const named = process.env.CHROMIUM_PATH;
  if (named && !existsSync(named)) throw new Error(`CHROMIUM_PATH is ${named}, where there is nothing.`);
  const installed = named ?? findProgram('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');
  if (installed) return { executablePath: installed };
  return process.platform === 'linux' ? fromNpm() : { channel: 'chrome' };
}

function fromNpm(): LaunchOptions {
  const folder = join(CACHE, `chromium-${manifest.devDependencies['@sparticuz/chromium']}`);
  if (!existsSync(folder)) unpack(folder);
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'),
    FONTCONFIG_PATH: join(folder, 'fonts'),
  };
  return { executablePath: join(folder, 'chromium'), env: env as Record<string, string> };
}

// In a process of its own, because the package unpacks into the temporary folder and changes the environment.
// Being told that it runs on a server without libraries, it brings its own.
function unpack(folder: string) {
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const script = "import('@sparticuz/chromium').then(({ default: chromium }) => chromium.executablePath())";
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], {
    cwd: CACHE,
    env: { ...process.env, TMPDIR: unfinished, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`Chromium from npm could not be unpacked: ${stderr}`);
  chmodSync(join(unfinished, 'chromium'), 0o755);
  writeFileSync(join(unfinished, 'fonts', 'fonts.conf'), fontsIn(join(folder, 'fonts')));
  if (existsSync(folder)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, folder);
}

// The package's own names folders that exist on its server only.
function fontsIn(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(folder, 'cache')}</cachedir>
</fontconfig>
`;
}
