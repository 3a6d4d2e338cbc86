/** No number and no claim changes on its way into an encrypted token. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createKey, decryptToken, encryptToken, issueToken, JwtkitError } from '../../src/index.js';
import type { JsonObject } from '../../src/jose/json.js';
import { NumberText } from '../../src/jose/number-text.js';
import { encryptJwe } from '../../src/jwe/encrypt.js';
import { rsa, secret32 } from './keys.js';

const key = secret32.encrypt;
const forms = ['compact', 'flattened', 'general'] as const;
const headerText = (token: string) => {
  const head = token.startsWith('{') ? JSON.parse(token).protected : token.split('.')[0];
  return Buffer.from(head, 'base64url').toString();
};
const contentText = async (claims: JsonObject) => {
  const token = await encryptToken(claims, { key });
  return Buffer.from((await decryptToken(token, { keys: [key] })).plaintext).toString();
};
const signer = createKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const refused = (message = '') => ({ code: 'USAGE_INVALID', message: expect.stringContaining(message) });
const loop: JsonObject = {};
loop.self = loop;

describe.each(forms)('the header of a %s token', (serialization) => {
  test.each<[string, unknown]>([
    ['a large number', new NumberText('100002348117421473')],
    ['an infinite one', new NumberText('1e400')],
    ['a fraction of zero', new NumberText('1.0')],
    ['minus zero', new NumberText('-0')],
    ['a large bigint', 100002348117421473n],
    ['one inside a list', { list: [1, new NumberText('1.0')] }],
  ])('is refused with %s', async (_, x) => {
    await expect(encryptJwe(Buffer.from('x'), { key, serialization, header: { x } })).rejects.toMatchObject({
      ...refused('the header of an encrypted token holds a number'),
      hint: expect.stringContaining('give it as a text'),
    });
  });

  test('keeps ordinary members, and a bigint that JSON writes as it is', async () => {
    const header = {
      n: 5,
      half: 0.5,
      big: 9007199254740991,
      list: [1, { a: null }],
      text: '1.0',
      i: 7n,
      no: undefined,
    };
    const token = await encryptJwe(Buffer.from('x'), { key, serialization, header });
    expect(headerText(token)).toBe(
      '{"alg":"A256KW","enc":"A256GCM","n":5,"half":0.5,"big":9007199254740991,"list":[1,{"a":null}],"text":"1.0","i":7}',
    );
  });
});

describe('encryptToken treats a header as issueToken does', () => {
  test.each<[string, JsonObject, string]>([
    ['NaN', { x: Number.NaN }, 'a number in the header cannot be written as JSON'],
    ['Infinity in a list', { x: [Number.POSITIVE_INFINITY] }, 'a number in the header cannot be written as JSON'],
    ['itself inside', loop, 'the header cannot be written as JSON'],
    ['a toJSON of its own', { toJSON: () => ({ alg: 'dir' }) }, 'the header may not have toJSON'],
  ])('%s', async (_, header, message) => {
    for (const content of ['text', { sub: 'alice' }]) {
      await expect(encryptToken(content, { key, header })).rejects.toMatchObject(refused(message));
    }
    await expect(issueToken({ sub: 'alice' }, { header }, { key: signer, now: 1 })).rejects.toMatchObject(
      refused(message),
    );
  });
});

describe('encryptToken treats claims as issueToken does', () => {
  test.each<[string, JsonObject, string]>([
    [
      'NaN and Infinity',
      { a: Number.NaN, b: Number.POSITIVE_INFINITY },
      'a number in the claims cannot be written as JSON',
    ],
    ['a toJSON of their own', { sub: 'alice', toJSON: () => ({ sub: 'bob' }) }, 'claim "toJSON" is a function'],
    ['a promise', { a: Promise.resolve(1) }, 'claim "a" is a Promise'],
    ['a symbol', { a: Symbol('a') }, 'claim "a" is a symbol'],
    ['themselves inside', loop, 'the claims cannot be written as JSON'],
    ['a lone surrogate', { a: '\ud800' }, 'the claims make a payload that'],
  ])('%s are refused', async (_, claims, message) => {
    const encrypted = encryptToken(claims, { key: rsa.encrypt });
    await expect(encrypted).rejects.toBeInstanceOf(JwtkitError);
    await expect(encrypted).rejects.toMatchObject(refused(message));
    await expect(issueToken(claims, {}, { key: signer, now: 1 })).rejects.toMatchObject(refused(message));
  });

  test('a bigint is written by its digits', async () => {
    expect(await contentText({ id: 100002348117421473n, list: [1n] })).toBe('{"id":100002348117421473,"list":[1]}');
  });

  test('an inherited toJSON of the claims is not called, the toJSON of a date is', async () => {
    class Alice {
      sub = 'alice';
      toJSON() {
        return { sub: 'bob' };
      }
    }
    expect(await contentText(new Alice() as unknown as JsonObject)).toBe('{"sub":"alice"}');
    expect(await contentText({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
  });
});
