import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSameNumber } from '../../src/jose/decimal.js';
import { parseExactJson, readExact, writeJson } from '../../src/jose/exact-json.js';
import { readJson } from '../../src/jose/json.js';
import { NumberText } from '../../src/jose/number-text.js';

const parse = (text: string) => parseExactJson(Buffer.from(text));

describe('reading', () => {
  test('readExact returns the parsed value itself if all numbers are ordinary', () => {
    const text = '{"a":[0,1,-5,123456789012345],"exp":1795435200,"b":"1.0"}';
    const value = JSON.parse(text);
    expect(readExact(text, value)).toBe(value);
  });

  test('reads all values but numbers as JSON.parse does, in the same order', { tags: 'slow' }, () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        const text = JSON.stringify([value, 0.5], null, space);
        fc.pre(text.isWellFormed() && !text.includes('\\ud'));
        expect(writeJson(parse(text))).toBe(JSON.stringify(readJson(Buffer.from(text)).value));
      }),
    );
  });

  test.each([
    '1.0',
    ' 1.0 ',
    '[1.0]',
    '[ 1.0\n]',
    '{"a" : 1.0}',
    '{"__proto__":1.0}',
    '{"\\"1.0":{"\\u0061":[1.0,"1.0"]}}',
  ])('%s', (text) => {
    expect(writeJson(parse(text))).toContain('1.0');
    expect(JSON.stringify(readJson(Buffer.from(text)).value)).toBe(
      writeJson(parse(text))
        .replace(/([^"])1\.0/g, '$11')
        .replace(/^1\.0/, '1'),
    );
  });

  test('reads __proto__ as an own member', () => {
    const read = parse('{"__proto__":{"a":1e400}}') as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.hasOwn(read, '__proto__')).toBe(true);
  });
});

describe('writing', () => {
  test('writeJson writes bigints and number texts by their digits', () => {
    const value = { a: [new NumberText('1.0'), 5n], b: { c: -(10n ** 30n) }, d: undefined, e: 'x' };
    expect(writeJson(value)).toBe('{"a":[1.0,5],"b":{"c":-1000000000000000000000000000000},"e":"x"}');
    expect(writeJson({ a: 1n, b: 2 }, 2)).toBe('{\n  "a": 1,\n  "b": 2\n}');
  });

  test('writeJson never writes a string as a number', () => {
    for (const text of ['\ud800', '\\ud800', '"\ud800"', 'x"\\ud800']) {
      const write = () => writeJson({ a: 1n, b: text, c: 2n });
      if (text === '\ud800') expect(write).toThrow('has a lone surrogate');
      else expect(JSON.parse(write())).toEqual({ a: 1, b: text, c: 2 });
    }
    expect(() => writeJson({ a: 1n, '\ud800': 2n })).toThrow('has a lone surrogate');
  });
});

describe('comparing', () => {
  const numberText = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.nat({ max: 999 }),
      fc.stringMatching(/^\d{0,4}$/),
      fc.integer({ min: -6, max: 6 }),
    )
    .map(([sign, whole, fraction, exponent]) => `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}e${exponent}`);
  /** The value times 10^12, by integers. */
  const scaled = (text: string) => {
    const [, sign, whole = '', fraction = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?e(-?\d+)$/.exec(text) ?? [];
    const value = BigInt(whole + fraction) * 10n ** BigInt(12 + Number(exponent) - fraction.length);
    return sign === '-' ? -value : value;
  };

  test('isSameNumber agrees with integers of the same scale', () => {
    fc.assert(
      fc.property(numberText, numberText, fc.boolean(), fc.integer({ min: 0, max: 3 }), (one, any, isNear, zeros) => {
        // Every other time the same number, written in another way.
        const other = isNear
          ? one.replace(
              /e(-?\d+)$/,
              (_, e) => `${one.includes('.') ? '' : '.'}${'0'.repeat(zeros + 1)}E${Number(e) < 0 ? e : `+0${e}`}`,
            )
          : any;
        const isSame = scaled(one) === scaled(isNear ? one : any);
        expect([one, other, isSameNumber(new NumberText(one), new NumberText(other))]).toEqual([one, other, isSame]);
      }),
      { numRuns: 500 },
    );
  });

  test.each<[number | bigint, string, boolean]>([
    [100, '1e2', true],
    [0.1, '0.10', true],
    [1e21, '1000000000000000000000', true],
    [100002348117421473n, '100002348117421473', true],
    [100002348117421473n, '100002348117421470', false],
    [-0, '0', true],
  ])('isSameNumber of %s and %s is %s', (one, other, isSame) =>
    expect(isSameNumber(one, new NumberText(other))).toBe(isSame),
  );

  test('reading, writing and comparing numbers take linear time', { tags: 'slow' }, () => {
    const shapes: Record<string, (size: number) => string> = {
      digits: (size) => '7'.repeat(size),
      'zeros, and one at the end': (size) => `0.${'0'.repeat(size)}1`,
      'a long exponent': (size) => `1e${'9'.repeat(size)}`,
      'a list of numbers': (size) => `[${'1.0,'.repeat(size / 4)}0]`,
      'separators in a string': (size) => `["${', :['.repeat(size / 4)}",1.0]`,
      'a member for each number': (size) =>
        `{${Array.from({ length: size / 12 }, (_, at) => `"${at}":1.0,`).join('')}"":0}`,
    };
    for (const [name, make] of Object.entries(shapes)) {
      const timeOf = (size: number) => {
        const text = make(size);
        const times = Array.from({ length: 3 }, () => {
          const start = process.cpuUsage();
          const read = parse(text);
          if (read instanceof NumberText) isSameNumber(read, new NumberText(`${text}0`));
          writeJson(read);
          const { user, system } = process.cpuUsage(start);
          return user + system;
        });
        return Math.min(...times);
      };
      timeOf(5000);
      // Sixteen times the text; what is quadratic would take 256 times as long, each time.
      const isLinear = () => timeOf(80_000) < 64 * Math.max(timeOf(5000), 200);
      expect([name, isLinear() || isLinear() || isLinear()]).toEqual([name, true]);
    }
    const times = [0, 1, 2].map(() => {
      const start = process.cpuUsage();
      expect(isSameNumber(new NumberText('1e999999999'), new NumberText('1e-999999999'))).toBe(false);
      return process.cpuUsage(start).user;
    });
    expect(Math.min(...times)).toBeLessThan(50_000);
  });
});
