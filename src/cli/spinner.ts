/** Keys that take long enough to make for a person to wonder. */
import type { generateKey } from '../jose/keys.js';
import type { Io } from './io.js';

/** RSA keys of this size and above do, in bits. */
const slowRsaBits = 3072;

/** {@link generateKey} with a spinner on a terminal's stderr while a long RSA key is made. */
export function generateWithSpinner(io: Io): typeof generateKey {
  return async (alg, options) => {
    const { generateKey } = await import('../jose/keys.js');
    const stop = await startSpinner(options?.bits ?? 0, io);
    try {
      return await generateKey(alg, options);
    } finally {
      stop();
    }
  };
}

/** Turns a spinner where somebody sees it; returns what stops it. */
async function startSpinner(bits: number, { stderr }: Io): Promise<() => void> {
  const stream = stderr.isTerminal ? stderr.stream?.() : undefined;
  if (bits < slowRsaBits || stream === undefined) return () => {};
  const { default: yoctoSpinner } = await import('yocto-spinner');
  const spinner = yoctoSpinner({ text: `making an RSA key of ${bits} bits`, stream }).start();
  return () => spinner.stop();
}
