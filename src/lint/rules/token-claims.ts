/** Rules about claims that a token should have. */
import { asText } from '../../jose/json.js';
import { asList, isStringOrStrings } from '../../token/claims.js';
import { token } from '../example.js';
import { rule, type Subjects } from '../rule.js';

const isPlain = ({ isEncrypted, problem }: Subjects['token']) => !isEncrypted && problem === undefined;
const isShared = ({ header }: Subjects['token']) => /^HS\d/.test(asText(header.alg));

/** Whether a claim is missing. Programs write an empty text or null for a setting that they lack. */
const isMissing = (value: unknown) => value === undefined || value === null || value === '';
/** Whether a claim is missing, or a list of nothing else. */
const isEmpty = (value: unknown) => (Array.isArray(value) ? value.every(isMissing) : isMissing(value));

/** A service on the developer's own machine. */
function isLocal(issuer: unknown): boolean {
  return typeof issuer === 'string' && /^https?:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?:[:/]|$)/.test(issuer);
}

export const tokenClaimRules = [
  rule({
    id: 'token/no-audience',
    level: 'warning',
    about: 'token',
    means:
      'The token names an issuer, or is signed with a shared secret, but does not say which service it is for: every service that trusts the key takes it.',
    help: 'set aud to the name of the service, and demand it there',
    source: 'RFC 8725 §3.9; RFC 7519 §4.1.3',
    bad: token({ aud: undefined }),
    good: token({ aud: 'api' }),
    check: (value) =>
      isPlain(value) &&
      isEmpty(value.claims.aud) &&
      (isShared(value) || (!isMissing(value.claims.iss) && !isLocal(value.claims.iss))) &&
      'aud is missing',
  }),
  rule({
    id: 'token/no-issuer',
    level: 'warning',
    about: 'token',
    means: 'The token is for a named service, or is signed with a shared secret, but does not say who issued it.',
    help: 'set iss to the URL of the issuer, and demand it where tokens are verified',
    source: 'RFC 8725 §3.8; RFC 7519 §4.1.1',
    bad: token({ iss: undefined }),
    good: token({ iss: 'https://issuer.example' }),
    check: (value) =>
      isPlain(value) &&
      isMissing(value.claims.iss) &&
      (isShared(value) || !isEmpty(value.claims.aud)) &&
      'iss is missing',
  }),
  rule({
    id: 'token/no-id',
    level: 'note',
    about: 'token',
    means: 'The token has no jti: it cannot be revoked alone, and a log cannot name it.',
    help: 'set jti to a random identifier',
    source: 'RFC 7519 §4.1.7; tutorial, advice "a denylist for refresh tokens"',
    bad: token({ jti: undefined }),
    good: token({ jti: '0f8fad5b' }),
    check: (value) => isPlain(value) && isMissing(value.claims.jti) && 'jti is missing',
  }),
  rule({
    id: 'token/no-type',
    level: 'warning',
    about: 'token',
    means: 'Nothing says whether this is an access or a refresh token, so one passes where the other belongs.',
    help: 'set the claim type to "access" or "refresh", or the header typ to at+jwt, and check it',
    source: 'RFC 8725 §3.11; tutorial, pitfall "type unchecked"',
    bad: token({ type: undefined }),
    good: token({ type: undefined, client_id: 'web' }, { typ: 'at+jwt' }),
    check: (value) => {
      const { claims, header } = value;
      const isTyped = /^(?:application\/)?[\w.+-]+[+-]jwt$/i.test(asText(header.typ));
      const isId = claims.nonce !== undefined || claims.at_hash !== undefined;
      const says = [claims.type, claims.token_use, claims.token_type, claims.typ].some((name) => !isMissing(name));
      return isPlain(value) && !isTyped && !isId && !says && 'neither type nor typ says what it is for';
    },
  }),
  rule({
    id: 'token/no-issue-time',
    level: 'note',
    about: 'token',
    means: 'The token has no iat: its age cannot be checked, and "all tokens up to now" cannot be revoked.',
    help: 'set iat to the time of issue',
    source: 'RFC 7519 §4.1.6',
    bad: token({ iat: undefined }),
    good: token(),
    check: (value) => isPlain(value) && isMissing(value.claims.iat) && 'iat is missing',
  }),
  rule({
    id: 'token/incomplete-access-profile',
    level: 'warning',
    about: 'token',
    means: 'The token calls itself an OAuth access token (typ at+jwt) but lacks claims that this profile requires.',
    help: 'set iss, exp, aud, sub, client_id, iat and jti, or another typ',
    source: 'RFC 9068 §2.2',
    bad: token({}, { typ: 'at+jwt' }),
    good: token({ client_id: 'web' }, { typ: 'at+jwt' }),
    check: (value) => {
      if (!isPlain(value) || !/^(?:application\/)?at\+jwt$/i.test(asText(value.header.typ))) return undefined;
      const required = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'];
      const missing = required.filter((name) => isEmpty(value.claims[name]));
      return missing.length > 0 && `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`;
    },
  }),
  rule({
    id: 'token/secret-shared-by-services',
    level: 'warning',
    about: 'token',
    means: 'Several services verify this token with a shared secret: each of them can also make tokens for all others.',
    help: 'sign with a private key (RS256, ES256, EdDSA), and give services the public half',
    source: 'tutorial, advice "RS256 with the public key published"; OWASP JWT cheat sheet',
    bad: token({ aud: ['api', 'billing'] }, { alg: 'HS256' }, 'EeNcVZ0QnbwP8vQ6f1bG3s9tqk2mYxLw7RzDhJ4uKcM'),
    good: token({ aud: ['api', 'billing'] }),
    check: (value) => {
      const { aud } = value.claims;
      const count = isStringOrStrings(aud) ? new Set(asList(aud)).size : 0;
      return isShared(value) && count > 1 && `${value.header.alg} for ${count} audiences`;
    },
  }),
];
