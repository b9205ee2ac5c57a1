const device = new Intl.DateTimeFormat(undefined, { hour: 'numeric' }).resolvedOptions();
// The words of this client are English, whatever the device speaks; the clock is the device's.
const locale = device.locale.startsWith('en') ? device.locale : 'en-GB';

// "14:06" and "09:06", but "2:06 PM": a clock of twelve hours has no zero before the hour.
const hour = device.hour12 ? 'numeric' : '2-digit';
const clock = new Intl.DateTimeFormat(locale, { hour, minute: '2-digit', hourCycle: device.hourCycle });
const weekday = new Intl.DateTimeFormat(locale, { weekday: 'long' });
const dayAndMonth = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
const fullDate = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric' });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short', hourCycle: device.hourCycle });
const people = new Intl.ListFormat('en', { type: 'conjunction' });

/** "14:06", or "2:06 PM" where the device's clock has twelve hours. */
export const formatTime = (at: string) => clock.format(new Date(at));

/** The time without AM or PM, for narrow places. */
export const formatShortTime = (at: string) => formatTime(at).replace(/\s?[AP]M$/i, '');

/** The whole date and time, for titles. */
export const formatMoment = (at: string) => moment.format(new Date(at));

/** "Today", "Yesterday", "Tuesday" within a week, then the date; with the year when it is not this one. */
export function formatDay(at: string, today: Date): string {
  const date = new Date(at);
  const days = Math.round((startOfDay(today) - startOfDay(date)) / 86_400_000);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days > 1 && days < 7) return weekday.format(date);
  return (date.getFullYear() === today.getFullYear() ? dayAndMonth : fullDate).format(date);
}

/** The time today, the day before: "14:06", "Yesterday". */
export function formatWhen(at: string): string {
  const day = formatDay(at, new Date());
  return day === 'Today' ? formatTime(at) : day;
}

/** "3 March 2026". */
export const formatDate = (at: string) => fullDate.format(new Date(at));

/** Of a day as the server names it: when something was last used. */
export const formatLastUse = (day?: string | null) =>
  day ? `last used on ${formatDate(`${day}T00:00`)}` : 'never used';

/** "12 MB": three figures at most. */
export function formatBytes(bytes: number): string {
  const power = Math.min(4, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const amount = bytes / 1000 ** power;
  return `${amount.toLocaleString('en', { maximumSignificantDigits: 3 })} ${['bytes', 'kB', 'MB', 'GB', 'TB'][power]}`;
}

/** "Ada, Noor and Tomás" in pieces, so that the names can be set apart. */
export const listParts = (names: string[]) => people.formatToParts(names);

function startOfDay(date: Date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
