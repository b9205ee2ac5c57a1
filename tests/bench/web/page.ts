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

/** Waits until a text is the last in the conversation. It reads no other: `sees` reads all of them, at the page's cost. */
export async function endsWith(page: Page, text: string) {
  const isLast = (wanted: string) => document.querySelector('.log .msg:last-child .body')?.textContent === wanted;
  await page.waitForFunction(isLast, text, { polling: 50 });
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
