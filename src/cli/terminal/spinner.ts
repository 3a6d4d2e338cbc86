import type { KeyMaker } from '../../jose/generate-key.js';
import type { Io } from './io.js';

/** RSA keys of this size or more take seconds to make; in bits. */
const slowRsaBits = 3072;

/** Returns `generateKey` with a spinner on a terminal's stderr for long RSA keys. */
export function generateWithSpinner({ stderr }: Io): KeyMaker {
  return async (alg, options) => {
    const { generateKey } = await import('../../jose/generate-key.js');
    const bits = options?.bits ?? 0;
    const stream = bits >= slowRsaBits && stderr.isTerminal ? stderr.stream?.() : undefined;
    if (stream === undefined) return generateKey(alg, options);
    const { default: yoctoSpinner } = await import('yocto-spinner');
    const spinner = yoctoSpinner({ text: `making an RSA key of ${bits} bits`, stream }).start();
    try {
      return await generateKey(alg, options);
    } finally {
      spinner.stop();
    }
  };
}
