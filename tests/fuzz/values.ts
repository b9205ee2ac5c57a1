import { randomUUID } from 'node:crypto';
import fc, { type Arbitrary, type GeneratorValue } from 'fast-check';

/** Draws values within a property: what was drawn is shown when the property fails, and made smaller. */
export class Draw {
  constructor(private readonly generator: GeneratorValue) {}

  /** A whole number from 0 to one less than that. */
  below(end: number): number {
    return this.generator(fc.nat, end - 1);
  }

  /** True in so many of a hundred. */
  rarely(percent: number): boolean {
    return this.below(100) >= 100 - percent;
  }

  one<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }

  some<Value>(values: readonly Value[], most: number): Value[] {
    const chosen = Array.from({ length: 1 + this.below(most) }, () => this.one(values));
    return [...new Set(chosen)];
  }

  text = (): string => (this.rarely(35) ? `text ${this.below(50)}` : this.generator(anyText));
  number = (): number => this.generator(anyNumber);
  json = (): unknown => this.generator(anyJson);
  bytes = (most: number): Buffer => Buffer.from(this.generator(fc.uint8Array, { maxLength: most }));
}

const TEXTS = [
  ...['', ' ', '\n', '\0', 'a\0b', '\ud800', 'a\udc00b', '\u202eabc', '\u200b', '\ufeff', 'é'.normalize('NFD'), '𝒜'],
  ...[
    "' OR 1=1 --",
    '"; DROP TABLE entry; --',
    '$1',
    '%',
    '_',
    '\\',
    '%_\\',
    '{{7*7}}',
    '#{x}',
    '<b onclick=x>',
    ']]>',
  ],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined', 'NaN', 'true', '[]', '{}'],
  ...['../../etc/passwd', '..\\..\\x', '/', '//evil.example', 'ftp://x/', 'javascript:alert(1)', 'http://[', 'C:\\x'],
  ...[
    'https://127.0.0.1/x',
    'http://169.254.169.254/',
    'data:text/html,x',
    'a@b.c',
    '@',
    '@all',
    '#',
    'from:',
    'has:file',
  ],
  ...['-1', '0', '1e999', '9007199254740993', '99999999999999999999', '0x10', '1.5', '٣', '2026-13-45T99:99:99Z'],
  ...[
    '2026-01-01T00:00:00Z',
    '-271821-04-20T00:00:00Z',
    '+275760-09-13T00:00:00.000Z',
    '0000-00-00',
    'MQ==',
    '=',
    '🙂',
    '👨‍👩‍👧‍👦',
  ],
  ...['x'.repeat(300), '🙂'.repeat(2_100), 'a '.repeat(5_000), '('.repeat(500), '\r\n'.repeat(100), '"'.repeat(50)],
];

const text: Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-z][a-z0-9.-]{1,12}$/) },
);

const number: Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 2, 100, 101, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53, -(2 ** 53) - 1, 1e308, 0.5),
  fc.integer({ min: -3, max: 60 }),
);

const json: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, true, false, [], {}, [null], [[[[[[]]]]]], { __proto__: 1 }, { length: 5 }),
  text,
  number,
  fc.jsonValue({ maxDepth: 3 }),
);

const anyText = () => text;
const anyNumber = () => number;
const anyJson = () => json;

/** A text that something was done to on its way. */
export function garbled(draw: Draw, given: string): string {
  const at = draw.below(given.length + 1);
  const to = Math.min(given.length, at + draw.below(12));
  const put = draw.one(['{', '}', '"', '\\', '\0', '…', '$', '@', '!', '[', ',', draw.text()]);
  return draw.one([
    given.slice(0, at),
    given.slice(0, at) + given.slice(to),
    given.slice(0, to) + given.slice(at),
    given.slice(0, at) + put + given.slice(at),
    given.repeat(2),
  ]);
}

const KINDS = {
  room: /room|upload|markRead|typing/i,
  message: /message|reaction|reply/i,
  user: /user|member|ban|block|owner/i,
};
type Kind = keyof typeof KINDS;

/** The ids that the server has told, and such as nobody has. */
export class Ids {
  private readonly all: string[] = [];
  private readonly kinds: Record<Kind, string[]> = { room: [], message: [], user: [] };

  keep(kind: Kind, ...ids: string[]) {
    this.kinds[kind].push(...ids);
  }

  /** Keeps what looks like an id in an answer. */
  learn(answer: string) {
    for (const [id] of answer.matchAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g)) {
      if (!this.all.includes(id)) this.all.push(id);
    }
    this.all.splice(0, this.all.length - 200);
  }

  /** For an argument of that name: mostly the id of such a thing. */
  draw(draw: Draw, name: string): string {
    const kind = (Object.keys(KINDS) as Kind[]).findLast((each) => KINDS[each].test(name)) ?? 'room';
    if (draw.rarely(60)) return draw.one(this.kinds[kind]);
    if (draw.rarely(10)) return draw.text();
    return draw.rarely(10) ? randomUUID() : draw.one([...this.all, ...this.kinds.room]);
  }
}
