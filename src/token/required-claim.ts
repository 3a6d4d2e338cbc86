/** A required claim, and the JSON value that it must have or the word that it must hold. */
import { describeArgument } from '../jose/arguments.js';
import { isJsonNumber, isSameNumber } from '../jose/decimal.js';
import { findOddNumber, parseExactJson, writeJson } from '../jose/exact-json.js';
import { isJsonObject, type JsonObject, quoteText } from '../jose/json.js';
import { JsonError, maxJsonDepth } from '../jose/json-reader.js';
import { memberNames } from '../jose/option-names.js';

/** A claim that must be present. If a value is given, the claim must equal it: numbers as decimals, members in any order. */
export interface RequiredClaim {
  /** The name of a claim, or a path to a value in one: `realm_access.roles.0`, or a JSON Pointer (RFC 6901). */
  readonly name: string;
  /** The value. A large integer is a bigint, since a number would have lost digits and is refused. */
  readonly value?: unknown;
  /** The value as JSON text, instead of `value`: for numbers that JavaScript cannot hold. */
  readonly json?: string | undefined;
  /** A text, instead of `value`: the claim must be a list that holds it, or a string with it among its words. */
  readonly word?: string | undefined;
}

/** The parts of `name=text`, `name:=json` or `name~=word`. A name ends at the first `=`. */
const pair = /^([^=]*?)([:~]?)=(.*)$/s;

/** Makes an error of a problem, which may come with a hint. */
type Refuse = (problem: string, hint?: string) => Error;

/**
 * Reads a required claim as a person writes it: `name`, `name=text`, `name:=json` or `name~=word`. A name with `=` in it is written
 * as the JSON Pointer of a URI: `#/a%3Db`.
 */
export function parseRequiredClaim(text: string, refuse: Refuse): RequiredClaim {
  const [, given, kind, value = ''] = pair.exec(text) ?? [];
  if (given === undefined) return { name: plainName(text, refuse) };
  const name = plainName(given, refuse);
  if (name === '') throw refuse(`${quoteText(text)} is not name=value, name:=json or name~=word`);
  if (kind === '') return { name, value };
  if (kind === '~') {
    if (value.trim() === '') throw refuse(`${quoteText(text)} has no word`, 'a variable of your shell may not be set');
    return { name, word: value };
  }
  const refuseJson = (problem: string) =>
    refuse(`the value of ${name} ${problem}`, `for a string write ${name}=…, with a plain =`);
  return toRequiredClaim(name, parseExactJson(Buffer.from(value, 'utf8'), refuseJson));
}

/** Undoes the form of a JSON Pointer in a URI (RFC 6901 §6): it can write `=` and `:` as `%3D` and `%3A`. */
function plainName(name: string, refuse: Refuse): string {
  if (!name.startsWith('#/')) return name;
  try {
    return decodeURIComponent(name.slice(1));
  } catch {
    throw refuse(`${quoteText(name)} is no JSON Pointer of a URI`, 'write % as %25');
  }
}

/** Makes a required claim of an exactly read value, as plain data that can be sent to another thread. */
export function toRequiredClaim(name: string, value: unknown): RequiredClaim {
  if (value === undefined) return { name };
  const isPlain = findOddNumber(value) === undefined && findLostDigits(value) === undefined;
  return isPlain ? { name, value } : { name, json: writeJson(value) };
}

/** Returns what is wrong with a required claim, as the end of a message; undefined if it is sound. */
export function findRequirementProblem(required: unknown): string | undefined {
  if (!isJsonObject(required) || typeof required.name !== 'string') return 'is an array of {name, value?, word?}';
  const problem = memberProblem(required);
  return problem === undefined ? undefined : `${quoteText(required.name)} has ${problem}`;
}

function memberProblem(required: JsonObject): string | undefined {
  const { value, json, word } = required;
  const other = memberNames(required).find((member) => !['name', 'value', 'json', 'word'].includes(member));
  if (other !== undefined) return `${quoteText(other)}, which is not a member of it`;
  if (Object.hasOwn(required, 'word')) {
    if (value !== undefined || json !== undefined) return `both word and ${json === undefined ? 'value' : 'json'}`;
    return typeof word === 'string' && word.trim() !== '' ? undefined : 'a word that is not a text';
  }
  if (value !== undefined && json !== undefined) return 'both value and json';
  if (json !== undefined) return jsonProblem(json);
  // With an unset variable as the value or the json, the claim would only have to be present.
  const unset = ['value', 'json'].find((member) => Object.hasOwn(required, member) && required[member] === undefined);
  if (unset !== undefined) return `the ${unset} undefined: leave it out`;
  const foreign = value === undefined ? undefined : findForeign(value);
  if (foreign !== undefined) return `a value with ${foreign} in it, which is not JSON`;
  const lost = findLostDigits(value);
  return lost === undefined ? undefined : `the value ${lost}, which may have lost digits: give a bigint, or json`;
}

function jsonProblem(json: unknown): string | undefined {
  if (typeof json !== 'string') return 'a json that is not a string';
  try {
    parseText(json);
    return undefined;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return `a json that ${error.message}`;
  }
}

/** Returns the exact value that a claim must have; undefined if it only has to be present. */
export function wantedValue({ value, json }: RequiredClaim): unknown {
  return json === undefined ? value : parseText(json);
}

function parseText(json: string): unknown {
  return parseExactJson(Buffer.from(json, 'utf8'));
}

/**
 * Describes what a value holds that JSON does not; undefined for nothing. A date and a promise have no members, and would equal {}.
 */
function findForeign(value: unknown, depth = 0): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || isJsonNumber(value))
    return undefined;
  if (value === undefined) return 'undefined';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (depth > maxJsonDepth) return undefined;
  if (!Array.isArray(value)) {
    const prototype: unknown = Object.getPrototypeOf(value);
    // Objects of another realm have another Object.prototype.
    const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
    if (!isPlain || !isJsonObject(value)) return describeArgument(value);
  }
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    const foreign = findForeign(member, depth + 1);
    if (foreign !== undefined) return foreign;
  }
  return undefined;
}

/** Finds a number that JavaScript may have rounded already. */
function findLostDigits(value: unknown, depth = 0): number | undefined {
  if (typeof value === 'number') {
    const isKept = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
    return isKept ? undefined : value;
  }
  if (typeof value !== 'object' || value === null || depth > maxJsonDepth) return undefined;
  for (const member of Object.values(value)) {
    const lost = findLostDigits(member, depth + 1);
    if (lost !== undefined) return lost;
  }
  return undefined;
}

/** Whether two JSON values are equal; the order of members does not count, and numbers are compared as decimals. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (isJsonNumber(one)) return isJsonNumber(other) && isSameNumber(one, other);
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((item, at) => isSameJson(item, other[at]));
  }
  if (!isJsonObject(one)) return one === other;
  if (!isJsonObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSameJson(one[name], other[name]))
  );
}
