/** What the libraries that jwtkit compares with have in common. */
import type { KeyObject } from 'node:crypto';
import type { AlgorithmName } from '../../jose/algorithms.js';
import { type Answer, type Target, toDetail } from '../target.js';

/** What a library is asked with. */
export interface LibraryCall {
  readonly alg: AlgorithmName;
  /** The public key, or the secret. */
  readonly key: KeyObject;
  /** NumericDate. */
  readonly at: number;
  readonly iss: string | undefined;
  readonly aud: string | undefined;
  readonly typ: string | undefined;
  /** The options of the library's own function, as the user gave them. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Returns a library as a target.
 * @param verify throws for a refused token.
 * @param remedies options to advise if the library accepts a hostile token: the first with which it refuses that, and accepts a good one.
 */
export function libraryTarget(
  name: string,
  verify: (token: string, options: Readonly<Record<string, unknown>>) => Promise<void>,
  options: LibraryCall['options'],
  remedies: readonly Readonly<Record<string, unknown>>[],
): Target {
  const ask = async (token: string, given: LibraryCall['options']): Promise<Answer> => {
    try {
      await verify(token, given);
      return { verdict: 'accepted', detail: 'it returned' };
    } catch (error) {
      return { verdict: 'refused', detail: toDetail(error instanceof Error ? error.message : String(error)) };
    }
  };
  return {
    name,
    ask: (token) => ask(token, options),
    findRemedy: async (token, good) => {
      for (const remedy of remedies) {
        const more = { ...options, ...remedy };
        const refuses = (await ask(token, more)).verdict === 'refused';
        if (refuses && (await ask(good, more)).verdict === 'accepted') return JSON.stringify(remedy);
      }
      return undefined;
    },
    close: async () => {},
  };
}
