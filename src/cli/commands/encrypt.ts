import type { Command } from 'commander';
import { writeFileWhole } from '../../files/write-files.js';
import type { JsonObject } from '../../jose/json.js';
import { textBytes } from '../../jose/text.js';
import type { Serialization } from '../../jwe/encrypt.js';
import { trimToken } from '../../token/decode.js';
import { completeClaims, readClaims } from '../../token/given-claims.js';
import { addEncryptionKeyOptions, readContentEncryption, readKeyManagement } from '../grammar/encryption-options.js';
import { type Invocation, readInvocation } from '../grammar/invocation.js';
import { addPairs } from '../grammar/issued-claims.js';
import type { EncryptionKeyOptions } from '../grammar/keys/encryption.js';
import { type Flags, type Lists, option, type Texts } from '../grammar/option.js';
import { addCommonOptions, addMaskOptions, atOption, type CommonOptions } from '../grammar/shared-options.js';
import { keyringFolder } from '../grammar/unnamed-places.js';
import { readClock } from '../grammar/values.js';
import { usage } from '../terminal/errors.js';
import { readContent } from '../terminal/input.js';
import type { Context, Io } from '../terminal/io.js';
import { type MaskOptions, maskTokens, refuseUselessMask } from '../terminal/mask.js';
import { afterChange, printJson } from '../terminal/output.js';

interface EncryptOptions
  extends EncryptionKeyOptions,
    Texts<'alg' | 'enc' | 'typ' | 'cty' | 'at' | 'out'>,
    Lists<'header'>,
    MaskOptions,
    Flags<'force' | 'sign'> {
  serialization: Serialization;
}

/** The largest content, in bytes: base64url makes it a token of 16 MiB. */
const maxContentBytes = 12 * 1024 * 1024;

export function registerEncrypt(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('encrypt')
    .description('Encrypt a file or a token for a recipient (JWE). Only the holder of the private key reads it.')
    .argument('[file]', 'what to encrypt, any bytes; - or a pipe for stdin')
    .addOption(option('--sign', "the content is claims: sign them first, with the keyring's key"))
    .addOption(option('--alg <name>', "how the key is encrypted (default: the key's alg, else its usual one)"))
    .addOption(option('--enc <name>', 'how the content is encrypted (default: A256GCM; for dir what fits the secret)'))
    .addOption(option('--typ <type>', 'header typ'))
    .addOption(option('--cty <type>', 'header cty (default: JWT where the content is a signed token)'))
    .addOption(
      option('--header <name=value>', 'another header member: name=text or name:=json; repeatable').repeatable(),
    )
    .addOption(
      option('--serialization <form>', 'how the token is written')
        .choices(['compact', 'flattened', 'general'])
        .default('compact'),
    )
    .addOption(atOption())
    .addOption(option('--out <file>', 'write to a file, mode 0600, instead of stdout'))
    .addOption(option('--force', 'overwrite the file of --out'));
  addEncryptionKeyOptions(command, 'encrypt');
  addMaskOptions(command);
  addCommonOptions(command, [
    'jwtkit encrypt report.txt --key recipient.pem',
    'jwtkit issue --sub user-123 | jwtkit encrypt --key recipient.pem',
    'echo \'{"sub":"user-123"}\' | jwtkit encrypt --sign --key recipient.pem',
    'jwtkit encrypt report.txt --secret-file shared.txt --secret-encoding base64url --alg A256GCMKW',
  ]);
  command.action(async (path: string | undefined) => {
    const invocation = readInvocation<EncryptOptions>(command);
    const { options } = invocation;
    if (options.out === '-') delete options.out;
    if (options.force === true && options.out === undefined) throw usage('--force is for --out');
    refuseUselessMask(options, io);
    const alg = options.alg === undefined ? undefined : readKeyManagement(options.alg);
    const enc = options.enc === undefined ? undefined : readContentEncryption(options.enc);
    if (path === undefined && io.stdin.isTerminal) throw usage('nothing to encrypt', 'name a file, or pipe it in');
    const given = readContent(path ?? '-', io, maxContentBytes, 'what is encrypted');
    const now = readClock(options.at, io);
    const content = options.sign === true ? await signClaims(given, now, invocation, io) : given;
    const { recipientKey } = await import('../grammar/keys/encryption.js');
    const key = await recipientKey(invocation, { now, alg }, io);
    const { plaintext, header } = describeContent(content, options);
    const { encryptJwe } = await import('../../jwe/encrypt.js');
    const { serialization } = options;
    const token = await encryptJwe(plaintext, { key, alg, enc, header, serialization, now });
    maskTokens([token], options, io);
    if (options.out !== undefined) return writeOut(options, token, io);
    if (options.json === true) printJson(io, { token, kid: key.kid ?? null });
    else io.stdout.write(`${token}\n`);
  });
}

/** Signs claims with the key that signs in the keyring, as `issue --claims` does. */
async function signClaims(
  content: Uint8Array,
  now: number,
  invocation: Invocation<EncryptOptions>,
  io: Io,
): Promise<Uint8Array> {
  const refuse = (problem: string, hint?: string) => usage(`--sign: the content ${problem}`, hint);
  const claims = completeClaims(readClaims(textBytes(content, refuse), '--sign: the content'), {
    fixed: {},
    defaults: [],
    isRedated: false,
  });
  const { openNamedKeyring } = await import('../grammar/keys/trusted.js');
  const { issueToken } = await import('../../token/issue.js');
  const keyring = openNamedKeyring(keyringFolder(invocation, io), invocation.env);
  const key = await keyring.signingKey(now);
  return Buffer.from((await issueToken(claims, {}, { key, now, newId: io.newId })).token);
}

/** A signed token alone; the header of nearly every token begins with these letters. */
const signedToken = /^ey[\w-]+\.[\w-]+\.[\w-]+$/;

/** Returns what is encrypted and its header. A signed token goes in without the line end behind it (RFC 7519 §5.2). */
function describeContent(content: Uint8Array, options: EncryptOptions): { plaintext: Uint8Array; header: JsonObject } {
  const token = trimToken(Buffer.from(content).toString('latin1'));
  const isToken = options.cty === undefined && signedToken.test(token);
  const cty = isToken ? 'JWT' : options.cty;
  const header: JsonObject = {
    ...(options.typ === undefined ? {} : { typ: options.typ }),
    ...(cty === undefined ? {} : { cty }),
  };
  addPairs(header, '--header', options.header);
  return { plaintext: isToken ? Buffer.from(token) : content, header };
}

function writeOut({ out = '', force, json }: EncryptOptions & CommonOptions, content: string, io: Io): void {
  writeFileWhole({ path: out, content: `${content}\n`, mode: 0o600 }, { overwrite: force === true });
  if (json === true) printJson(afterChange(io, `the token was written to ${out}`), { out });
  else io.say(`wrote ${out}`);
}
