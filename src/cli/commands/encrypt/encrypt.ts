import type { Command } from 'commander';
import { writeJson } from '../../../jose/exact-json.js';
import { plainHeader } from '../../../jwe/header.js';
import type { EncryptionKey } from '../../../jwe/key.js';
import { addBatchOptions, batchClock, excludeFromBatch, readBatch } from '../../grammar/batch-options.js';
import { addEncryptionKeyOptions, readContentEncryption, readKeyManagement } from '../../grammar/encryption-options.js';
import { type Invocation, readInvocation } from '../../grammar/invocation.js';
import { addClaimOptions, checkClaimOptions, makesClaims, refuseTogether } from '../../grammar/issued-claims.js';
import { option } from '../../grammar/option.js';
import { addOutOptions, outFile, writeToken } from '../../grammar/output-file.js';
import { addCommonOptions, addMaskOptions, atOption } from '../../grammar/shared-options.js';
import { readClock } from '../../grammar/values.js';
import type { Context, Io } from '../../terminal/io.js';
import { maskSecrets, refuseUselessMask } from '../../terminal/mask.js';
import { printJson } from '../../terminal/output.js';
import { claimsJob, type EncryptOptions, makeContent, readGiven, readHeader, readPlain, signerOf } from './content.js';

export function registerEncrypt(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('encrypt')
    .description('Encrypt a file, a token or claims (JWE). Only the recipient, who has the key, can read it.')
    .argument('[file]', 'what to encrypt, any bytes; - or a pipe for stdin; nothing where options make claims')
    .addOption(option('--sign', "the content is claims: sign them first, with the keyring's key"));
  addClaimOptions(command)
    .addOption(option('--alg <name>', "how the key is encrypted (default: the key's alg, else its usual one)"))
    .addOption(option('--enc <name>', 'how the content is encrypted (default: A256GCM; for dir what fits the secret)'))
    .addOption(option('--typ <type>', 'header typ (default: JWT where the content is claims)'))
    .addOption(option('--cty <type>', 'header cty (default: JWT where the content is a token)'))
    .addOption(
      option('--header <name=value>', 'another header member: name=text or name:=json; repeatable').repeatable(),
    )
    .addOption(
      option('--serialization <form>', 'how the token is written')
        .choices(['compact', 'flattened', 'general'])
        .default('compact'),
    )
    .addOption(atOption());
  addOutOptions(command);
  addBatchOptions(command, 'a line of text or a token in, or claims with --sign or claim options; a token a line out');
  addEncryptionKeyOptions(command, 'encrypt');
  addMaskOptions(command);
  addCommonOptions(command, [
    'jwtkit encrypt report.txt --key recipient.pem',
    'jwtkit issue --sub user-123 | jwtkit encrypt --key recipient.pem',
    'jwtkit encrypt --sign --sub user-123 --claim plan=pro --ttl 15m --key recipient.pem',
    'echo \'{"sub":"user-123"}\' | jwtkit encrypt --sign --key recipient.pem',
    'jwtkit encrypt report.txt --secret-file shared.txt --secret-encoding base64url --alg A256GCMKW',
    'printf \'{"sub":"user-%s"}\\n\' 1 2 3 | jwtkit encrypt --batch --sign --key recipient.pem',
  ]);
  command.action(async (path: string | undefined) => {
    const invocation = readInvocation<EncryptOptions>(command);
    const { options } = invocation;
    refuseUselessMask(options, io);
    const out = outFile(options);
    const batch = readBatch(options);
    checkOptions(invocation, path);
    const alg = options.alg === undefined ? undefined : readKeyManagement(options.alg);
    const enc = options.enc === undefined ? undefined : readContentEncryption(options.enc);
    const { serialization, sign: isSigned = false } = options;
    const header = plainHeader(readHeader(options));
    const isClaims = isSigned || makesClaims(invocation);
    if (batch !== undefined) {
      const claims = isClaims ? claimsJob(invocation, io) : undefined;
      const now = readClock(options.at, io);
      const { recipientFinder } = await import('../../grammar/keys/encryption-finders.js');
      const asJson = options.json === true;
      const own = { header: writeJson(header), claims, isSigned, asJson };
      const job = { kind: 'encrypt', alg, enc, serialization, ...own } as const;
      const encryption = await recipientFinder(invocation, { now, alg }, io);
      if (isClaims && !isSigned) for (const key of await encryption(now)) noteUnsigned(key, io);
      const signer = isSigned ? await signerOf(invocation, now, io) : undefined;
      const { runBatch } = await import('../../terminal/batch.js');
      const { mask } = options;
      return runBatch(job, { ...batch, mask, now: batchClock(options.at, now, io), encryption, signer }, context);
    }
    const given = readGiven(invocation, path, isSigned, io);
    const now = readClock(options.at, io);
    const made = isClaims ? await makeContent(given, now, invocation, io) : readPlain(given, options);
    const { recipientKey } = await import('../../grammar/keys/encryption.js');
    const key = await recipientKey(invocation, { now, alg }, io);
    const { encryptJwe } = await import('../../../jwe/encrypt.js');
    const members = { ...made.header, ...header };
    const token = await encryptJwe(made.content, { key, alg, enc, header: members, serialization, now });
    if (isClaims && !isSigned) noteUnsigned(key, io);
    await maskSecrets([token], options, io);
    if (out !== undefined) return writeToken(out, token, options, io);
    if (options.json === true) printJson(io, { token, kid: key.kid ?? null });
    else io.stdout.write(`${token}\n`);
  });
}

function checkOptions(invocation: Invocation<EncryptOptions>, path: string | undefined): void {
  const { options } = invocation;
  if (options.batch !== undefined) {
    const { claims, jti } = options;
    excludeFromBatch({ 'a file': path, '--claims': claims, '--jti': jti, '--out': outFile(options) });
  }
  refuseTogether([[options.claims !== undefined && path !== undefined, 'a file and --claims']]);
  checkClaimOptions(invocation);
}

/** A shared secret says that one of its holders wrote a token. A public key says nothing. */
function noteUnsigned({ keyObject }: EncryptionKey, io: Io): void {
  if (keyObject.type === 'secret') return;
  io.note('nobody signs these claims, and everybody with the public key can write such a token; --sign signs them');
}
