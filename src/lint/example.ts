/** The examples of rules: sources made of text. Keys in them were made for this and are good for nothing. */
import { createHmac } from 'node:crypto';
import { encodeBase64url } from '../jose/base64url.js';
import type { JsonObject } from '../jose/json.js';
import type { Example, Source } from './rule.js';

/** The time of all examples, 2027-01-15T08:00:00Z. */
export const exampleNow = 1_800_000_000;

const header = { alg: 'RS256', typ: 'JWT', kid: 'key-2027' };
const claims = {
  iss: 'https://issuer.example',
  sub: 'user-123',
  aud: 'api',
  iat: exampleNow,
  exp: exampleNow + 900,
  jti: '0f8fad5b',
  type: 'access',
};

/** Returns a text as an example. */
export function text(content: string, source: Partial<Source> = {}): Example {
  const shown = [content.trim(), ...describe(source)].join('\n');
  return { source: { name: 'example', content: Buffer.from(content), ...source }, shown };
}

/** Returns a JSON value as an example. */
export function json(value: unknown, source: Partial<Source> = {}): Example {
  return text(JSON.stringify(value), source);
}

function describe({ mode, git, live }: Partial<Source>): string[] {
  return [
    ...(mode === undefined ? [] : [`(mode ${mode.toString(8).padStart(4, '0')})`]),
    ...(git === undefined ? [] : [`(${git} by git)`.replace('untracked by git', 'not tracked by git, not ignored')]),
    ...(live === undefined ? [] : [`(cache-control: ${live.cacheControl ?? 'absent'})`]),
    ...(live?.issuer === undefined ? [] : [`(fetched from ${live.issuer})`]),
  ];
}

/** Returns a good token with other claims and header members; undefined leaves one out. A secret signs it, for HS256. */
export function tokenText(changes: JsonObject = {}, headerChanges: JsonObject = {}, secret?: string): string {
  const parts = [
    { ...header, ...headerChanges },
    { ...claims, ...changes },
  ];
  const input = parts.map((part) => encodeBase64url(Buffer.from(JSON.stringify(part)))).join('.');
  if (secret === undefined) return `${input}.${'A'.repeat(342)}`;
  return `${input}.${encodeBase64url(createHmac('sha256', secret).update(input).digest())}`;
}

/** Returns such a token as an example, which shows what is different. */
export function token(changes: JsonObject = {}, headerChanges: JsonObject = {}, secret?: string): Example {
  const shown = [
    ...describeMembers('header', headerChanges),
    ...describeMembers('claims', changes),
    ...(secret === undefined ? [] : [`signed with ${JSON.stringify(secret)}`]),
  ];
  const content = Buffer.from(tokenText(changes, headerChanges, secret));
  return { source: { name: 'example', content }, shown: shown.join(', ') || 'a token with all of these claims' };
}

/** Returns an encrypted token with other header members as an example. Its other parts are zeros. */
export function jwe(changes: JsonObject = {}): Example {
  const members = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', kid: 'key-2027', ...changes };
  const head = encodeBase64url(Buffer.from(JSON.stringify(members)));
  const [key, tag] = ['A'.repeat(54), 'A'.repeat(22)];
  const content = `${head}.${members.alg === 'dir' ? '' : key}.${'A'.repeat(16)}.${'A'.repeat(40)}.${tag}`;
  const shown = describeMembers('header', changes).join(', ') || 'an encrypted token with all of these header members';
  return { source: { name: 'example', content: Buffer.from(content) }, shown };
}

function describeMembers(where: string, members: JsonObject): string[] {
  const absent = Object.keys(members).filter((name) => members[name] === undefined);
  const there = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
  return [
    ...(Object.keys(there).length === 0 ? [] : [`${where} ${JSON.stringify(there)}`]),
    ...(absent.length === 0 ? [] : [`${where} without ${absent.join(', ')}`]),
  ];
}

/** A good signature key of a set. */
export const ecKey = {
  kty: 'EC',
  crv: 'P-256',
  x: 'l8cZfmPwA1zyn5403S2FedRdaEljwYuEk3D9qNGbLeE',
  y: '1d5VrMdd8Cpda8dDuHwKqGcH1h8Pb17FPLK2D6cRGzk',
  kid: 'key-2027',
  alg: 'ES256',
  use: 'sig',
};
/** The private half of it. */
export const ecPrivate = 'E49dS3fIs2T3GWPQixU-O5LkTtvyeFikC16ssB8dkvA';
/** Another one. */
export const otherEcKey = {
  ...ecKey,
  x: 'MlyK_a5lenu8kTzOSnKnGOaFe7nHhB49jZkZi0jnous',
  y: 'h6oPIYsgDaOsf-j8w1lbnpx77aUrlS2BgCpL-Yd_Ed0',
  kid: 'key-2026',
};

/** A secret as a generator makes it. */
export const goodSecret = 'xK3-ciPmGWEHH_qMEOYP2AqeLc9krjyJAL1CUjzoHwo';
