import { JwtkitError } from '../errors.js';
import { decryptPkcs8 } from '../jose/encrypted-key.js';
import type { LintContext } from './rule.js';

/**
 * How often a run tries, the most rounds of PBKDF2 of a try, and the most bytes of a key, whose numbers OpenSSL checks: together
 * some seconds of one core. An RSA key of 4096 bits has 2.5 KiB.
 */
const mostTries = 6;
const mostRounds = 1_000_000;
const mostBytes = 4096;

/** Returns a function that tries a passphrase on an encrypted key. */
export function keyOpener(): LintContext['opensKey'] {
  let left = mostTries;
  return (encrypted, passphrase) => {
    if (encrypted.length > mostBytes || left-- <= 0) return false;
    try {
      decryptPkcs8(encrypted, passphrase, '', mostRounds);
      return true;
    } catch (error) {
      if (error instanceof JwtkitError) return false;
      throw error;
    }
  };
}
