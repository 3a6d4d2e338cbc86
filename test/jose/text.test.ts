import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encodingOf, textBytes, textProblem } from '../../src/jose/text.js';
import { encodings } from '../encodings.js';

const text = 'JWTKIT_AUD=api\r\nNAME=Zoë\n';

describe('UTF-8', () => {
  test.each([
    ['plain', Buffer.from(text), text],
    ['with a byte order mark', Buffer.from(`\ufeff${text}`), text],
    ['with two, of which one is a character', Buffer.from(`\ufeff\ufeff${text}`), `\ufeff${text}`],
    ['that is empty', Buffer.alloc(0), ''],
    ['of a byte order mark alone', Buffer.from('\ufeff'), ''],
    ['with U+FFFD of its own', Buffer.from('a\ufffdb'), 'a\ufffdb'],
  ])('textBytes reads a text %s', (_name, bytes, expected) => {
    const refuse = (problem: string) => {
      throw new Error(problem);
    };
    expect(textBytes(bytes, refuse).toString()).toBe(expected);
    expect(textBytes(new Uint8Array(bytes), refuse).toString()).toBe(expected);
  });

  test.each(encodings)('refuses a text in %s and names the encoding', (_name, encode, problem) => {
    expect(textProblem(encode(text))).toMatch(problem);
  });

  test.each([
    [Buffer.from('a\nb\xe9\n', 'latin1'), 'is not UTF-8 in line 2'],
    [Buffer.from('a\ufffd\n\n\xff', 'latin1'), 'is not UTF-8 in line 1'],
    [Buffer.concat([Buffer.from('\ufffd\n\n'), Buffer.of(0xc0, 0xaf)]), 'is not UTF-8 in line 3'],
    [Buffer.of(0xed, 0xa0, 0x80), 'is not UTF-8 in line 1'],
    [Buffer.from('a\nb\nc\0d'), 'holds a NUL byte in line 3'],
  ])('names the line of the first bad byte in %j', (bytes, problem) => {
    expect(textProblem(bytes)).toBe(problem);
  });
});

test('finds no encoding in random bytes without a byte order mark', () => {
  for (let round = 0; round < 2000; round++) {
    const bytes = randomBytes(32);
    const begins = /^(fffe|feff)/.test(bytes.toString('hex'));
    expect(encodingOf(bytes), bytes.toString('hex')).toBe(begins ? 'UTF-16' : undefined);
  }
});

test.each(['a\0b', 'ab\0\0\0\0\0\0\0\0', '\0'.repeat(32), `key${'\0'.repeat(29)}`, '\x01\0\x02\0\x03\0\x04\0\x05\0'])(
  'finds no encoding in %j, whose zeros are not around letters',
  (content) => {
    expect(encodingOf(Buffer.from(content))).toBeUndefined();
  },
);
