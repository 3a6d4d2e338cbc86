import { describe, expect, test } from 'vitest';
import { escapeJson, escapeText, hideTokens, hideTokensInJson } from '../src/shown-text.js';
import { disguisedTokens, leakedParts, undoPercent } from './disguised-tokens.js';

describe('hideTokens hides a token', () => {
  test.each(Object.entries(disguisedTokens))('%s', (_, disguised) => {
    for (const text of [disguised, `cannot read ${disguised}: no such file`, JSON.stringify({ path: disguised })]) {
      const shown = hideTokens(text);
      expect(shown).toContain('[token]');
      expect(leakedParts(shown, disguised)).toEqual([]);
    }
  });

  test('keeps the text around it', () => {
    const { 'as it is': token = '', 'its dots encoded': encoded = '' } = disguisedTokens;
    expect(hideTokens(`cannot read /a/${token}/b: no such file`)).toBe('cannot read /a/[token]/b: no such file');
    expect(hideTokens(`token_${token} and --key=${encoded}, twice`)).toBe('token_[token] and --key=[token], twice');
    expect(hideTokens(`100%25 of ${encoded} at 50%`)).toBe('100%25 of [token] at 50%');
  });

  test('keeps ordinary words beside a part', () => {
    const shown = hideTokens('/users/eyJzdWIiOiJ1c2VyLTEiLCJleHAiOjF9/documents/3f2504e0-4f89-11d3-9a0c-0305e82c3301');
    expect(shown).toBe('/users/[token]/documents/3f2504e0-4f89-11d3-9a0c-0305e82c3301');
  });

  test('leaves nothing that a second run would hide', () => {
    for (const disguised of Object.values(disguisedTokens)) {
      const shown = hideTokens(disguised);
      expect(hideTokens(shown)).toBe(shown);
      expect(hideTokens(undoPercent(shown))).toBe(undoPercent(shown));
    }
  });
});

test.each(Object.entries(disguisedTokens))(
  'hideTokensInJson hides a token in a string and in a name: %s',
  (_, token) => {
    const value = { a: `\u202e"${token}`, [token]: [token, `\\${token}`, 1], b: 'a.b "c" \\' };
    const shown = hideTokensInJson(escapeJson(JSON.stringify(value)));
    expect(leakedParts(shown, token)).toEqual([]);
    expect(JSON.parse(shown)).toMatchObject({ a: expect.stringMatching(/^\u202e"/), b: 'a.b "c" \\' });
  },
);

test('hideTokensInJson reads a string of millions of escapes', { tags: 'slow' }, () => {
  const json = JSON.stringify('\\.'.repeat(2_000_000));
  expect(hideTokensInJson(json) === json).toBe(true);
});

test('hideTokensInJson keeps numbers and all other text as written', () => {
  const json = '{"n":100002348117421473.0,"a":"x.y\\u202e\\u0023#[a] 100%"}\n{"line":2}\n';
  expect(hideTokensInJson(json)).toBe(json);
});

test.each([
  'a.b.c',
  'my.config.json',
  'www.example.com',
  '127.0.0.1',
  '2026-11-28T10:00:00.123Z',
  '/home/user/.jwtkit/jwks.json',
  'https://login.example.com/common/discovery/v2.0/keys',
  'prometheus-operator-kube-state.monitoring-system-namespace.svc.cluster.local',
  'greyLineStyles.min.js',
  'KeyLoaderFactoryBean.class.js',
  'eyJournalEntriesForTheYear.txt',
  'eyewitnessTestimonies.tar.gz',
  'eyJ.b.c',
  'journeyIndependent.spec.ts',
  `app.bundle.${'d41d8cd98f00b204e9800998ecf8427e'.repeat(2)}.js`,
  `${'d41d8cd98f00b204e9800998ecf8427e'.repeat(2)}.chunk-vendors.${'0cc175b9c0f1b6a831c399e269772661'.repeat(2)}.css`,
  'com.example.verylongpackagename.SomeVeryLongClassNameForTesting',
  'report%20final.v2.docx',
  '100%.txt',
  'at Object.<anonymous> (/project/src/token/verify.ts:12:3)',
  'redis+cluster://redis-node-0.redis.default.svc:6379',
  '/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301/keys',
  '/objects/2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
  '/keys/NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  '/keyboards/KeyboardLayoutsForEverybody2024',
  'sha256-47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
])('hideTokens keeps the ordinary name %s', (name) => {
  expect(hideTokens(name)).toBe(name);
});

const disturbing = ['\u007f', '\u0080', '\u009b', '\u009f', '\u200e', '\u202e', '\u2066', '\u2069', '\u061c', '\u2028'];

test.each(disturbing)('escapes %j, which disturbs a terminal', (char) => {
  expect(escapeText(`a${char}b`)).toMatch(/^a\\u[0-9a-f]{4}b$/);
  expect(escapeJson(JSON.stringify([`a${char}b`]))).toMatch(/^\["a\\u[0-9a-f]{4}b"\]$/);
  expect(JSON.parse(escapeJson(JSON.stringify([`a${char}b`])))).toEqual([`a${char}b`]);
});

test('escaping keeps other scripts', () => {
  for (const text of ['Grüße', '東京', '🙂', 'שלום']) {
    expect(escapeText(text)).toBe(text);
    expect(escapeJson(`"${text}"\n`)).toBe(`"${text}"\n`);
  }
});
