/** The caller's members of a new protected header. */
import { JwtkitError } from '../errors.js';
import { writeGiven } from '../jose/given-json.js';
import type { JsonObject } from '../jose/json.js';

/**
 * Returns the members as JSON.parse reads them. npm's jose writes a header with JSON.stringify, so a number that this would change is
 * refused.
 * @throws {JwtkitError} USAGE_INVALID for such a number, and for what is no JSON.
 */
export function plainHeader(header: Readonly<JsonObject>): JsonObject {
  const text = writeGiven(header, 'header');
  const plain = JSON.parse(text) as JsonObject;
  if (JSON.stringify(plain) === text) return plain;
  throw new JwtkitError('USAGE_INVALID', 'the header of an encrypted token holds a number that would change', {
    hint: 'give it as a text',
  });
}
