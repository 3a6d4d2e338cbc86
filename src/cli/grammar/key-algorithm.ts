/** The algorithm of a signing key that is made or imported. */
import { type AlgorithmName, isAlgorithmName } from '../../jose/algorithms.js';
import { usage } from '../terminal/errors.js';
import { readAlgorithm } from './values.js';

/** Reads `--alg` of a key that signs. The error names `--use enc` for encryption. */
export async function readKeyAlgorithm(name: string): Promise<AlgorithmName> {
  if (isAlgorithmName(name)) return name;
  const { isKeyManagementName } = await import('../../jwe/algorithms.js');
  if (!isKeyManagementName(name)) return readAlgorithm('--alg', name);
  throw usage(`--alg: ${name} encrypts and does not sign`, 'a key for encryption takes --use enc');
}
