import axe, { type RunOptions } from 'axe-core';
import { expect } from 'vitest';
import { PHONE, type Visitor } from './site.ts';

/** The two sizes at which every screen is looked at. */
export const SIZES = [
  { name: '1280', options: {} },
  { name: '360', options: PHONE },
];

const EVERYTHING: RunOptions = {};
/** All that can differ between light and dark. */
const COLOURS: RunOptions = { runOnly: ['color-contrast', 'link-in-text-block'] };

/** A picture in light and in dark, what axe finds wrong in them, and that there is one heading of the first level. */
export async function look(visitor: Visitor, name: string) {
  const { page } = visitor;
  const width = page.viewportSize()?.width;
  const screen = `${name} at ${width}`;
  expect(await page.locator('h1:visible').count(), `headings of ${screen}`).toBe(1);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  expect(wide, `${screen} scrolls sideways`).toBe(false);
  for (const [colorScheme, rules] of [['dark', COLOURS] as const, ['light', EVERYTHING] as const]) {
    await page.emulateMedia({ colorScheme });
    const shown = `${name}-${colorScheme}-${width}`;
    await visitor.picture(shown);
    expect(await wrongIn(visitor, rules), shown).toEqual([]);
  }
}

async function wrongIn({ page }: Visitor, rules: RunOptions): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  return page.evaluate(async (rules) => {
    const axe = (globalThis as any).axe;
    const { violations } = await axe.run(document, { resultTypes: ['violations'], ...rules });
    return violations.flatMap(({ id, nodes }: any) =>
      nodes.map((node: any) => `${id}: ${node.html} ${node.failureSummary}`),
    );
  }, rules);
}
