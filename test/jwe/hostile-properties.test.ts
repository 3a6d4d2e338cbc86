/** Changed tokens of every algorithm, in every serialization: none gives another content, and all failures read alike. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JwtkitError } from '../../src/errors.js';
import type { JsonObject } from '../../src/jose/json.js';
import { contentEncryptionNames } from '../../src/jwe/algorithms.js';
import { decryptJwe } from '../../src/jwe/decrypt.js';
import { encryptJwe } from '../../src/jwe/encrypt.js';
import { directEncryptions } from '../../src/jwe/key.js';
import { runs } from '../runs.js';
import { allHalves, p256, rsa, secret32, x25519 } from './keys.js';

const content = Buffer.from('the secret of the house');
const failure = 'DECRYPTION_FAILED the token does not decrypt | it is for another key, or it was changed on its way';

/** Every pair of key and algorithm that is written. */
const rows = allHalves.flatMap((halves) =>
  halves.encrypt.algorithms.filter((alg) => alg !== 'RSA-OAEP').map((alg) => ({ ...halves, alg })),
);
const made = Promise.all(rows.map(({ encrypt, alg }) => encryptJwe(content, { key: encrypt, alg })));
const madeInJson = Promise.all(
  rows.map(({ encrypt, alg }) => encryptJwe(content, { key: encrypt, alg, serialization: 'flattened' })),
);

/** The error as a person reads it, or the content. */
async function outcomeOf(token: string, keys: (typeof rows)[number]['decrypt'][]): Promise<string> {
  try {
    return `content ${Buffer.from((await decryptJwe(token, { keys })).plaintext).toString()}`;
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    return `${error.code} ${error.message}${error.hint === undefined ? '' : ` | ${error.hint}`}`;
  }
}

