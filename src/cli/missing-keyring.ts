/** What to do about a keyring that is not there. Loaded only for this mistake. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { JwtkitError } from '../errors.js';
import { plainPath } from './secrets/wrong-file.js';
import type { Context } from './terminal/io.js';
import { readVariable } from './terminal/variables.js';

/** Returns the error with a hint for its command line: the folder that it names, or an env file that lies here. */
export function explainMissingKeyring(error: JwtkitError, { argv, path = [], io }: Context): JwtkitError {
  if (!/\bjwtkit keygen\b/.test(error.hint ?? '')) return error;
  const withHint = (hint: string) =>
    new JwtkitError(error.code, error.message, { hint, details: error.details, cause: error });
  const named = lastValue('--keyring', argv);
  const place = named === undefined ? undefined : hintForPlace(named);
  if (place !== undefined) return withHint(place);
  const hint = hintForCommand(argv, path) ?? error.hint ?? '';
  const isUnnamed = named === undefined && readVariable(io.env, 'JWTKIT_KEYRING') === undefined;
  const namesFile = argv.some((arg) => /^(?:-e.*|--(?:dotenv|env-file)(?:=.*)?)$/s.test(arg));
  const readsFile = !/^(?:keys|encrypt|decrypt)$/.test(path[0] ?? '') && !namesFile;
  const hasFile = isUnnamed && readsFile && existsSync(join(io.workingFolder ?? '', '.env'));
  const folder = named === undefined ? '' : ` --keyring ${plainPath(named)}`;
  const text = hint.replace(/\bjwtkit keygen\b/, (found) => `${found}${folder}`);
  const more = hasFile ? '; -e .env reads SECRET_KEY and ALGORITHM of the .env in this folder' : '';
  return withHint(`${text}${more}`);
}

/** Returns what to do in a command that needs a keyring for something else than to sign or to verify. */
function hintForCommand(argv: readonly string[], [name]: readonly string[]): string | undefined {
  if (name === 'keys') return 'make one with: jwtkit keygen; --keyring names another folder';
  if (name === 'decrypt') return 'name the private key with --key, or a shared secret with --secret-file';
  if (name !== 'encrypt' || argv.includes('--sign')) return undefined;
  return "name the recipient's key with --key, --jwks or --issuer-url, or make one with: jwtkit keygen --use enc";
}

/** Returns the hint for a URL, and for a folder above or below that of a keyring: another keyring there would not help. */
function hintForPlace(named: string): string | undefined {
  if (/^https?:/i.test(named)) return 'a keyring is a folder; keys at a URL verify, and are named with --jwks';
  const found = [join(named, '.jwtkit'), dirname(named)].find((folder) => existsSync(join(folder, 'jwks.json')));
  return found === undefined ? undefined : `there is one at ${plainPath(found)}: --keyring ${plainPath(found)}`;
}

/** Returns the last value of an option. */
function lastValue(flag: string, argv: readonly string[]): string | undefined {
  const at = argv.findLastIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  return at < 0 ? undefined : argv[at] === flag ? argv[at + 1] : argv[at]?.slice(flag.length + 1);
}
