/** Keys arrive mangled: each mangling is mended to the same key or refused, and none makes a secret of a public key. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JwtkitError } from '../../src/errors.js';
import { loadKeys } from '../../src/jose/keys.js';
import { loadSecret } from '../../src/jose/secret.js';
import { storedPair } from '../attacks/trusted-keys.js';
import { runs } from '../runs.js';
import { mended, unread } from './manglings.js';

const pairs = {
  RSA: storedPair('rsa'),
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  Ed25519: generateKeyPairSync('ed25519'),
} as const;
const pem = (key: KeyObject) => key.export({ format: 'pem', type: key.type === 'public' ? 'spki' : 'pkcs8' }) as string;
const bare = (text: string) => text.replace(/-----.*-----/g, '').trim();
/** Each key as text: in PEM, and in base64 lines without labels as a realm's public key is shown. */
const texts = Object.entries(pairs).flatMap(([name, { publicKey, privateKey }]) =>
  [publicKey, privateKey].flatMap((key) => [
    { what: `${key.type} ${name} in PEM`, key, text: pem(key) },
    { what: `${key.type} ${name} in base64`, key, text: bare(pem(key)) },
  ]),
);
const refused = expect.objectContaining({ code: 'KEY_INVALID' });
const purposeOf = (key: KeyObject) => (key.type === 'public' ? 'verify' : 'sign');

describe.each(Object.entries(mended))('%s', (name, mangle) => {
  test.each(texts)('is mended: $what', ({ key, text }) => {
    const notes: string[] = [];
    const note = (said: string) => notes.push(said);
    const keys = loadKeys(mangle(text), { purpose: purposeOf(key), source: 'k', note });
    expect(keys.map(({ keyObject }) => keyObject.equals(key))).toEqual([true]);
    // What a file may look like anyway needs no note.
    const isUsual = /^(?:CRLF|empty lines|spaces at the ends of lines|white space around)$/.test(name);
    if (text.startsWith('-----') && !isUsual) expect(notes[0]).toMatch(/^k: the key was mended: \w/);
    for (const said of notes) expect(said).not.toContain(bare(text).slice(0, 12));
  });

  test.each(texts)('makes no secret: $what', ({ text }) => {
    expect(() => loadSecret(mangle(text))).toThrow(refused);
  });
});

describe.each(Object.entries(unread))('%s', (_name, mangle) => {
  test.each(texts)('is neither a key nor a secret: $what', ({ key, text }) => {
    expect(() => loadKeys(mangle(text), { purpose: purposeOf(key) })).toThrow(refused);
    expect(() => loadSecret(mangle(text))).toThrow(refused);
  });
});

test('two manglings after one another give the same key or a refusal, and no secret', { tags: 'slow' }, () => {
  const all = Object.entries({ ...mended, ...unread });
  const mangling = fc.constantFrom(...all);
  fc.assert(
    fc.property(fc.constantFrom(...texts), mangling, mangling, ({ key, text }, [, first], [, second]) => {
      const mangled = second(first(text));
      try {
        const keys = loadKeys(mangled, { purpose: purposeOf(key) });
        expect(keys.map(({ keyObject }) => keyObject.equals(key))).toEqual([true]);
      } catch (error) {
        if (!(error instanceof JwtkitError)) throw error;
      }
      expect(() => loadSecret(mangled)).toThrow(refused);
    }),
    { numRuns: runs(5000), seed: 7468 },
  );
});

test('a key of which one character changed is never read as another key', () => {
  const { publicKey } = pairs.RSA;
  const alphabet = [...'ABCxyz019+/=-_ \n\\n"\'n%'];
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(mended)),
      fc.nat(),
      fc.constantFrom(...alphabet),
      fc.constantFrom(0, 1),
      (mangle, at, put, cut) => {
        const text = mangle(pem(publicKey));
        const place = at % text.length;
        const changed = text.slice(0, place) + put + text.slice(place + cut);
        try {
          const keys = loadKeys(changed, { purpose: 'verify' });
          // A digit of the modulus that changed is another number: no reader can know. Its length stays.
          expect(keys.length).toBe(1);
        } catch (error) {
          if (!(error instanceof JwtkitError)) throw error;
        }
      },
    ),
    { numRuns: runs(2000), seed: 7468 },
  );
});

test('a mended key is still refused for the wrong purpose, and if it is damaged', () => {
  const publicText = `KEY="${pem(pairs.RSA.publicKey).replaceAll('\n', '\\n')}"`;
  const privateText = Buffer.from(pem(pairs.RSA.privateKey)).toString('base64');
  expect(() => loadKeys(publicText, { purpose: 'sign' })).toThrow(/public key, signing takes the private half/);
  expect(() => loadKeys(privateText, { purpose: 'verify' })).toThrow(/private key, verifying takes the public half/);
});

test('a text of more than 128 KiB is no wrapped key', () => {
  const padded = (length: number) => `"${Buffer.from(pem(pairs.RSA.publicKey)).toString('base64').padEnd(length)}"`;
  expect(loadKeys(padded(130_000), { purpose: 'verify' })).toHaveLength(1);
  expect(() => loadKeys(padded(132_000), { purpose: 'verify' })).toThrow(/this is no key/);
  expect(() => loadSecret(padded(132_000))).toThrow(refused);
});

test.each<[string, (text: string) => string, RegExp, RegExp]>([
  ['a cut end', (text) => text.slice(0, 300), /a block is not whole/, /copy all of it/],
  ['six dashes', (text) => text.replaceAll('-----', '------'), /a block is not whole/, /five dashes/],
  ['another label at its end', (text) => text.replace('END PUBLIC', 'END PRIVATE'), /not whole/, /the same words/],
  ['four dashes', (text) => text.replaceAll('-----', '----'), /this is no key/, /five dashes/],
  ['no label at its beginning', (text) => text.replace(/.*\n/, ''), /this is no key/, /from -----BEGIN/],
  ['a lost character', (text) => text.replace(/(\n.{20})./, '$1'), /base64 is damaged/, /copy it anew/],
  ['pluses that became spaces', (text) => text.replace(/(\n.{20})./, '$1 '), /base64 is damaged/, /copy it anew/],
  ['an ellipsis', (text) => text.replace(/(\n.{20}).{20}/, '$1...'), /base64 is damaged/, /copy it anew/],
  ['lost lines', (text) => text.replace(/(\n.{64}){2}(\n.*\n-----END)/, '$2'), /holds no valid key/, /end is missing/],
])('a key with %s stays refused, with a way out', (_, damage, message, hint) => {
  for (const mangle of [(text: string) => text, (text: string) => `"${text.replaceAll('\n', '\\n')}"`]) {
    expect(() => loadKeys(mangle(damage(pem(pairs.RSA.publicKey))), { purpose: 'verify' })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), hint: expect.stringMatching(hint) }),
    );
  }
});
