/** Keys that would keep their reader busy: refused before anything is computed with them, in each form that keys come in. */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { loadForge } from '../../src/jose/asn1.js';
import { derElement } from '../../src/jose/der-writer.js';
import { encryptPkcs8 } from '../../src/jose/encrypted-key.js';
import { importJwkSet } from '../../src/jose/jwk-set.js';
import { createKey } from '../../src/jose/key.js';
import { loadKeys } from '../../src/jose/keys.js';
import { readPkcs12 } from '../../src/jose/pkcs12.js';
import { loadSecret } from '../../src/jose/secret.js';
import { pkcs12Of } from './pkcs12-of.js';

const oids = {
  rsa: '2a864886f70d010101',
  dsa: '2a8648ce380401',
  dh: '2a864886f70d010301',
} as const;

/** A number of so many bytes: odd, its top bit set. */
function number(bytes: number): Buffer {
  const odd = randomBytes(bytes);
  odd[0] = (odd[0] as number) | 0x80;
  odd[bytes - 1] = (odd[bytes - 1] as number) | 1;
  return odd;
}

const integer = (bytes: Uint8Array) => derElement(0x02, Buffer.of(0), bytes);
const small = (value: number) => derElement(0x02, Buffer.of(value));
const sequence = (...parts: Uint8Array[]) => derElement(0x30, ...parts);
const algorithm = (id: keyof typeof oids, ...parameters: Uint8Array[]) =>
  sequence(derElement(0x06, Buffer.from(oids[id], 'hex')), ...parameters);
const nothing = derElement(0x05);
const spki = (...numbers: Uint8Array[]) =>
  sequence(algorithm('rsa', nothing), derElement(0x03, Buffer.of(0), sequence(...numbers)));
