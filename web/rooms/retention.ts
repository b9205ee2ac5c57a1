/** A number of days in words, years as such. */
export function daysWords(days: number): string {
  if (days % 365 === 0) return counted(days / 365, 'year');
  return counted(days, 'day');
}

const counted = (count: number, what: string) => `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;

/** For how long a room may keep messages, as it is offered; 0: for good. */
export const RETENTIONS = [0, 365, 90, 30, 7, 1];

/** Before when messages are older than so many days. */
export const keptSince = (days: number) => new Date(Date.now() - days * DAY).toISOString();

const DAY = 24 * 3_600_000;
