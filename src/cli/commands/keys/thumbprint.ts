import type { Command } from 'commander';
import type { SkippedJwk } from '../../../jose/jwk-set.js';
import type { Key } from '../../../jose/key.js';
import { readInvocation } from '../../grammar/invocation.js';
import { type Flags, option } from '../../grammar/option.js';
import { addCommonOptions, addPassphraseOptions } from '../../grammar/shared-options.js';
import { readKeyArgument } from '../../secrets/named-file.js';
import { type PassphraseOptions, withPassphrase } from '../../secrets/passphrase.js';
import { usage } from '../../terminal/errors.js';
import type { Context } from '../../terminal/io.js';
import { printJson } from '../../terminal/output.js';
import { noteSkippedKeys } from '../../terminal/skipped-keys.js';
import { inputName } from '../../terminal/stdin.js';

export function registerKeysThumbprint(keys: Command, { io }: Context): void {
  const command = keys
    .command('thumbprint')
    .description('Print the RFC 7638 thumbprint of each key. Both halves of a pair have the same one.')
    .argument('<file>', 'PEM, DER, certificate, JWK or JWK Set; - is stdin')
    .addOption(option('--spki', 'the SHA-256 of the SubjectPublicKeyInfo instead, in base64: for pinning, Snowflake'));
  addPassphraseOptions(command);
  addCommonOptions(command, [
    'jwtkit keys thumbprint verify.pem',
    'jwtkit keys jwks | jwtkit keys thumbprint -',
    'echo "SHA256:$(jwtkit keys thumbprint --spki verify.pem)"',
  ]);
  command.action(async (path: string) => {
    const invocation = readInvocation<PassphraseOptions & Flags<'spki'>>(command);
    const { options } = invocation;
    const { maxKeyBytes } = await import('../../../jose/key.js');
    const { unlockKeys } = await import('../../../jose/keys.js');
    const { thumbprint } = await import('../../../jose/jwk.js');
    const source = inputName(path);
    const content = readKeyArgument(path, io, maxKeyBytes);
    const skipped: SkippedJwk[] = [];
    const onSkipped = (each: SkippedJwk) => skipped.push(each);
    const found = await withPassphrase(invocation, io, (passphrase) =>
      unlockKeys(content, { purpose: 'any', source, passphrase, note: io.note, onSkipped }),
    );
    noteSkippedKeys(skipped, io);
    const spki = options.spki === true ? await import('../../../jose/spki.js') : undefined;
    const all = found.map((key) => ({
      kid: key.kid ?? null,
      thumbprint: thumbprint(key.keyObject),
      ...(spki && { spki_sha256: spki.spkiFingerprint(refuseSecret(key).keyObject) }),
    }));
    // A public key and its certificate in one file are one key.
    const prints = [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
    if (options.json === true) printJson(io, prints);
    else for (const { thumbprint: print, spki_sha256: pin = print } of prints) io.stdout.write(`${pin}\n`);
  });
}

function refuseSecret(key: Key): Key {
  if (key.keyObject.type === 'secret') throw usage('a shared secret has no SubjectPublicKeyInfo', 'leave out --spki');
  return key;
}
