import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../api/db/db.ts';
import { migrationsFolder } from '../../api/db/migrate.ts';
import manifest from '../../package.json' with { type: 'json' };

const CACHE = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));

/** A data folder, initialised and migrated, that tests copy. Kept between runs, because making it takes seconds. */
export default async function setup({ provide }: TestProject) {
  const template = join(CACHE, `test-data-${fingerprint()}`);
  if (!existsSync(template)) await make(template);
  const folder = mkdtempSync(join(tmpdir(), 'shh-tests-'));
  provide('services', { kind: 'embedded', folder, template });
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function make(template: string) {
  for (const name of existsSync(CACHE) ? readdirSync(CACHE) : []) {
    if (name.startsWith('test-data-')) rmSync(join(CACHE, name), { recursive: true, force: true });
  }
  const unfinished = `${template}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const database = await openDatabase({ dataDir: unfinished });
  await database.close();
  renameSync(unfinished, template);
}

function fingerprint(): string {
  const hash = createHash('sha256').update(manifest.dependencies['@electric-sql/pglite']);
  const folder = migrationsFolder();
  for (const name of readdirSync(folder).sort()) {
    if (/^\d+_/.test(name)) hash.update(name).update(readFileSync(join(folder, name, 'migration.sql')));
  }
  return hash.digest('hex').slice(0, 16);
}
