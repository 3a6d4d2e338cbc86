import { describe, expect, test } from 'vitest';
import { readJson } from '../../src/jose/json.js';

const parse = (text: string) => readJson(Buffer.from(text)).value;

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
  ])('readJson refuses the duplicate name in %s', (text) => {
    expect(() => parse(text)).toThrow('has a duplicate member name');
  });

  test.each([
    '{}',
    ' {"a":":\\":","b":"{}[]:"} ',
    '{"a":{"a":{"a":[{"a":1},{"a":2}]}}}',
    '"a:b"',
    '[]',
    '{"a":"\\\\"}',
  ])('readJson finds no duplicate name in %s', (text) => expect(parse(text)).toEqual(JSON.parse(text)));
});

describe('escaped names, which JSON.parse of Node 24 and 26 may mistake (nodejs/node#63785)', () => {
  test('reads escaped names right after a text that misleads JSON.parse', () => {
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

  test.each(['{"q\\"":1,"\\u0071\\"":2}', '{"\\\\":1,"\\u005c":2}', '{"\\u0061":1,"a":2}'])(
    'refuses the duplicate escaped name in %s',
    (text) => {
      expect(() => parse(text)).toThrow('has a duplicate member name');
    },
  );

  test('refuses a lone surrogate in an escaped name', () => {
    expect(() => parse('{"\\ud800\\"":1}')).toThrow('has a lone surrogate');
  });
});

describe('readJson takes linear time', () => {
  const range = (count: number, make: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => make(at)).join('');
  const texts: Record<string, (size: number) => string> = {
    'escaped names, and every character from U+F0000 on': (size) =>
      `{"\\n":"${range(size / 4, (at) => String.fromCodePoint(0xf0000 + at))}"}`,
    'escaped names': (size) => `{${range(size / 10, (at) => `"\\n${at}":1,`)}"":0}`,
    'escaped names with much space behind them': (size) =>
      `{${range(size / 100, (at) => `"\\n${at}"${' '.repeat(90)}:1,`)}"":0}`,
    'escaped strings that are no names': (size) => `[${'"\\n",'.repeat(size / 5)}0]`,
    'many small objects': (size) => `[${'{"a\\n":1},'.repeat(size / 10)}0]`,
    'one long string': (size) => `["${'\\\\'.repeat(size / 2)}"]`,
    colons: (size) => `["${':'.repeat(size)}"]`,
  };

  test.each(Object.keys(texts))('%s', (name) => {
    const make = texts[name] as (size: number) => string;
    const timeOf = (size: number) => {
      const bytes = Buffer.from(make(size));
      const times = Array.from({ length: 3 }, () => {
        // Of this process alone: others may be busy.
        const start = process.cpuUsage();
        readJson(bytes);
        const { user, system } = process.cpuUsage(start);
        return user + system;
      });
      return Math.min(...times);
    };
    timeOf(20_000);
    // Sixteen times the text; what is quadratic would take 256 times as long, each time.
    // The threads of garbage collection count as well, so that one run alone may be slow.
    const isLinear = () => timeOf(320_000) < 64 * Math.max(timeOf(20_000), 200);
    expect(isLinear() || isLinear() || isLinear()).toBe(true);
  });
});
