import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../api/config.ts';
import { schema } from '../api/schema.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const sources = readdirSync(join(ROOT, 'api'), { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.includes('generated'),
);
const everything = sources.map((file) => read(join('api', file))).join('\n');
const section = (name: string) => read('docs/security.md').split(`\n## ${name}\n`)[1]?.split('\n## ')[0] ?? '';

/** Of each section of ASVS 5.0.0 the levels of its requirements, in order. */
const LEVELS: Record<string, string> = {
  ...{ '1.1': '22', '1.2': '1111122223', '1.3': '112222222223', '1.4': '222', '1.5': '123', '2.1': '122' },
  ...{ '2.2': '112', '2.3': '12223', '2.4': '23', '3.2': '113', '3.3': '12223', '3.4': '11222233' },
  ...{ '3.5': '11122333', '3.7': '22333', '4.1': '12233', '4.2': '23333', '4.3': '22', '4.4': '1222', '5.1': '2' },
  ...{ '5.2': '112333', '5.3': '113', '5.4': '222', '6.1': '122', '6.2': '111111112222', '6.3': '11223333' },
  ...{ '6.4': '112233', '6.5': '22222333', '6.6': '2223', '6.8': '2222', '7.1': '222', '7.2': '1111', '7.3': '22' },
  ...{ '7.4': '11222', '7.5': '223', '7.6': '22', '8.1': '1233', '8.2': '1123', '8.3': '133', '8.4': '23' },
  ...{ '9.1': '111', '9.2': '1222', '10.1': '22', '10.2': '223', '10.3': '22223', '10.4': '1111122222233333' },
  ...{ '10.5': '22222', '10.6': '22', '10.7': '222', '11.1': '2233', '11.2': '22233', '11.3': '11233' },
  ...{ '11.4': '1222', '11.5': '23', '11.6': '23', '12.1': '12233', '12.2': '11', '12.3': '22223', '13.1': '2333' },
  ...{ '13.2': '222223', '13.3': '2233', '13.4': '1222233', '14.1': '22', '14.2': '12223333', '14.3': '122' },
  ...{ '15.1': '12233', '15.2': '12233', '15.3': '1222222', '16.1': '2', '16.2': '22222', '16.3': '2222' },
  ...{ '16.4': '222', '16.5': '2223', '17.1': '23', '17.2': '22223333', '17.3': '22' },
};

const rows = [...read('docs/asvs.md').matchAll(/^\| ([\d.]+) \| (\d) \| (yes|no|n\/a) \| (.*) \| (.*) \|$/gm)].map(
  ([, id = '', level = '', met = '', how = '', proof = '']) => ({ id, level, met, how, tests: testsIn(proof) }),
);

function testsIn(proof: string) {
  return [...proof.matchAll(/`([\w/]+)` “([^”]+)”/g)].map(([, file = '', name = '']) => ({ file, name }));
}

test('each requirement of levels 1 and 2 has its row, once and in order', () => {
  const required = Object.entries(LEVELS).flatMap(([part, levels]) =>
    [...levels].map((level, index) => ({ id: `${part}.${index + 1}`, level })),
  );
  expect(rows.map(({ id, level }) => ({ id, level }))).toEqual(required.filter(({ level }) => level !== '3'));
  expect([rows.filter(({ level }) => level === '1').length, rows.length]).toEqual([70, 253]);
});

test('what is met names tests that are there, and what is not, or is none of ours, says why', () => {
  const wanting = rows.filter(({ met, how, tests }) => (met === 'yes' ? tests.length === 0 : how.length < 8));
  expect(wanting).toEqual([]);
  const gone = rows.flatMap(({ id, tests }) => tests.filter((one) => !isThere(one)).map((one) => ({ id, ...one })));
  expect(gone).toEqual([]);
});

function isThere({ file, name }: { file: string; name: string }) {
  const path = `tests/${file}.test.ts`;
  return existsSync(join(ROOT, path)) && read(path).includes(name);
}

test('of level 1 everything that applies is met, of level 2 nine in ten', () => {
  const [first, second] = ['1', '2'].map((level) => rows.filter((row) => row.level === level && row.met !== 'n/a'));
  expect(first?.filter(({ met }) => met === 'no').map(({ id }) => id)).toEqual([]);
  for (const [level, apply = []] of [first, second].entries()) {
    const met = apply.filter((row) => row.met === 'yes').length;
    const line = `| ${level + 1} | ${level ? 183 : 70} | ${apply.length} | ${met} (${Math.round((100 * met) / apply.length)} %) |`;
    expect(read('docs/asvs.md')).toContain(line);
    expect(met / apply.length).toBeGreaterThanOrEqual(0.9);
  }
});

