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
          (text) => !/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff]/u.test(text),
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
