import type { Command } from 'commander';
import { readContent } from '../../input.js';
import type { Context } from '../../io.js';
import { addCommonOptions, addExamples, readInvocation } from '../../options.js';
import { printJson } from '../../output.js';

export function registerKeysThumbprint(keys: Command, { io }: Context): void {
  const command = keys
    .command('thumbprint')
    .description(
      'Print the RFC 7638 thumbprint of a key, a line a key of a JWK Set; the same for both halves of a pair.',
    )
    .argument('<file>', 'PEM, DER, certificate, JWK or JWK Set; - for stdin');
  addCommonOptions(command);
  addExamples(command, ['jwtkit keys thumbprint verify.pem', 'jwtkit keys jwks | jwtkit keys thumbprint -']);
  command.action(async (path: string) => {
    const { options } = readInvocation(command, io);
    const { maxKeyBytes } = await import('../../../jose/key.js');
    const { loadKeys } = await import('../../../jose/keys.js');
    const { thumbprint } = await import('../../../jose/jwk.js');
    const source = path === '-' ? 'standard input' : path;
    const found = loadKeys(readContent(path, io, maxKeyBytes), { purpose: 'any', source });
    const prints = found.map(({ keyObject, kid }) => ({ kid: kid ?? null, thumbprint: thumbprint(keyObject) }));
    if (options.json === true) printJson(io, prints);
    else for (const print of prints) io.stdout.write(`${print.thumbprint}\n`);
  });
}
