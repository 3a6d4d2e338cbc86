import { expect, test } from 'vitest';
import { parseDistinguishedName } from '../../src/jose/distinguished-name.js';

const cn = '2.5.4.3';
const o = '2.5.4.10';
const c = '2.5.4.6';

test.each<[string, [string, string][]]>([
  ['CN=web', [[cn, 'web']]],
  [
    'CN=web,O=Example,C=DE',
    [
      [c, 'DE'],
      [o, 'Example'],
      [cn, 'web'],
    ],
  ],
  [
    '/C=DE/O=Example/CN=web',
    [
      [c, 'DE'],
      [o, 'Example'],
      [cn, 'web'],
    ],
  ],
  [
    'cn = web , commonname=two',
    [
      [cn, 'two'],
      [cn, 'web'],
    ],
  ],
  ['2.5.4.3=web', [[cn, 'web']]],
  ['CN=a\\, b\\+c\\"d\\\\e\\=f', [[cn, 'a, b+c"d\\e=f']]],
  ['CN=\\C3\\A4\\2c\\20', [[cn, 'ä, ']]],
  ['CN=\\#1,O=#', []],
  [
    'CN=trailing\\ ,O=x',
    [
      [o, 'x'],
      [cn, 'trailing '],
    ],
  ],
  ['CN=a=b', [[cn, 'a=b']]],
  [
    '/CN=a,b;<c>"/O=x\\/y',
    [
      [cn, 'a,b;<c>"'],
      [o, 'x/y'],
    ],
  ],
  ['CN=😀', [[cn, '😀']]],
])('reads %s', (text, expected) => {
  if (expected.length === 0) return expect(() => parseDistinguishedName(text)).toThrow(/in hex/);
  expect(parseDistinguishedName(text).map(({ oid, value }) => [oid, value])).toEqual(expected);
});

test('gives each attribute the string type of RFC 5280', () => {
  const types = parseDistinguishedName('CN=a,C=DE,DC=example,serialNumber=1,E=a@b.example').map(({ type }) => type);
  expect(types).toEqual(['IA5String', 'PrintableString', 'IA5String', 'PrintableString', 'UTF8String']);
});

test.each([
  ['', 'the name is empty'],
  ['CN', '"CN" is not TYPE=value'],
  ['CN=', 'CN is empty'],
  ['CN=a,', 'a part of the name is empty'],
  ['CN=a, b', '" b" is not TYPE=value'],
  ['X=1', 'attribute type "X" is not known'],
  ['constructor=1', 'attribute type "constructor" is not known'],
  ['CN=a+O=b', 'CN: + is not escaped'],
  ['CN="a"', 'CN: " is not escaped'],
  ['CN=a;O=b', 'CN: ; is not escaped'],
  ['CN=a\\', 'CN: a backslash stands before a special character or two hex digits'],
  ['CN=\\C3', 'CN: the escaped bytes are no UTF-8'],
  ['CN=\\00', 'CN holds a control character'],
  ['C=Germany', 'C is not two capital letters (ISO 3166)'],
  ['serialNumber=ä', "serialNumber takes letters, digits, space and '()+,-./:=? only"],
  ['E=ä@b.example', 'emailAddress takes ASCII only'],
  [`CN=${'a'.repeat(65)}`, 'CN is longer than 64 characters'],
  [`CN=${'a,'.repeat(1000)}`, 'the name is longer than 1024 characters'],
])('refuses %s', (text, message) => {
  expect(() => parseDistinguishedName(text)).toThrow(expect.objectContaining({ code: 'USAGE_INVALID', message }));
});
