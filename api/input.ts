import { z } from 'zod';
import { type FieldErrors, invalid, notFound } from './errors.ts';

/** The parsed value, or INVALID_INPUT naming every field at fault. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(fieldErrors(parsed.error));
}

/** An id that names a thing: what is no UUID names nothing. */
export function idOf(value: unknown, what: string): string {
  const parsed = z.guid().safeParse(value);
  if (!parsed.success) throw notFound(what);
  return parsed.data.toLowerCase();
}

/** Text to look for, as LIKE takes it: without wildcards, and without what no text in the database can have. */
export function literally(text: string, most: number): string {
  return text
    .replaceAll('\0', '')
    .trim()
    .slice(0, most)
    .replace(/[\\%_]/g, '\\$&');
}

// What nobody sees, or what turns around what they see.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
// Such characters have a meaning within an emoji, and between the letters of scripts that join them.
const EMOJI =
  /[#*\d]\ufe0f?\u20e3|[\p{Extended_Pictographic}\p{RI}](?:\p{Extended_Pictographic}|\p{RI}|\p{EMod}|\u200d|[\ufe0e\ufe0f]|[\u{e0020}-\u{e007f}])*/gu;
const JOINED = /(?<=(?![\p{scx=Latin}\p{scx=Greek}\p{scx=Cyrillic}])[\p{L}\p{M}])[\u200c\u200d](?=[\p{L}\p{M}])/gu;

/** One line of text that people see, trimmed: no control, bidi override or zero-width characters. */
export const line = (most: number) =>
  z
    .string('This field is required.')
    .transform((text) => text.normalize('NFC').trim())
    .pipe(
      z
        .string()
        .min(1, { error: 'This field may not be blank.', abort: true })
        .max(most, `Ensure this field has no more than ${most} characters.`)
        .refine(
          (text) => !UNSEEN.test(text.replace(EMOJI, '').replace(JOINED, '')),
          'This field has characters that cannot be seen.',
        ),
    );

function fieldErrors(error: z.ZodError): FieldErrors {
  const fields: FieldErrors = {};
  for (const issue of error.issues) {
    const name = String(issue.path[0] ?? 'input');
    fields[name] = [...(fields[name] ?? []), issue.message];
  }
  return fields;
}
