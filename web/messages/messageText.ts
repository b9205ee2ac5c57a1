import { type Budget, type Inline, parseInlines } from './messageInlines';

export type { Inline } from './messageInlines';

export type Block =
  | { kind: 'paragraph'; inlines: Inline[] }
  | { kind: 'code'; language: string; text: string }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'list'; start: number | undefined; items: Block[][] };

// A message made to be costly is shown as plain text from here on: it is elements that cost, not letters.
const MOST_ELEMENTS = 300;
const DEEPEST = 4;
const FENCE = /^ {0,3}```+(?=[^`]*$)/;
const FENCE_END = /^ {0,3}```+\s*$/;
const QUOTE = /^ {0,3}> ?/;
const QUOTES = /^(?: {0,3}> ?)+/;
const ITEM = /^ {0,3}(?:[-*+]|(\d{1,3})[.)])[ \t]+(?=\S)/;
const INDENT = /^(?: {2,4}|\t)/;

/**
 * A message's text as blocks: paragraphs, fenced code, quotes and lists. What is no Markdown stays as written.
 * Takes time in proportion to the length, whatever the text is: each level of quotes and lists passes over a line once,
 * levels are few, and within a line each character is passed over a fixed number of times.
 */
export function parseMessage(text: string): Block[] {
  const lines = text.trimEnd().split(/\r\n?|\n/);
  return parseBlocks(lines, { left: MOST_ELEMENTS }, 0);
}

function parseBlocks(lines: string[], budget: Budget, depth: number): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const read = budget.left > 0 ? readerOf(lines[at] as string) : readRest;
    const { block, next } = read(lines, at, budget, depth);
    if (block) blocks.push(block);
    at = next;
  }
  return blocks;
}

interface Read {
  block: Block | undefined;
  next: number;
}
type Reader = (lines: string[], from: number, budget: Budget, depth: number) => Read;

function readerOf(line: string): Reader {
  if (!line.trim()) return readNothing;
  if (FENCE.test(line)) return readCode;
  if (QUOTE.test(line)) return readQuote;
  return ITEM.test(line) ? readList : readParagraph;
}

const readNothing: Reader = (_, from) => ({ block: undefined, next: from + 1 });

const readCode: Reader = (lines, from, budget) => {
  budget.left -= 1;
  const opening = lines[from] as string;
  const to = indexAfter(lines, from + 1, (line) => !FENCE_END.test(line));
  const text = lines.slice(from + 1, to).join('\n');
  const language = opening.replace(FENCE, '').trim();
  // An unclosed fence around nothing is what somebody wrote, not code.
  if (!text && to === lines.length && !language) return { block: paragraph(opening, budget), next: to };
  return { block: { kind: 'code', language, text }, next: to + 1 };
};

const readQuote: Reader = (lines, from, budget, depth) => {
  const to = indexAfter(lines, from, (line) => QUOTE.test(line));
  const quoted = lines.slice(from, to);
  if (depth >= DEEPEST) return { block: paragraph(withoutMarks(quoted, QUOTES), budget), next: to };
  budget.left -= 1;
  return { block: { kind: 'quote', blocks: parseBlocks(stripped(quoted, QUOTE), budget, depth + 1) }, next: to };
};

const readList: Reader = (lines, from, budget, depth) => {
  const first = ITEM.exec(lines[from] as string);
  const start = first?.[1] ? Number(first[1]) : undefined;
  const items: Block[][] = [];
  let at = from;
  while (at < lines.length && continues(lines[at] as string, start !== undefined) && budget.left > 0) {
    const to = indexAfter(lines, at + 1, (line) => INDENT.test(line) && line.trim() !== '');
    items.push(itemBlocks(lines.slice(at, to), budget, depth));
    at = to;
  }
  return { block: { kind: 'list', start, items }, next: at };
};

function itemBlocks([first = '', ...rest]: string[], budget: Budget, depth: number): Block[] {
  budget.left -= 1;
  const lines = [first.replace(ITEM, ''), ...stripped(rest, INDENT)];
  if (depth < DEEPEST) return parseBlocks(lines, budget, depth + 1);
  return [paragraph(lines.join('\n'), budget)];
}

/** Whether the line is an item of a list of this kind. */
function continues(line: string, numbered: boolean) {
  const found = ITEM.exec(line);
  return Boolean(found) && (found?.[1] !== undefined) === numbered;
}

const readParagraph: Reader = (lines, from, budget) => {
  const to = indexAfter(lines, from + 1, (line) => readerOf(line) === readParagraph || isLaterNumber(line));
  return { block: paragraph(lines.slice(from, to).join('\n'), budget), next: to };
};

/** A line of prose may begin with a number; a list that begins in the middle of it begins with 1. */
const isLaterNumber = (line: string) => Number(ITEM.exec(line)?.[1] ?? 1) !== 1;

const readRest: Reader = (lines, from, budget) => ({
  block: paragraph(lines.slice(from).join('\n'), budget),
  next: lines.length,
});

function paragraph(text: string, budget: Budget): Block {
  budget.left -= 1;
  return { kind: 'paragraph', inlines: parseInlines(text, budget) };
}

const stripped = (lines: string[], mark: RegExp) => lines.map((line) => line.replace(mark, ''));
const withoutMarks = (lines: string[], mark: RegExp) => stripped(lines, mark).join('\n');

function indexAfter(lines: string[], from: number, belongs: (line: string) => boolean): number {
  let at = from;
  while (at < lines.length && belongs(lines[at] as string)) at += 1;
  return at;
}
