/**
 * Validates JSON against the part of JSON Schema (draft-07) that `docs/config.schema.json` uses, so that editors and jwtkit
 * read one schema. A test compares this validator with ajv.
 */
import { isJsonObject } from '../jose/json.js';

/** A schema in which the branches of `anyOf` differ in type, and `uniqueItems` stands for lists of strings only. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string';
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly anyOf?: readonly Schema[];
  /** The message of a problem, which VS Code shows too. */
  readonly errorMessage?: string;
}

/** Where a value does not match its schema. */
export interface Problem {
  /** Member names and array positions, from the outermost value to the bad one. */
  readonly path: readonly (string | number)[];
  /** The bad value. */
  readonly value: unknown;
  /** For a member that the schema does not have: the names that it has. */
  readonly known?: readonly string[];
  readonly message: string;
}

/** Returns the first problem of a JSON value; undefined if it matches the schema. */
export function findProblem(schema: Schema, value: unknown, path: Problem['path'] = []): Problem | undefined {
  const problem = { path, value, message: schema.errorMessage ?? 'does not match the schema' };
  if (schema.anyOf !== undefined) {
    const branch = schema.anyOf.find(({ type }) => type === typeOf(value));
    return branch === undefined ? problem : findProblem(branch, value, path);
  }
  if (schema.type !== undefined && schema.type !== typeOf(value)) return problem;
  if (typeof value === 'string') return matchesText(schema, value) ? undefined : problem;
  if (Array.isArray(value))
    return findItemProblem(schema, value, path) ?? (hasItems(schema, value) ? undefined : problem);
  if (!isJsonObject(value)) return undefined;
  return findMemberProblem(schema, value, path) ?? (hasMembers(schema, value) ? undefined : problem);
}

function findItemProblem({ items }: Schema, list: readonly unknown[], path: Problem['path']): Problem | undefined {
  if (items === undefined) return undefined;
  for (const [at, item] of list.entries()) {
    const problem = findProblem(items, item, [...path, at]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findMemberProblem(schema: Schema, object: object, path: Problem['path']): Problem | undefined {
  const { properties = {}, additionalProperties = true } = schema;
  for (const [name, value] of Object.entries(object)) {
    const at = [...path, name];
    const member = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (member === undefined) {
      if (additionalProperties) continue;
      return { path: at, value, known: Object.keys(properties), message: 'is not a member' };
    }
    const problem = findProblem(member, value, at);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function hasItems({ minItems = 0, uniqueItems }: Schema, list: readonly unknown[]): boolean {
  return list.length >= minItems && (uniqueItems !== true || new Set(list).size === list.length);
}

function hasMembers({ required = [], minProperties = 0, maxProperties = Infinity }: Schema, object: object): boolean {
  const count = Object.keys(object).length;
  return count >= minProperties && count <= maxProperties && required.every((name) => Object.hasOwn(object, name));
}

function matchesText(schema: Schema, text: string): boolean {
  if (schema.enum !== undefined && !schema.enum.includes(text)) return false;
  return schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(text);
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
}
