/** A private key is refused to verify with: what the hint says makes a public half of each form that is read. */
import { expect, test } from 'vitest';
import { exportPrivateJwk } from '../../src/jose/jwk.js';
import { exportPrivatePem, exportPublicPem } from '../../src/jose/pem.js';
import { privateKeys } from '../attacks/trusted-keys.js';
import { fileWith, runCli, stdoutOf } from './fake-io.js';

const { rsa, p256 } = privateKeys;
const pem = exportPrivatePem(rsa);
const jwk = exportPrivateJwk(rsa);

test.each<[string, string]>([
  ['PEM', pem],
  ['PEM with literal \\n', pem.replaceAll('\n', '\\n')],
  ['PEM in base64', Buffer.from(pem).toString('base64')],
  ['PEM beside its public half', pem + exportPublicPem(rsa)],
  ['a JWK', JSON.stringify(jwk)],
  ['a JWK Set', JSON.stringify({ keys: [{ ...jwk, kid: 'a' }] })],
  [
    'a JWK Set of two',
    JSON.stringify({
      keys: [
        { ...jwk, kid: 'a' },
        { ...exportPrivateJwk(p256), kid: 'b' },
      ],
    }),
  ],
  ['a service account', JSON.stringify({ type: 'service_account', private_key_id: 'a', private_key: pem })],
])('%s', async (_what, content) => {
  const file = fileWith(content);
  const kid = content.includes('kid') || content.includes('_id') ? ['--kid', 'a'] : [];
  const token = await stdoutOf(['issue', '--sub', 'x', '--key', fileWith(pem), ...kid]);
  const refused = await runCli(['verify', token, '--key', file]);
  expect(refused.exitCode).toBe(3);
  const [, command = ''] = /make the public half with: jwtkit (.*)\n/.exec(refused.stderr) ?? [];
  const half = await stdoutOf(command.replace('FILE', file).split(' '));
  expect(half).not.toMatch(/PRIVATE|"d"/);
  expect(await runCli(['verify', token, '--key', fileWith(half), '-q'])).toMatchObject({ exitCode: 0 });
});
