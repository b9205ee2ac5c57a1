import { filesWords } from '../files/fileWords';
import type { Message, Quote } from '../lib/roomStore';
import { plainWords } from './plainWords';

const LONGEST = 280;

/** A message as the one that replies to it holds it. */
export function quoteOf({ id, seq, author, integration, body, files, createdAt, deletedAt }: Message): Quote {
  return { id, seq, author, integration, body: body?.slice(0, LONGEST) ?? null, files, createdAt, deletedAt };
}

/** What a quote says, in one line. */
export function quotedWords({ body, files, deletedAt }: Quote): string {
  if (deletedAt || body === null || body === undefined) return 'Message deleted';
  return plainWords(body.slice(0, LONGEST)) || filesWords(files);
}
