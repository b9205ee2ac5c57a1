import { z } from 'zod';

// Letters of other scripts that look like Latin ones: a name in them may not pass for a Latin name (UTS 39, reduced).
const LOOKALIKES = 'авсԁеёһіїјкӏморԛѕтуѵԝхαβεηικμνορτυχγωıꞓɑɡ';
const LATIN = 'abcdeehiijklmopqstyvwxabenikuvoptuxywicag';
const SCRIPTS = [
  'Latin',
  'Cyrillic',
  'Greek',
  'Armenian',
  'Hebrew',
  'Arabic',
  'Devanagari',
  'Thai',
  'Georgian',
  'Hangul',
];
const EAST_ASIAN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * A name as people may choose it: letters and digits of one script, with . _ + - inside, at most 40 characters.
 * After RFC 8265 (UsernameCaseMapped); symbols, spaces and invisible characters are refused.
 */
export const Username = z
  .string('This field is required.')
  .transform((name) => name.normalize('NFKC').trim())
  .pipe(
    z
      .string()
      .min(1, 'This field may not be blank.')
      .max(40, 'Ensure this field has no more than 40 characters.')
      .regex(/^[\p{L}\p{N}][\p{L}\p{M}\p{N}._+-]*$/u, 'Enter a valid username: letters, digits and . _ + - only.')
      .refine((name) => scripts(name).length <= 1, 'Enter a valid username: letters of one alphabet only.'),
  );

/** What is unique about a name: two names with one key look the same to people. */
export function usernameKey(name: string): string {
  const folded = name.normalize('NFKC').trim().toLowerCase();
  return [...folded].map((letter) => LATIN[LOOKALIKES.indexOf(letter)] ?? letter).join('');
}

function scripts(name: string): string[] {
  const found = SCRIPTS.filter((script) => new RegExp(`\\p{Script=${script}}`, 'u').test(name));
  return EAST_ASIAN.test(name) && !found.includes('Hangul') ? [...found, 'Han'] : found;
}
