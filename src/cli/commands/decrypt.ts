import type { Command } from 'commander';
import { JwtkitError } from '../../errors.js';
import { readExact, toJson } from '../../jose/exact-json.js';
import { own, readJsonObject } from '../../jose/json.js';
import { contentMember, textProblem } from '../../jose/text.js';
import type { DecryptedJwe, ShownJwe } from '../../jwe/decrypt.js';
import { isEncryptedToken, isTokenType } from '../../jwe/token.js';
import { escapeText } from '../../shown-text.js';
import { findClaim } from '../../token/claim-path.js';
import {
  addBatchOptions,
  type BatchFlags,
  batchClock,
  excludeFromBatch,
  readBatch,
  refuseToken,
} from '../grammar/batch-options.js';
import {
  addEncryptionKeyOptions,
  readContentEncryption,
  readKeyManagement,
  readNames,
} from '../grammar/encryption-options.js';
import { readInvocation } from '../grammar/invocation.js';
import type { EncryptionKeyOptions } from '../grammar/keys/encryption.js';
import { type Lists, option, type Texts } from '../grammar/option.js';
import { addOutOptions, type OutOptions, outFile, writeOut } from '../grammar/output-file.js';
import { addCommonOptions, addMaskOptions, atOption, type CommonOptions } from '../grammar/shared-options.js';
import {
  addTokenOptions,
  readToken,
  readTokenArgument,
  type TokenFlags,
  tokenFlagOf,
} from '../grammar/token-options.js';
import { readClock } from '../grammar/values.js';
import { usage } from '../terminal/errors.js';
import type { Context, Io } from '../terminal/io.js';
import { type MaskOptions, maskSecrets, refuseUselessMask } from '../terminal/mask.js';
import { printClaim, printJson } from '../terminal/output.js';

interface DecryptOptions
  extends EncryptionKeyOptions,
    TokenFlags,
    BatchFlags,
    OutOptions,
    Texts<'claim' | 'at'>,
    Lists<'alg' | 'enc'>,
    MaskOptions {}

export function registerDecrypt(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('decrypt')
    .description('Decrypt a token (JWE) and print its content. Anybody with the public key may have written it.')
    .addOption(option('--alg <names>', 'allow only these key algorithms; commas or repeated').repeatable())
    .addOption(option('--enc <names>', 'allow only these content encryptions; commas or repeated').repeatable())
    .addOption(option('--claim <path>', 'print one claim raw: a name, a.b.0, or a JSON Pointer /a/b/0'))
    .addOption(atOption());
  addOutOptions(command, 'the content');
  addTokenOptions(command, 'the encrypted token; - or a pipe for stdin');
  addBatchOptions(command, 'a token a line in; its content, of one line, a line out');
  addEncryptionKeyOptions(command, 'decrypt');
  addMaskOptions(command);
  addCommonOptions(command, [
    'jwtkit decrypt "$ENCRYPTED" --key private.pem',
    'jwtkit decrypt "$ENCRYPTED" --key private.pem | jwtkit verify',
    'jwtkit decrypt --token-file report.jwe --key private.pem --out decrypted.txt',
    'printf "%s\\n" "$ENCRYPTED" | jwtkit decrypt --batch --json --key private.pem',
  ]);
  command.action(async () => {
    const argument = readTokenArgument(command);
    const invocation = readInvocation<DecryptOptions>(command);
    const { options } = invocation;
    refuseUselessMask(options, io);
    const out = outFile(options);
    if (out !== undefined && options.claim !== undefined) throw usage('--out and --claim exclude each other');
    const batch = readBatch(options);
    const algorithms = readNames(options.alg, readKeyManagement);
    const encryptions = readNames(options.enc, readContentEncryption);
    if (batch !== undefined) {
      excludeFromBatch({ '--out': out, '--claim': options.claim });
      refuseToken(argument ?? tokenFlagOf(options));
      const { json: asJson = false } = options;
      const now = readClock(options.at, io);
      const { decryptionKeyFinder } = await import('../grammar/keys/encryption-finders.js');
      const job = { kind: 'decrypt', algorithms, encryptions, asJson, isShown: io.stdout.isTerminal } as const;
      const encryption = await decryptionKeyFinder(invocation, now, io);
      const { runBatch } = await import('../terminal/batch.js');
      const { mask } = options;
      return runBatch(job, { ...batch, mask, now: batchClock(options.at, now, io), encryption }, context);
    }
    const token = await readToken(argument, invocation, undefined, context);
    const { decryptionKeys } = await import('../grammar/keys/encryption.js');
    const { parseJwe } = await import('../../jwe/parse.js');
    const kids = parseJwe(token).recipients.flatMap(({ header }) =>
      typeof header.kid === 'string' ? [header.kid] : [],
    );
    const keys = await decryptionKeys(invocation, { now: readClock(options.at, io), kids }, io);
    const { decryptJwe } = await import('../../jwe/decrypt.js');
    const decrypted = await decryptJwe(token, { keys, algorithms, encryptions });
    if (out === undefined) return show(decrypted, options, io);
    await writeOut({ path: out, content: decrypted.plaintext, what: 'content' }, options, io);
  });
}

async function show(decrypted: ShownJwe, options: DecryptOptions & CommonOptions, io: Io): Promise<void> {
  const { plaintext, exactHeader: header, key } = decrypted;
  const { claim, json } = options;
  if (claim !== undefined) {
    const value = findClaim(claimsOf(decrypted), claim);
    await maskSecrets([typeof value === 'string' ? value : toJson(value)], options, io);
    printClaim(io, value, json);
  } else if (json === true) {
    const content = contentMember(plaintext);
    await maskSecrets(Object.values(content), options, io);
    printJson(io, { header, kid: key.kid ?? null, ...content });
  } else if (io.stdout.isTerminal) {
    if (textProblem(plaintext) !== undefined) {
      throw usage(
        'the content is bytes that a terminal does not show',
        'name a file with --out, or print it with --json',
      );
    }
    const lines = Buffer.from(plaintext)
      .toString()
      .replace(/\r?\n$/, '')
      .split(/\r?\n/);
    io.stdout.write(`${lines.map((line) => escapeText(line)).join('\n')}\n`);
  } else {
    // Also of bytes that are no text: one letter in another encoding makes a file such.
    await maskSecrets([Buffer.from(plaintext).toString()], options, io);
    io.stdout.write(plaintext);
  }
}

/** The claims of a token whose content is a claims set. */
function claimsOf({ plaintext, header }: DecryptedJwe) {
  if (isEncryptedToken(Buffer.from(plaintext).toString().trim())) {
    throw new JwtkitError('TOKEN_MALFORMED', 'inside is another encrypted token', {
      hint: 'decrypt it first: jwtkit decrypt … | jwtkit decrypt --claim PATH',
    });
  }
  if (isTokenType(own(header, 'cty'))) {
    throw new JwtkitError('TOKEN_MALFORMED', 'the content is a signed token, whose claims are not verified', {
      hint: 'jwtkit decrypt … | jwtkit verify --claim PATH',
    });
  }
  const refuse = (problem: string) => new JwtkitError('TOKEN_MALFORMED', `the content ${problem}`);
  const { value, text } = readJsonObject(plaintext, refuse);
  return readExact(text, value);
}
