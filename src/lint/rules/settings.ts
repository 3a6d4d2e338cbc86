/** Rules about variables, as `.env` files, compose files and containers have them. */
import { isAlgorithmName } from '../../jose/algorithms.js';
import { quoteText } from '../../jose/json.js';
import { formatDuration, parseDuration } from '../../token/time.js';
import { text } from '../example.js';
import { rule } from '../rule.js';
import { hintOfSecret } from '../shown-secret.js';

const isTrue = (value: string) => /^(?:1|true|yes|on)$/i.test(value);
const isFalse = (value: string) => /^(?:0|false|no|off)$/i.test(value);

const [minute, hour, day] = [60, 3600, 86_400];
const seconds: Readonly<Record<string, number>> = {
  s: 1,
  sec: 1,
  second: 1,
  m: minute,
  min: minute,
  minute,
  h: hour,
  hr: hour,
  hour,
  d: day,
  day,
  w: 7 * day,
  week: 7 * day,
  y: 365 * day,
  year: 365 * day,
};
const lifetimeName =
  /^(?:\w+_)?(?:JWT|JWTKIT|TOKEN|ACCESS|REFRESH)_(?:EXPIRES?(?:_?IN|_AFTER)?|EXPIRY|EXPIRATION|LIFETIME|TTL|DURATION|MAX_?AGE)(?:_TIME)?(?:_(MINUTE|HOUR|DAY|SECOND)S)?$/i;

/** The lifetime that a variable sets, in seconds; undefined for another one, and for a number without a unit. */
function lifetimeOf(name: string, value: string): number | undefined {
  const named = lifetimeName.exec(name);
  if (named === null) return undefined;
  if (/^JWTKIT_/.test(name)) return ownDuration(value);
  const [, count = '', word] = /^(\d{1,9})\s?([a-z]{1,6}?)?s?$/i.exec(value) ?? [];
  // The library of Laravel counts in minutes.
  const unit = word ?? named[1] ?? (/^JWT_(?:REFRESH_)?TTL$/i.test(name) ? 'm' : '');
  const each = seconds[unit.toLowerCase()];
  return count === '' || each === undefined ? undefined : Number(count) * each;
}

/** The seconds of a variable of jwtkit; undefined for what jwtkit refuses. */
function ownDuration(value: string): number | undefined {
  try {
    return parseDuration(value);
  } catch {
    return undefined;
  }
}

/** Whether a URL names this machine, or a service of the same Compose network or cluster. */
function isNearby(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const host = new URL(url).hostname;
  return /^(?:127\..*|\[::1\]|[^.]*|.*\.(?:localhost|svc|svc\.cluster\.local)|host\.docker\.internal)$/.test(host);
}

const isForRefresh = (name: string) => /REFRESH/i.test(name);

export const settingRules = [
  rule({
    id: 'setting/access-lifetime-too-long',
    level: 'warning',
    about: 'variable',
    means: 'Access tokens live longer than 30 minutes.',
    help: 'set it to 5 to 30 minutes, and refresh them',
    source: 'tutorial, pitfall "long lifetimes"',
    bad: text('ACCESS_TOKEN_EXPIRE_MINUTES=10080\n'),
    good: text('ACCESS_TOKEN_EXPIRE_MINUTES=30\n'),
    check: ({ name, value }) => {
      const lifetime = lifetimeOf(name, value) ?? 0;
      return !isForRefresh(name) && lifetime > 30 * minute && `it is ${formatDuration(lifetime)}`;
    },
  }),
  rule({
    id: 'setting/refresh-lifetime-too-long',
    level: 'warning',
    about: 'variable',
    means: 'Refresh tokens live longer than 30 days.',
    help: 'set it to 7 to 30 days',
    source: 'tutorial, pitfall "long lifetimes"',
    bad: text('REFRESH_TOKEN_EXPIRE_DAYS=365\n'),
    good: text('REFRESH_TOKEN_EXPIRE_DAYS=7\n'),
    check: ({ name, value }) => {
      const lifetime = lifetimeOf(name, value) ?? 0;
      return isForRefresh(name) && lifetime > 30 * day && `it is ${formatDuration(lifetime)}`;
    },
  }),
  rule({
    id: 'setting/algorithm-unsafe',
    level: 'error',
    about: 'variable',
    means: 'The algorithm of tokens is none, or one that is not registered.',
    help: 'use ES256, EdDSA, RS256, PS256 or HS256',
    source: 'RFC 8725 §3.2; RFC 7518 §3.1',
    bad: text('ALGORITHM=none\n'),
    good: text('ALGORITHM=HS256\n'),
    check: ({ name, value }) =>
      /^(?:ALGORITHM|(?:\w+_)?(?:JWT|JWS|TOKEN)_(?:SIGNING_)?(?:ALGO?|ALGORITHM))$/i.test(name) &&
      value !== '' &&
      value.length < 12 &&
      !value.includes('$') &&
      !isAlgorithmName(value) &&
      `the algorithm is ${/^none$/i.test(value) ? quoteText(value) : `none of those that are registered (${hintOfSecret(value)})`}`,
  }),
  rule({
    id: 'setting/verification-off',
    level: 'error',
    about: 'variable',
    means: 'A switch turns the check of signatures, expiry or certificates off.',
    help: 'remove the variable; trust a certificate of your own with NODE_EXTRA_CA_CERTS or SSL_CERT_FILE',
    source: 'RFC 8725 §3.1; tutorial, pitfall "no HTTPS"',
    bad: text('NODE_TLS_REJECT_UNAUTHORIZED=0\n'),
    good: text('NODE_EXTRA_CA_CERTS=/etc/ssl/own-ca.pem\n'),
    check: ({ name, value }) => {
      const isOff =
        (/^(?:NODE_TLS_REJECT_UNAUTHORIZED|PYTHONHTTPSVERIFY|(?:\w+_)?(?:JWT_VERIFY\w*|VERIFY_(?:SIGNATURE|JWT|TOKEN|EXP|AUD|ISS)))$/i.test(
          name,
        ) &&
          isFalse(value)) ||
        (/^(?:OAUTHLIB_INSECURE_TRANSPORT|(?:\w+_)?(?:JWT_(?:IGNORE|SKIP)_\w+|SKIP_(?:JWT|TOKEN)_\w+|IGNORE_EXPIRATION))$/i.test(
          name,
        ) &&
          isTrue(value));
      return isOff && 'it turns a check off';
    },
  }),
  rule({
    id: 'setting/not-https',
    level: 'error',
    about: 'variable',
    means:
      'The issuer, its keys or its tokens are fetched over plain HTTP, where anybody on the network can replace them.',
    help: 'use https',
    source: 'RFC 8414 §2; tutorial, pitfall "no HTTPS"',
    bad: text('OIDC_ISSUER=http://issuer.example\n'),
    good: text('OIDC_ISSUER=https://issuer.example\n'),
    check: ({ name, value }) =>
      /ISSUER|JWKS|TOKEN_URL|AUTH_URL|OIDC|OPENID/i.test(name) &&
      /^http:\/\/[^/]/i.test(value) &&
      !isNearby(value) &&
      'it is plain HTTP',
  }),
  rule({
    id: 'setting/set-twice',
    level: 'warning',
    about: 'variable',
    means: 'The variable is set twice: some readers take the first value, some the last.',
    help: 'remove one of the lines',
    source: 'docs/environment.md',
    bad: text('ALGORITHM=HS256\nALGORITHM=RS256\n'),
    good: text('ALGORITHM=RS256\n'),
    check: ({ isRepeated }) => isRepeated && 'an earlier line sets it too',
  }),
];
