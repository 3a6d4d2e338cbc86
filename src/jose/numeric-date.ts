/** NumericDate: seconds since 1970 (RFC 7519 §2). */
import { JwtkitError } from '../errors.js';

/** The last moment taken as a NumericDate, 9999-12-31T23:59:59Z: milliseconds by mistake lie beyond it. */
export const maxNumericDate = 253_402_300_799;

/** Whether a value is a number that can be a NumericDate; fractions are legal. */
export function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= maxNumericDate;
}

/**
 * Checks a moment that a caller passes, and returns it.
 * @throws {JwtkitError} USAGE_INVALID if it is no NumericDate.
 */
export function requireNow(now: number, name = 'now'): number {
  if (isNumericDate(now)) return now;
  const isInMilliseconds = (typeof now === 'number' && now > maxNumericDate) || (now as unknown) instanceof Date;
  const wanted = isInMilliseconds ? 'in seconds, not milliseconds' : 'a NumericDate, seconds since 1970';
  throw new JwtkitError('USAGE_INVALID', `${name} must be ${wanted}: Math.floor(Date.now() / 1000)`);
}

/**
 * Checks a number of seconds that a caller passes, and returns it as a whole number.
 * @throws {JwtkitError} USAGE_INVALID if it is no such number.
 */
export function requireDuration(name: string, seconds: number): number {
  if (Number.isFinite(seconds) && seconds >= 0) return Math.floor(seconds);
  throw new JwtkitError('USAGE_INVALID', `${name} is a number of seconds, 0 or more`);
}
