/** Rules about the header and the shape of a token. */
import { isAlgorithmName } from '../../jose/algorithms.js';
import { asText, describeJson, quoteText } from '../../jose/json.js';
import { isString, isStringOrStrings } from '../../token/claims.js';
import { text, token, tokenText } from '../example.js';
import { rule, type Subjects } from '../rule.js';
import { hintOfSecret } from '../shown-secret.js';

const isNone = (alg: unknown) => typeof alg === 'string' && alg.toLowerCase() === 'none';

/** Characters that SQL, a shell or an LDAP filter reads as more than text; and words of SQL, where SQL text follows them. */
const isQuery =
  /['"`;|<>{}*]|\$\(|--|^\(|\)\(|[(&|!]\w+=|\b(?:union\s+(?:all\s+)?select|select\b.*\bfrom|(?:or|and)\s+\S+\s*(?:=|<|>|like\b))/i;

/** Says which members have another type than RFC 7515 §4.1 and RFC 7519 §4.1 give them. Times and crit have rules of their own. */
function wrongTypes({ header, claims }: Subjects['token']): string[] {
  const problems: string[] = [];
  const requireString = (name: string, value: unknown) => {
    if (value !== undefined && !isString(value))
      problems.push(`${name} is ${describeJson(value)}, it must be a string`);
  };
  for (const name of ['kid', 'typ', 'cty']) requireString(`${name} of the header`, header[name]);
  if (header.b64 !== undefined) problems.push('the header has b64, which no JWT may have');
  for (const name of ['iss', 'sub', 'jti']) requireString(name, claims[name]);
  const { aud } = claims;
  const isSound = aud === undefined || isStringOrStrings(aud);
  if (!isSound) problems.push(`aud is ${describeJson(aud)}, it must be a string or strings`);
  return problems;
}

export const tokenHeaderRules = [
  rule({
    id: 'token/malformed',
    level: 'error',
    about: 'token',
    means: 'The token breaks the format: readers may disagree about what it says.',
    help: 'make it with a library that follows RFC 7515',
    source: 'RFC 7515 §5.2, RFC 7519 §7.2',
    bad: text(`${tokenText()}=`),
    good: text(tokenText()),
    check: (value) => value.problem ?? (value.isEncrypted ? undefined : wrongTypes(value)),
  }),
  rule({
    id: 'token/unsigned',
    level: 'error',
    about: 'token',
    means: 'The token has the algorithm none: anybody can write one.',
    help: 'sign it',
    source: 'RFC 8725 §3.2; RFC 7518 §3.6',
    bad: text(`${tokenText({}, { alg: 'none', kid: undefined }).replace(/[^.]+$/, '')}`),
    good: token(),
    check: ({ header }) => isNone(header.alg) && `alg is ${quoteText(asText(header.alg))}`,
  }),
  rule({
    id: 'token/unknown-algorithm',
    level: 'warning',
    about: 'token',
    means: 'The algorithm is none of those registered for signatures that are still in use.',
    help: 'use ES256, EdDSA, RS256, PS256 or HS256',
    source: 'RFC 7518 §3.1, RFC 8037 §3.1',
    bad: token({}, { alg: 'HS1' }),
    good: token({}, { alg: 'PS256' }),
    check: ({ header, isEncrypted }) =>
      !isEncrypted &&
      !isNone(header.alg) &&
      !isAlgorithmName(asText(header.alg)) &&
      `alg is ${quoteText(asText(header.alg))}`,
  }),
  rule({
    id: 'token/weak-secret',
    level: 'error',
    about: 'token',
    means: 'The secret of this token is on a list of secrets that everybody knows, so anybody can make tokens.',
    help: 'replace the secret by random bytes: jwtkit keygen --alg HS256; every token of the old one is worthless',
    source: 'RFC 8725 §3.5; RFC 7518 §3.2; tutorial, pitfall "keys in code"',
    bad: token({}, { alg: 'HS256' }, 'your_super_secret_key_please_change'),
    good: token({}, { alg: 'HS256' }, 'EeNcVZ0QnbwP8vQ6f1bG3s9tqk2mYxLw7RzDhJ4uKcM'),
    check: ({ text: signed }, { findSecret }) => {
      const secret = findSecret(signed);
      return secret !== undefined && `its secret is well known (${secret === '' ? 'empty' : hintOfSecret(secret)})`;
    },
  }),
  rule({
    id: 'token/kid-is-path',
    level: 'error',
    about: 'token',
    means: "The kid is the path of a file: a verifier that opens it reads a file of the attacker's choice as the key.",
    help: 'name keys by their thumbprint, and look kid up in a list of trusted keys',
    source: 'RFC 8725 §3.10',
    bad: token({}, { kid: '../../dev/null' }),
    good: token({}, { kid: 'key-2027' }),
    check: ({ header: { kid } }) =>
      typeof kid === 'string' &&
      (/(?:^|[\\/])\.{1,2}[\\/]|^[\\/~]|^[A-Za-z]:\\|%2f|^[^/]+\.(?:pem|key|crt|jwk)$/i.test(kid) ||
        kid.includes('\0')) &&
      `kid is ${quoteText(kid)}`,
  }),
  rule({
    id: 'token/kid-is-query',
    level: 'error',
    about: 'token',
    means:
      'The kid holds characters of a query or a command: a verifier that puts it into SQL, LDAP or a shell lets the attacker choose the key.',
    help: 'name keys with letters, digits, - and _, and look kid up in a list of trusted keys',
    source: 'RFC 8725 §3.10',
    bad: token({}, { kid: "x' UNION SELECT 'secret" }),
    // One thumbprint in a hundred has two dashes side by side.
    good: token({}, { kid: 'cXM-ty_TQf5g7m--pd3aehuwjPQjR_bPHfDNmf8YHnA' }),
    check: ({ header: { kid } }) =>
      typeof kid === 'string' && !/^[\w-]*$/.test(kid) && isQuery.test(kid) && `kid is ${quoteText(kid)}`,
  }),
  rule({
    id: 'token/key-by-reference',
    level: 'error',
    about: 'token',
    means:
      "The header says where its key is (jku, x5u): a verifier that follows it takes the attacker's key, or sends requests for the attacker.",
    help: 'leave jku and x5u out; verifiers get keys from a place that they name themselves',
    source: 'RFC 8725 §3.10',
    bad: token({}, { jku: 'https://keys.example/jwks.json' }),
    good: token(),
    check: ({ header }) =>
      ['jku', 'x5u'].filter((name) => header[name] !== undefined).map((name) => `the header has ${name}`),
  }),
  rule({
    id: 'token/key-in-header',
    level: 'error',
    about: 'token',
    means: 'The token brings its own key (jwk): a verifier that uses it accepts tokens of everybody.',
    help: 'leave jwk out, and name the key by kid (DPoP proofs are an exception, with typ dpop+jwt)',
    source: 'RFC 8725 §3.10; CVE-2018-0114',
    bad: token({}, { jwk: { kty: 'EC' } }),
    good: token(),
    check: ({ header }) => header.jwk !== undefined && !/^dpop\+jwt$/i.test(asText(header.typ)) && 'the header has jwk',
  }),
  rule({
    id: 'token/no-kid',
    level: 'note',
    about: 'token',
    means: 'The token does not name its key: verifiers must try all of them, and rotation becomes guesswork.',
    help: 'set kid to the kid of the key in the JWK Set',
    source: 'RFC 7515 §4.1.4; tutorial, advice "key rotation"',
    bad: token({}, { kid: undefined }),
    good: token({}, { kid: 'key-2027' }),
    check: ({ header, isEncrypted, problem }) =>
      !isEncrypted &&
      problem === undefined &&
      !/^HS|^none$/i.test(asText(header.alg)) &&
      header.kid === undefined &&
      'kid is missing',
  }),
  rule({
    id: 'token/critical-extension',
    level: 'warning',
    about: 'token',
    means: 'The header demands an extension (crit). Few libraries know any, and some ignore the demand.',
    help: 'do without the extension, or verify with a library that knows it',
    source: 'RFC 7515 §4.1.11; RFC 7797 §7',
    bad: token({}, { crit: ['exp-policy'], 'exp-policy': true }),
    good: token(),
    check: ({ header }) => header.crit !== undefined && 'the header has crit',
  }),
  rule({
    id: 'token/too-large',
    level: 'warning',
    about: 'token',
    means: 'The token is larger than 4 KiB: it fits no cookie, and many servers refuse such a header.',
    help: 'keep an identifier in the token, and the rest in a store',
    source: 'RFC 6265 §6.1',
    bad: token({ permissions: Array.from({ length: 200 }, (_, at) => `permission-number-${at}`) }),
    good: token({ permissions: ['read'] }),
    check: ({ text: whole }) => whole.length > 4096 && `it has ${whole.length} characters`,
  }),
];
