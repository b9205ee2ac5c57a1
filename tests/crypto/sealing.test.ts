import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equal, utf8 } from '../../web/crypto/bytes';
import { HISTORY_PAGE, sharedKeys, shareHistory } from '../../web/crypto/history/history';
import { randomBytes } from '../../web/crypto/primitives';
import { type Content, contentOf } from '../../web/crypto/sealing/content';
import { SealError } from '../../web/crypto/sealing/errors';
import { decodeMessageKeys, encodeMessageKeys } from '../../web/crypto/sealing/messageKeys';
import { pad, paddedLength, unpad } from '../../web/crypto/sealing/padding';
import { BODY_LIMIT, HEAD_LENGTH, headIn, openBody, openHeader, seal, withHead } from '../../web/crypto/sealing/seal';

const AT = Date.UTC(2026, 2, 3, 12);
const id = '0190c0de-0000-7000-8000-000000000001';
const other = '0190c0de-0000-7000-8000-000000000002';
const hello: Content = { type: 'message', body: 'The lamp is lit again.' };
const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64');
const photo = { id: other, key: base64(32), sha256: 'ab'.repeat(32), name: 'stairs.jpg', type: 'image/jpeg', size: 9 };

/** The code with which something is refused; any other failure is a failure of the test. */
async function refusal(action: () => unknown) {
  try {
    await action();
  } catch (error) {
    if (error instanceof SealError) return error.code;
    throw error;
  }
  return 'taken';
}

