export type Inline = string | { kind: 'link'; href: string; text: string } | { kind: 'code'; text: string };
export type Block = { kind: 'paragraph'; inlines: Inline[] } | { kind: 'code'; text: string };

const FENCE = '```';
// A message made to be costly is shown as plain text from here on: it is elements that cost, not letters.
const MOST_ELEMENTS = 300;
const LINK_START = /https?:\/\/|mailto:/gi;
// A link ends at white space, quotes and brackets that mark a link, and at signs that turn the reading direction.
const LINK_END = /[\s<>"`\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const TRAILING = new Set('.,;:!?\'"*_~');

/**
 * A message's text as blocks: paragraphs with links and `code`, and fenced code. Everything else stays as written.
 * Takes time in proportion to the length, whatever the text is: each character is passed over a fixed number of times.
 */
export function parseMessage(text: string): Block[] {
  const budget = { left: MOST_ELEMENTS };
  return [...rawBlocks(text)].map(({ fenced, lines }): Block => {
    const content = lines.join('\n');
    return fenced ? { kind: 'code', text: content } : { kind: 'paragraph', inlines: parseInlines(content, budget) };
  });
}

interface RawBlock {
  fenced: boolean;
  lines: string[];
}

/** Lines that belong together: between fences, or between empty lines. */
function* rawBlocks(text: string): Generator<RawBlock> {
  let block: RawBlock = { fenced: false, lines: [] };
  let count = 0;
  for (const line of text.trimEnd().split(/\r\n?|\n/)) {
    const isFence = line.startsWith(FENCE);
    const ends = isFence || (!block.fenced && !line.trim());
    if (!ends || (count >= MOST_ELEMENTS && !block.fenced)) {
      block.lines.push(line);
      continue;
    }
    if (block.lines.length) yield block;
    count += 1;
    block = { fenced: isFence && !block.fenced, lines: [] };
  }
  if (block.lines.length) yield block;
}

interface Budget {
  left: number;
}

function parseInlines(text: string, budget: Budget): Inline[] {
  const inlines: Inline[] = [];
  let at = 0;
  for (const [from, to] of codeSpans(text)) {
    if (budget.left <= 0) break;
    budget.left -= 1;
    pushLinks(inlines, text.slice(at, from), budget);
    inlines.push({ kind: 'code', text: text.slice(from + 1, to) });
    at = to + 1;
  }
  pushLinks(inlines, text.slice(at), budget);
  return inlines;
}

/** The places of the backticks that pair up around something. */
function codeSpans(text: string): [number, number][] {
  const spans: [number, number][] = [];
  let open = text.indexOf('`');
  while (open !== -1) {
    const close = text.indexOf('`', open + 1);
    if (close === -1) break;
    if (close > open + 1) spans.push([open, close]);
    open = text.indexOf('`', close + 1);
  }
  return spans;
}

function pushLinks(inlines: Inline[], text: string, budget: Budget) {
  let at = 0;
  LINK_START.lastIndex = 0;
  for (let found = LINK_START.exec(text); found && budget.left > 0; found = LINK_START.exec(text)) {
    const end = linkEnd(text, found.index);
    LINK_START.lastIndex = Math.max(end, LINK_START.lastIndex);
    const href = safeHref(text.slice(found.index, end));
    if (!href || isInsideWord(text, found.index)) continue;
    if (found.index > at) inlines.push(text.slice(at, found.index));
    inlines.push({ kind: 'link', href, text: text.slice(found.index, end) });
    budget.left -= 1;
    at = end;
  }
  if (at < text.length) inlines.push(text.slice(at));
}

function linkEnd(text: string, from: number) {
  LINK_END.lastIndex = from;
  const end = LINK_END.exec(text)?.index ?? text.length;
  return withoutTrailing(text, from, end);
}

/** A full stop after a link, or a bracket that was opened before it, is not part of it. */
function withoutTrailing(text: string, from: number, to: number) {
  let excess = 0;
  for (let index = from; index < to; index++) {
    if (text[index] === '(') excess -= 1;
    if (text[index] === ')') excess += 1;
  }
  let end = to;
  for (; end > from; end--) {
    const last = text[end - 1] as string;
    if (last === ')' && excess > 0) excess -= 1;
    else if (!TRAILING.has(last)) break;
  }
  return end;
}

/** The address as the browser would open it; undefined when it is none, or of another protocol. */
function safeHref(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'mailto:') return url.pathname.includes('@') ? url.href : undefined;
  return url && /^https?:$/.test(url.protocol) && url.hostname ? url.href : undefined;
}

function isInsideWord(text: string, index: number) {
  return index > 0 && /[\p{L}\p{N}]/u.test(text[index - 1] as string);
}
