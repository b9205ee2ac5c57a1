/** What somebody looks for, as they wrote it. */
export interface Wanted {
  /** Each is found at the beginning of a word. */
  words: string[];
  /** Each is found as it stands, word after word. */
  phrases: string[];
  from: string | null;
  in: string | null;
  hasFile: boolean;
  /** Days in UTC, as YYYY-MM-DD: neither counts itself. */
  before: string | null;
  after: string | null;
}

const PART = /(?:(from|in|has|before|after):)?(?:"([^"]*)"?|(\S+))/gu;
const DAY = /^\d{4}-\d\d-\d\d$/;

/**
 * Reads a search: words, "words in quotes", from:name, in:room, has:file, before:2026-01-31 and after:2026-01-01.
 * What only looks like one of these is words.
 */
export function readSearch(text: string): Wanted {
  const wanted: Wanted = { words: [], phrases: [], from: null, in: null, hasFile: false, before: null, after: null };
  for (const [whole, key, quoted, plain = ''] of text.matchAll(PART)) {
    const value = quoted ?? plain;
    if (key && narrow(wanted, key, value)) continue;
    if (quoted !== undefined && !key) wanted.phrases.push(...[quoted].filter((phrase) => phrase.trim()));
    else wanted.words.push(key ? whole : plain);
  }
  return wanted;
}

function narrow(wanted: Wanted, key: string, value: string): boolean {
  if (key === 'from') wanted.from = value.replace(/^@/, '');
  else if (key === 'in') wanted.in = value.replace(/^#/, '');
  else if (key === 'has' && value === 'file') wanted.hasFile = true;
  else if ((key === 'before' || key === 'after') && isDay(value)) wanted[key] = value;
  else return false;
  return true;
}

const isDay = (text: string) => DAY.test(text) && !Number.isNaN(Date.parse(text));