function flipped(bytes: Uint8Array<ArrayBuffer>, at: number) {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('what Ada says in an encrypted room', () => {
  test.each<Content>([
    hello,
    { type: 'message', body: '', replyTo: other, files: [{ ...photo, width: 2, height: 3, placeholder: base64(24) }] },
    { type: 'message', body: '@tomas @room', mentions: [other], mentionsRoom: true },
    { type: 'edit', target: other, body: 'The lamp is out.' },
    { type: 'reaction', target: other, emoji: '👩‍🚒', on: true },
    { type: 'pin', target: other, on: false },
    { type: 'card', name: 'Keepers', topic: '', history: 'all', links: [{ id, secret: base64(32) }], version: 4 },
    { type: 'history', target: other, keys: base64(96) },
  ])('is read as it was written: $type', async (content) => {
    const { header, body, key } = await seal(id, content, AT);
    expect(openHeader(header)).toEqual(key);
    expect(await openBody(key, body)).toEqual({ content, at: AT });
  });

  test('says in its header how far its sender has seen the log, where they know', async () => {
    const { header, key } = await seal(id, hello, AT);
    const head = randomBytes(HEAD_LENGTH);
    expect(openHeader(withHead(header, head))).toEqual(key);
    expect(headIn(withHead(header, head))).toEqual(head);
    expect(withHead(header, new Uint8Array())).toEqual(header);
    expect(headIn(header)).toHaveLength(0);
  });

  test('never looks the same twice, and shows nothing of itself', async () => {
    const [one, two] = [await seal(id, hello, AT), await seal(id, hello, AT)];
    expect(equal(one.body, two.body)).toBe(false);
    expect(equal(one.key.key, two.key.key)).toBe(false);
    expect(Buffer.from(one.body).includes('lamp')).toBe(false);
  });

  test('has the same length as another text of about that length, and a reaction the same as a short message', async () => {
    const lengthOf = async (content: Content) => (await seal(id, content, AT)).body.length;
    const yes = await lengthOf({ type: 'message', body: 'yes' });
    expect(await lengthOf({ type: 'message', body: 'x'.repeat(120) })).toBe(yes);
    expect(await lengthOf({ type: 'reaction', target: other, emoji: '🔦', on: true })).toBe(yes);
  });

  test('is as long as in any other room, in any script, with everything that may hang on it', async () => {
    const files = Array.from({ length: 10 }, () => ({ ...photo, name: '灯'.repeat(255) }));
    const longest: Content = { type: 'message', body: '\u0001'.repeat(4_000) + '灯'.repeat(4_000), files };
    const { body, key } = await seal(id, longest, AT);
    expect(body.length).toBeLessThanOrEqual(BODY_LIMIT);
    expect((await openBody(key, body)).content).toEqual(longest);
  });

  test('is refused before it is sent when it cannot be said', async () => {
    const attempt = (content: unknown) => refusal(() => seal(id, content as Content, AT));
    expect(await attempt({ type: 'message', body: 'x'.repeat(8_001) })).toBe('BAD_CONTENT');
    expect(await attempt({ type: 'message', body: 'a\0b' })).toBe('BAD_CONTENT');
    expect(await attempt({ type: 'message', body: '\ud800' })).toBe('BAD_CONTENT');
    expect(await attempt({ type: 'message', body: 'x', files: Array(11).fill(photo) })).toBe('BAD_CONTENT');
    expect(await attempt({ type: 'message', body: 'x', files: [{ ...photo, name: '../stairs.jpg' }] })).toBe(
      'BAD_CONTENT',
    );
    expect(await attempt({ type: 'edit', body: 'to nothing' })).toBe('BAD_CONTENT');
    expect(await attempt({ type: 'poll', question: 'Which lamp?' })).toBe('BAD_CONTENT');
    expect(await attempt({ type: 'history', target: other, keys: base64(48_000) })).toBe('TOO_LARGE');
  });
});

describe('what a lying server can do to a body', () => {
  test('nothing: each flipped bit, each missing byte and each added one is noticed', async () => {
    const { body, key } = await seal(id, hello, AT);
    for (let at = 0; at < body.length; at += 1) {
      expect(await refusal(() => openBody(key, flipped(body, at)))).toBe('WRONG_BODY');
    }
    expect(await refusal(() => openBody(key, body.slice(0, -1)))).toBe('WRONG_BODY');
    expect(await refusal(() => openBody(key, new Uint8Array([...body, 0])))).toBe('WRONG_BODY');
    expect(await refusal(() => openBody(key, new Uint8Array()))).toBe('WRONG_BODY');
    expect(await refusal(() => openBody(key, new Uint8Array(2 * BODY_LIMIT)))).toBe('WRONG_BODY');
  });

  test('the body of another message is not taken for it', async () => {
    const [mine, other] = [await seal(id, hello, AT), await seal(id, { type: 'message', body: 'I resign.' }, AT)];
    expect(await refusal(() => openBody(mine.key, other.body))).toBe('WRONG_BODY');
  });

  test('not even with somebody of the room who knows the keys: a body opens as the one message, with the one key', async () => {
    const { key, body } = await seal(id, hello, AT);
    expect(await refusal(() => openBody({ ...key, id: other }, body))).toBe('WRONG_BODY');
    expect(await refusal(() => openBody({ ...key, key: randomBytes(32) }, body))).toBe('WRONG_BODY');
  });
});

describe('what a broken or newer client can do', () => {
  test('a header of another length or version is refused', async () => {
    const { header } = await seal(id, hello, AT);
    for (const wrong of [header.slice(1), header.slice(0, 80), new Uint8Array([...header, 0]), new Uint8Array()]) {
      expect(await refusal(() => openHeader(wrong))).toBe('BAD_HEADER');
    }
    expect(await refusal(() => openHeader(Uint8Array.from(header, (byte, at) => (at ? byte : 2))))).toBe('BAD_HEADER');
  });

  test('a kind that a later version has stands there silently; unknown fields of a known kind are left out', () => {
    expect(contentOf({ type: 'poll', question: 'Which lamp?' })).toEqual({ type: 'unknown' });
    expect(contentOf({ ...hello, sparkle: true })).toEqual(hello);
  });

  test('whatever comes as content is content or is refused, and nothing else is thrown', () => {
    const odd = fc.record(
      {
        type: fc.oneof(fc.constantFrom('message', 'edit', 'reaction', 'pin', 'card', 'history', 'x'), fc.anything()),
        body: fc.anything(),
        target: fc.anything(),
        files: fc.anything(),
        links: fc.anything(),
        mentions: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(odd, fc.anything()), (value) => {
        try {
          expect(contentOf(value).type).toBeTypeOf('string');
        } catch (error) {
          expect(error).toMatchObject({ name: 'SealError', code: 'BAD_CONTENT' });
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('padding', () => {
  test('is 256 bytes, or at most an eighth more than it must be; what was padded comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), (bytes) => {
        const padded = pad(bytes);
        expect(equal(unpad(padded) ?? utf8('lost'), bytes)).toBe(true);
        expect(padded.length).toBeLessThanOrEqual(Math.max(256, (bytes.length + 1) * 1.125));
      }),
      { numRuns: 100 },
    );
  });

  test('has few lengths: of sixty thousand, sealed bodies have 140 at most', () => {
    const lengths = new Set(Array.from({ length: 60_000 }, (_, length) => paddedLength(length + 1)));
    expect(lengths.size).toBeLessThanOrEqual(140);
  });

  test('that is none is noticed', () => {
    expect(unpad(new Uint8Array(256))).toBeUndefined();
    expect(unpad(new Uint8Array(256).fill(1))).toBeUndefined();
    expect(unpad(new Uint8Array())).toBeUndefined();
    expect(unpad(new Uint8Array([...pad(utf8('x')), 0]))).toBeUndefined();
  });
});

describe('keys that are kept or handed on', () => {
  const keysOf = (count: number) =>
    Array.from({ length: count }, () => ({ id, key: randomBytes(32), hash: randomBytes(32), senderId: other }));

  test('a new member reads what the keys open', async () => {
    const { key, body } = await seal(id, hello, AT);
    const [content] = shareHistory(other, [{ ...key, senderId: other }]);
    const sent = await seal(other, content as Content, AT);
    const { content: received } = await openBody(openHeader(sent.header), sent.body);
    if (received.type !== 'history') throw new Error('This is no history.');
    const [shared] = sharedKeys(received);
    expect(shared && (await openBody(shared, body)).content).toEqual(hello);
  });

  test('many are told in several events, none twice, in order, and each event can be sent', async () => {
    const keys = keysOf(HISTORY_PAGE + 1);
    const contents = shareHistory(other, keys);
    expect(contents).toHaveLength(2);
    expect(contents.flatMap(sharedKeys)).toEqual(keys);
    for (const content of contents) expect(await refusal(() => seal(id, content, AT))).toBe('taken');
    expect(shareHistory(other, [])).toEqual([]);
  });

  test('a list that is cut short or no Base64 is refused', async () => {
    expect(decodeMessageKeys(encodeMessageKeys(keysOf(2)))).toHaveLength(2);
    expect(await refusal(() => decodeMessageKeys(encodeMessageKeys(keysOf(1)).slice(1)))).toBe('BAD_KEYS');
    expect(await refusal(() => sharedKeys({ type: 'history', target: id, keys: '***' }))).toBe('BAD_KEYS');
  });
});
