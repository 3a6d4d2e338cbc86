import { isUnresolved } from '../jose/unresolved.js';

/** A hash as Unix, LDAP, Werkzeug, Django and others write one. */
const hash = /^\$[\w-]+\$|^\{[\w-]+\}|^[\da-f]{40,}$|^(?:pbkdf2|scrypt|argon2|bcrypt|sha\d|md5)\w*(?:[:$]|-sha)/i;
/** What programs print instead of a secret. */
const mask = /^(?:\*+|[•●]+|[[<(]?(?:redacted|masked|hidden|filtered|removed)[\]>)]?)$/i;

/** Whether what a file of accounts has as a password is a hash, a mask or a reference, and not the password. */
export function isStoredSafely(value: string): boolean {
  return hash.test(value) || mask.test(value) || isUnresolved(value);
}
