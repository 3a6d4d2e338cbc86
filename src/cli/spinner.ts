import type { Io } from './io.js';

/** RSA keys of this size and above take long enough for a person to wonder, in bits. */
const slowRsaBits = 3072;

/** Turns a spinner on a terminal's stderr while a long RSA key is made; returns what stops it. */
export async function startSpinner(bits: number, { stderr }: Io): Promise<() => void> {
  const stream = stderr.isTerminal ? stderr.stream?.() : undefined;
  if (bits < slowRsaBits || stream === undefined) return () => {};
  const { default: yoctoSpinner } = await import('yocto-spinner');
  const spinner = yoctoSpinner({ text: `making an RSA key of ${bits} bits`, stream }).start();
  return () => spinner.stop();
}
