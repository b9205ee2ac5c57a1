/** A day as people and the API write it, in UTC: 2026-01-31. */
export const dayOf = (moment: Date): string => moment.toISOString().slice(0, 10);

/** Today, as a column of days has it. */
export const today = (): Date => new Date(dayOf(new Date()));