test('what the page on security lists is what the code has', () => {
  for (const [, heading = ''] of read('docs/asvs.md').matchAll(/\[([\w ]+)\]\(security\.md#[\w-]+\)/g))
    expect({ heading, text: section(heading) }).toMatchObject({ text: expect.stringMatching(/\S{3}/) });

  const { limits } = readConfig({ SECRET_KEY: 'x'.repeat(32) });
  const told = [...section('Guessing and crowds').matchAll(/^\|[^|]+\| (\d+) [^|]*\| `LIMIT_(\w+)` \|$/gm)];
  const named = told.map(([, most, name = '']) => [name.replaceAll('_', '').toLowerCase(), Number(most)]);
  expect(Object.fromEntries(named)).toEqual(
    Object.fromEntries(Object.entries(limits).map(([name, most]) => [name.toLowerCase(), most])),
  );

  const [, obvious = ''] = /const OBVIOUS = \[(.*)\]/.exec(everything) ?? [];
  const words = obvious.split(', ').map((word) => word.slice(1, -1));
  expect(words.length).toBeGreaterThan(3);
  for (const word of words) expect(section('Words that are no passwords')).toContain(`\`${word}\``);

  const models = [...read('prisma/schema.prisma').matchAll(/^model (\w+)/gm)].map(([, model]) => model);
  const kept = [...section('Data and its protection').matchAll(/`([A-Z]\w+)[`.]/g)].map(([, model]) => model);
  expect([...new Set(kept)].sort()).toEqual([...models].sort());

  const bounds = section('What costs much');
  expect(everything).toContain('new Turns(AT_ONCE, 34 - AT_ONCE, tooMany)');
  expect(everything).toContain('const AT_ONCE = availableParallelism() > 2 ? 2 : 1;');
  const hashing = 'two at a time, one where there are no more than two cores; 34 with those who wait';
  for (const words of ['1,000 tokens', '10 levels', '15 aliases', hashing]) expect(bounds).toContain(words);
  const ways = section('Ways in');
  const starting = ['logIn', 'refresh', 'register', 'recover', 'resetPassword', 'signInWithPasskey'];
  const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {});
  for (const name of starting) expect([mutations.includes(name), ways.includes(`\`${name}\``)]).toEqual([true, true]);
  const returning = Object.values(schema.getMutationType()?.getFields() ?? {}).filter((field) =>
    /^AuthPayload/.test(String(field.type)),
  );
  expect(returning.map(({ name }) => name).sort()).toEqual([...starting, 'setUp'].sort());
  expect(section('Updates')).toMatch(/critical 7 days, high 30 days, moderate 90 days/);
  expect(section('Files that people send')).toContain(
    `${readConfig({ SECRET_KEY: 'x'.repeat(32) }).fileLimit / 1_048_576} MB`,
  );
});

test('what signs, hashes and encrypts is what the page on security says', () => {
  const used = (pattern: RegExp) => [...new Set([...everything.matchAll(pattern)].map(([, name]) => name))].sort();
  expect(used(/\bcreate(?:Hash|Hmac)\('([\w-]+)'/g)).toEqual(['sha1', 'sha256']);
  expect(used(/\b(createCipheriv|createSign|publicEncrypt|scrypt|randomInt|generateKeyPair\w*)\(/g)).toEqual([
    'randomInt',
  ]);
  expect(used(/\bcontentEncoding: '(\w+)'/g)).toEqual(['aes128gcm']);
  expect(used(/\balg: '(\w+)'/g)).toEqual(['HS256', 'dir']);
  expect(used(/\benc: '(\w+)'/g)).toEqual(['A256GCM']);
  expect(used(/\balgorithms: \['(\w+)'\]/g)).toEqual(['HS256']);
  expect(used(/argon2\.(argon2\w+)/g)).toEqual(['argon2id']);
  const page = section('Keys and cryptography');
  for (const name of [
    'SHA-256',
    'HMAC-SHA-256',
    'argon2id',
    'AES-256-GCM',
    'HMAC-SHA-1',
    'aes128gcm',
    'P-256',
    'Ed25519',
  ])
    expect(page).toContain(name);
});

test('every event of the log is in its inventory', () => {
  const inventory = read('docs/operating.md').split('\n## The log\n')[1]?.split('\n## ')[0] ?? '';
  const listed = [...inventory.matchAll(/`([\w.*]+)`/g)].map(([, name = '']) => name);
  const events = [...everything.matchAll(/\blog\.(?:debug|info|warn|error)\(\s*'([\w.]+)'/g)].map(
    ([, name = '']) => name,
  );
  expect(events.length).toBeGreaterThan(25);
  const isListed = (event: string) => listed.includes(event) || listed.includes(event.replace(/^[^.]+/, '*'));
  expect([...new Set(events)].filter((event) => !isListed(event))).toEqual([]);
});

test('nobody is asked for a hint or a secret question', () => {
  expect(read('schema.graphql')).not.toMatch(/\bhint|secret ?question/i);
});
