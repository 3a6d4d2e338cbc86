/** The algorithm of a signing key that is made. */
import { type AlgorithmName, algorithm, algorithmNames, isAlgorithmName } from '../../jose/algorithms.js';
import { usage } from '../terminal/errors.js';
import { readAlgorithm } from './values.js';

/** Reads `--alg` of a key that signs. The error names `--use enc` for encryption, and the algorithms of a type of key. */
export async function readKeyAlgorithm(name: string): Promise<AlgorithmName> {
  if (isAlgorithmName(name)) return name;
  const fitting = algorithmNames.filter((each) => algorithm(each).kty.toLowerCase() === name.toLowerCase());
  if (fitting.length > 0)
    throw usage(`--alg: ${name} is a type of key, not an algorithm`, `one of ${fitting.join(', ')}`);
  const { isKeyManagementName } = await import('../../jwe/algorithms.js');
  if (!isKeyManagementName(name)) return readAlgorithm('--alg', name);
  throw usage(`--alg: ${name} encrypts, this key is to sign`, 'a key for encryption takes --use enc');
}
