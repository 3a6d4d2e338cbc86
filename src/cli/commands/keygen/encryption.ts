/** `keygen --use enc`: a key pair for encryption, in the keyring or in files. */
import { placeFiles } from '../../../files/write-files.js';
import { exportPrivateJwk, exportPublicJwk, thumbprint } from '../../../jose/jwk.js';
import { exportPrivatePem, exportPublicPem } from '../../../jose/pem.js';
import { generateEncryptionKey } from '../../../jwe/generate-key.js';
import { addEncryptionKey } from '../../../store/keyring/encryption.js';
import { readEncryptionKeyAlgorithm } from '../../grammar/encryption-options.js';
import type { Invocation } from '../../grammar/invocation.js';
import { keyringFolder } from '../../grammar/unnamed-places.js';
import { readBits } from '../../grammar/values.js';
import { newPassphrase } from '../../secrets/new-secrets.js';
import { usage } from '../../terminal/errors.js';
import type { Io } from '../../terminal/io.js';
import { maskSecrets } from '../../terminal/mask.js';
import { afterChange, printJson } from '../../terminal/output.js';
import { checkPlaces, type KeygenOptions } from './options.js';

/** Makes a key for encryption, and prints its kid. */
export async function makeEncryptionKey(invocation: Invocation<KeygenOptions>, io: Io): Promise<void> {
  const { options, origin } = invocation;
  for (const name of ['cert', 'csr', 'x5c', 'subject', 'san', 'days'] as const) {
    if (options[name] !== undefined) throw usage(`--${name} is for a key that signs`);
  }
  const { private: privatePath } = options;
  checkPlaces(invocation);
  const alg = origin('alg') === undefined ? 'ECDH-ES+A256KW' : readEncryptionKeyAlgorithm(options.alg);
  const kind = { alg, crv: options.crv, bits: readBits(options.bits) };
  const passphrase = options.format === 'jwk' ? undefined : await newPassphrase(invocation, io, options.encrypt);
  if (privatePath !== undefined) {
    const { kid, paths } = await intoFiles(kind, options, passphrase, io);
    if (options.json === true)
      return printJson(afterChange(io, 'the key was made'), { kid, alg, use: 'enc', ...paths });
    if (!Object.values(paths).includes('-')) io.stdout.write(`${kid}\n`);
    return;
  }
  const keyring = keyringFolder(invocation, io);
  const kid = await addEncryptionKey(keyring, { ...kind, now: io.now(), kid: options.kid, passphrase });
  if (options.json !== true) io.say(`made a key for ${alg} in ${keyring}; others encrypt to it from now on`);
  const told = afterChange(io, 'the key was made');
  if (options.json === true) printJson(told, { kid, alg, use: 'enc', keyring });
  else told.stdout.write(`${kid}\n`);
}

async function intoFiles(
  kind: Parameters<typeof generateEncryptionKey>[0],
  options: KeygenOptions & { json?: boolean },
  passphrase: Awaited<ReturnType<typeof newPassphrase>>,
  io: Io,
) {
  const { publicKey, privateKey } = await generateEncryptionKey(kind);
  const kid = options.kid ?? thumbprint(publicKey);
  const members = { kid, alg: kind.alg, use: 'enc' };
  const isJwk = options.format === 'jwk';
  const texts = {
    private: isJwk
      ? jwkText({ ...exportPrivateJwk(privateKey), ...members })
      : exportPrivatePem(privateKey, { passphrase }),
    public: isJwk ? jwkText({ ...exportPublicJwk(publicKey), ...members }) : exportPublicPem(publicKey),
  };
  const paths: { private?: string; public?: string } = {};
  for (const half of ['private', 'public'] as const) if (options[half] !== undefined) paths[half] = options[half];
  const files = (['private', 'public'] as const).flatMap((half) => {
    const path = paths[half];
    if (path === undefined || path === '-') return [];
    return [{ path, content: texts[half], mode: half === 'private' ? 0o600 : 0o644 }];
  });
  placeFiles(files, { overwrite: options.force === true }).keep();
  if (options.json !== true) for (const { path } of files) io.say(`wrote ${path}`);
  if (paths.private === '-') await maskSecrets([texts.private], options, io);
  for (const half of ['private', 'public'] as const) if (paths[half] === '-') io.stdout.write(texts[half]);
  return { kid, paths };
}

function jwkText(jwk: object): string {
  return `${JSON.stringify(jwk, null, 2)}\n`;
}
