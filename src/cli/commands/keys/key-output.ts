/** Where a key goes that a command prints: to a file, to stdout, or into JSON. A private key is not shown on a terminal. */
import { writeFileWhole } from '../../../files/write-files.js';
import { option } from '../../grammar/option.js';
import { usage } from '../../terminal/errors.js';
import type { Io } from '../../terminal/io.js';
import { type MaskOptions, maskSecrets, refuseUselessMask } from '../../terminal/mask.js';
import { afterChange, printJson } from '../../terminal/output.js';

/** A key as PEM, DER or PKCS#12, or a JWK or JWK Set. */
export type ExportedKey = string | Uint8Array | object;

export interface KeyOutputOptions extends MaskOptions {
  format: string;
  out?: string;
  force?: boolean;
  json?: boolean;
}

// Each of these functions declares one option.
export const keyOutOption = () =>
  option('--out <file>', 'write to a file instead of stdout, mode 0600 if private; - is stdout');
export const keyForceOption = () => option('--force', 'overwrite the file of --out');

/**
 * Refuses options of the output that have no effect.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function refuseUseless({ out, force, mask }: KeyOutputOptions, io: Io): void {
  refuseUselessMask({ mask }, io);
  if (force === true && (out === undefined || out === '-')) throw usage('--force is for --out');
}

/**
 * Refuses a terminal as the place of a private key, or of bytes.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function refuseTerminal({ format, out, json }: KeyOutputOptions, isPrivate: boolean, io: Io): void {
  if (out !== undefined || !io.stdout.isTerminal) return;
  const way = 'name a file with --out, or print it with --out -';
  if (isPrivate) throw usage('a private key is not shown on a terminal', way);
  if (format === 'der' && json !== true) throw usage('DER is bytes that a terminal does not show', way);
}

/** Notes what protects no private key that is written as a JWK. */
export function noteUnguardedJwk(format: string, hasPassphrase: boolean, { note }: Io): void {
  if (!format.startsWith('jwk')) return;
  if (hasPassphrase) note('a JWK is not encrypted, the passphrase does not protect it');
  if (format === 'jwks') note('this JWK Set holds a private key and is not to be published; see --public-half');
}

/** Writes a key. With `--json` the output names its kid, its half and its format. */
export async function writeKey(
  content: ExportedKey,
  { kid, isPrivate }: { kid: string | null; isPrivate: boolean },
  { format, out, force, json, mask }: KeyOutputOptions,
  io: Io,
): Promise<void> {
  const half = isPrivate ? 'private' : 'public';
  if (out !== undefined && out !== '-') {
    const mode = isPrivate ? 0o600 : 0o644;
    writeFileWhole({ path: out, content: toFile(content), mode }, { overwrite: force === true });
    if (json === true) printJson(afterChange(io, `the key was written to ${out}`), { kid, half, format, out });
    else io.say(`wrote ${out}`);
    return;
  }
  const isBytes = content instanceof Uint8Array;
  const key = isBytes ? Buffer.from(content).toString('base64') : content;
  if (isPrivate && (json === true || !isBytes))
    await maskSecrets([typeof key === 'string' ? key : JSON.stringify(key)], { mask }, io);
  if (json === true) printJson(io, { kid, half, format, key });
  else io.stdout.write(toFile(content));
}

function toFile(content: ExportedKey): string | Uint8Array {
  if (typeof content === 'string' || content instanceof Uint8Array) return content;
  return `${JSON.stringify(content, null, 2)}\n`;
}
