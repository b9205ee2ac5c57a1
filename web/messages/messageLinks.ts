// A link ends at white space, quotes and brackets that mark a link, and at signs that turn the reading direction.
const LINK_END = /[\s<>"`\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const TRAILING = new Set('.,;:!?\'"*_~');

/** Where the address that begins here ends. */
export function linkEnd(text: string, from: number) {
  LINK_END.lastIndex = from;
  const end = LINK_END.exec(text)?.index ?? text.length;
  return withoutTrailing(text, from, end);
}

/** The address as the browser would open it; undefined when it is none, or of another protocol. */
export function safeHref(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'mailto:') return url.pathname.includes('@') ? url.href : undefined;
  return url && /^https?:$/.test(url.protocol) && url.hostname ? url.href : undefined;
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
