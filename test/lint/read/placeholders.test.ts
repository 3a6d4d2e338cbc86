/** What stands for a secret: lint passes over exactly what no command takes as a secret. */
import { describe, expect, test } from 'vitest';
import { loadSecret } from '../../../src/jose/secret.js';
import { text } from '../../../src/lint/example.js';
import { lint } from '../../../src/lint/lint.js';

/** The findings about a secret in a file that everybody can read: file/setting-readable says that lint saw a secret. */
async function idsOf(content: string): Promise<string[]> {
  const { source } = text(content);
  const { findings } = await lint([{ ...source, isFile: true, mode: 0o644 }], { now: 0 });
  return findings.map(({ id }) => id);
}

function isRefused(secret: string): boolean {
  try {
    loadSecret(secret);
    return false;
  } catch (error) {
    return /is a placeholder|is what a program printed/.test((error as Error).message);
  }
}

const $ = '$';
const taken = [
  '$uperSecretPassword-for-production-123456',
  '$uperSecretPasswordForProduction1234567890',
  'vault-of-secrets-for-production-2026-abcd',
  'vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok48',
  'Ref-1234567890-abcdefghijklmnopqrstuvw',
  'sops-1234567890-abcdefghijklmnopqrstuvw',
  'ENC-1234567890-abcdefghijklmnopqrstuvw',
  'op:1234567890-abcdefghijklmnopqrstuvw',
  `aaaa${$}{b}cccc1234567890qwertyuiopasdfghj`,
  `${$}{b}1234567890qwertyuiopasdfghjzxcvbnm`,
  '1234567890{{qwertyuiopasdfghjzxcvbnm}}',
  '__abcdefghijklmnopqrstuvwxyz0123456789__',
];
const putInLater = [
  '%JWT_SECRET%',
  '__JWT_SECRET__',
  `${$}{JWT_SECRET}`,
  `${$}{JWT_SECRET:-a default that is written in the repository}`,
  `${$}{{ secrets.JWT_SECRET }}`,
  '{{ .Values.jwt.secret | quote }}',
  '$(JWT_SECRET)',
  'op://production/jwt/password',
  'vault:secret/data/app#jwt',
  'arn:aws:secretsmanager:eu-west-1:123456789012:secret:jwt-AbCdEf',
  '/run/secrets/jwt',
  'https://v.vault.azure.net/secrets/jwt',
  '$(openssl rand -base64 64)',
  '%env(resolve:JWT_SECRET)%',
];
const leftOver = [
  '********',
  '<the secret of the service>',
  '(sensitive value)',
  '[object Object]',
  'System.Byte[]',
  'javax.crypto.spec.SecretKeySpec@5883fb9',
  '#<OpenSSL::PKey::RSA:0x000055d5c8a0e4a8>',
  'cat: /run/secrets/jwt: No such file or directory',
  '{"errors":["permission denied"]}',
];

describe('lint and loadSecret agree on', () => {
  test.each(taken)('%s: a secret', async (secret) => {
    expect(isRefused(secret)).toBe(false);
    expect(await idsOf(`JWT_SECRET='${secret}'\n`)).toContain('file/setting-readable');
  });

  test.each(putInLater)('%s: what a program replaces', async (secret) => {
    expect(isRefused(secret)).toBe(true);
    expect(await idsOf(`JWT_SECRET='${secret}'\n`)).toEqual([]);
  });

  test.each(leftOver)('%s: what nobody replaces', async (secret) => {
    expect(isRefused(secret)).toBe(true);
    expect(await idsOf(`JWT_SECRET='${secret}'\n`)).toContain('secret/placeholder');
  });
});

test.each(['$JWT_SECRET', '$SECRET_KEY_2', ''])(
  'lint passes over %s, which a shell or a compose file reads',
  async (value) => {
    expect(await idsOf(`JWT_SECRET=${value}\nPORT=1\n`)).toEqual([]);
  },
);

test.each([
  ['!Ref JwtSecret', false],
  ['!GetAtt Secret.Value', false],
  ['!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  62313365396662343061393464336163\n', false],
  [`!vault |\n${'  62313365396662343061393464336163\n'.repeat(99)}`, false],
  ['!!str Ref-JwtSecret', true],
  ['"!Ref JwtSecret"', true],
])('JWT_SECRET: %s holds a secret: %s', async (value, isSecret) => {
  expect((await idsOf(`JWT_SECRET: ${value}\n`)).includes('file/setting-readable')).toBe(isSecret);
});
