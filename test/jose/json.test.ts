import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/jose/json.js';

const parse = (text: string) => parseJson(Buffer.from(text));

describe('duplicate names', () => {
  test.each([
    '{"a":1,"a":1}',
    '{"a":"x","b":"{","a":"["}',
    '{"a":":","b":"\\":","a":2}',
    '{"":1,"":2}',
    ' {"a":1,"a":1}',
    '{"a":{"b":1,"b":1}}',
    '{"a":[{"b":1},{"c":1,"c":1}]}',
    '[{"a":1,"a":1}]',
    '{"__proto__":1,"__proto__":2}',
    '{"é":"ü:","é":1}',
  ])('are refused in %s', (text) => {
    expect(() => parse(text)).toThrow('has a duplicate member name');
  });

  test.each([
    '{}',
    ' {"a":":\\":","b":"{}[]:"} ',
    '{"a":{"a":{"a":[{"a":1},{"a":2}]}}}',
    '"a:b"',
    '[]',
    '{"a":"\\\\"}',
  ])('are not seen in %s', (text) => expect(parse(text)).toEqual(JSON.parse(text)));
});

describe('escaped names, which JSON.parse of Node 24 and 26 may mistake (nodejs/node#63785)', () => {
  test('are read as they are after a text that misleads it', () => {
    parse('{"a":1,"b":1,"\\\\":1}');
    expect(() => parse('{"a":1,"b":3,"\\u0062":2}')).toThrow('has a duplicate member name');
    parse('{"h":1,"\\\\":1}');
    expect(parse('{"h":1,"\\n":2}')).toEqual({ h: 1, '\n': 2 });
    expect(parse('{"x":{"h":1,"\\\\":1},"y":{"h":1,"\\n":2}}')).toEqual({ x: { h: 1, '\\': 1 }, y: { h: 1, '\n': 2 } });
  });

  test.each([
    ['{"q\\"":1}', { 'q"': 1 }],
    ['{"\\u00e9":{"\\\\":[{"\\t":1}]}}', { é: { '\\': [{ '\t': 1 }] } }],
    ['{"\\u005f_proto__":1}', JSON.parse('{"__proto__":1}')],
    ['{"\\\\":{"__proto__":2}}', JSON.parse('{"\\\\":{"__proto__":2}}')],
    ['{"\udb80\udc00":1,"\\"":2}', { '\udb80\udc00': 1, '"': 2 }],
    ['{"\\udb80\\udc000":1,"\\"":2}', { '\udb80\udc000': 1, '"': 2 }],
    ['{"a" \n : "\\":\\""}', { a: '":"' }],
  ])('%s', (text, value) => {
    const read = parse(text);
    expect(read).toEqual(value);
    expect(JSON.stringify(read)).toBe(JSON.stringify(value));
  });

  test.each(['{"q\\"":1,"\\u0071\\"":2}', '{"\\\\":1,"\\u005c":2}', '{"\\u0061":1,"a":2}'])('refuses %s', (text) => {
    expect(() => parse(text)).toThrow('has a duplicate member name');
  });

  test('refuses a lone surrogate in one', () => {
    expect(() => parse('{"\\ud800\\"":1}')).toThrow('has a lone surrogate');
  });
});
