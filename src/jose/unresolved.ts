/**
 * Names of variables, references to vaults, names of files and messages of programs, given where a secret, a key or a token belongs: a
 * program did not put the value in their place.
 */
import { JwtkitError } from '../errors.js';
import { anyOf, type Form, variableForms } from './variable-name.js';

/** A form, and what is written in it. */
interface UnresolvedForm extends Form {
  readonly of: 'variable' | 'vault' | 'file' | 'nothing' | 'object' | 'answer';
}

const extension = '\\.(?:pem|key|pub|crt|cer|der|p8|p12|pfx|json|jwks?|txt|env|ya?ml)';
// Without control characters: random bytes begin so as well.
const filePath = '(?:~?/|\\.{1,2}[\\\\/]|[A-Za-z]:[\\\\/])[\\w\\u00a1-\\ufffc .@+,=~%()\\\\/:-]{1,500}';

const forms: readonly UnresolvedForm[] = [
  ...variableForms.map((form) => ({ ...form, of: 'variable' as const })),
  // Objects of Python, which look like the examples after them.
  { pattern: /^<(?:bound method|built-in|function|coroutine|class|module) .{1,300}>$/, strict: 'secret', of: 'object' },
  { pattern: /^<[\w.]{1,200} object at 0x[\da-f]{1,16}>$|^<Response \[\d{3}\]>$/, strict: 'secret', of: 'object' },
  { pattern: /^<[\w .-]{1,200}>$/, strict: 'secret', of: 'nothing' },
  // Of files that are named where their content belongs.
  { pattern: /^(?:\/var)?\/run\/secrets\/[\w./-]{1,200}$/, strict: 'always', of: 'file' },
  { pattern: /^file:\/{1,3}\S{1,500}$/, strict: 'always', of: 'file' },
  { pattern: new RegExp(`^@?${filePath}${extension}$`, 'i'), strict: 'secret', of: 'file' },
  { pattern: new RegExp(`^@${filePath}$`), strict: 'secret', of: 'file' },
  { pattern: /^(?:s3|gs|gcs|r2|azblob):\/\/\S{1,500}$/i, strict: 'secret', of: 'vault' },
  // Of vaults.
  {
    pattern:
      /^(?:sm|ssm|awssm|gcpsm|gcp-sm|akv|keyvault|azurekeyvault|secret|vault|infisical|bws|doppler|secretref):\/{1,3}\S{1,500}$/,
    strict: 'always',
    of: 'vault',
  },
  {
    pattern: /^(?:op|vault|sm|ssm|awssm|gcpsm|secret|secretref|keyvault|akv|infisical|bws|doppler|ref\+\w+):\S/,
    strict: 'never',
    of: 'vault',
  },
  { pattern: /^(?:op|ref\+\w{1,40}):\/\/\S{1,500}$/, strict: 'always', of: 'vault' },
  { pattern: /^vault:[\w./-]{1,200}#\S{1,200}$/, strict: 'always', of: 'vault' },
  { pattern: /^[\w-]{1,40}\/data\/[\w./-]{1,200}#[\w.-]{1,100}$/, strict: 'secret', of: 'vault' },
  { pattern: /^ENC\[\w{1,40},data:/, strict: 'always', of: 'vault' },
  { pattern: /^arn:aws[\w-]{0,20}:(?:secretsmanager|ssm|kms):\S{1,500}$/, strict: 'always', of: 'vault' },
  { pattern: /^@Microsoft\.KeyVault\([^()]{1,500}\)$/i, strict: 'always', of: 'vault' },
  { pattern: /^projects\/[\w-]{1,100}\/secrets\/\S{1,200}$/, strict: 'always', of: 'vault' },
  { pattern: /^ENC\[|^arn:aws|^@Microsoft\.|^projects\/\S+\/secrets\//, strict: 'never', of: 'vault' },
  // Keys that never leave their service, as step and cosign name them.
  {
    pattern: /^(?:pkcs11|yubikey|tpmkms|cloudkms|awskms|azurekms|gcpkms|hashivault|openbao|sshagentkms):\S{1,500}$/,
    strict: 'always',
    of: 'vault',
  },
  { pattern: /^projects\/[\w-]{1,100}\/locations\/[\w-]{1,60}\/keyRings\/\S{1,300}$/, strict: 'always', of: 'vault' },
  { pattern: /^k8s:\/\/\S{1,300}$/, strict: 'always', of: 'vault' },
  // Of dotenvx.
  { pattern: /^encrypted:[\w+/-]{16,900}={0,2}$/, strict: 'always', of: 'vault' },
  // What stands for a value that a program hid, encrypted, or has elsewhere.
  { pattern: /^\*{8,}$/, strict: 'secret', of: 'nothing' },
  { pattern: /^(?:\((?:sensitive value|known after apply)\)\s*){1,40}$/, strict: 'secret', of: 'nothing' },
  { pattern: /^(?:\[object \w{1,40}\]\s*){1,40}$/, strict: 'secret', of: 'nothing' },
  { pattern: /^\$ANSIBLE_VAULT;/, strict: 'secret', of: 'nothing' },
  { pattern: /^https?:\/\/\S{1,900}$/, strict: 'secret', of: 'nothing' },
  { pattern: /^version https:\/\/git-lfs\.github\.com\/spec\//, strict: 'secret', of: 'nothing' },
  // Objects as Java, .NET, Ruby, Python and Node print them.
  { pattern: /^(?:[a-z]\w{0,40}\.){1,10}[A-Z][\w$]{0,80}@[\da-f]{1,8}$/, strict: 'secret', of: 'object' },
  { pattern: /^(?:System|Microsoft)(?:\.[A-Z]\w{0,60}){1,10}(?:[+`[,].{0,300})?$/, strict: 'secret', of: 'object' },
  { pattern: /^#<[A-Z][\w:]{0,100}(?:[:\s][^<>]{0,300})?>$/, strict: 'secret', of: 'object' },
  { pattern: /^(?:(?:Public|Private|Secret)KeyObject|CryptoKey|Promise) \{/, strict: 'secret', of: 'object' },
  { pattern: /^(?:async )?(?:function\b.{0,80}\(|\([\w, ]{0,80}\) =>)/, strict: 'secret', of: 'object' },
  // What a program or a service says if it has no value.
  { pattern: /^<(?:!doctype html|html[\s>]|\?xml\s)/i, strict: 'secret', of: 'answer' },
  { pattern: /^\{\s*"(?:errors?|message|__type)"\s*:/i, strict: 'secret', of: 'answer' },
  { pattern: /^HTTP\/\d(?:\.\d)? \d{3}\b/, strict: 'secret', of: 'answer' },
  { pattern: /^\[?(?:error|fatal|panic)(?:\]|:)\s/i, strict: 'secret', of: 'answer' },
  {
    pattern: /^(?:Error from server|An error occurred|ERROR:|curl:|Traceback|usage:) \(?\w|^No value found at /,
    strict: 'secret',
    of: 'answer',
  },
  {
    pattern:
      /^[\w./-]{1,60}: (?:.{0,300}: )?(?:No such file or directory|(?:command )?not found|Permission denied|Is a directory)$/,
    strict: 'secret',
    of: 'answer',
  },
];

/** A reference to a vault, given instead of a key or a token. */
export const vaultReference = patternOf('vault');

/** The name of a file, given instead of a key or a token. */
export const fileName = patternOf('file');

function patternOf(of: UnresolvedForm['of']): RegExp {
  return anyOf(forms.filter((form) => form.of === of));
}

/** What is wrong with a secret that is one of them, to complete "the secret …". */
export const unresolvedProblem = 'is a placeholder, not a secret';
/** The hint for such a secret. */
export const unresolvedHint = 'the program that replaces it did not run; anybody can guess this text';

/** Whether a password or a passphrase is in a form that only programs write. */
export function isReference(secret: Uint8Array | string): boolean {
  const plain = plainText(secret);
  return forms.some(({ pattern, strict }) => strict === 'always' && pattern.test(plain));
}

/** Whether a secret that a program made is a placeholder, also in quotes or behind its name, as in a line of YAML or an env file. */
export function isUnresolved(secret: Uint8Array | string): boolean {
  return formOf(secret) !== undefined;
}

function formOf(secret: Uint8Array | string): UnresolvedForm | undefined {
  const plain = plainText(secret);
  const value = plain.replace(/^(?:export {1,4})?["']?[A-Za-z_][\w.-]{0,100}["']?[ \t]{0,8}[:=][ \t]{0,8}/, '');
  const unquoted = value.replace(/^(["'`])(.*)\1[,;]?$/, '$2');
  return forms.find(({ pattern, strict }) => {
    return strict !== 'never' && [plain, value, unquoted].some((text) => pattern.test(text));
  });
}

/** How much of a text the patterns see, in bytes. Only a web page is longer. */
const seen = 4096;

function plainText(secret: Uint8Array | string): string {
  const bytes = Buffer.from(secret as string);
  const text = bytes.toString('latin1', 0, seen).trimStart();
  return bytes.length > seen ? text : text.trimEnd();
}

/** Says that a text is an object as a program prints it, or the message of a program. No program puts another value in its place. */
export function printedForm(text: string): 'object' | 'answer' | undefined {
  const of = formOf(text)?.of;
  return of === 'object' || of === 'answer' ? of : undefined;
}

/** What a text is instead of a secret or a key, and what to do; undefined for a text that is not {@link isUnresolved}. */
export function explainUnresolved(
  text: Uint8Array,
  wanted: 'secret' | 'key' = 'secret',
): { problem: string; hint: string } | undefined {
  const form = formOf(text);
  if (form === undefined) return undefined;
  if (form.of !== 'answer') return { problem: `is a placeholder, not a ${wanted}`, hint: unresolvedHint };
  return {
    problem: `is what a program printed instead of a ${wanted}`,
    hint: `run what fetches the ${wanted} again, and read its message; anybody can guess this text`,
  };
}

/** Throws KEY_TOO_WEAK for a secret that {@link isUnresolved}. */
export function refuseUnresolved(secret: Uint8Array, where: string): void {
  const reason = explainUnresolved(secret);
  if (reason === undefined) return;
  throw new JwtkitError('KEY_TOO_WEAK', `${where}the secret ${reason.problem}`, { hint: reason.hint });
}
