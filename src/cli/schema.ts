/**
 * As much of JSON Schema (draft-07) as `docs/config.schema.json` is written in, so that what editors check and what jwtkit
 * checks is one file. A validator for all of JSON Schema takes longer to load than a token to verify; a test holds this one
 * against it. `errorMessage` is what VS Code shows too.
 */
import { isJsonObject } from '../jose/json.js';

/** A schema. Every `anyOf` is told apart by type, and strings alone have to be unique. */
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
  /** Completes "value: …". */
  readonly errorMessage?: string;
}

/** Where a value departs from its schema. */
export interface Problem {
  /** Member names and array positions from the outermost value to the one in question. */
  readonly path: readonly (string | number)[];
  /** What stands at the path. */
  readonly value: unknown;
  /** Set where the member at the end of the path has no place: the names that have one. */
  readonly known?: readonly string[];
  readonly message: string;
}

/** The first thing in which a JSON value departs from a schema; undefined where it does not. */
export function findProblem(schema: Schema, value: unknown, path: Problem['path'] = []): Problem | undefined {
  const wrong = { path, value, message: schema.errorMessage ?? 'is not as it should be' };
  if (schema.anyOf !== undefined) {
    const fitting = schema.anyOf.find(({ type }) => type === typeOf(value));
    return fitting === undefined ? wrong : findProblem(fitting, value, path);
  }
  if (schema.type !== undefined && schema.type !== typeOf(value)) return wrong;
  if (typeof value === 'string') return isFitting(schema, value) ? undefined : wrong;
  if (Array.isArray(value)) {
    const problem = firstOf(value, (item, at) => schema.items && findProblem(schema.items, item, [...path, at]));
    const isTooShort = value.length < (schema.minItems ?? 0);
    const isRepeating = schema.uniqueItems === true && new Set(value).size < value.length;
    return problem ?? (isTooShort || isRepeating ? wrong : undefined);
  }
  return isJsonObject(value) ? findMemberProblem(schema, value, wrong) : undefined;
}

function findMemberProblem(schema: Schema, value: object, wrong: Problem): Problem | undefined {
  const { properties = {}, required = [], minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema;
  const members = Object.entries(value);
  const problem = firstOf(members, ([name, member]): Problem | undefined => {
    const path = [...wrong.path, name];
    const expected = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (expected !== undefined) return findProblem(expected, member, path);
    if (schema.additionalProperties !== false) return undefined;
    return { path, value: member, known: Object.keys(properties), message: 'is not a member' };
  });
  const isWhole = required.every((name) => Object.hasOwn(value, name));
  const isCountRight = members.length >= minProperties && members.length <= maxProperties;
  return problem ?? (isWhole && isCountRight ? undefined : wrong);
}

function isFitting(schema: Schema, text: string): boolean {
  if (schema.enum !== undefined && !schema.enum.includes(text)) return false;
  return schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(text);
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
}

function firstOf<T, R>(items: readonly T[], find: (item: T, at: number) => R | undefined): R | undefined {
  for (const [at, item] of items.entries()) {
    const found = find(item, at);
    if (found !== undefined) return found;
  }
  return undefined;
}