const pkcs8 = (identifier: Uint8Array, key: Uint8Array) => sequence(small(0), identifier, derElement(0x04, key));
const pem = (label: string, der: Uint8Array) =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`;
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

/** Milliseconds of the processor that loading may take: each of these keys took seconds, or did not end. */
const bearable = 700;

function expectRefusedAtOnce(load: () => unknown, message: RegExp): void {
  const began = process.cpuUsage();
  expect(load).toThrow(expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringMatching(message) }));
  const { user, system } = process.cpuUsage(began);
  expect((user + system) / 1000).toBeLessThan(bearable);
}

const n = number(256);

describe.each([
  ['nearly as long as n', number(255), /greater than 2\^32/],
  ['of 33 bits and more than 2^32', Buffer.from('0100000001', 'hex'), /greater than 2\^32/],
  ['of 300,000 bytes', number(300_000), /greater than 2\^32/],
] as const)('an RSA exponent %s is refused', (_, e, message) => {
  const der = spki(integer(n), integer(e));
  test.each([
    ['a JWK', JSON.stringify({ kty: 'RSA', n: text(n), e: text(e) })],
    ['DER', der],
    ['PEM', pem('PUBLIC KEY', der)],
    ['PKCS#1', pem('RSA PUBLIC KEY', sequence(integer(n), integer(e)))],
  ])('as %s', (_form, content) => {
    expectRefusedAtOnce(() => loadKeys(content, { purpose: 'verify' }), message);
  });
  test('as a KeyObject', () => {
    expectRefusedAtOnce(() => createKey(createPublicKey({ key: der, format: 'der', type: 'spki' })), message);
  });
});

test('accepts an RSA exponent just below 2^32', () => {
  const jwk = { kty: 'RSA', n: text(n), e: text(Buffer.from('ffffffff', 'hex')) };
  expect(loadKeys(JSON.stringify(jwk), { purpose: 'verify' })).toHaveLength(1);
});

describe('an RSA modulus of more than 16,384 bits is refused', () => {
  const long = number(300_000);
  test.each([
    ['a JWK', JSON.stringify({ kty: 'RSA', n: text(long), e: 'AQAB' })],
    ['DER', spki(integer(long), integer(Buffer.of(1, 0, 1)))],
  ])('as %s', (_, content) => {
    expectRefusedAtOnce(() => loadKeys(content, { purpose: 'verify' }), /2400000 bits, at most 16384/);
  });
});

/** RSAPrivateKey with numbers of these sizes, in bytes. */
function rsaPrivate(sizes: { n: number; d: number; p: number }): Buffer {
  const { d, p } = sizes;
  const numbers = [number(sizes.n), Buffer.of(1, 0, 1), number(d), ...Array.from({ length: 5 }, () => number(p))];
  return sequence(small(0), ...numbers.map(integer));
}

/** The words depend on the release of OpenSSL, which may refuse such a key before jwtkit looks at its numbers. */
const impossible = /belong together|at most 16384|no (?:valid )?(?:RSA )?key/;

describe('private RSA keys whose numbers do not belong together are refused before they sign', () => {
  test.each([
    ['long primes', { n: 256, d: 256, p: 20_000 }],
    ['a long d', { n: 256, d: 100_000, p: 128 }],
    ['long everything', { n: 20_000, d: 20_000, p: 10_000 }],
  ])('%s', (_, sizes) => {
    const key = rsaPrivate(sizes);
    const numbers = Array.from({ length: 5 }, () => text(number(sizes.p)));
    const [p, q, dp, dq, qi] = numbers;
    const jwk = { kty: 'RSA', n: text(number(sizes.n)), e: 'AQAB', d: text(number(sizes.d)), p, q, dp, dq, qi };
    for (const content of [
      key,
      pem('RSA PRIVATE KEY', key),
      pkcs8(algorithm('rsa', nothing), key),
      JSON.stringify(jwk),
    ]) {
      expectRefusedAtOnce(() => loadKeys(content, { purpose: 'sign' }), impossible);
    }
  });

  test('refuses a key of thousands of primes', { tags: 'slow' }, () => {
    const prime = sequence(...[64, 64, 64].map((size) => integer(number(size))));
    const two = Array.from({ length: 6 }, () => integer(number(128)));
    const key = sequence(
      small(1),
      integer(n),
      integer(Buffer.of(1, 0, 1)),
      ...two,
      sequence(...Array.from({ length: 3000 }, () => prime)),
    );
    expectRefusedAtOnce(() => loadKeys(key, { purpose: 'sign' }), impossible);
    expectRefusedAtOnce(() => loadKeys(pem('RSA PRIVATE KEY', key), { purpose: 'sign' }), impossible);
    expectRefusedAtOnce(() => loadKeys(pkcs8(algorithm('rsa', nothing), key), { purpose: 'sign' }), impossible);
    const mislabelled = pem('EC PRIVATE KEY', pkcs8(algorithm('rsa', nothing), key));
    expectRefusedAtOnce(() => loadKeys(mislabelled, { purpose: 'sign' }), /EC PRIVATE KEY/);
  });
});

describe.each(['dsa', 'dh'] as const)(
  'refuses a %s key without reading it, since OpenSSL would compute its public half',
  (kind) => {
    const size = 100_000;
    const key = pkcs8(
      algorithm(kind, sequence(...[size, 32, size].map((bytes) => integer(number(bytes))))),
      integer(number(size)),
    );

    test.each([
      ['DER', key],
      ['PEM', pem('PRIVATE KEY', key)],
    ])('as %s', (_, content) => {
      expectRefusedAtOnce(() => loadKeys(content, { purpose: 'any' }), new RegExp(`type ${kind} signs no JWS`));
    });
    test('under a public label', () => {
      expectRefusedAtOnce(() => loadKeys(pem('PUBLIC KEY', key), { purpose: 'verify' }), /no valid key/);
    });
    test('as a secret', () => {
      expectRefusedAtOnce(() => loadSecret(key), /a DER key/);
    });
    test('encrypted', () => {
      const encrypted = encryptPkcs8(key, 'p');
      expectRefusedAtOnce(() => loadKeys(encrypted, { purpose: 'any', passphrase: 'p' }), /more than \d+ bytes/);
    });
    test('in PKCS#12', async () => {
      const file = pkcs12Of(await loadForge(), key, 'p');
      await expect(readPkcs12(file, 'p')).rejects.toMatchObject({
        code: 'KEY_INVALID',
        message: `a key of type ${kind} signs no JWS`,
      });
    });
  },
);

test('refuses a JWK Set of more than a thousand keys', () => {
  const { publicKey } = generateKeyPairSync('ed25519');
  const jwk = (publicKey as KeyObject).export({ format: 'jwk' });
  const set = (count: number) => ({ keys: Array.from({ length: count }, (_, at) => ({ ...jwk, kid: `k${at}` })) });
  expect(importJwkSet(set(1000)).keys).toHaveLength(1000);
  expect(() => importJwkSet(set(1001))).toThrow(/holds 1001 keys, at most 1000 are taken/);
});
