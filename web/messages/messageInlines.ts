import { linkEnd, safeHref } from './messageLinks';

export type Inline =
  | string
  | { kind: 'link'; href: string; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'person' | 'room'; name: string; text: string }
  | { kind: Style; inlines: Inline[] };
export type Style = 'strong' | 'em' | 'strike';

/** How many elements may still be made. */
export interface Budget {
  left: number;
}

// Everything that may begin something other than letters; the first alternative that fits is tried.
const MARK = /`+|\*+|_+|~~|\[|(?:https?:\/\/|mailto:)|[@#](?=[\p{L}\p{N}])/giu;
const NAME = /[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}._+-]*[\p{L}\p{M}\p{N}_])?/uy;
// As the server reads them: with what ends a sentence, which some names do too.
const PERSON = /[\p{L}\p{N}][\p{L}\p{M}\p{N}._+-]*/uy;
const BEFORE_NONE = /[\p{L}\p{M}\p{N}._+@-]$/u;
const WORD = /[\p{L}\p{N}]/u;
// Neither part may hold what begins the next link, so that each letter is looked at once.
const LABELLED = /\[([^[\]\n]+)\]\(([^\s()[\]<>"`\u200e\u200f\u202a-\u202e\u2066-\u2069]+)\)/y;
const LIKE_ADDRESS = /:\/\/|\w\.[a-z]{2}/i;

interface Open {
  mark: string;
  inlines: Inline[];
}

/**
 * The inside of a paragraph: links, `code`, **strong**, *em*, ~~struck~~, names of people and rooms. One pass from left
 * to right; of each style at most one is open, so that what turns out not to be closed moves up a few levels at most.
 */
export function parseInlines(text: string, budget: Budget): Inline[] {
  const open: Open[] = [{ mark: '', inlines: [] }];
  const codes = codeSpans(text);
  let at = 0;
  let from = 0;

  const push = (inline: Inline, to: number, start: number) => {
    append(top(open), text.slice(from, start));
    append(top(open), inline);
    budget.left -= 1;
    from = at = to;
  };

  while (budget.left > 0) {
    MARK.lastIndex = at;
    const found = MARK.exec(text);
    if (!found) break;
    const [mark] = found;
    const start = found.index;
    at = start + mark.length;
    if (mark[0] === '`') {
      const end = codes.get(start);
      if (end) push({ kind: 'code', text: text.slice(start + mark.length, end - mark.length) }, end, start);
    } else if (mark === '[') {
      const link = labelled(text, start);
      if (link) push(...link, start);
    } else if (mark === '@') {
      const name = BEFORE_NONE.test(text.slice(Math.max(0, start - 2), start)) ? '' : nameAt(text, at, PERSON);
      if (name) push({ kind: 'person', name, text: mark + name }, at + name.length, start);
    } else if (mark === '#') {
      const name = isInsideWord(text, start) ? '' : nameAt(text, at, NAME);
      if (name) push({ kind: 'room', name, text: mark + name }, at + name.length, start);
    } else if (mark[0] === '*' || mark[0] === '_' || mark === '~~') {
      append(top(open), text.slice(from, start));
      from = at = start + turn(open, text, start, mark, budget);
    } else {
      const end = linkEnd(text, start);
      const href = isInsideWord(text, start) ? undefined : safeHref(text.slice(start, end));
      if (href) push({ kind: 'link', href, text: text.slice(start, end) }, end, start);
      else at = Math.max(at, end);
    }
  }
  append(top(open), text.slice(from));
  while (open.length > 1) abandon(open);
  return (open[0] as Open).inlines;
}

/** Opens or closes a style at a run of marks. Gives how many of them that took. */
function turn(open: Open[], text: string, start: number, run: string, budget: Budget): number {
  const sign = run[0] as string;
  const mark = sign === '~' ? '~~' : sign.repeat(run.length === 1 || top(open).mark === sign ? 1 : 2);
  const index = open.findIndex((one) => one.mark === mark);
  if (index > 0 && isClosing(text, start, start + run.length)) {
    while (open.length > index + 1) abandon(open);
    const { inlines } = open.pop() as Open;
    append(top(open), { kind: styleOf(mark), inlines });
    budget.left -= 1;
  } else if (index < 0 && run.length <= 3 && isOpening(text, start, start + run.length)) {
    open.push({ mark, inlines: [] });
  } else {
    append(top(open), run);
    return run.length;
  }
  return mark.length;
}

/** What was opened and is not closed stays as written. */
function abandon(open: Open[]) {
  const { mark, inlines } = open.pop() as Open;
  append(top(open), mark);
  for (const inline of inlines) append(top(open), inline);
}

function append({ inlines }: Open, inline: Inline) {
  if (inline === '') return;
  const last = inlines.at(-1);
  if (typeof last === 'string' && typeof inline === 'string') inlines[inlines.length - 1] = last + inline;
  else inlines.push(inline);
}

const top = (open: Open[]) => open.at(-1) as Open;
const styleOf = (mark: string): Style => (mark === '~~' ? 'strike' : mark.length === 2 ? 'strong' : 'em');

const isOpening = (text: string, from: number, to: number) =>
  !isInsideWord(text, from) && to < text.length && !/\s/.test(text[to] as string);
const isClosing = (text: string, from: number, to: number) =>
  from > 0 && !/\s/.test(text[from - 1] as string) && !(to < text.length && WORD.test(text[to] as string));

/** Where each run of backticks that pairs up with an equal one around something ends, by where it begins. */
function codeSpans(text: string): Map<number, number> {
  const spans = new Map<number, number>();
  const waiting = new Map<number, number>();
  const runs = [...text.matchAll(/`+/g)];
  // From the right, so that each run knows the next one that is as long.
  const closers = runs.map(() => -1);
  for (let index = runs.length - 1; index >= 0; index--) {
    const { length } = (runs[index] as RegExpExecArray)[0];
    closers[index] = waiting.get(length) ?? -1;
    waiting.set(length, index);
  }
  for (let index = 0; index < runs.length; index++) {
    const closer = closers[index] as number;
    if (closer < 0) continue;
    const run = runs[index] as RegExpExecArray;
    spans.set(run.index, (runs[closer] as RegExpExecArray).index + run[0].length);
    index = closer;
  }
  return spans;
}

/** [text](address), unless the text itself looks like an address: it might be another one. Gives where it ends too. */
function labelled(text: string, start: number): [Inline, number] | undefined {
  LABELLED.lastIndex = start;
  const [whole = '', label = '', address = ''] = LABELLED.exec(text) ?? [];
  if (!whole || LIKE_ADDRESS.test(label)) return undefined;
  const href = safeHref(address);
  return href ? [{ kind: 'link', href, text: label }, start + whole.length] : undefined;
}

function nameAt(text: string, at: number, name: RegExp): string {
  name.lastIndex = at;
  return name.exec(text)?.[0] ?? '';
}

function isInsideWord(text: string, index: number) {
  return index > 0 && WORD.test(text[index - 1] as string);
}
