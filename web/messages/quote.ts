import type { Message, Quote } from '../lib/roomStore';

const LONGEST = 280;

/** A message as the one that replies to it holds it. */
export function quoteOf({ id, seq, author, body, createdAt, deletedAt }: Message): Quote {
  return { id, seq, author, body: body?.slice(0, LONGEST) ?? null, createdAt, deletedAt };
}

/** What a quote says, in one line. */
export function quotedWords({ body, deletedAt }: Quote): string {
  if (deletedAt || body === null || body === undefined) return 'Message deleted';
  return body
    .replace(/```[^\n]*\n?/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
