import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equal } from '../../web/crypto/bytes';
import { accountKeyOf, makeAccountKey } from '../../web/crypto/identity/account';
import { randomBytes } from '../../web/crypto/primitives';
import { backupKeyOf, openSegment, SEGMENT_KEYS, sealSegment } from '../../web/crypto/recovery/backup';
import { RecoveryError } from '../../web/crypto/recovery/errors';
import {
  GROUPS,
  isGroup,
  makeRecoveryKey,
  readRecoveryKey,
  writeRecoveryKey,
} from '../../web/crypto/recovery/recoveryKey';
import { unwrapSecret, wrapSecret } from '../../web/crypto/recovery/wrapped';

const accountId = '0190c0de-0000-7000-8000-00000000000a';
const roomId = '0190c0de-0000-7000-8000-0000000000aa';
const otherId = '0190c0de-0000-7000-8000-0000000000bb';

/** The code with which something is refused; any other failure is a failure of the test. */
async function refusal(action: () => unknown) {
  try {
    await action();
  } catch (error) {
    if (error instanceof RecoveryError) return error.code;
    throw error;
  }
  return 'taken';
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('a recovery key', () => {
  test('is written as 14 groups of four and read again, however somebody types it', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const written = writeRecoveryKey(key);
        expect(written).toMatch(/^([0-9A-HJKMNP-TV-Z]{4} ){13}[0-9A-HJKMNP-TV-Z]{4}$/);
        const typed = written.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l').replaceAll(' ', ' - ');
        expect(equal(readRecoveryKey(typed), key)).toBe(true);
      }),
      { numRuns: 50 },
    );
    expect(equal(makeRecoveryKey(), makeRecoveryKey())).toBe(false);
  });

  test('with any one character mistyped is noticed: all 1,736 cases', async () => {
    const symbols = [...writeRecoveryKey(makeRecoveryKey()).replaceAll(' ', '')];
    for (const [at, right] of symbols.entries()) {
      for (const wrong of ALPHABET.replace(right, '')) {
        expect(await refusal(() => readRecoveryKey(symbols.with(at, wrong).join('')))).toBe('TYPO');
      }
    }
  });

  test('with two neighbours exchanged, a group twice or missing, or too much of it is noticed', async () => {
    const groups = writeRecoveryKey(makeRecoveryKey()).split(' ');
    const text = groups.join('');
    for (let at = 0; at < text.length - 1; at += 1) {
      const [left = '', right = ''] = [text[at], text[at + 1]];
      if (left === right) continue;
      const typed = text.slice(0, at) + right + left + text.slice(at + 2);
      expect(await refusal(() => readRecoveryKey(typed))).toBe('TYPO');
    }
    for (const typed of [groups.slice(1).join(' '), [...groups, groups[0]].join(' '), '', '!'.repeat(56)]) {
      expect(await refusal(() => readRecoveryKey(typed))).toBe('TYPO');
    }
  });

  test('that was kept is known by two of its groups', () => {
    const key = makeRecoveryKey();
    const groups = writeRecoveryKey(key).split(' ');
    expect(groups).toHaveLength(GROUPS);
    expect(isGroup(key, 3, ` ${groups[3]?.toLowerCase()} `)).toBe(true);
    expect(isGroup(key, 3, '')).toBe(false);
    expect(isGroup(key, GROUPS, groups[3] ?? '')).toBe(false);
    const other = groups.find((group) => group !== groups[3]) ?? '';
    expect(isGroup(key, 3, other)).toBe(false);
  });

  test('is written like this for ever', () => {
    const key = Uint8Array.from({ length: 32 }, (_, at) => at);
    expect(writeRecoveryKey(key)).toBe('000G 40R4 0M30 E209 185G R38E 1W81 24GK 2GAH C5RR 34D1 P70X 3RFT 5WF7');
  });
});