const row = fc.nat(rows.length - 1);
/** A change of bytes: one replaced, some cut, some added. Never the same bytes. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), bit: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('add' as const), at: fc.nat(), bit: fc.integer({ min: 1, max: 40 }) }),
);
function changed(bytes: Buffer, { kind, at, bit }: { kind: 'flip' | 'cut' | 'add'; at: number; bit: number }): Buffer {
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  if (kind === 'add' || bytes.length === 0) {
    return Buffer.concat([bytes.subarray(0, place), Buffer.alloc(Math.max(1, bit), at), bytes.subarray(place)]);
  }
  if (kind === 'cut') return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + bit)]);
  const copy = Buffer.from(bytes);
  copy[place] = (copy[place] as number) ^ (1 << bit);
  return copy;
}

describe('a changed part', () => {
  test('of a compact token, in any place of any part but the header, is one and the same failure', async () => {
    const tokens = await made;
    await fc.assert(
      fc.asyncProperty(row, fc.integer({ min: 1, max: 4 }), change, async (which, segment, how) => {
        const parts = (tokens[which] as string).split('.');
        const bytes = changed(Buffer.from(parts[segment] as string, 'base64url'), how);
        const token = parts.with(segment, bytes.toString('base64url')).join('.');
        expect(await outcomeOf(token, [(rows[which] as (typeof rows)[number]).decrypt])).toBe(failure);
      }),
      { numRuns: runs(600) },
    );
  });

  test('of a token in JSON, or additional data that were not there, is the same failure', async () => {
    const tokens = await madeInJson;
    const names = fc.constantFrom('encrypted_key', 'iv', 'ciphertext', 'tag', 'aad');
    await fc.assert(
      fc.asyncProperty(row, names, change, async (which, name, how) => {
        const members: JsonObject = JSON.parse(tokens[which] as string);
        const bytes = changed(Buffer.from(String(members[name] ?? ''), 'base64url'), how);
        const token = JSON.stringify({ ...members, [name]: bytes.toString('base64url') });
        expect(await outcomeOf(token, [(rows[which] as (typeof rows)[number]).decrypt])).toBe(failure);
      }),
      { numRuns: runs(400) },
    );
  });

  test('that comes from another token for the same key is the same failure', { tags: 'slow' }, async () => {
    const [tokens, others] = [
      await made,
      await Promise.all(rows.map(({ encrypt, alg }) => encryptJwe(content, { key: encrypt, alg }))),
    ];
    for (const [which, { decrypt }] of rows.entries()) {
      const [one, other] = [tokens, others].map((each) => (each[which] as string).split('.')) as [string[], string[]];
      for (const segment of [1, 2, 3, 4]) {
        if (one[segment] === other[segment]) continue;
        const token = one.with(segment, other[segment] as string).join('.');
        expect(await outcomeOf(token, [decrypt])).toBe(failure);
      }
    }
  });

  test('of the header never gives another content', async () => {
    const tokens = await made;
    await fc.assert(
      fc.asyncProperty(row, change, async (which, how) => {
        const parts = (tokens[which] as string).split('.');
        const token = parts.with(0, changed(Buffer.from(parts[0] as string), how).toString()).join('.');
        const outcome = await outcomeOf(token, [(rows[which] as (typeof rows)[number]).decrypt]);
        expect(outcome).toMatch(/^(?:TOKEN_MALFORMED|ALG_NOT_ALLOWED|KEY_NOT_FOUND|DECRYPTION_FAILED) /);
      }),
      { numRuns: runs(400) },
    );
  });
});

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
const withHeader = (token: string, members: object) =>
  [encoded({ ...headerOf(token), ...members }), ...token.split('.').slice(1)].join('.');

describe('a swapped algorithm', () => {
  const swapped = 'of the content is one failure, for every pair of content encryptions:';
  test(`${swapped} some keys and algorithms`, () => expectSwapped(rows.filter((_row, at) => at % 5 === 0)));
  test(`${swapped} every key and algorithm`, { tags: 'slow', timeout: 120_000 }, () => expectSwapped(rows));

  async function expectSwapped(some: typeof rows): Promise<void> {
    for (const { encrypt, decrypt, alg } of some) {
      const encs = alg === 'dir' ? directEncryptions(encrypt.shape) : contentEncryptionNames;
      for (const enc of encs) {
        const token = await encryptJwe(content, { key: encrypt, alg, enc });
        for (const other of contentEncryptionNames.filter((each) => each !== enc)) {
          const outcome = await outcomeOf(withHeader(token, { enc: other }), [decrypt]);
          // A secret for dir fits the content encryptions of its size alone, which is no secret.
          const isSized = alg !== 'dir' || encs.includes(other);
          expect(outcome).toMatch(isSized ? /^DECRYPTION_FAILED / : /^ALG_NOT_ALLOWED /);
        }
      }
    }
  }

  test('of the key to one of another kind of key is not tried: RSA-OAEP, ECDH-ES, dir, A256KW and PBES2', async () => {
    const kinds = [
      [rsa, 'RSA-OAEP-256'],
      [p256, 'ECDH-ES'],
      [x25519, 'ECDH-ES+A256KW'],
      [secret32, 'dir'],
      [secret32, 'A256KW'],
    ] as const;
    const names = ['RSA-OAEP-256', 'ECDH-ES', 'dir', 'A256KW', 'A256GCMKW', 'PBES2-HS256+A128KW', 'RSA1_5', 'none'];
    for (const [halves, alg] of kinds) {
      const token = await encryptJwe(content, { key: halves.encrypt, alg });
      for (const other of names.filter((name) => name !== alg)) {
        const swapped = withHeader(token, { alg: other, p2c: 1000, p2s: 'AAAAAAAAAAAAAAAA' });
        const isAllowed = halves.decrypt.algorithms.some((name) => name === other);
        expect(await outcomeOf(swapped, [halves.decrypt])).toMatch(
          isAllowed ? /^DECRYPTION_FAILED / : /^ALG_NOT_ALLOWED /,
        );
      }
    }
  });

  test('of the key to one of the same kind of key is the one failure', async () => {
    for (const [which, { decrypt, alg }] of rows.entries()) {
      const token = (await made)[which] as string;
      for (const other of decrypt.algorithms.filter((name) => name !== alg)) {
        const outcome = await outcomeOf(withHeader(token, { alg: other }), [decrypt]);
        expect(outcome).toMatch(other === 'dir' ? /^(?:DECRYPTION_FAILED|ALG_NOT_ALLOWED) / : /^DECRYPTION_FAILED /);
      }
    }
  });
});

describe('an ephemeral key', () => {
  test('that is not on its curve fails as everything else does, on every curve', async () => {
    for (const { name, encrypt, decrypt } of allHalves.filter(({ encrypt: { shape } }) => shape.kty === 'EC')) {
      const token = await encryptJwe(content, { key: encrypt });
      const { epk } = headerOf(token);
      const size = Buffer.from(epk.x, 'base64url').length;
      const text = (bytes: Buffer) => bytes.toString('base64url');
      const [zero, ones] = [text(Buffer.alloc(size)), text(Buffer.alloc(size, 0xff))];
      const bad = [
        { ...epk, x: epk.y, y: epk.x },
        { ...epk, x: zero, y: zero },
        { ...epk, x: ones, y: ones },
        { ...epk, y: text(Buffer.alloc(size, 1)) },
        { ...epk, x: text(Buffer.concat([Buffer.alloc(1), Buffer.from(epk.x, 'base64url')])) },
        { ...epk, crv: epk.crv === 'P-256' ? 'P-384' : 'P-256' },
        { ...epk, crv: 'secp256k1' },
        { ...epk, kty: 'OKP' },
        { kty: 'oct', k: zero },
      ];
      for (const each of bad) {
        expect([name, await outcomeOf(withHeader(token, { epk: each }), [decrypt])]).toEqual([name, failure]);
      }
    }
  });

  test('of small order on X25519, in any of its forms, is the one failure', async () => {
    const token = await encryptJwe(content, { key: x25519.encrypt });
    const points = [
      '00'.repeat(32),
      `01${'00'.repeat(31)}`,
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      `ec${'ff'.repeat(30)}7f`,
      `ed${'ff'.repeat(30)}7f`,
      `ee${'ff'.repeat(30)}7f`,
      `ed${'ff'.repeat(31)}`,
    ];
    for (const point of points) {
      const epk = { kty: 'OKP', crv: 'X25519', x: Buffer.from(point, 'hex').toString('base64url') };
      expect(await outcomeOf(withHeader(token, { epk }), [x25519.decrypt])).toBe(failure);
    }
  });
});
