import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64url } from '../../src/jose/base64url.js';

/** What strict means: the one text of the bytes. */
function isStrict(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const inAlphabet = 'decodes a text of %i characters only if each one is in the alphabet';
test.each([2, 3])(inAlphabet, expectAlphabet);
test.each([1, 4, 5, 7])(inAlphabet, { tags: 'slow' }, expectAlphabet);

function expectAlphabet(length: number): void {
  const wrong: string[] = [];
  for (let at = 0; at < length; at++) {
    for (let unit = 0; unit < 0x10000; unit++) {
      const text = `${'A'.repeat(at)}${String.fromCharCode(unit)}${'A'.repeat(length - at - 1)}`;
      if ((decodeBase64url(text) !== undefined) !== isStrict(text)) wrong.push(JSON.stringify(text));
    }
  }
  expect(wrong).toEqual([]);
}

test('decodes only endings without stray bits (RFC 4648 §3.5)', () => {
  const endings = [...alphabet].flatMap((one) =>
    [...alphabet].flatMap((two) => [`${one}${two}`, `AA${one}${two}`, `A${one}${two}`]),
  );
  expect(endings.filter((text) => (decodeBase64url(text) !== undefined) !== isStrict(text))).toEqual([]);
  // RFC 4648 §3.5: of the 64 last characters that may end two, 4 leave no bits over; of those that may end three, 16.
  expect([...alphabet].filter((last) => decodeBase64url(`A${last}`) !== undefined)).toEqual([...'AQgw']);
  expect([...alphabet].filter((last) => decodeBase64url(`AA${last}`) !== undefined)).toHaveLength(16);
});

test('decodes what it encoded, and refuses it with a foreign character inside', () => {
  const foreign = fc.constantFrom(
    '+',
    '/',
    '=',
    ' ',
    '\n',
    '\0',
    '.',
    '\u0141',
    '\u0130',
    '\xc1',
    '\ud83d\ude00',
    '\uff21',
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), foreign, fc.nat(), (bytes, character, place) => {
      const text = Buffer.from(bytes).toString('base64url');
      expect(decodeBase64url(text)).toEqual(Buffer.from(bytes));
      const at = place % (text.length + 1);
      expect(decodeBase64url(text.slice(0, at) + character + text.slice(at))).toBeUndefined();
      if (text !== '') expect(decodeBase64url(text.slice(0, at) + character + text.slice(at + 1))).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

test.each(['', 'AA', 'AAA', 'AAAA'])(
  'refuses %j with padding, white space or a foreign character, which Node skips',
  (text) => {
    expect(decodeBase64url(text)).toBeDefined();
    for (const more of ['=', '==', ' ', '\n', '%', ',', '$']) expect(decodeBase64url(`${text}${more}`)).toBeUndefined();
  },
);