describe('what the recovery key locks', () => {
  const place = { accountId, name: 'account-key', version: 2 };

  test('is what it was on a new browser: the account key', async () => {
    const account = await makeAccountKey();
    const key = makeRecoveryKey();
    const blob = await wrapSecret(key, place, account.seed);
    const typed = readRecoveryKey(writeRecoveryKey(key));
    expect(await accountKeyOf(await unwrapSecret(typed, place, blob))).toEqual(account);
    expect(Buffer.from(blob).includes(Buffer.from(account.seed))).toBe(false);
  });

  test('does not open with another key, for another account, under another name, as another version or altered', async () => {
    const key = makeRecoveryKey();
    const blob = await wrapSecret(key, place, randomBytes(32));
    const attempts = [
      () => unwrapSecret(makeRecoveryKey(), place, blob),
      () => unwrapSecret(key, { ...place, accountId: otherId }, blob),
      () => unwrapSecret(key, { ...place, name: 'backup-key' }, blob),
      () => unwrapSecret(key, { ...place, version: 1 }, blob),
      () =>
        unwrapSecret(
          key,
          place,
          blob.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
        ),
      () => unwrapSecret(key, place, blob.slice(0, 5)),
      () => unwrapSecret(key, place, new Uint8Array()),
    ];
    for (const attempt of attempts) expect(await refusal(attempt)).toBe('WRONG_KEY');
  });
});

describe('the backup of message keys', () => {
  const place = { accountId, roomId, n: 3 };
  const messageKeys = (count: number) =>
    Array.from({ length: count }, () => ({
      id: otherId,
      key: randomBytes(32),
      hash: randomBytes(32),
      senderId: accountId,
    }));

  test('gives each key with who wrote the message, from none to a full segment', async () => {
    const backupKey = await backupKeyOf(makeRecoveryKey());
    for (const count of [0, 1, SEGMENT_KEYS]) {
      const segment = { keys: messageKeys(count), revision: count };
      const blob = await sealSegment(backupKey, place, segment);
      expect(blob.length).toBeLessThan(49_000);
      expect(await openSegment(backupKey, place, blob)).toEqual(segment);
    }
    await expect(sealSegment(backupKey, place, { keys: messageKeys(SEGMENT_KEYS + 1), revision: 0 })).rejects.toThrow();
  });

  test('is not read with the wrong key, and a segment is not taken for one of another room, number or account', async () => {
    const backupKey = await backupKeyOf(makeRecoveryKey());
    const blob = await sealSegment(backupKey, place, { keys: messageKeys(2), revision: 1 });
    const stranger = await backupKeyOf(makeRecoveryKey());
    expect(await refusal(() => openSegment(stranger, place, blob))).toBe('WRONG_KEY');
    for (const wrong of [{ roomId: otherId }, { n: 4 }, { accountId: otherId }]) {
      expect(await refusal(() => openSegment(backupKey, { ...place, ...wrong }, blob))).toBe('WRONG_KEY');
    }
    for (const length of [0, 3, 20, blob.length - 1]) {
      expect(await refusal(() => openSegment(backupKey, place, blob.slice(0, length)))).toBe('WRONG_KEY');
    }
  });

  test('an old segment in place of a newer one is noticed, and cannot be passed off as the newer one', async () => {
    const backupKey = await backupKeyOf(makeRecoveryKey());
    const old = await sealSegment(backupKey, place, { keys: messageKeys(2), revision: 1 });
    expect(await refusal(() => openSegment(backupKey, place, old, 2))).toBe('OUTDATED');
    const relabelled = old.map((byte, at) => (at === 4 ? 2 : byte));
    expect(await refusal(() => openSegment(backupKey, place, relabelled, 2))).toBe('WRONG_KEY');
  });

  test('its key does not tell the recovery key, nor open other secrets of it', async () => {
    const key = makeRecoveryKey();
    const blob = await wrapSecret(key, { accountId, name: 'account-key', version: 1 }, randomBytes(32));
    const backupKey = await backupKeyOf(key);
    expect(await refusal(() => unwrapSecret(backupKey, { accountId, name: 'account-key', version: 1 }, blob))).toBe(
      'WRONG_KEY',
    );
  });
});
