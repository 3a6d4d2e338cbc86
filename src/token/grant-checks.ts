/** Checks what a token grants: scope tokens and roles, under the names that issuers give them. */
import { isJsonNumber } from '../jose/decimal.js';
import { readExact } from '../jose/exact-json.js';
import { describeJson, own } from '../jose/json.js';
import { findByPath, listTexts } from './claim-path.js';
import {
  asList,
  type Claims,
  isString,
  isStringOrStrings,
  missingFrom,
  splitScope,
  suggestNear,
  suggestParts,
} from './claims.js';
import type { DecodedToken } from './decode.js';
import { type Finding, failed, passed, skips } from './finding.js';

type Kind = 'scope' | 'role';

/** The claims that grant, the standard's or our own name first; and where else issuers put such values. */
const places = {
  scope: { own: ['scope', 'scp'], others: ['scopes', 'permissions'] },
  role: { own: ['role', 'roles'], others: ['realm_access.roles', 'cognito:groups', 'groups', 'permissions'] },
} as const;

/**
 * Checks that a token grants all wanted scope tokens or roles. What several claims grant is added up: one issuer signed them all.
 * @param place the path of the only claim that counts, instead of the usual two.
 */
export function checkGranted(
  kind: Kind,
  token: DecodedToken,
  wanted: readonly string[] | undefined,
  place: string | undefined,
): Finding {
  if (wanted === undefined) return skips.notWanted[kind];
  const { claims } = token;
  const paths = place === undefined ? places[kind].own : [place];
  const names: string[] = [];
  const held: string[] = [];
  let malformed: string | undefined;
  for (const path of paths) {
    const value = place === undefined ? own(claims, path) : findByPath(claims, path);
    if (value === undefined) continue;
    names.push(path);
    if (!isStringOrStrings(value)) malformed ??= path;
    else for (const item of itemsOf(kind, value)) held.push(item);
  }

  if (names.length === 0) {
    const absent = place === undefined ? paths.join(' or ') : `claim ${JSON.stringify(place)}`;
    return failed(
      kind,
      'CLAIM_MISSING',
      `token has no ${absent}, expected ${wanted.join(' ')}`,
      suggestPlace(kind, token, wanted, paths),
    );
  }
  const missing = missingFrom(held, wanted);
  // A malformed second claim grants nothing; a malformed first one is refused, as its verifiers expect.
  if (malformed !== undefined && (malformed === paths[0] || missing.length > 0)) {
    return failed(kind, 'CLAIM_MALFORMED', shapeProblem(token, malformed));
  }
  if (missing.length === 0) return passed(kind, wanted.join(' '));
  const lacking = missing.map((item) => JSON.stringify(item)).join(', ');
  const has = held.length === 0 ? 'nothing' : listTexts(held);
  const message = `token ${names.join(' and ')} lacks ${lacking}, it has ${has}`;
  const hint = suggestParts(missing, held) ?? suggestPlace(kind, token, wanted, paths) ?? suggestNear(missing, held);
  return failed(kind, 'CLAIM_MISMATCH', message, hint);
}

/** The words of a scope (RFC 8693 §4.2), or a list. A role that is one text is one role, whatever spaces it has. */
function itemsOf(kind: Kind, value: string | string[]): readonly string[] {
  return kind === 'scope' && isString(value) ? splitScope(value) : asList(value);
}

function shapeProblem({ claims, claimsText }: DecodedToken, path: string): string {
  const value = findByPath(readExact(claimsText, claims), path);
  return `claim ${path} is ${isJsonNumber(value) ? value : describeJson(value)}, it must be a string or an array of strings`;
}

/** Suggests another claim that grants the wanted values, or the demand for a role among words. */
function suggestPlace(
  kind: Kind,
  { claims }: DecodedToken,
  wanted: readonly string[],
  paths: readonly string[],
): string | undefined {
  const isThere = paths.some((path) => findByPath(claims, path) !== undefined);
  const others = [...places[kind].own, ...places[kind].others, ...namespaced(kind, claims)];
  const place = others.find((path) => {
    const value = paths.includes(path) ? undefined : findByPath(claims, path);
    return isStringOrStrings(value) && (!isThere || missingFrom(itemsOf(kind, value), wanted).length === 0);
  });
  if (place !== undefined) return `pass --${kind}-claim ${place} if the issuer puts each ${kind} there`;
  const worded = paths.find((path) => {
    const value = kind === 'role' ? findByPath(claims, path) : undefined;
    return isString(value) && missingFrom(splitScope(value), wanted).length === 0;
  });
  return worded === undefined ? undefined : `a text is one role; --require ${worded}~=… looks among its words`;
}

/** Names such as `https://issuer.example/roles`, only if they need no quotes in a shell: people copy a hint. */
function namespaced(kind: Kind, claims: Claims): string[] {
  return Object.keys(claims).filter(
    (name) => /^https?:\/\/[\w.:/-]{1,80}$/.test(name) && (name.endsWith(`/${kind}`) || name.endsWith(`/${kind}s`)),
  );
}
