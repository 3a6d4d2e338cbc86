/** Compares two tokens: header and claims by path, and what lets the second do more than the first. Verifies nothing. */
import { isJsonNumber } from '../jose/decimal.js';
import { isJsonObject, type JsonObject } from '../jose/json.js';
import { splitScope } from './claims.js';
import { hasRefreshForm } from './refresh-form.js';
import { isSameJson } from './required-claim.js';
import { formatDuration, isNumericDate } from './time.js';

/** One member that the tokens do not have alike. */
export interface Difference {
  readonly part: 'header' | 'claims';
  /** A JSON Pointer (RFC 6901). */
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /** The value in each token; undefined where there is none. */
  readonly first?: unknown;
  readonly second?: unknown;
  /** For a time, how much later it is in the second token, in seconds; negative for earlier. */
  readonly later?: number;
  /** Why the second token may do more; undefined if it may not. */
  readonly widens?: string;
}

/** A token's header and claims. */
export interface ComparedToken {
  readonly header: JsonObject;
  readonly claims: JsonObject;
}

/** Returns what differs: members of the header first, each part in the order of the first token. */
export function diffTokens(first: ComparedToken, second: ComparedToken): Difference[] {
  const claims = compare('claims', '', first.claims, second.claims);
  return [...compare('header', '', first.header, second.header), ...claims.map((each) => judge(each, first, second))];
}

function compare(part: Difference['part'], at: string, first: JsonObject, second: JsonObject): Difference[] {
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return [...names].flatMap((name): Difference[] => {
    const path = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!Object.hasOwn(first, name)) return [{ part, path, kind: 'added', second: second[name] }];
    if (!Object.hasOwn(second, name)) return [{ part, path, kind: 'removed', first: first[name] }];
    const [one, other] = [first[name], second[name]];
    if (isJsonObject(one) && isJsonObject(other)) return compare(part, path, one, other);
    return isSameJson(one, other) ? [] : [{ part, path, kind: 'changed', first: one, second: other }];
  });
}

const times: readonly string[] = ['/exp', '/nbf', '/iat', '/auth_time', '/updated_at'];
/** Claims whose words each grant something. */
const grants: readonly string[] = ['/scope', '/scp', '/role', '/roles', '/permissions', '/groups'];

function judge(found: Difference, first: ComparedToken, second: ComparedToken): Difference {
  const { path } = found;
  const later = times.includes(path) ? distance(found.first, found.second) : undefined;
  const granting = hasRefreshForm(first) && hasRefreshForm(second) ? ofAccess(found) : found;
  const widens = path === '/exp' ? longerLife(first.claims, second.claims) : widening(granting);
  return { ...found, ...(later === undefined ? {} : { later }), ...(widens === undefined ? {} : { widens }) };
}

/** A difference of what the sessions of two refresh tokens hold, under the name that their access tokens have. */
function ofAccess(found: Difference): Difference {
  return { ...found, path: found.path.replace(/^\/session\//, '/') };
}

function distance(first: unknown, second: unknown): number | undefined {
  const [from, to] = [toMoment(first), toMoment(second)];
  return from === undefined || to === undefined ? undefined : to - from;
}

function toMoment(value: unknown): number | undefined {
  const moment = isJsonNumber(value) ? Number(value) : undefined;
  return isNumericDate(moment) ? moment : undefined;
}

/** A lifetime is from `iat` to `exp`; without both `iat` only the ends are compared. */
function longerLife(first: JsonObject, second: JsonObject): string | undefined {
  const [end, otherEnd] = [toMoment(first.exp), toMoment(second.exp)];
  if (otherEnd === undefined) return Object.hasOwn(second, 'exp') ? undefined : 'never expires';
  if (end === undefined) return undefined;
  const [begin, otherBegin] = [toMoment(first.iat), toMoment(second.iat)];
  if (begin === undefined || otherBegin === undefined) return otherEnd > end ? 'expires later' : undefined;
  const [life, otherLife] = [end - begin, otherEnd - otherBegin];
  return otherLife > life ? `lives ${formatDuration(otherLife)}, not ${formatDuration(life)}` : undefined;
}

function widening({ path, kind, first, second }: Difference): string | undefined {
  if (path === '/aud' && kind === 'removed') return 'is for any audience';
  const isAudience = path === '/aud' && kind === 'changed';
  if (!isAudience && !grants.includes(path)) return undefined;
  const had = new Set(wordsOf(first, path));
  const added = wordsOf(second, path).filter((word) => !had.has(word));
  return added.length === 0 ? undefined : `adds ${added.join(', ')}`;
}

/** A scope text has words; any other text is one. */
function wordsOf(value: unknown, path: string): string[] {
  const texts = [value].flat().filter((one) => typeof one === 'string');
  return path === '/scope' || path === '/scp' ? texts.flatMap(splitScope) : texts;
}
