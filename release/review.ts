import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Missed, TOLD } from './registry.ts';

/** Days within which a known weakness is dealt with. */
export const WEAKNESS_DAYS: { [severity: string]: number } = { critical: 7, high: 30, moderate: 90, low: 180 };
/** Days within which a release of a component's line is taken: fewer where nobody tells whether it mends a weakness. */
export const RELEASE_DAYS = { told: 90, untold: 14 };

/** What the registry said of the components on one day. */
export interface Review {
  asked: string;
  advisories: string;
  components: string[];
  behind: Missed[];
  weaknesses: { component: string; url: string; severity: string; since: string }[];
}

/** What is later than docs/security.md allows, a sentence each. */
export function overdue({ asked, advisories, behind, weaknesses }: Review, held: string[]): string[] {
  const days = advisories === TOLD ? RELEASE_DAYS.told : RELEASE_DAYS.untold;
  const age = (since: string) => (Date.parse(asked) - Date.parse(since)) / 86_400_000;
  return [
    ...behind
      .filter(({ component, since }) => age(since) > days && !held.includes(nameOf(component)))
      .map(({ component, missed, since }) => `${component} has missed ${missed}, which came out on ${since}: take it.`),
    ...weaknesses
      .filter(({ severity, since }) => age(since) > (WEAKNESS_DAYS[severity] ?? 0))
      .map(
        ({ component, url, since }) => `${component} has a weakness known since ${since}, see ${url}: deal with it.`,
      ),
  ];
}

/** The packages that docs/dependencies.md holds back, each with its reason. */
export function heldBack(root: string): string[] {
  const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
  const [section = ''] = page.split('## Held back\n')[1]?.split('\n## ') ?? [];
  return [...section.matchAll(/^\| ([@\w/.-]+) \| .{8,} \|$/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'package');
}

const nameOf = (component: string) => component.slice(0, component.lastIndexOf('@'));
