/** For every wrapping of a token: the same token is found, and a token that was changed by one character is never made good. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadSecret } from '../../src/jose/secret.js';
import { findToken } from '../../src/token/find-token.js';
import { issueToken } from '../../src/token/issue.js';
import { verifyToken } from '../../src/token/verify.js';
import { anyCharacter } from '../any-character.js';
import { runs } from '../runs.js';

fc.configureGlobal({ seed: 7515, numRuns: runs(1000) });

const now = 1_800_000_000;
const key = loadSecret('a secret of thirty-two bytes, at least');
const { token } = await issueToken({ sub: 'user-1', scope: 'read write' }, {}, { key, now });
const isAccepted = (text: string) =>
  verifyToken(text, {}, { keys: [key], now }).then(
    () => true,
    () => false,
  );

type Wrap = (text: string) => string;
const fold = (width: number, end: string) => (text: string) =>
  text.replace(new RegExp(`.{${width}}(?=.)`, 'g'), `$&${end}`);

/** Wrappings that leave the text whole, in any order, one in another. */
const wraps: readonly Wrap[] = [
  (text) => `"${text}"`,
  (text) => `'${text}'`,
  (text) => `\`${text}\``,
  (text) => `b'${text}'`,
  (text) => `<${text}>`,
  (text) => `(${text})`,
  (text) => ` \r\n${text}\r\n`,
  (text) => `\ufeff${text}`,
  (text) => `\u200b${text}\u200b`,
  (text) => `${text},`,
  (text) => `${text};`,
  (text) => `Authorization: Bearer ${text}\r\nHost: api.example\r\n`,
  (text) => `Cookie: a=b; session=${text}; c=d`,
  (text) => `Set-Cookie: session=${text}; Path=/; Secure\r\n`,
  (text) => `export TOKEN="${text}"\n`,
  (text) => `<Token>${text}</Token>`,
  (text) => JSON.stringify({ access_token: text, expires_in: 1800 }),
  (text) => JSON.stringify([{ data: { token: text } }]),
  (text) => `HTTP/1.1 200 OK\r\nDate: x\r\n\r\n${JSON.stringify({ id_token: text })}`,
  (text) => `2026-01-01 INFO got ${JSON.stringify(JSON.stringify({ token: text }))}`,
];
/** Wrappings of the token itself, below all others. */
const innermost: readonly Wrap[] = [
  (text) => text,
  fold(60, '\n'),
  fold(64, '\r\n'),
  fold(76, '\n    '),
  fold(60, '\\\n'),
  (text) => `Bearer ${text}`,
  (text) => `https://app.example/cb#access_token=${text}&state=1`,
  (text) => `https://app.example/cb?token=${encodeURIComponent(text).replaceAll('.', '%2E')}&state=1`,
  (text) => `grant=a&token=${text}&b=c`,
];
const wrapping = fc.tuple(fc.constantFrom(...innermost), fc.array(fc.constantFrom(...wraps), { maxLength: 3 }));
const apply = ([first, others]: [Wrap, Wrap[]], text: string) =>
  others.reduce((inner, wrap) => wrap(inner), first(text));

test('finds the same token in every wrapping', () => {
  fc.assert(
    fc.property(wrapping, (chosen) => {
      const found = findToken(apply(chosen, token), 'access');
      expect(found).toMatchObject({ kind: 'one', token, isWhole: true });
    }),
  );
});

test('never finds a good token where one character was changed, added or left out', async () => {
  const char = fc.oneof(
    fc.constantFrom(...'.=+/~%_-!* \u0000\u200bAaZz09é\ufffd\\"\'&#,;:<>{}'),
    fc.string({ unit: anyCharacter, minLength: 1, maxLength: 1 }),
  );
  const change = fc.constantFrom('replace', 'insert', 'remove');
  await fc.assert(
    fc.asyncProperty(wrapping, fc.nat(token.length - 1), char, change, async (chosen, at, other, kind) => {
      const rest = token.slice(kind === 'insert' ? at : at + 1);
      const damaged = `${token.slice(0, at)}${kind === 'remove' ? '' : other}${rest}`;
      // A space before the token, or a line end where it is wrapped, is no change of the token.
      const isOutside = damaged === token || (kind === 'insert' && (at === 0 || /[\r\n]/.test(other)));
      if (isOutside) return;
      const found = findToken(apply(chosen, damaged), 'access');
      if (found.kind === 'one') expect(await isAccepted(found.token)).toBe(false);
    }),
  );
});

test('never throws, and never finds a text that is not there', () => {
  const part = fc.oneof(
    fc.constantFrom(token, token.slice(0, 50), token.slice(50), '.', '\n', '"', '\\', '%2E', '{"a":', '}', ' ', 'eyJ'),
    fc.string({ unit: anyCharacter, maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const found = findToken(parts.join(''), 'access');
      if (found.kind === 'one') expect(found.place).not.toContain(token);
    }),
  );
});
