import { expect, vi } from 'vitest';

/** What clients are promised: every other code would be one that nobody can write a rule for. */
const CODES = [
  ...['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'INVALID_INPUT', 'CONFLICT', 'RATE_LIMITED', 'UNAVAILABLE'],
];

/** What would tell how the server is made, or where it lies. No input has any of it. */
const INTERNALS = new RegExp(
  [
    ...['node_modules', '\\.ts:\\d', '\\.js:\\d', '\\n\\s+at ', 'node:internal', '/tmp/', '/work/', 'file://'],
    ...['prisma', 'pglite', 'postgres', '\\bP20\\d\\d\\b', 'SELECT .* FROM', 'INSERT INTO', 'syntax error at or near'],
    ...[
      'violates',
      'invalid input syntax',
      'byte sequence',
      'relation "',
      'column "',
      'undefined is not',
      'of undefined',
    ],
    ...[
      'Cannot read',
      'is not a function',
      'is not iterable',
      'ECONN',
      'ENOENT',
      'Maximum call stack',
      'argon2',
      'libvips',
    ],
  ].join('|'),
  'i',
);

/** Nothing in the text tells how the server is made. */
export function expectQuiet(text: string, context: unknown) {
  const told = INTERNALS.exec(text);
  if (told) expect.fail(`"${told[0]}" is told in ${text.slice(0, 600)}\nto ${shown(context)}`);
}

/** The answer is no fault of the server’s; 503 says that it is busy. */
export function expectAnswer(status: number, text: string, context: unknown) {
  if (status >= 500 && status !== 503) expect.fail(`${status}: ${text.slice(0, 600)}\nto ${shown(context)}`);
  expectQuiet(text, context);
}

/** Every error has one of the codes that are promised. */
export function expectCodes(errors: { extensions?: { code?: string } }[] | undefined, context: unknown) {
  for (const { extensions } of errors ?? []) {
    if (!CODES.includes(extensions?.code ?? ''))
      expect.fail(`${JSON.stringify(errors).slice(0, 600)}\nto ${shown(context)}`);
  }
}

/** What the process says from now on, instead of its saying it. */
export function listen(): string[] {
  const said: string[] = [];
  const hear = (...parts: unknown[]) => said.push(parts.map(String).join(' ')) > 0;
  vi.spyOn(process.stderr, 'write').mockImplementation(hear);
  for (const level of ['log', 'info', 'warn', 'error'] as const) vi.spyOn(console, level).mockImplementation(hear);
  return said;
}

const shown = (context: unknown) => JSON.stringify(context).slice(0, 3_000);
