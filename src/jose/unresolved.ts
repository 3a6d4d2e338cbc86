/**
 * Names of variables and references to vaults, given where a secret, a key or a token belongs: a program did not put the value in
 * their place. The forms are strict, because they refuse secrets. The two patterns for hints are loose.
 */
import { JwtkitError } from '../errors.js';

/** Nobody chooses a password in these forms. */
const references: readonly RegExp[] = [
  // Of shells, compose files, Azure DevOps, GitHub Actions and Helm.
  /^\$(?:\{[^{}]{1,200}\}|\(\w{1,200}\)|env:\w{1,200})$/,
  /^\$?\{\{[^{}]{1,200}\}\}$/,
  // Of ERB, and of Octopus.
  /^<%=[^<>]{1,200}%>$/,
  /^#\{[\w.-]{1,200}\}#?$/,
  // Of files and variables that are named where their content belongs.
  /^env:(?:\/\/)?[A-Z_][A-Z0-9_]{0,200}$/,
  /^\/(?:var\/)?run\/secrets\/[\w./-]{1,200}$/,
  // Of vaults.
  /^(?:sm|ssm|awssm|gcpsm|akv|keyvault|vault|infisical|bws|doppler|secretref|file):\/{1,3}\S{1,500}$/,
  /^ENC\[\w{1,40},data:[^[\]]{1,900}\]$/,
  /^(?:op|ref\+\w{1,40}):\/\/\S{1,500}$/,
  /^vault:[\w./-]{1,200}#\S{1,200}$/,
  /^arn:aws[\w-]{0,20}:(?:secretsmanager|ssm|kms):\S{1,500}$/,
  /^@Microsoft\.KeyVault\([^()]{1,500}\)$/i,
  /^projects\/[\w-]{1,100}\/secrets\/\S{1,200}$/,
];

/** A person may choose a password in these forms, but no program makes a secret in them: of Windows, Azure DevOps, and examples. */
const names: readonly RegExp[] = [/^%[A-Za-z_]\w{0,200}%$/, /^__[A-Z][A-Z0-9_]{0,200}__$/, /^<[\w .-]{1,200}>$/];

/** What stands for a value that a program hid, encrypted, or has elsewhere. */
const standIns: readonly RegExp[] = [
  /^\*{8,}$/,
  /^(?:\((?:sensitive value|known after apply)\)\s*){1,40}$/,
  /^(?:\[object \w{1,40}\]\s*){1,40}$/,
  /^\$ANSIBLE_VAULT;/,
  /^https?:\/\/\S{1,900}$/,
];

/** The name of a variable, given instead of a key or a token. */
export const variableName =
  /^\$(?:\w+|\{\w+\}|\(\w+\)|env:\w+)$|^%\w+%$|^\$?\{\{.*\}\}$|^#\{[\w.-]+\}#?$|^__\w+__$|^<%=|^env:\S/;

/** A reference to a vault, given instead of a key or a token. */
export const vaultReference =
  /^(?:op|vault|sm|ssm|awssm|gcpsm|secret|secretref|keyvault|akv|infisical|bws|doppler|ref\+\w+):\S|^ENC\[|^arn:aws|^@Microsoft\.|^projects\/\S+\/secrets\//i;

/** What is wrong with a secret that is one of them, to complete "the secret …". */
export const unresolvedProblem = 'is a name or a reference, not the value behind it';
/** The hint for such a secret. */
export const unresolvedHint = 'nothing put the value in its place: everybody could guess this secret';

/** Whether a password or a passphrase is a reference. */
export function isReference(secret: Uint8Array | string): boolean {
  return isOneOf(references, secret);
}

/** Whether a secret that a program made is a name or a reference. */
export function isUnresolved(secret: Uint8Array | string): boolean {
  return isOneOf(references, secret) || isOneOf(names, secret) || isOneOf(standIns, secret);
}

function isOneOf(forms: readonly RegExp[], secret: Uint8Array | string): boolean {
  const plain =
    secret.length > 1024
      ? ''
      : Buffer.from(secret as string)
          .toString('latin1')
          .trim();
  return forms.some((form) => form.test(plain));
}

/** Throws KEY_TOO_WEAK for a secret that {@link isUnresolved}. */
export function refuseUnresolved(secret: Uint8Array, where: string): void {
  if (!isUnresolved(secret)) return;
  throw new JwtkitError('KEY_TOO_WEAK', `${where}the secret ${unresolvedProblem}`, { hint: unresolvedHint });
}
