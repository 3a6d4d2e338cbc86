/** The caller's members of a new protected header. */
import { JwtkitError } from '../errors.js';
import { writeGiven } from '../jose/given-json.js';
import type { JsonObject } from '../jose/json.js';

/**
 * Returns the members as JSON.parse reads them. npm's jose takes no header as text and writes numbers itself, so only those are
 * taken that come out of it unchanged.
 * @throws {JwtkitError} USAGE_INVALID for other numbers, and for what is no JSON.
 */
export function plainHeader(header: Readonly<JsonObject>): JsonObject {
  const text = writeGiven(header, 'header');
  const plain = JSON.parse(text) as JsonObject;
  if (JSON.stringify(plain) === text) return plain;
  throw new JwtkitError('USAGE_INVALID', 'the header of an encrypted token holds a number that would change', {
    hint: 'only numbers that JSON writes as they are; give it as a text',
  });
}
