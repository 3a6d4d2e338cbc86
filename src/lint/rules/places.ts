/** Rules about files, accounts, token responses and cookies. */
import { asText, own } from '../../jose/json.js';
import { ecKey, goodSecret, json, text, tokenText } from '../example.js';
import { type Remark, rule, type Subjects } from '../rule.js';
import { isStoredSafely } from '../stored-password.js';

const pem = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIH2Nwx99cnh84RIO1RigCXAi5lQI9xBPXNA4QgdFryT2
-----END PRIVATE KEY-----
`;
const variables = `SECRET_KEY=${goodSecret}\n`;
const file = (content: string, about: { mode?: number; git?: 'tracked' | 'ignored' | 'untracked' }) =>
  text(content, { isFile: true, ...about });

function describeHoldings({ holds }: Subjects['file'], ...kinds: string[]): string {
  return [...holds]
    .filter((kind) => kinds.includes(kind))
    .map((kind) => `a ${kind}`)
    .join(' and ');
}

const session = `__Host-session=${tokenText()}`;
const response = {
  access_token: tokenText(),
  refresh_token: tokenText({ type: 'refresh', exp: 1_800_604_800, jti: '7c9e6679' }),
  token_type: 'Bearer',
  expires_in: 900,
};
const hash = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$JkF0bLwz0VQp4nX2m8r9n1l0sQ3y7hW6uEoT5iRzKcM';
const user = { name: 'alice', sub: 'user-123', roles: [], scopes: [], password: hash, created: 1_800_000_000 };

export const placeRules = [
  rule({
    id: 'file/secret-readable',
    level: 'error',
    about: 'file',
    means: 'Other users of this machine can read a private key.',
    help: 'chmod 600 FILE; if others were here, replace the key',
    source: 'NIST SP 800-57 §6.2; OWASP secrets management cheat sheet',
    bad: file(pem, { mode: 0o644 }),
    good: file(pem, { mode: 0o600 }),
    check: (value, _, { source: { mode } }) => {
      const held = describeHoldings(value, 'private key');
      return held !== '' && mode !== undefined && (mode & 0o044) !== 0 && `others can read ${held}`;
    },
  }),
  rule({
    id: 'file/setting-readable',
    level: 'warning',
    about: 'file',
    means: 'Other users of this machine can read a shared secret or password hashes.',
    help: 'chmod 600 FILE; a service reads it as its own user, or gets it by a secret store',
    source: 'OWASP secrets management cheat sheet',
    bad: file(variables, { mode: 0o644 }),
    good: file(variables, { mode: 0o640 }),
    check: (value, _, { source: { mode } }) => {
      const held = describeHoldings(value, 'secret', 'password hash');
      return held !== '' && mode !== undefined && (mode & 0o004) !== 0 && `others can read ${held}`;
    },
  }),
  rule({
    id: 'file/writable-by-others',
    level: 'error',
    about: 'file',
    means: 'Other users of this machine can change what decides which tokens are accepted.',
    help: 'chmod go-w FILE',
    source: 'docs/config.md, "Seeing what applies"',
    bad: file(JSON.stringify({ keys: [ecKey] }), { mode: 0o666 }),
    good: file(JSON.stringify({ keys: [ecKey] }), { mode: 0o644 }),
    check: ({ holds }, _, { source: { mode } }) =>
      mode !== undefined &&
      (mode & 0o002) !== 0 &&
      [...holds].some((kind) => kind !== 'token') &&
      'others can write the file',
  }),
  rule({
    id: 'file/tracked-by-git',
    level: 'error',
    about: 'file',
    means:
      'git tracks a file with a private key or a secret: everybody with the repository has it, and it stays in the history.',
    help: 'replace the key or secret, git rm --cached FILE, and add the file to .gitignore',
    source: 'tutorial, pitfall "keys in code"; OWASP secrets management cheat sheet',
    bad: file(variables, { mode: 0o600, git: 'tracked' }),
    good: file(variables, { mode: 0o600, git: 'ignored' }),
    check: (value, _, { source }) => {
      const held = describeHoldings(value, 'private key', 'secret', 'password hash');
      return held !== '' && source.git === 'tracked' && `git tracks ${held}`;
    },
  }),
  rule({
    id: 'file/not-ignored-by-git',
    level: 'warning',
    about: 'file',
    means:
      'A file with a private key or a secret lies in a repository and is not ignored: the next git add takes it in.',
    help: 'add it to .gitignore',
    source: 'tutorial, pitfall "keys in code"; OWASP secrets management cheat sheet',
    bad: file(variables, { mode: 0o600, git: 'untracked' }),
    good: file(variables, { mode: 0o600, git: 'ignored' }),
    check: (value, _, { source }) => {
      const held = describeHoldings(value, 'private key', 'secret', 'password hash');
      return held !== '' && source.git === 'untracked' && `git does not ignore ${held}`;
    },
  }),
  rule({
    id: 'account/plain-password',
    level: 'error',
    about: 'account',
    means: 'The file holds a password or a client secret in the clear.',
    help: 'keep hashes: jwtkit users add, jwtkit clients add; change the password',
    source: 'OWASP password storage cheat sheet',
    bad: json({ users: [{ ...user, password: 'wonderland' }] }),
    good: json({ users: [user] }),
    check: (account) => {
      const isPlain = ['password', 'client_secret', 'secret'].some((name) => {
        const value = own(account, name);
        return typeof value === 'string' && value !== '' && !isStoredSafely(value);
      });
      return isPlain && 'a password or secret is in the clear';
    },
  }),
  rule({
    id: 'account/weak-hash',
    level: 'warning',
    about: 'account',
    means: 'The hash of a password is fast to compute, so that a stolen file is soon guessed.',
    help: 'use argon2id with 19 MiB, or bcrypt of cost 10; jwtkit replaces hashes at the next jwtkit users passwd',
    source: 'OWASP password storage cheat sheet',
    bad: json({ users: [{ ...user, password: '$2b$04$abcdefghijklmnopqrstuuLkXq0y5Jw1G1p4v0c8f8Qx3n2a5b6c7' }] }),
    good: json({ users: [user] }),
    check: (account) => {
      const value = asText(own(account, 'password') ?? '');
      const bcrypt = Number(/^\$2[abxy]\$(\d\d)\$/.exec(value)?.[1] ?? 99);
      const memory = Number(/^\$argon2\w*\$(?:v=\d+\$)?m=(\d+)/.exec(value)?.[1] ?? Infinity);
      return (
        (bcrypt < 10 || memory < 7168 || /^(?:[\da-f]{32}|[\da-f]{40}|\$1\$.*|\{SHA\}.*)$/i.test(value)) &&
        'the hash is cheap to guess'
      );
    },
  }),
  rule({
    id: 'response/wrong-slot',
    level: 'error',
    about: 'token',
    means:
      'The response gives a refresh token as the access token, or the other way round: clients send the wrong one everywhere.',
    help: 'put each token into its member, and check type where tokens are verified',
    source: 'RFC 6749 §5.1; tutorial, pitfall "type unchecked"',
    bad: json({ ...response, access_token: response.refresh_token, refresh_token: undefined }),
    good: json(response),
    check: ({ slot, claims }) =>
      (slot === 'access_token' || slot === 'refresh_token') &&
      ['access', 'refresh'].includes(asText(claims.type)) &&
      slot !== `${claims.type}_token` &&
      `it has type ${quoted(claims.type)}`,
  }),
  rule({
    id: 'response/one-token-twice',
    level: 'error',
    about: 'response',
    means: 'The access token and the refresh token are one token.',
    help: 'issue two, of two types: jwtkit issue --pair',
    source: 'RFC 6749 §1.5',
    bad: json({ ...response, refresh_token: response.access_token }),
    good: json(response),
    check: ({ access_token: access, refresh_token: refresh }) =>
      typeof access === 'string' && access === refresh && 'both tokens are the same',
  }),
  rule({
    id: 'response/no-token-type',
    level: 'warning',
    about: 'response',
    means: 'The response has no token_type, which OAuth requires.',
    help: 'add "token_type": "Bearer"',
    source: 'RFC 6749 §5.1',
    bad: json({ ...response, token_type: undefined }),
    good: json(response),
    check: ({ token_type: type }) => typeof type !== 'string' && 'token_type is missing',
  }),
  rule({
    id: 'response/no-lifetime',
    level: 'note',
    about: 'response',
    means:
      'The response has no expires_in: clients must open the token, or wait for a failure, to know when to refresh.',
    help: 'add "expires_in" in seconds',
    source: 'RFC 6749 §5.1',
    bad: json({ ...response, expires_in: undefined }),
    good: json(response),
    check: ({ expires_in: lifetime }) => lifetime === undefined && 'expires_in is missing',
  }),
  rule({
    id: 'cookie/not-http-only',
    level: 'error',
    about: 'cookie',
    means: 'Scripts of the page can read the token: one injected script steals it.',
    help: 'add HttpOnly',
    source: 'OWASP session management cheat sheet; RFC 6265 §4.1.2.6',
    bad: text(`Set-Cookie: ${session}; Path=/; Secure; SameSite=Lax\n`),
    good: text(`Set-Cookie: ${session}; Path=/; Secure; HttpOnly; SameSite=Lax\n`),
    check: ({ attributes }) => !attributes.has('httponly') && 'HttpOnly is missing',
  }),
  rule({
    id: 'cookie/not-secure',
    level: 'error',
    about: 'cookie',
    means: 'The browser sends the token over plain HTTP too.',
    help: 'add Secure',
    source: 'tutorial, pitfall "no HTTPS"; RFC 6265 §4.1.2.5',
    bad: text(`Set-Cookie: ${session}; Path=/; HttpOnly; SameSite=Lax\n`),
    good: text(`Set-Cookie: ${session}; Path=/; Secure; HttpOnly; SameSite=Lax\n`),
    check: ({ attributes }) => !attributes.has('secure') && 'Secure is missing',
  }),
  rule({
    id: 'cookie/no-same-site',
    level: 'warning',
    about: 'cookie',
    means: 'Other sites can make the browser send the token along (CSRF).',
    help: 'add SameSite=Lax or SameSite=Strict; a cookie that must be None needs a CSRF token',
    source: 'tutorial, pitfall "cookies without SameSite or CSRF token"',
    bad: text(`Set-Cookie: ${session}; Path=/; Secure; HttpOnly\n`),
    good: text(`Set-Cookie: ${session}; Path=/; Secure; HttpOnly; SameSite=Strict\n`),
    check: ({ attributes }) =>
      !/^(?:lax|strict)$/i.test(attributes.get('samesite') ?? '') && 'SameSite is missing or None',
  }),
  rule({
    id: 'cookie/shared-with-subdomains',
    level: 'note',
    about: 'cookie',
    means: 'The cookie names a Domain: every host below it gets the token.',
    help: 'leave Domain out, and begin the name with __Host-',
    source: 'RFC 6265 §4.1.2.3; OWASP session management cheat sheet',
    bad: text(`Set-Cookie: session=${tokenText()}; Domain=example.com; Path=/; Secure; HttpOnly; SameSite=Lax\n`),
    good: text(`Set-Cookie: ${session}; Path=/; Secure; HttpOnly; SameSite=Lax\n`),
    check: ({ attributes }): Remark | false => attributes.has('domain') && 'Domain is set',
  }),
];

const quoted = (value: unknown) =>
  JSON.stringify((typeof value === 'number' ? String(value) : asText(value)).slice(0, 20));
