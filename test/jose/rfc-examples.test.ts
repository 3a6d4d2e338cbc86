/** The signed examples that the RFCs print, at the JWS layer: their payloads are older than any clock, or no claims at all. */
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AlgorithmName } from '../../src/jose/algorithms.js';
import { importJwk, type Jwk, thumbprint } from '../../src/jose/jwk.js';
import { verifyJws } from '../../src/jose/jws.js';

interface Examples {
  signed: { source: string; title: string; alg: AlgorithmName; jwk: Jwk; token: string; payload: string }[];
  unsecured: { source: string; title: string; token: string }[];
  thumbprints: { source: string; jwk: Jwk; thumbprint: string }[];
}

const examples = ['rfc7515', 'rfc8037'].map(
  (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as Examples,
);
const signed = examples.flatMap((file) => file.signed);
const unsecured = examples.flatMap((file) => file.unsecured);
const thumbprints = examples.flatMap((file) => file.thumbprints);

function flipBit(segment: string): string {
  const bytes = Buffer.from(segment, 'base64url');
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  return bytes.toString('base64url');
}

type Segments = [header: string, payload: string, signature: string];
const header = (text: string, members: object) =>
  Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(text, 'base64url').toString()), ...members })).toString(
    'base64url',
  );

const tampering: [string, (segments: Segments) => string[], string][] = [
  ['a bit of the payload flipped', ([h, p, s]) => [h, flipBit(p), s], 'SIGNATURE_INVALID'],
  ['a bit of the signature flipped', ([h, p, s]) => [h, p, flipBit(s)], 'SIGNATURE_INVALID'],
  ['no payload', ([h, , s]) => [h, '', s], 'SIGNATURE_INVALID'],
  ['no signature', ([h, p]) => [h, p, ''], 'SIGNATURE_INVALID'],
  ['a member added to the header', ([h, p, s]) => [header(h, { x: 1 }), p, s], 'SIGNATURE_INVALID'],
  ['a byte fewer of the signature', ([h, p, s]) => [h, p, s.slice(0, -4).replace(/.$/, 'A')], 'SIGNATURE_MALFORMED'],
  ['alg none', ([h, p, s]) => [header(h, { alg: 'none' }), p, s], 'ALG_NOT_ALLOWED'],
  ['alg none, no signature', ([h, p]) => [header(h, { alg: 'none' }), p, ''], 'ALG_NOT_ALLOWED'],
  ['a crit in the header', ([h, p, s]) => [header(h, { crit: ['x'], x: 1 }), p, s], 'TOKEN_MALFORMED'],
  ['a segment missing', ([h, p]) => [h, p], 'TOKEN_MALFORMED'],
];

describe.each(signed.map((example) => [`${example.source}, ${example.title}`, example] as const))(
  '%s',
  (_, example) => {
    const keys = [importJwk(example.jwk)];

    test('verifies, and its payload is what the RFC prints', () => {
      const { payload, header } = verifyJws(example.token, keys, { algorithms: [example.alg] });
      expect(Buffer.from(payload).toString('utf8')).toBe(example.payload);
      expect(header.alg).toBe(example.alg);
    });

    test('verifies with the algorithm left to the key', () => {
      expect(() => verifyJws(example.token, keys)).not.toThrow();
    });

    test.each(tampering)('is refused with %s', (_name, change, code) => {
      const token = change(example.token.split('.') as Segments).join('.');
      expect(() => verifyJws(token, keys)).toThrow(expect.objectContaining({ code }));
    });

    test.each(signed.filter((other) => other.alg !== example.alg).map((other) => [other.alg, other] as const))(
      'is refused under the key of the %s example',
      (_alg, other) => {
        const expected = expect.objectContaining({ code: 'ALG_NOT_ALLOWED' });
        expect(() => verifyJws(example.token, [importJwk(other.jwk)])).toThrow(expected);
      },
    );
  },
);

test.each(unsecured.flatMap((example) => signed.map(({ alg, jwk }) => [example.source, alg, jwk, example] as const)))(
  '%s is refused under a key for %s',
  (_source, _alg, jwk, { token }) => {
    expect(() => verifyJws(token, [importJwk(jwk)])).toThrow(expect.objectContaining({ code: 'ALG_NOT_ALLOWED' }));
  },
);

test.each(thumbprints.map((example) => [example.source, example] as const))(
  'the thumbprint of %s',
  (_source, { jwk, thumbprint: expected }) => {
    expect(thumbprint(jwk)).toBe(expected);
    expect(thumbprint(createPublicKey({ key: { ...jwk }, format: 'jwk' }))).toBe(expected);
    expect(thumbprint(importJwk(jwk).keyObject)).toBe(expected);
  },
);
