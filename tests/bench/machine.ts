import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** Where and when something was measured, and what. */
export function machine(): string {
  const date = new Date().toISOString().slice(0, 10);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const processors = cpus();
  return `${date}, ${processors.length} × ${processors[0]?.model.trim()}, Node ${process.versions.node}, commit ${commit}`;
}
