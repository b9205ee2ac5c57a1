import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, vi } from 'vitest';

// Test files of the API share a process, since loading the server costs more than most of them: each gives back what it took.
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

// V8 compiles the embedded database once a process as long as somebody holds it.
const held = globalThis as { compiledDatabase?: Promise<WebAssembly.Module> };
if (process.env.SERVICES === 'embedded') held.compiledDatabase ??= compile();

async function compile() {
  const library = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  return WebAssembly.compile(readFileSync(join(dirname(library), 'pglite.wasm')));
}
