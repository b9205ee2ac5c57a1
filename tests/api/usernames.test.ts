import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWorld, PASSWORD, type World } from '../world.ts';

const REGISTER = 'mutation ($input: RegisterInput!) { register(input: $input) { viewer { user { username } } } }';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const account = (username: string) => ({ input: { username, password: PASSWORD, cookies: false } });

async function named(username: string): Promise<string> {
  return (await world.stranger().graphql(REGISTER, account(username))).register.viewer.user.username;
}

const refusal = (username: string) => world.stranger().refused(REGISTER, account(username));

test.each([
  'ann',
  'José.María',
  'zoë_1999',
  'b',
  '007',
  'x'.repeat(40),
  'Ольга',
  'Ελένη',
  '李小龍',
  'ひらがな漢字カタカナ',
  'コーヒー',
  '김철수',
  'தமிழ்',
  'עידית',
  'محمد٣',
  'mary-jane+chat',
])('a person may be called %s', async (name) => {
  expect(await named(name)).toBe(name);
});

test.each([
  ['ａｌｉｃｅ', 'alice'],
  ['𝓑𝓸𝓫', 'Bob'],
  ['  Dave  ', 'Dave'],
  ['ﬁona', 'fiona'],
  ['Rene\u0301', 'René'],
])('%s is written %s', async (name, written) => {
  expect(await named(name)).toBe(written);
});

test.each([
  ['in capitals', 'paula', 'PAULA'],
  ['in wide letters', 'quentin', 'ｑｕｅｎｔｉｎ'],
  ['in letters made of two', 'ren\u00e9e', 'rene\u0301e'],
  ['in Cyrillic letters', 'pacca', 'расса'],
  ['in Latin letters', 'сосо', 'coco'],
  ['in Greek letters', 'kovo', 'κονο'],
  ['in Armenian letters', 'nou', 'ոօս'],
  ['with a dotless i', 'mimi', 'mımı'],
  ['with a second dot on the i', 'didi', 'di\u0307di\u0307'],
  ['with a script g', 'gogo', 'ɡoɡo'],
  ['with a small capital', 'momo', 'mᴏmᴏ'],
])('nobody can take a name that is taken %s', async (_, original, imitation) => {
  await named(original);
  const { code, fields } = await refusal(imitation);
  expect(code).toBe('INVALID_INPUT');
  expect(fields?.username).toEqual(['user with this username already exists.']);
});

test.each([
  ['Latin and Cyrillic', 'vіctor'],
  ['Latin and Greek', 'wιlma'],
  ['Latin and Cherokee', 'Ꭺnn'],
  ['Latin and Armenian', 'b\u0585b'],
  ['Latin and Arabic digits', 'bob\u0660'],
  ['Cyrillic and Greek', 'олγα'],
  ['Hebrew and Arabic', 'עמ\u0645'],
])('a name of %s letters is refused', async (_, name) => {
  const { code, fields } = await refusal(name);
  expect(code).toBe('INVALID_INPUT');
  expect(fields?.username).toEqual(['Enter a valid username: letters of one alphabet only.']);
});

test.each([
  ['a zero-width space', 'xa\u200bvier'],
  ['a zero-width joiner', 'xa\u200dvier'],
  ['a zero-width non-joiner', 'xa\u200cvier'],
  ['a word joiner', 'xa\u2060vier'],
  ['a byte order mark', 'xa\ufeffvier'],
  ['a soft hyphen', 'xa\u00advier'],
  ['a variation selector', 'xa\ufe0fvier'],
  ['a grapheme joiner', 'xa\u034fvier'],
  ['a Hangul filler', 'xa\u3164vier'],
  ['nothing but a Hangul filler', '\u3164'],
  ['a right-to-left override', 'xa\u202evier'],
  ['a tag character', 'xa\u{e0041}vier'],
  ['a control character', 'xa\u0007vier'],
  ['a NUL', 'xa\u0000vier'],
  ['half a character', 'xa\ud800vier'],
  ['a space', 'xa vier'],
  ['an @', 'xavier@example.org'],
  ['a slash', '../xavier'],
  ['markup', '<b>xavier'],
  ['an emoji', 'xavier😀'],
  ['a point in front', '.xavier'],
  ['nothing', ''],
  ['only spaces', '   '],
  ['41 letters', 'x'.repeat(41)],
])('a name with %s is refused', async (_, name) => {
  const { code, fields } = await refusal(name);
  expect(code).toBe('INVALID_INPUT');
  expect(fields).toEqual({ username: [expect.any(String)] });
});
