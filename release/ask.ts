// Asks the registry what each component has missed and what is known against it: npm run components
import { execSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { componentsOf } from './components.ts';
import { missedBy, weaknessesOf } from './registry.ts';
import { heldBack, overdue, type Review } from './review.ts';

const ROOT = resolve(process.argv[2] ?? resolve(import.meta.dirname, '..'));
const FILE = resolve(ROOT, 'release/components.json');
const registry = execSync('npm config get registry', { encoding: 'utf8' }).trim();

const before: Review = JSON.parse(readFileSync(FILE, 'utf8'));
const review = await ask(componentsOf(ROOT));
writeFileSync(FILE, `${JSON.stringify(review, null, 2)}\n`);
report();

async function ask(components: string[]): Promise<Review> {
  const asked = new Date().toISOString().slice(0, 10);
  const weaknesses = await weaknessesOf(components, registry);
  const behind = await missedBy(components, registry);
  return { asked, advisories: weaknesses.answer, components, behind, weaknesses: weaknesses.found.map(dated) };

  function dated(weakness: { component: string; url: string; severity: string }) {
    return { ...weakness, since: before.weaknesses.find(({ url }) => url === weakness.url)?.since ?? asked };
  }
}

function report() {
  const late = overdue(review, heldBack(ROOT));
  const { components, behind, weaknesses, advisories } = review;
  console.log(`${components.length} components, ${behind.length} behind, ${weaknesses.length} known weaknesses`);
  console.log(`Advisories: ${advisories}`);
  for (const sentence of late) console.error(sentence);
  if (late.length > 0) process.exitCode = 1;
}
