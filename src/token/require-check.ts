/** Checks a required claim, and says what the token has instead. */
import { readExact, writeJson } from '../jose/exact-json.js';
import { quoteText } from '../jose/json.js';
import { describeReached, findByPath, listTexts, walkPath } from './claim-path.js';
import { isString, splitScope } from './claims.js';
import type { DecodedToken } from './decode.js';
import { type Finding, failed, passed } from './finding.js';
import { isSameJson, type RequiredClaim, wantedValue } from './required-claim.js';

/** Checks that a claim is present and has the required value. Numbers are compared as decimals, by their signed text. */
export function checkRequired({ claims, claimsText }: DecodedToken, required: RequiredClaim): Finding {
  const { name, word } = required;
  const label = `require ${name}`;
  const quoted = JSON.stringify(name);
  const found = findByPath(claims, name);
  if (found === undefined) {
    const hint = () => explainName(name) ?? describeReached(walkPath(claims, name));
    return failed(label, 'CLAIM_MISSING', () => `token has no claim ${quoted}`, hint);
  }
  if (word !== undefined) {
    if (holdsWord(found, word)) return passed(label, () => `holds ${quoteText(word)}`);
    const message = () => `claim ${quoted} does not hold ${quoteText(word)}, it is ${quoteValue(found)}`;
    return failed(label, 'CLAIM_MISMATCH', message);
  }
  const wanted = wantedValue(required);
  if (wanted === undefined) return passed(label, 'present');
  const value = findByPath(readExact(claimsText, claims), name);
  if (isSameJson(value, wanted)) return passed(label, 'equal');
  const message = () => `claim ${quoted} is not ${quoteValue(wanted)}, it is ${quoteValue(value)}`;
  return failed(label, 'CLAIM_MISMATCH', message, suggestDemand(name, value, wanted));
}

/** Says what is odd about a name that the token does not have, as other tools write paths and comparisons. */
function explainName(name: string): string | undefined {
  if (/[!<>]$|^[^<>]*[^<>\s] ?[<>] ?[\w.-]+$/.test(name))
    return 'there is no !=, < or >: a demand is name, name=text, name:=json or name~=word';
  if (name.trim() !== name) return 'a demand has no spaces around its =';
  if (!/^\$?\.[\w$]|\[(?:\d+|'[^']*'|"[^"]*")\]/.test(name)) return undefined;
  const path = name.replace(
    /\[(?:(\d+)|'([^']*)'|"([^"]*)")\]/g,
    (_, index, one, other) => `.${index ?? one ?? other}`,
  );
  return `names and indexes are joined by dots: ${quoteText(path.replace(/^\$?\./, ''))}`;
}

/** Whether a list has a text among its items, or a string has it among its words, as `scope` has (RFC 8693 §4.2). */
function holdsWord(value: unknown, word: string): boolean {
  if (isString(value)) return value === word || splitScope(value).includes(word);
  return Array.isArray(value) && value.includes(word);
}

/** Suggests the demand that was probably meant, where a text was compared with another kind of value. */
function suggestDemand(name: string, value: unknown, wanted: unknown): string | undefined {
  if (!isString(wanted)) return undefined;
  if (wanted.startsWith('='))
    return `one = is enough: ${name}=${wanted.slice(1)} for a text, ${name}:=${wanted.slice(1)} for JSON`;
  if (holdsWord(value, wanted)) return `to accept one of several, write ${name}~=${wanted}`;
  const isTyped = !isString(value) && writeJson(value) === wanted;
  return isTyped ? `for a value that is not a string, write ${name}:=${wanted}` : undefined;
}

/** A value as JSON, shortened for a message. */
function quoteValue(value: unknown): string {
  if (isString(value)) return quoteText(value);
  if (Array.isArray(value) && value.every(isString)) return `[${listTexts(value)}]`;
  const json = writeJson(value);
  return json.length > 200 ? `${json.slice(0, 200)}…` : json;
}
