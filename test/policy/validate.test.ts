/** The published schema, and our validator beside ajv. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JwtkitError } from '../../src/errors.js';
import { algorithmNames } from '../../src/jose/algorithms.js';
import { policyMembers } from '../../src/policy/apply.js';
import { readPolicy } from '../../src/policy/read.js';
import type { Schema } from '../../src/policy/validate.js';
import { maxLeeway } from '../../src/token/denylist.js';
import { parseDuration } from '../../src/token/time.js';
import { anyCharacter } from '../any-character.js';
import { temporaryFolder } from '../cli/fake-io.js';
import { runs } from '../runs.js';

interface DocumentedSchema extends Schema {
  title?: string;
  description?: string;
  examples?: unknown[];
}

const schema = JSON.parse(
  readFileSync(new URL('../../docs/config.schema.json', import.meta.url), 'utf8'),
) as DocumentedSchema;

// Strict: an unknown keyword, or one that cannot apply, is an error. What VS Code reads beside the standard is named.
const ajv = new Ajv({ strict: true, strictTypes: false, allErrors: false }).addVocabulary(['errorMessage']);
const isValid = ajv.compile(schema);

const file = join(temporaryFolder(), 'jwtkit.config.json');

/** Whether our validator accepts a value; any error but CONFIG_INVALID is thrown. */
function isRead(value: unknown): boolean {
  writeFileSync(file, JSON.stringify(value));
  try {
    readPolicy(file);
    return true;
  } catch (error) {
    if (error instanceof JwtkitError && error.code === 'CONFIG_INVALID') return false;
    throw error;
  }
}

/** Every schema inside of a schema, with where it stands. */
function* parts(part: DocumentedSchema, at = ''): Generator<[string, DocumentedSchema]> {
  yield [at, part];
  for (const [name, inner] of Object.entries(part.properties ?? {})) yield* parts(inner, `${at}/${name}`);
  if (part.items !== undefined) yield* parts(part.items, `${at}/items`);
  for (const [index, inner] of (part.anyOf ?? []).entries()) yield* parts(inner, `${at}/anyOf/${index}`);
}

const known = [
  ...['type', 'enum', 'pattern', 'items', 'minItems', 'uniqueItems', 'properties', 'required', 'additionalProperties'],
  ...['minProperties', 'maxProperties', 'anyOf', 'errorMessage', 'title', 'description', 'examples', '$schema'],
];

describe('the published schema', () => {
  test.each([...parts(schema)])('schema part "%s" uses only keywords that our validator knows', (_at, part) => {
    for (const keyword of Object.keys(part)) expect(known).toContain(keyword);
    const types = part.anyOf?.map(({ type }) => type) ?? [];
    expect(types.every((type) => type !== undefined)).toBe(true);
    expect(new Set(types).size).toBe(types.length);
    if (part.uniqueItems === true) expect(part.items?.type).toBe('string');
  });

  test('each member has a title, a description and valid examples', () => {
    for (const [at, part] of parts(schema)) {
      const isMember = /^(\/(?!anyOf|items)[^/]+){1,2}$/.test(at) && !/\/(anyOf|items)/.test(at);
      if (!isMember) continue;
      expect(part.title, at).toBeTruthy();
      expect(part.description, at).toBeTruthy();
      expect((part.examples ?? part.enum ?? []).length, at).toBeGreaterThan(0);
      for (const example of part.examples ?? []) expect(ajv.compile(part)(example), `${at} ${example}`).toBe(true);
    }
    expect(schema.examples?.every(isRead)).toBe(true);
  });

  test('each member of the schema sets an option, and only those do', () => {
    const leaves = Object.entries(schema.properties ?? {}).flatMap(([name, part]) =>
      part.properties === undefined ? [name] : Object.keys(part.properties).map((inner) => `${name}/${inner}`),
    );
    expect([...policyMembers].sort()).toEqual(leaves.filter((at) => at !== '$schema').sort());
  });

  test('docs/config.md lists every member, and its example is valid', () => {
    const text = readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8');
    const [, example = ''] = /^```json\n([\s\S]*?)^```$/m.exec(text) ?? [];
    expect(isRead(JSON.parse(example))).toBe(true);
    for (const at of policyMembers) expect(text, at).toContain(`\`${at.replace('keys/', '').replace('/', '.')}\``);
  });

  test('the package ships docs/config.md and the schema', () => {
    const { files } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(files).toContain('docs');
  });

  test('the schema lists every algorithm of jwtkit', () => {
    expect([...(schema.properties?.algorithms?.items?.enum ?? [])].sort()).toEqual([...algorithmNames].sort());
  });
});

