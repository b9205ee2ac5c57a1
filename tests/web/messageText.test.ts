import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Block, type Inline, parseMessage } from '../../web/messages/messageText';
import { stepsOf } from './steps';

type Piece = Inline | Block;

/** Everything in a text, from outside to inside, in order. */
const piecesIn = (pieces: Piece[]): Piece[] => pieces.flatMap((piece) => [piece, ...piecesIn(inside(piece))]);

function inside(piece: Piece): Piece[] {
  if (typeof piece === 'string') return [];
  if ('inlines' in piece) return piece.inlines;
  if ('blocks' in piece) return piece.blocks;
  return 'items' in piece ? piece.items.flat() : [];
}

const pieces = (text: string) => piecesIn(parseMessage(text));
const links = (text: string) => pieces(text).flatMap((piece) => (isA(piece, 'link') ? [piece] : []));
const isA = <Kind extends Exclude<Piece, string>['kind']>(
  piece: Piece,
  kind: Kind,
): piece is Extract<Piece, { kind: Kind }> => typeof piece === 'object' && piece.kind === kind;
const plain = (text: string) => pieces(text).map(words).join('');

function words(piece: Piece) {
  if (typeof piece === 'string') return piece;
  if (isA(piece, 'code')) return ('language' in piece ? piece.language : '') + piece.text;
  if (isA(piece, 'list')) return piece.start ?? '';
  return 'text' in piece ? piece.text : '';
}

describe('blocks', () => {
  test('an empty line begins a paragraph, a line break stays', () => {
    expect(parseMessage('a\nb\n\n\nc')).toEqual([
      { kind: 'paragraph', inlines: ['a\nb'] },
      { kind: 'paragraph', inlines: ['c'] },
    ]);
  });

  test('a fence keeps its lines as they are, closed or not, and says its language', () => {
    const text = '  a\n\n<b>';
    expect(parseMessage('```sh\n  a\n\n<b>\n```')).toEqual([{ kind: 'code', language: 'sh', text }]);
    expect(parseMessage('```\n  a\n\n<b>')).toEqual([{ kind: 'code', language: '', text }]);
  });

  test('quotes hold paragraphs and quotes, as deep as four', () => {
    expect(parseMessage('> a\n> > b\nc')).toEqual([
      { kind: 'quote', blocks: [paragraph('a'), { kind: 'quote', blocks: [paragraph('b')] }] },
      paragraph('c'),
    ]);
    const deep = pieces(`${'>'.repeat(500)} down here`);
    expect(deep.filter((piece) => isA(piece, 'quote'))).toHaveLength(4);
    expect(deep.at(-1)).toBe('down here');
  });

  test('lists keep their first number, and what is indented belongs to the item', () => {
    expect(parseMessage('- a\n  - b\n- c')).toEqual([
      {
        kind: 'list',
        start: undefined,
        items: [[paragraph('a'), { kind: 'list', start: undefined, items: [[paragraph('b')]] }], [paragraph('c')]],
      },
    ]);
    expect(parseMessage('3. a\n4. b')).toEqual([
      { kind: 'list', start: 3, items: [[paragraph('a')], [paragraph('b')]] },
    ]);
  });

  test('a year at the beginning of a line of prose is no list', () => {
    expect(parseMessage('It was in\n201. That house.')).toEqual([paragraph('It was in\n201. That house.')]);
  });
});

describe('styles', () => {
  test.each<[string, Inline[]]>([
    [
      '**a** *b* _c_ ~~d~~',
      [style('strong', 'a'), ' ', style('em', 'b'), ' ', style('em', 'c'), ' ', style('strike', 'd')],
    ],
    ['***a***', [style('strong', style('em', 'a'))]],
    ['**a *b* c**', [style('strong', 'a ', style('em', 'b'), ' c')]],
    ['run `curl http://a.b` now', ['run ', { kind: 'code', text: 'curl http://a.b' }, ' now']],
    ['``a`b``', [{ kind: 'code', text: 'a`b' }]],
  ])('%s', (text, inlines) => {
    expect(parseMessage(text)).toEqual([{ kind: 'paragraph', inlines }]);
  });

  test.each(['2*3*4', 'snake_case_name', '**a', 'a ` b', 'a `` b', '* a', '~a~', 'a ** b **', '*a **b'])(
    '%s stays as written',
    (text) => {
      expect(plain(text)).toBe(text === '* a' ? 'a' : text);
    },
  );
});

