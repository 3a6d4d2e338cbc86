import { describe, expect, test } from 'vitest';
import { JwtkitError } from '../../src/errors.js';
import {
  formatDistance,
  formatDuration,
  formatMoment,
  isNumericDate,
  maxNumericDate,
  parseDuration,
  parseMoment,
} from '../../src/token/time.js';

/** 2026-11-23T12:00:00Z. */
const now = 1_795_435_200;

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof JwtkitError ? error.code : `not a JwtkitError: ${error}`;
  }
}

describe('durations', () => {
  test.each([
    ['0', 0],
    ['90', 90],
    ['007', 7],
    ['45s', 45],
    ['15m', 900],
    ['12h', 43_200],
    ['7d', 604_800],
    ['2w', 1_209_600],
    ['1h30m', 5400],
    ['1d12h', 129_600],
    ['1m30', undefined],
    ['', undefined],
    [' 5m', undefined],
    ['5m ', undefined],
    ['5 m', undefined],
    ['5M', undefined],
    ['-5m', undefined],
    ['+5m', undefined],
    ['1.5h', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    // "60" is milliseconds to some libraries: there are none here.
    ['60ms', undefined],
    ['5 minutes', undefined],
    ['5min', undefined],
    ['1y', undefined],
    ['m', undefined],
    ['٣m', undefined],
    ['PT5M', undefined],
    ['Infinity', undefined],
    ['999999999w', undefined],
    ['9999999999999', undefined],
    [`${'9'.repeat(400)}s`, undefined],
  ])('%j as a duration: %s', (text, seconds) => {
    if (seconds !== undefined) expect(parseDuration(text)).toBe(seconds);
    else expect(codeOf(() => parseDuration(text))).toBe('USAGE_INVALID');
  });

  test('quotes a text that is not a duration, and hints at examples', () => {
    expect(() => parseDuration('5 minutes')).toThrow(
      expect.objectContaining({
        message: '"5 minutes" is not a duration',
        hint: 'write 90 (seconds), 15m, 12h, 7d, 2w or 1h30m',
      }),
    );
  });
});

describe('moments', () => {
  test.each([
    ['now', now],
    ['+0', now],
    ['+5m', now + 300],
    ['-1h', now - 3600],
    ['+90', now + 90],
    ['+1h30m', now + 5400],
    ['0', 0],
    ['1795435200', now],
    ['2026-11-23T12:00:00Z', now],
    ['2026-11-23 12:00:00Z', now],
    ['2026-11-23T12:00Z', now],
    ['2026-11-23T12:00:00', now],
    ['2026-11-23T12:00', now],
    ['2026-11-23', now - 43_200],
    ['2026-11-23T14:00:00+02:00', now],
    ['2026-11-23T07:00:00-05:00', now],
    ['2026-11-23T12:00:00.999Z', now],
    ['2024-02-29', 1_709_164_800],
    ['1970-01-01', 0],
    ['9999-12-31T23:59:59Z', maxNumericDate],
    ['2026-02-29', undefined],
    ['2026-02-30', undefined],
    ['2026-04-31', undefined],
    ['2026-13-01', undefined],
    ['2026-00-10', undefined],
    ['2026-01-00', undefined],
    ['2026-01-32', undefined],
    ['2026-11-23T25:00:00Z', undefined],
    ['2026-11-23T12:60:00Z', undefined],
    ['2026-11-23T12:00:61Z', undefined],
    ['2026-11-23T12', undefined],
    ['2026-11-23T12:00:00+0200', undefined],
    ['2026-11-23T12:00:00+25:00', undefined],
    ['2026-11-23T12:00:00z', undefined],
    ['2026-11-23Z', undefined],
    ['23.11.2026', undefined],
    ['11/23/2026', undefined],
    ['Nov 23, 2026', undefined],
    ['1969-12-31', undefined],
    ['-100w', now - 60_480_000],
    ['-3000w', undefined],
    ['+999999w', undefined],
    // Milliseconds by mistake.
    ['1795435200000', undefined],
    ['999999999999', undefined],
    ['1795435200.5', undefined],
    ['', undefined],
    ['+', undefined],
    ['-', undefined],
    ['+-5m', undefined],
    ['+ 5m', undefined],
    ['tomorrow', undefined],
    ['NOW', undefined],
    ['-000001-01-01', undefined],
    ['+275760-09-13', undefined],
  ])('%j as a moment: %s', (text, moment) => {
    if (moment !== undefined) expect(parseMoment(text, now)).toBe(moment);
    else expect(codeOf(() => parseMoment(text, now))).toBe('USAGE_INVALID');
  });

  test('quotes a text that is not a moment, and hints at examples', () => {
    expect(() => parseMoment('soon', now)).toThrow(
      expect.objectContaining({
        message: '"soon" is not a moment',
        hint: 'write 2026-11-23T12:00:00Z, seconds since 1970, or +5m / -1h from now',
      }),
    );
  });
});

test.each([
  [0, true],
  [now, true],
  [now + 0.5, true],
  [maxNumericDate, true],
  [maxNumericDate + 1, false],
  [-1, false],
  [-0, true],
  [Number.NaN, false],
  [Number.POSITIVE_INFINITY, false],
  [1e300, false],
  [String(now), false],
  [null, false],
  [undefined, false],
  [[now], false],
  [new Date(), false],
  [BigInt(now), false],
])('%s as a NumericDate: %s', (value, expected) => {
  expect(isNumericDate(value)).toBe(expected);
});

describe('shown to a person', () => {
  test.each([
    [0, '1970-01-01T00:00:00Z'],
    [now, '2026-11-23T12:00:00Z'],
    [now + 0.999, '2026-11-23T12:00:00Z'],
    [maxNumericDate, '9999-12-31T23:59:59Z'],
  ])('the moment %d is %s', (moment, text) => {
    expect(formatMoment(moment)).toBe(text);
    expect(parseMoment(text, 0)).toBe(Math.floor(moment));
  });

  test('every moment as Date writes it, also one before 1970 as certificates have them', () => {
    const first = Date.parse('0001-01-01T00:00:00Z') / 1000;
    // A step that is prime meets all times of day, days of the year and leap years.
    for (let moment = first; moment <= maxNumericDate; moment += 31_622_429) {
      expect(formatMoment(moment)).toBe(new Date(moment * 1000).toISOString().replace('.000', ''));
    }
  });

  test.each([
    [0, '0s'],
    [0.9, '0s'],
    [1, '1s'],
    [59, '59s'],
    [60, '1m'],
    [61, '1m 1s'],
    [599, '9m 59s'],
    [600, '10m'],
    [659, '10m'],
    [1800, '30m'],
    [3599, '59m'],
    [3600, '1h'],
    [5400, '1h 30m'],
    [3601, '1h'],
    [36_000, '10h'],
    [86_399, '23h'],
    [86_400, '1d'],
    [90_000, '1d 1h'],
    [604_800, '7d'],
    [864_000, '10d'],
    [31_557_600, '1y'],
    [31_557_600 + 86_400, '1y 1d'],
    [maxNumericDate, '8029y'],
    [-90, '1m 30s'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  test.each([
    [now, 'now'],
    [now + 0.5, 'now'],
    [now + 1, 'in 1s'],
    [now - 1, '1s ago'],
    [now + 1800, 'in 30m'],
    [now - 10_800, '3h ago'],
    [0, '56y ago'],
  ])('the distance of %d is %s', (moment, text) => {
    expect(formatDistance(moment, now)).toBe(text);
  });
});
