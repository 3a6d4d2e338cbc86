import { usage } from '../terminal/errors.js';
import type { Invocation } from './invocation.js';

/** Returns the required issuer. `--iss` may repeat the issuer of the keys, but not replace it. */
export function requiredIssuer(
  found: string | undefined,
  { options, label }: Invocation<{ iss?: string[]; issuerUrl?: string }>,
) {
  if (found === undefined || options.iss === undefined || options.iss.includes(found)) {
    return found === undefined ? options.iss : [found];
  }
  throw usage(
    `${label('iss')} and ${label('issuerUrl')} contradict each other`,
    'keys of --issuer-url verify only tokens with exactly that iss',
  );
}
