/** Rules about how long a token lives. */
import { asText } from '../../jose/json.js';
import { formatDuration, isNumericDate } from '../../token/time.js';
import { exampleNow, token } from '../example.js';
import { rule, type Subjects } from '../rule.js';

const [minute, day] = [60, 86_400];

/** The media type of a token, without `application/`. */
const mediaType = ({ header }: Subjects['token']) =>
  asText(header.typ)
    .toLowerCase()
    .replace(/^application\//, '');

/** Events (RFC 8417 §2.2), proofs (RFC 9449 §4.2) and credentials may have no exp. */
const mayLackExpiry = (value: Subjects['token']) =>
  /^(?:secevent|dpop|kb|vc|vp|statuslist|openid4vci-proof)\+jwt$|^(?:[\w.-]+\+)?sd-jwt$/.test(mediaType(value));

/** Whether a token is no access token by its type: its own profile says how long it lives. */
const hasProfile = (value: Subjects['token']) =>
  mayLackExpiry(value) ||
  /^(?:logout|entity-statement|trust-mark|oauth-authz-req|token-introspection|client-authentication)\+jwt$/.test(
    mediaType(value),
  );

/** What a token is for, as far as it says so: by its claim, or by the member of the response that it stands in. */
function typeOf(token: Subjects['token']): 'access' | 'refresh' | 'id' | 'other' {
  const { claims, slot } = token;
  if (hasProfile(token)) return 'other';
  const words = `${claims.type ?? ''} ${claims.token_use ?? ''} ${claims.typ ?? ''} ${slot ?? ''}`.toLowerCase();
  if (words.includes('refresh')) return 'refresh';
  return words.includes('id_token') || claims.nonce !== undefined || claims.at_hash !== undefined ? 'id' : 'access';
}

/** The lifetime in seconds; without `iat` it counts from `nbf` or from now. */
function lifetimeOf({ claims }: Subjects['token'], now: number): number | undefined {
  const { exp, iat, nbf } = claims;
  if (!isNumericDate(exp)) return undefined;
  return exp - (isNumericDate(iat) ? iat : isNumericDate(nbf) ? nbf : now);
}

export const tokenLifeRules = [
  rule({
    id: 'token/no-expiry',
    level: 'error',
    about: 'token',
    means: 'The token has no exp: anybody who finds it may use it for ever.',
    help: 'set exp; access tokens live 30 minutes at most',
    source: 'RFC 7519 §4.1.4; OWASP JWT cheat sheet',
    bad: token({ exp: undefined }),
    good: token(),
    check: (value) =>
      !value.isEncrypted &&
      value.problem === undefined &&
      value.claims.exp === undefined &&
      !mayLackExpiry(value) &&
      'exp is missing',
  }),
  rule({
    id: 'token/time-not-number',
    level: 'error',
    about: 'token',
    means: 'A time is no number of seconds: libraries refuse the token, or ignore the time and never let it end.',
    help: 'write seconds since 1970 as a number, not as text',
    source: 'RFC 7519 §4.1.4, §2 (NumericDate)',
    bad: token({ exp: '1800000900' }),
    good: token({ exp: exampleNow + 900 }),
    check: ({ claims }) =>
      ['exp', 'nbf', 'iat']
        .filter((name) => claims[name] !== undefined && !isNumericDate(claims[name]))
        .map((name) => `${name} is no time`),
  }),
  rule({
    id: 'token/time-in-milliseconds',
    level: 'error',
    about: 'token',
    means: 'A time is in milliseconds: read as seconds it lies thousands of years ahead.',
    help: 'write seconds since 1970: divide by 1000',
    source: 'RFC 7519 §2 (NumericDate)',
    bad: token({ exp: (exampleNow + 900) * 1000 }),
    good: token({ exp: exampleNow + 900 }),
    check: ({ claims }) =>
      ['exp', 'nbf', 'iat'].filter((name) => Number(claims[name]) > 1e11).map((name) => `${name} is in milliseconds`),
  }),
  rule({
    id: 'token/times-out-of-order',
    level: 'error',
    about: 'token',
    means: 'The times of the token contradict each other, so that it is never valid.',
    help: 'exp must be later than iat and nbf',
    source: 'RFC 7519 §4.1.4, §4.1.5',
    bad: token({ exp: exampleNow - 60 }),
    good: token({ nbf: exampleNow }),
    check: ({ claims: { exp, iat, nbf } }) =>
      ['iat', 'nbf']
        .filter((_, at) => isNumericDate(exp) && Number([iat, nbf][at]) >= exp && Number(exp) < 1e11)
        .map((name) => `exp is not later than ${name}`),
  }),
  rule({
    id: 'token/issued-in-future',
    level: 'warning',
    about: 'token',
    means: 'The token says that it was made later than now: the clock of its issuer is wrong, or its time zone.',
    help: 'set the clock by NTP, and make iat from UTC',
    source: 'RFC 7519 §4.1.6',
    bad: token({ iat: exampleNow + 600 }),
    good: token({ iat: exampleNow - 60 }),
    check: ({ claims: { iat } }, { now }) =>
      isNumericDate(iat) && iat > now + 300 && `iat lies ${formatDuration(iat - now)} ahead`,
  }),
  rule({
    id: 'token/lifetime-too-long',
    level: 'warning',
    about: 'token',
    means:
      'An access token lives longer than 30 minutes: a stolen one works all that time, since few services ask whether it was revoked.',
    help: 'issue access tokens for 5 to 30 minutes, and refresh them',
    source: 'tutorial, pitfall "long lifetimes"; RFC 9700 §2.2',
    bad: token({ exp: exampleNow + 7200 }),
    good: token({ exp: exampleNow + 1800 }),
    check: (value, { now }) => {
      const lifetime = lifetimeOf(value, now) ?? 0;
      return (
        typeOf(value) === 'access' &&
        lifetime > 30 * minute &&
        lifetime <= day &&
        `it lives ${formatDuration(lifetime)}`
      );
    },
  }),
  rule({
    id: 'token/lifetime-of-days',
    level: 'error',
    about: 'token',
    means: 'An access token lives longer than a day, which is the life of a password without its protection.',
    help: 'issue access tokens for 5 to 30 minutes, and refresh them',
    source: 'tutorial, pitfall "lifetimes of months"; RFC 9700 §2.2',
    bad: token({ exp: exampleNow + 90 * day }),
    good: token({ exp: exampleNow + 1800 }),
    check: (value, { now }) => {
      const lifetime = lifetimeOf(value, now) ?? 0;
      return typeOf(value) === 'access' && lifetime > day && lifetime < 1e10 && `it lives ${formatDuration(lifetime)}`;
    },
  }),
  rule({
    id: 'token/refresh-lifetime-too-long',
    level: 'warning',
    about: 'token',
    means: 'A refresh token lives longer than 30 days: somebody who stole it can stay that long.',
    help: 'issue refresh tokens for 7 to 30 days, rotate them, and keep a denylist',
    source: 'tutorial, pitfall "long lifetimes"; RFC 9700 §4.14',
    bad: token({ type: 'refresh', exp: exampleNow + 90 * day }),
    good: token({ type: 'refresh', exp: exampleNow + 7 * day }),
    check: (value, { now }) => {
      const lifetime = lifetimeOf(value, now) ?? 0;
      return (
        typeOf(value) === 'refresh' && lifetime > 30 * day && lifetime < 1e10 && `it lives ${formatDuration(lifetime)}`
      );
    },
  }),
  rule({
    id: 'token/type-contradicts-lifetime',
    level: 'warning',
    about: 'token',
    means: 'The type of the token does not fit its lifetime: perhaps the two tokens of a pair were swapped.',
    help: 'give refresh tokens type "refresh" and the long lifetime, access tokens type "access" and the short one',
    source: 'tutorial, pitfall "type unchecked"',
    bad: token({ type: 'refresh', exp: exampleNow + 900 }),
    good: token({ type: 'refresh', exp: exampleNow + 7 * day }),
    check: (value, { now }) => {
      const lifetime = lifetimeOf(value, now);
      if (lifetime === undefined || lifetime <= 0 || typeof value.claims.type !== 'string') return undefined;
      const type = value.claims.type;
      if (type === 'refresh') return lifetime <= 30 * minute && `a refresh token lives ${formatDuration(lifetime)}`;
      return (
        type === 'access' &&
        lifetime >= 7 * day &&
        lifetime < 1e10 &&
        `an access token lives ${formatDuration(lifetime)}`
      );
    },
  }),
];
