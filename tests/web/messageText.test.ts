import { describe, expect, test, vi } from 'vitest';
import { parseMessage } from '../../web/messages/messageText';

const links = (text: string) =>
  parseMessage(text).flatMap((block) =>
    block.kind === 'paragraph'
      ? block.inlines.flatMap((inline) => (typeof inline === 'object' && inline.kind === 'link' ? [inline] : []))
      : [],
  );
const plain = (text: string) =>
  parseMessage(text)
    .flatMap((block) => (block.kind === 'paragraph' ? block.inlines : [block]))
    .map((inline) => (typeof inline === 'string' ? inline : inline.text))
    .join('');

describe('paragraphs and code', () => {
  test('an empty line begins a paragraph, a line break stays', () => {
    expect(parseMessage('a\nb\n\n\nc')).toEqual([
      { kind: 'paragraph', inlines: ['a\nb'] },
      { kind: 'paragraph', inlines: ['c'] },
    ]);
  });

  test('backticks in pairs are code, and nothing in it is a link', () => {
    expect(parseMessage('run `curl http://a.b` now')).toEqual([
      { kind: 'paragraph', inlines: ['run ', { kind: 'code', text: 'curl http://a.b' }, ' now'] },
    ]);
  });

  test('a fence keeps its lines as they are, closed or not', () => {
    const block = { kind: 'code', text: '  a\n\n<b>' };
    expect(parseMessage('```sh\n  a\n\n<b>\n```')).toEqual([block]);
    expect(parseMessage('```\n  a\n\n<b>')).toEqual([block]);
  });

  test('backticks that do not pair up stay as written', () => {
    expect(plain('a ` b')).toBe('a ` b');
    expect(plain('a `` b')).toBe('a `` b');
  });
});

describe('links', () => {
  test('end before punctuation and before a bracket that was not opened in them', () => {
    expect(
      links('See https://en.wikipedia.org/wiki/Shh_(film), or (https://a.org/x). ').map(({ text }) => text),
    ).toEqual(['https://en.wikipedia.org/wiki/Shh_(film)', 'https://a.org/x']);
  });

  test('are http, https and mailto, and nothing else', () => {
    expect(links('http://a.b https://a.b mailto:ada@a.b').map(({ href }) => href)).toEqual([
      'http://a.b/',
      'https://a.b/',
      'mailto:ada@a.b',
    ]);
    for (const text of [
      'javascript:alert(1)',
      'data:text/html,x',
      'file:///etc',
      'vbscript:x',
      'http://',
      'mailto:',
      'xhttp://a.b',
    ]) {
      expect(links(text)).toEqual([]);
    }
  });

  test('an address cannot be turned around by invisible signs', () => {
    expect(links('https://a.org/\u202egpj.exe')[0]?.text).toBe('https://a.org/');
  });
});

describe('hostile messages', () => {
  test.each([
    ['paragraphs', 'x\n\n'],
    ['code', '` ` '],
    ['links', 'http://a.b '],
    ['fences', '```\nx\n```\n'],
  ])('too many %s become plain text, and nothing is lost', (_, piece) => {
    const text = piece.repeat(2_000);
    const blocks = parseMessage(text);
    const elements = blocks.flatMap((block) => (block.kind === 'paragraph' ? [block, ...block.inlines] : [block]));
    expect(elements.filter((element) => typeof element === 'object').length).toBeLessThan(700);
    expect(plain(text).replace(/[\s`]/g, '')).toBe(text.replace(/[\s`]/g, ''));
  });

  const hostile: Record<string, (length: number) => string> = {
    backticks: (length) => '`'.repeat(length),
    'single backticks': (length) => '` '.repeat(length / 2),
    fences: (length) => '```\n'.repeat(length / 4),
    brackets: (length) => `http://a.b/${'('.repeat(length / 2)}${')'.repeat(length / 2)}`,
    'link starts': (length) => 'http://'.repeat(length / 7),
    'links in words': (length) => 'xhttp://a.b '.repeat(length / 12),
    'bad links': (length) => 'http://[ '.repeat(length / 9),
    dots: (length) => `http://a.b${'.'.repeat(length)}`,
    'dots and starts': (length) => 'http://a.b... '.repeat(length / 14),
    newlines: (length) => '\n'.repeat(length),
    mailto: (length) => 'mailto:'.repeat(length / 7),
  };

  test.each(Object.entries(hostile))('%s: nothing is lost', (_, make) => {
    const bare = (text: string) => text.replace(/[\s`]/g, '');
    expect(bare(plain(make(10_000)))).toBe(bare(make(10_000)));
  });

  test.each(Object.entries(hostile))('%s: twice the length is about twice the work', (_, make) => {
    expect(workOf(make(20_000))).toBeLessThanOrEqual(workOf(make(10_000)) * 2.5);
  });

  test.each(Object.entries(hostile))('%s: each character is passed over a few times', (_, make) => {
    expect(workOf(make(10_000))).toBeLessThan(100_000);
  });
});

/** How many characters are passed over by string and pattern functions while parsing: work, measured without a clock. */
function workOf(text: string): number {
  let work = 0;
  const { slice, indexOf } = String.prototype;
  const { exec } = RegExp.prototype;
  vi.spyOn(String.prototype, 'slice').mockImplementation(function (this: string, from, to) {
    const result = slice.call(this, from, to);
    work += result.length;
    return result;
  });
  vi.spyOn(String.prototype, 'indexOf').mockImplementation(function (this: string, what, from = 0) {
    const result = indexOf.call(this, what, from);
    work += (result < 0 ? this.length : result) - from;
    return result;
  });
  vi.spyOn(RegExp.prototype, 'exec').mockImplementation(function (this: RegExp, subject) {
    const from = this.lastIndex;
    const result = exec.call(this, subject);
    work += this.sticky ? 1 : (result?.index ?? subject.length) - from;
    return result;
  });
  try {
    parseMessage(text);
  } finally {
    vi.restoreAllMocks();
  }
  return work;
}
