import schema from '../../docs/config.schema.json' with { type: 'json' };
import { JwtkitError } from '../errors.js';
import { readFileBounded } from '../files/read-file.js';
import { readExact } from '../jose/exact-json.js';
import type { JsonObject } from '../jose/json.js';
import { readJsonFile } from '../jose/text.js';
import { explainProblem } from './explain.js';
import { findProblem, type Schema } from './validate.js';

/** The largest policy file, in bytes. */
const maxPolicyBytes = 65_536;

/**
 * Reads a policy file and checks it against `docs/config.schema.json`. Its numbers keep their text.
 * @throws {JwtkitError} CONFIG_INVALID with the path of the bad member; FILE_NOT_READABLE.
 */
export function readPolicy(file: string): JsonObject {
  const policy = readJsonFile(readFileBounded(file, maxPolicyBytes), (reason, way) => {
    const hint = reason === 'is not JSON' ? 'JSON has no comments and no trailing commas' : way;
    return new JwtkitError('CONFIG_INVALID', `${file} ${reason}`, { hint });
  });
  const problem = findProblem(schema as Schema, policy.value);
  if (problem !== undefined) throw explainProblem(file, problem);
  return readExact(policy.text, policy.value);
}
