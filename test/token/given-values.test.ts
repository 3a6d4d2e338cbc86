/** What JSON would replace or leave out of claims and header members is refused, not signed as something else. */
import { createSecretKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptToken, issueToken, issueTokenPair, loadEncryptionSecret, loadSecret } from '../../src/index.js';
import type { JsonObject } from '../../src/jose/json.js';
import { NumberText } from '../../src/jose/number-text.js';
import type { Claims } from '../../src/token/claims.js';
import { within } from '../time-limit.js';

const secret = 'a secret of thirty-two bytes, at';
const deps = { key: loadSecret(secret), now: 1_795_435_200 };
const encryptionKey = loadEncryptionSecret(secret);

const issue = (claims: object) => issueToken(claims as Claims, {}, deps);
/** All that takes claims of a caller. */
const takers: Readonly<Record<string, (claims: object) => Promise<unknown>>> = {
  issueToken: issue,
  issueTokenPair: (claims) => issueTokenPair(claims as Claims, {}, deps),
  'accessClaims of issueTokenPair': (claims) => issueTokenPair({}, { accessClaims: claims as Claims }, deps),
  encryptToken: (claims) => encryptToken(claims as JsonObject, { key: encryptionKey }),
};

const lost: readonly (readonly [what: string, value: unknown])[] = [
  ['a Map', new Map([['a', 1]])],
  ['a Set', new Set(['read'])],
  ['a RegExp', /a/],
  ['a Promise', Promise.resolve(1)],
  ['a function', () => 1],
  ['a symbol', Symbol('a')],
  ['a KeyObject', createSecretKey(Buffer.from(secret))],
  ['a Date that is no time', new Date(Number.NaN)],
];

class User {
  readonly #name = 'u';
  get sub() {
    return this.#name;
  }
  greet() {
    return 'hello';
  }
}

describe.each(Object.entries(takers))('%s refuses', (_name, take) => {
  test.each(lost)('%s as a claim, and within one', async (what, value) => {
    const refused = (verb: string) => ({
      code: 'USAGE_INVALID',
      message: expect.stringContaining(`claim "x" ${verb} ${what}`),
    });
    await expect(take({ x: value })).rejects.toMatchObject(refused('is'));
    for (const within of [{ a: value }, [1, value], { a: [{ b: value }] }]) {
      await expect(take({ x: within })).rejects.toMatchObject(refused('holds'));
    }
  });

  test('an item that is undefined or missing', async () => {
    const hole = new Array<string>(2).fill('a', 1);
    for (const list of [['a', undefined], hole, [[undefined]]]) {
      await expect(take({ x: list })).rejects.toMatchObject({
        message: expect.stringContaining('"x" holds undefined'),
      });
    }
  });

  test.each<[string, object]>([
    ['a getter of a class', new User()],
    ['a getter of a class above', new (class extends User {})()],
    ['a default', Object.create({ sub: 'u' })],
    ['a default of an object without a prototype', Object.create(Object.assign(Object.create(null), { sub: 'u' }))],
  ])('what is inherited: %s', async (_what, claims) => {
    await expect(take(claims)).rejects.toMatchObject({
      code: 'USAGE_INVALID',
      message: expect.stringContaining('claim "sub" is inherited'),
    });
  });
});

test.each(lost)('a header member is not %s', async (what, value) => {
  for (const header of [{ x: value }, { x: [value] }]) {
    const refused = {
      code: 'USAGE_INVALID',
      message: expect.stringMatching(new RegExp(`member "x" (is|holds) ${what}`)),
    };
    await expect(issueToken({}, { header }, deps)).rejects.toMatchObject(refused);
    await expect(encryptToken('x', { key: encryptionKey, header })).rejects.toMatchObject(refused);
  }
});

test('what JSON writes is signed as it writes it', async () => {
  class Plain {
    readonly sub = 'u';
    readonly no = undefined;
    greet() {}
  }
  const { claims } = await issue(new Plain());
  expect(claims).toMatchObject({ sub: 'u' });
  const shared = { a: 1 };
  const given = {
    at: new Date(0),
    url: new URL('https://a.example/'),
    list: [shared, shared, null],
    n: new NumberText('1.0'),
    own: { toJSON: () => 'text' },
    big: [1n],
    no: { x: undefined },
  };
  const { claimsText } = await issue(Object.assign(Object.create(null), given));
  expect(claimsText).toContain(
    '{"at":"1970-01-01T00:00:00.000Z","url":"https://a.example/","list":[{"a":1},{"a":1},null],"n":1.0,"own":"text","big":[1],"no":{}',
  );
});

test('claims that hold themselves in many ways are refused at once', async () => {
  const user: JsonObject = { big: 1n };
  user.posts = Array.from({ length: 20 }, () => ({ author: user }));
  for (const take of Object.values(takers)) {
    const refused = () => expect(take({ user })).rejects.toMatchObject({ code: 'USAGE_INVALID' });
    await within(1000, refused);
  }
});