describe('names', () => {
  test('of people and rooms, not in the middle of words', () => {
    expect(parseMessage('@ana.b, see #boat-shed. me@a.b')).toEqual([
      {
        kind: 'paragraph',
        inlines: [
          { kind: 'person', name: 'ana.b', text: '@ana.b' },
          ', see ',
          { kind: 'room', name: 'boat-shed', text: '#boat-shed' },
          '. me@a.b',
        ],
      },
    ]);
  });

  test('a name ends where a username may end', () => {
    const named = pieces('hello @Ana! and @ana.maria+home, me@ana').filter((piece) => isA(piece, 'person'));
    expect(named.map(words)).toEqual(['@Ana', '@ana.maria+home']);
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

  test('have a text of their own, unless that looks like another address', () => {
    expect(links('[the map](https://a.org/map)')).toEqual([
      { kind: 'link', href: 'https://a.org/map', text: 'the map' },
    ]);
    for (const text of ['[bank.com](https://evil.org)', '[x](javascript:alert(1))', '[x](data:text/html,y)']) {
      expect(plain(text)).toBe(text);
      expect(links(text).every((link) => link.text === 'https://evil.org')).toBe(true);
    }
  });

  test('an address cannot be turned around by invisible signs', () => {
    expect(links('https://a.org/\u202egpj.exe')[0]?.text).toBe('https://a.org/');
  });
});

describe('hostile messages', () => {
  const MARKS = [
    '`',
    '``',
    '```',
    '```js\n',
    '*',
    '**',
    '_',
    '__',
    '~~',
    '[',
    '](',
    ')',
    '[a](http://b.c)',
    'http://',
    'mailto:',
  ];
  const LINES = ['\n', '\n\n', '\n> ', '>', '> > ', '\n- ', '\n  - ', '\n12. ', '\n```\n', '\r\n', '\t'];
  const OTHER = ['a', ' ', '.', '(', '@', '@a', '#', '#a', '\u202e', 'e\u0301\u0316', '<b>', '😀', 'x'.repeat(40)];
  const anyPiece = fc.constantFrom(...MARKS, ...LINES, ...OTHER);
  const anyText = fc.record({
    before: fc.array(anyPiece, { maxLength: 30 }).map((all) => all.join('')),
    again: fc.array(anyPiece, { minLength: 1, maxLength: 12 }).map((all) => all.join('')),
  });
  const long = ({ before, again }: { before: string; again: string }, length: number) =>
    before + again.repeat(Math.ceil(length / again.length)).slice(0, length);
  const steps = (text: string) =>
    stepsOf(/\/web\/messages\/message(Text|Inlines|Links)/, () => void parseMessage(text));
  const letters = (text: string) => text.replace(/[^\p{L}]/gu, '');
  // More of them, and others, with `npm run fuzz`.
  const { FUZZ_TIMES = '1', FUZZ_SEED } = process.env;
  const RUNS = { numRuns: 150 * Number(FUZZ_TIMES), ...(FUZZ_SEED && { seed: Number(FUZZ_SEED) }) };

  test('no letter of any text is lost or moved', () => {
    fc.assert(
      fc.property(anyText, (any) => {
        const text = long(any, 600).replaceAll('[a](http://b.c)', '');
        expect(letters(plain(text))).toBe(letters(text));
      }),
      RUNS,
    );
  });

  test('no text becomes more than a few hundred elements, nor deeper than a few', () => {
    fc.assert(
      fc.property(anyText, (any) => {
        const blocks = parseMessage(long(any, 10_000));
        expect(piecesIn(blocks).filter((piece) => typeof piece === 'object').length).toBeLessThan(700);
        expect(depthOf(blocks)).toBeLessThanOrEqual(16);
      }),
      RUNS,
    );
  });

  test('every link of any text is of a protocol that may be followed', () => {
    fc.assert(
      fc.property(anyText, (any) => {
        for (const { href } of links(long(any, 2_000))) expect(href).toMatch(/^(https?:\/\/|mailto:)/);
      }),
      RUNS,
    );
  });

  test('twice the length is about twice the work, and ten thousand letters are not much', () => {
    fc.assert(
      fc.property(anyText, (any) => {
        const [once, twice] = [steps(long(any, 5_000)), steps(long(any, 10_000))];
        expect(twice).toBeLessThanOrEqual(once * 2.5 + 5_000);
        expect(twice).toBeLessThan(400_000);
      }),
      { numRuns: 10 },
    );
  }, 120_000);

  test.each([
    ['backticks', '`'],
    ['brackets', 'http://a.b/('],
    ['link starts', 'http://'],
    ['labels', '[a]('],
    ['links in words', 'xhttp://a.b '],
    ['dots', 'http://a.b...'],
    ['stars', '*a **b '],
    ['quotes', '> '],
    ['lists', '- - '],
    ['names', '@a.......'],
    ['one word', 'a'],
  ])('%s: the work grows with the length and no faster', (_, piece) => {
    const text = (length: number) => piece.repeat(Math.ceil(length / piece.length));
    expect(steps(text(20_000))).toBeLessThanOrEqual(steps(text(10_000)) * 2.2 + 5_000);
  });
});

const paragraph = (...inlines: Inline[]): Block => ({ kind: 'paragraph', inlines });

function style(kind: 'strong' | 'em' | 'strike', ...inlines: Inline[]): Inline {
  return { kind, inlines };
}

function depthOf(all: Piece[]): number {
  return all.length ? 1 + Math.max(...all.map((piece) => depthOf(inside(piece)))) : 0;
}
