import { z } from 'zod';

// Each Latin letter, and what looks like it: a name made of those may not pass for a Latin name (UTS 39, reduced).
const LOOKALIKES = new Map(
  'aаαɑᴀ bвβʙ cсꞓᴄ dԁᴅ eеёεᴇ fꜰ gցɡɢ hһհʜ iіїιıɪ jјյᴊ kкκᴋ lӏլʟ mмᴍ nηոɴ oоοօᴏ pрρᴘ qԛզ rʀ sѕꜱ tтτᴛ uμυսᴜ vνѵᴠ wωԝᴡ xхχ yуγʏ zᴢ'
    .split(' ')
    .flatMap(([latin = '', ...others]) => others.map((other) => [other, latin] as const)),
);

// Those in everyday use (UAX 31, table 5); the ones written together count as one.
const ALPHABETS = [
  ...['Latin', 'Cyrillic', 'Greek', 'Armenian', 'Hebrew', 'Arabic', 'Thaana', 'Devanagari', 'Bengali', 'Gurmukhi'],
  ...['Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Thai', 'Lao', 'Tibetan', 'Myanmar'],
  ...['Georgian', 'Ethiopic', 'Khmer', 'Han Hiragana Katakana', 'Hangul Han', 'Bopomofo Han'],
].map((scripts) => {
  const classes = `${scripts} Common Inherited`.split(' ').map((script) => `\\p{scx=${script}}`);
  return new RegExp(`^[${classes.join('')}]*$`, 'u');
});

const VISIBLE = /^(?!.*\p{Default_Ignorable_Code_Point})[\p{L}\p{N}][\p{L}\p{M}\p{N}._+-]*$/u;

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
      .min(1, { error: 'This field may not be blank.', abort: true })
      .max(40, 'Ensure this field has no more than 40 characters.')
      .regex(VISIBLE, { error: 'Enter a valid username: letters, digits and . _ + - only.', abort: true })
      .refine(
        (name) => ALPHABETS.some((alphabet) => alphabet.test(name)),
        'Enter a valid username: letters of one alphabet only.',
      ),
  );

/** What is unique about a name: two names with one key look the same to people. */
export function usernameKey(name: string): string {
  const folded = name.normalize('NFKC').trim().toLowerCase();
  const undotted = folded.replace(/(?<=[ij])\u0307/g, '');
  return [...undotted].map((letter) => LOOKALIKES.get(letter) ?? letter).join('');
}
