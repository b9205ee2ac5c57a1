import axe from 'axe-core';
import { expect } from 'vitest';
import type { Visitor } from './site.ts';

/** A picture, what axe finds wrong, and that there is one heading of the first level. */
export async function look(visitor: Visitor, name: string) {
  const { page } = visitor;
  await visitor.picture(name);
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const axe = (globalThis as any).axe;
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }: any) =>
      nodes.map((node: any) => `${id}: ${node.html} ${node.failureSummary}`),
    );
  });
  expect(found, name).toEqual([]);
  expect(await page.locator('h1:visible').count(), `headings of ${name}`).toBe(1);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  expect(wide, `${name} scrolls sideways`).toBe(false);
}
