import type { Page } from 'playwright-core';
import type { Account } from './account.ts';
import type { Place } from './place.ts';

/** Opens a room and waits for one of its messages. */
export async function openRoom(place: Place, account: Account, room: string, text: string): Promise<Page> {
  const page = await place.visit(account);
  await page.goto(`/r/${room}`);
  await sees(page, text);
  return page;
}

/** Waits until a text stands in the conversation. */
export async function sees(page: Page, text: string) {
  await page.getByRole('log').getByText(text, { exact: true }).first().waitFor();
}

/** The CPU time that the page's main thread spends on what happens meanwhile, in ms. */
export async function cpuOf(page: Page, act: () => Promise<unknown>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
  };
  const before = await spent();
  await act();
  const after = await spent();
  await session.detach();
  return (after - before) * 1_000;
}

/** With the processor as much slower as a cheap phone's. */
export async function slowed(page: Page, rate: number, act: () => Promise<void>) {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate });
  await act();
  await session.detach();
}
