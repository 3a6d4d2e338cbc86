/** Short kids: tables show the beginning of a long one, and commands accept it for a key of a keyring. */
import { escapeText } from '../../shown-text.js';
import { usage } from '../terminal/errors.js';

/** A kid of at most this length is shown whole, in characters. */
const longestWhole = 16;
/** How much is shown of a longer one, if that tells it apart. */
const shortLength = 8;
/** The fewest characters that stand for a kid. */
const leastPrefix = 4;

/** Returns what tables show of a kid: the whole one if it is not long, else the shortest beginning that no other kid has. */
export function shortKid(kid: string, kids: readonly string[]): string {
  if (kid.length <= longestWhole) return kid;
  for (let length = shortLength; length < kid.length; length++) {
    const short = kid.slice(0, length);
    if (!kids.some((other) => other !== kid && other.startsWith(short))) return short;
  }
  return kid;
}

/**
 * Returns the kid of a keyring that a person means: exactly that one, else the only one that begins so. Returns the given
 * text if no kid begins so: the caller then finds no such key. Never used for the kid of a token, which must be whole.
 * @throws {JwtkitError} USAGE_INVALID if several kids begin so.
 */
export function wholeKid(given: string, kids: readonly string[], label = 'the kid'): string {
  if (kids.includes(given) || given.length < leastPrefix) return given;
  const fitting = kids.filter((kid) => kid.startsWith(given));
  if (fitting.length < 2) return fitting[0] ?? given;
  const shown = fitting.slice(0, 3).map((kid) => escapeText(shortKid(kid, fitting)));
  throw usage(
    `${label} ${escapeText(given)} is the beginning of ${fitting.length} kids`,
    `add characters: ${shown.join(', ')}${fitting.length > 3 ? ', …' : ''}`,
  );
}
