/** Rules about encrypted tokens (JWE), of which the header alone can be read. */
import { asText, type JsonObject, quoteText } from '../../jose/json.js';
import { isContentEncryptionName, isKeyManagementName, keyManagement } from '../../jwe/algorithms.js';
import { jwe } from '../example.js';
import { type LintContext, type Remark, rule, type Spot, type Subjects } from '../rule.js';
import { payloadRules } from './payload.js';

type Token = Subjects['token'];

/** Returns the check of an encrypted token's header. Its `alg` is one of RFC 7518, or undefined. */
function ofEncrypted(
  check: (header: JsonObject, kind: 'RSA' | 'ECDH' | 'secret' | 'passphrase' | undefined) => string | undefined | false,
) {
  return ({ isEncrypted, header }: Token) =>
    isEncrypted && check(header, isKeyManagementName(header.alg) ? keyManagement(header.alg).kind : undefined);
}

const passphrase = (changes: JsonObject) =>
  jwe({ alg: 'PBES2-HS256+A128KW', kid: undefined, p2c: 600_000, p2s: 'AAAAAAAAAAAAAAAAAAAAAA', ...changes });
const owasp = 'RFC 7518 §8.8; OWASP Password Storage Cheat Sheet';

/** The rounds that make a guess as dear for each hash, by the OWASP Password Storage Cheat Sheet. */
function fewestRounds(alg: unknown): number {
  return asText(alg).startsWith('PBES2-HS256') ? 600_000 : 210_000;
}

/** Runs the rules about payloads over the members of a header, which everybody can read. */
function readableSecrets(value: Token, context: LintContext, spot: Spot): Remark[] {
  const { alg: _alg, enc: _enc, epk: _epk, kid: _kid, jwk: _jwk, ...claims } = value.header;
  return payloadRules
    .flatMap((each) => each.check({ ...value, claims }, context, spot) || [])
    .map((remark) => {
      const { message, part = '' } = typeof remark === 'string' ? { message: remark } : remark;
      return { message: message.replace('the claim', 'the member'), part: part.replace(/^claims/, 'header') };
    });
}