const text = fc.oneof(
  fc.constantFrom('api', 'https://i.example', 'a b', ' ', '', '\t', 'a\nb', 'ü', '\u2028', '-----BEGIN X', 'redis://h'),
  fc.constantFrom(
    'redis://u:p@h',
    'rediss://h:1/3?prefix=a',
    'redis+sentinel://h,i/m/0?prefix=a&wait=1',
    'redis+sentinel://h/m?sentinel_password=p',
    'lmdb:x',
    'lmdb:',
    'https://u:p@h/',
    'http://h',
    'at+jwt',
  ),
  fc.string({ unit: anyCharacter, maxLength: 12 }),
);
const duration = fc.oneof(
  fc.constantFrom('15m', '0s', '1h30m', '60m', '61m', '3600s', '3601s', '1h', '2h', '59m59s', '90', 'soon', '1.5h', ''),
  fc.stringMatching(/^(\d{1,6}[smhdw]){1,5}$/),
);
const oneOrMore = fc.oneof(text, fc.array(text, { maxLength: 3 }));
const claim = fc.oneof(text, fc.record({ name: text, value: fc.jsonValue() }, { requiredKeys: [] }), fc.jsonValue());
const keyMembers = {
  keyring: text,
  files: oneOrMore,
  jwks: text,
  issuerUrl: text,
  secretFile: text,
  secretEnv: text,
  keyEnv: text,
};
const plausible = fc.record(
  {
    $schema: fc.oneof(text, fc.jsonValue()),
    issuer: oneOrMore,
    audience: oneOrMore,
    algorithms: fc.array(fc.constantFrom(...algorithmNames, 'none', 'rs256'), { maxLength: 3 }),
    type: fc.constantFrom('access', 'refresh', 'any'),
    typ: text,
    scopes: fc.array(text, { maxLength: 3 }),
    roles: fc.array(text, { maxLength: 3 }),
    require: fc.array(claim, { maxLength: 3 }),
    maxAge: duration,
    minTtl: duration,
    leeway: duration,
    lifetimes: fc.record({ access: duration, refresh: duration }, { requiredKeys: [] }),
    keys: fc.oneof(
      ...Object.entries(keyMembers).map(([name, value]) => fc.record({ [name]: value })),
      fc.record(keyMembers, { requiredKeys: [] }),
    ),
    store: text,
  },
  { requiredKeys: [] },
);

describe('our validator agrees with ajv', () => {
  const agree = (value: unknown): void => {
    expect(isRead(value), JSON.stringify(value)).toBe(isValid(value));
  };

  test('agrees with ajv about one member at a time', () => {
    let good = 0;
    let bad = 0;
    const one = fc
      .tuple(plausible, fc.nat())
      .map(([config, pick]) => Object.entries(config).filter((_, at, all) => at === pick % all.length));
    fc.assert(
      fc.property(one, (members) => {
        const config = Object.fromEntries(members);
        agree(config);
        if (isValid(config)) good++;
        else bad++;
      }),
      { numRuns: runs(2500) },
    );
    // Both answers must occur.
    expect(Math.min(good, bad)).toBeGreaterThan(25);
  });

  test('agrees with ajv about many members together', () => {
    fc.assert(fc.property(plausible, agree), { numRuns: runs(1000) });
  });

  test('agrees with ajv about a good policy with one member replaced', () => {
    const [example] = schema.examples as [Record<string, unknown>];
    const names = [...Object.keys(schema.properties ?? {}), 'secret', 'allowNoExp', 'toString'];
    const spoilt = fc
      .tuple(fc.constantFrom(...names), fc.jsonValue())
      .map(([name, value]) => ({ ...example, [name]: value }));
    fc.assert(fc.property(spoilt, agree), { numRuns: runs(1000) });
  });

  test.each<[unknown]>([[null], [1], ['x'], [[]], [{}], [{ constructor: 1 }], [JSON.parse('{"__proto__":{}}')]])(
    'agrees with ajv about %j',
    (value) => agree(value),
  );
});

test('every duration that the schema accepts is in range: 1 s or more, and a leeway at most 1 h', () => {
  const patterns = { maxAge: Number.POSITIVE_INFINITY, minTtl: Number.POSITIVE_INFINITY, leeway: maxLeeway };
  for (const [name, most] of Object.entries(patterns)) {
    const pattern = new RegExp(schema.properties?.[name]?.pattern ?? '', 'u');
    fc.assert(
      fc.property(duration, (candidate) => {
        if (!pattern.test(candidate)) return;
        const seconds = parseDuration(candidate);
        expect(seconds).toBeGreaterThanOrEqual(name === 'leeway' ? 0 : 1);
        expect(seconds).toBeLessThanOrEqual(most);
      }),
      { numRuns: 2000 },
    );
    for (const candidate of ['99999w99999w99999w99999w', '3600s', '60m', '1h']) {
      if (pattern.test(candidate)) expect(parseDuration(candidate)).toBeLessThanOrEqual(most);
    }
  }
});
