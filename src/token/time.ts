import { JwtkitError } from '../errors.js';
import { isNumericDate, maxNumericDate, requireDuration, requireNow } from '../jose/numeric-date.js';

/**
 * Moments are NumericDates (RFC 7519 §2), seconds since 1970, and durations are seconds. Nothing here reads a clock:
 * `now` is passed in.
 */
export { isNumericDate, maxNumericDate, requireDuration, requireNow };

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/**
 * Reads a duration as seconds: `90`, `15m`, `1h30m`, `7d`, `2w`. A bare number is seconds; there are no milliseconds.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function parseDuration(text: string): number {
  const seconds = readDuration(text);
  if (seconds === undefined) {
    throw new JwtkitError('USAGE_INVALID', `${JSON.stringify(text)} is not a duration`, {
      hint: 'write 90 (seconds), 15m, 12h, 7d, 2w or 1h30m',
    });
  }
  return seconds;
}

function readDuration(text: string): number | undefined {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  if (!/^(\d{1,9}[smhdw])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) {
    seconds += Number(count) * unitSeconds[unit as keyof typeof unitSeconds];
  }
  return seconds <= maxNumericDate ? seconds : undefined;
}

const isoDate = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * Reads a moment as a NumericDate: `now`, `+5m`, `-1h`, seconds since 1970, or ISO 8601 (UTC unless it names an offset).
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function parseMoment(text: string, now: number): number {
  const moment = readMoment(text, now);
  if (moment === undefined || !isNumericDate(moment)) {
    throw new JwtkitError('USAGE_INVALID', `${JSON.stringify(text)} is not a moment`, { hint: momentHint(text) });
  }
  return moment;
}

function momentHint(text: string): string {
  if (/^\d{13}$/.test(text)) return `these are milliseconds; seconds leave off three digits: ${text.slice(0, -3)}`;
  if (readDuration(text) !== undefined) return `write +${text} for a moment after now, or -${text} for one before`;
  return 'write 2026-11-23T12:00:00Z, seconds since 1970, or +5m / -1h from now';
}

function readMoment(text: string, now: number): number | undefined {
  if (text === 'now') return now;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  if (/^[+-]/.test(text)) {
    const seconds = readDuration(text.slice(1));
    return seconds === undefined ? undefined : now + (text.startsWith('-') ? -seconds : seconds);
  }
  const match = isoDate.exec(text);
  if (match === null) return undefined;
  const [, date = '', time = '00:00', offset = 'Z'] = match;
  const milliseconds = Date.parse(`${date}T${time}${offset}`);
  // Date.parse reads 2026-02-30 as a day in March.
  const midnight = Date.parse(`${date}T00:00Z`);
  if (Number.isNaN(milliseconds) || Number.isNaN(midnight)) return undefined;
  return new Date(midnight).toISOString().startsWith(date) ? Math.floor(milliseconds / 1000) : undefined;
}

/**
 * Formats a NumericDate as ISO 8601 in UTC, to the second: `2026-11-23T00:12:00Z`. Moments before 1970 are for certificates.
 * @throws {RangeError} for what is no moment.
 */
export function formatMoment(moment: number): string {
  const date = new Date(Math.floor(moment) * 1000);
  if (Number.isNaN(date.getTime())) throw new RangeError('this is no moment');
  // toISOString() looks up the time zone first, 1 ms of each start.
  const day = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()].map(twoDigits).join('-');
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(twoDigits).join(':');
  return `${day.padStart(10, '0')}T${time}Z`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** Formats a duration in its largest unit, or its two largest if the first is small: `45s`, `1h 30m`, `3h`, `7d`. */
export function formatDuration(seconds: number): string {
  const total = Math.floor(Math.abs(seconds));
  const units = [
    ['y', 31_557_600],
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const;
  const index = units.findIndex(([, size]) => total >= size);
  if (index < 0) return '0s';
  const [unit, size] = units[index] as (typeof units)[number];
  const count = Math.floor(total / size);
  const next = units[index + 1];
  const rest = next === undefined ? 0 : Math.floor((total - count * size) / next[1]);
  return rest > 0 && next !== undefined && count < 10 ? `${count}${unit} ${rest}${next[0]}` : `${count}${unit}`;
}

/** Formats the distance of a moment from now: `in 30m`, `3h ago`, `now`. */
export function formatDistance(moment: number, now: number): string {
  const seconds = Math.floor(moment) - Math.floor(now);
  if (seconds === 0) return 'now';
  return seconds > 0 ? `in ${formatDuration(seconds)}` : `${formatDuration(seconds)} ago`;
}