export const encryptionRules = [
  rule({
    id: 'token/old-encryption',
    level: 'warning',
    about: 'token',
    means: 'The token is encrypted with RSA1_5, whose padding gives attackers an oracle.',
    help: 'encrypt with RSA-OAEP-256 or ECDH-ES',
    source: 'RFC 8725 §3.2',
    bad: jwe({ alg: 'RSA1_5' }),
    good: jwe({ alg: 'RSA-OAEP-256' }),
    check: ofEncrypted(({ alg }) => alg === 'RSA1_5' && 'alg is RSA1_5'),
  }),
  rule({
    id: 'token/unknown-encryption',
    level: 'warning',
    about: 'token',
    means: 'The token is encrypted with an algorithm that is not registered: few libraries read it.',
    help: 'use ECDH-ES+A256KW or RSA-OAEP-256, with A256GCM',
    source: 'RFC 7518 §4.1, §5.1',
    bad: jwe({ enc: 'A256CTR' }),
    good: jwe({ enc: 'A128CBC-HS256' }),
    check: ofEncrypted(({ alg, enc }) =>
      alg !== 'RSA1_5' && !isKeyManagementName(alg)
        ? `alg is ${quoteText(asText(alg))}`
        : !isContentEncryptionName(enc) && `enc is ${quoteText(asText(enc))}`,
    ),
  }),
  rule({
    id: 'token/encrypted-not-signed',
    level: 'warning',
    about: 'token',
    means:
      'The claims are encrypted to a public key and not signed: everybody has this key, so everybody can write them.',
    help: 'sign first, then encrypt (cty: JWT): jwtkit issue --encrypt-to KEY',
    source: 'RFC 7519 §11.2; RFC 8725 §3.11',
    bad: jwe({ typ: 'JWT', cty: undefined }),
    good: jwe({ cty: 'JWT' }),
    check: ofEncrypted(
      ({ typ, cty }, kind) =>
        (kind === 'RSA' || kind === 'ECDH') &&
        /^(?:application\/)?(?:\w+\+)?jwt$/i.test(asText(typ)) &&
        cty === undefined &&
        'it holds claims, and its header has no cty of JWT',
    ),
  }),
  rule({
    id: 'token/compressed-secret',
    level: 'warning',
    about: 'token',
    means:
      'The content is compressed before it is encrypted: its length tells what is in it beside what an attacker puts in.',
    help: 'leave zip out',
    source: 'RFC 8725 §3.6',
    bad: jwe({ zip: 'DEF' }),
    good: jwe(),
    check: ofEncrypted(({ zip }) => zip !== undefined && 'the header has zip'),
  }),
  rule({
    id: 'token/secret-in-readable-header',
    level: 'error',
    about: 'token',
    means: 'The header of an encrypted token holds a secret or personal data. The header is not encrypted.',
    help: 'put the member into the content; only iss, sub and aud may be repeated in the header',
    source: 'RFC 7519 §5.3',
    bad: jwe({ email: 'alice@example.com' }),
    good: jwe({ iss: 'https://issuer.example', aud: 'api' }),
    check: (value, context, spot) => value.isEncrypted && readableSecrets(value, context, spot),
  }),
  rule({
    id: 'token/few-rounds',
    level: 'warning',
    about: 'token',
    means:
      'So few rounds of PBKDF2 make a key from the passphrase (p2c) that guessing it is cheap for everybody with the token.',
    help: 'encrypt with 600000 rounds, as jwtkit encrypt does, or with a key instead of a passphrase',
    source: owasp,
    bad: passphrase({ p2c: 1000 }),
    good: passphrase({}),
    check: ofEncrypted(
      ({ alg, p2c }, kind) =>
        kind === 'passphrase' && typeof p2c === 'number' && p2c < fewestRounds(alg) && `p2c is ${p2c}`,
    ),
  }),
  rule({
    id: 'token/many-rounds',
    level: 'warning',
    about: 'token',
    means:
      'The token demands more than a million rounds of PBKDF2 (p2c): a service that obeys is busy for seconds with each.',
    help: 'encrypt with 600000 rounds, and refuse tokens that demand many more',
    source: 'RFC 7518 §8.5; CVE-2023-50658',
    bad: passphrase({ p2c: 2_000_000_000 }),
    good: passphrase({ p2c: 1_000_000 }),
    check: ofEncrypted(
      ({ p2c }, kind) => kind === 'passphrase' && typeof p2c === 'number' && p2c > 1_000_000 && `p2c is ${p2c}`,
    ),
  }),
  rule({
    id: 'token/short-salt',
    level: 'error',
    about: 'token',
    means: 'The salt of the passphrase (p2s) has fewer than 8 bytes: one table of guesses serves for many tokens.',
    help: 'take 16 random bytes for each token',
    source: 'RFC 7518 §4.8.1.1',
    bad: passphrase({ p2s: 'AAAA' }),
    good: passphrase({ p2s: 'AAAAAAAAAAAAAAAAAAAAAA' }),
    check: ofEncrypted(
      ({ p2s }, kind) =>
        kind === 'passphrase' &&
        (typeof p2s !== 'string' || Buffer.from(p2s, 'base64url').length < 8) &&
        (p2s === undefined ? 'p2s is missing' : 'p2s has fewer than 8 bytes'),
    ),
  }),
  rule({
    id: 'token/no-recipient',
    level: 'note',
    about: 'token',
    means: 'The token does not name the key that decrypts it: the recipient must try all of them.',
    help: "set kid to the kid of the key in the recipient's JWK Set",
    source: 'RFC 7516 §4.1.6',
    bad: jwe({ kid: undefined }),
    good: jwe(),
    check: ofEncrypted(({ kid }, kind) => (kind === 'RSA' || kind === 'ECDH') && kid === undefined && 'kid is missing'),
  }),
];
