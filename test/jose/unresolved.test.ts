/** A secret that is the name of a secret: everybody can guess it. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { foreignFormatHint } from '../../src/jose/foreign-key.js';
import { exportPrivatePem } from '../../src/jose/pem.js';
import { loadSecret } from '../../src/jose/secret.js';
import { loadEncryptionSecret } from '../../src/jwe/keys.js';
import { privateKeys } from '../attacks/trusted-keys.js';
import { runCli, stdoutOf, temporaryFolder } from '../cli/fake-io.js';

test.each([
  '$'.concat('{{ secrets.JWT_SIGNING_SECRET_V2 }}'),
  '$'.concat('{JWT_SIGNING_SECRET_OF_THE_SERVICE}'),
  '$(JWT_SIGNING_SECRET_OF_THE_SERVICE)',
  '$env:JWT_SIGNING_SECRET_OF_THE_SERVICE',
  '%JWT_SIGNING_SECRET_OF_THE_SERVICE%',
  '{{ .Values.jwt.signingSecret | quote }}',
  '@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/k/)',
  'arn:aws:secretsmanager:eu-west-1:123456789012:secret:jwt-AbCdEf',
  'op://production/jwt-signing-secret/password',
  'vault:secret/data/app/production#jwt_secret',
  'projects/my-project/secrets/jwt/versions/latest',
  'ref+awssecrets://jwt/secret?region=eu-west-1',
  "<%= ENV['JWT_SIGNING_SECRET_OF_US'] %>",
  '#{JWT_SIGNING_SECRET_OF_THE_SERVICE}#',
  '#'.concat('{Jwt.SigningSecret.Of.The.Service}'),
  '__JWT_SIGNING_SECRET_OF_THE_SERVICE__',
  '<put your signing secret in this place>',
  'env:JWT_SIGNING_SECRET_OF_THE_SERVICE',
  'env://JWT_SIGNING_SECRET_OF_THE_SERVICE',
  '/run/secrets/jwt_signing_secret_of_us',
  '/var/run/secrets/app/jwt_signing_secret',
  'sm://my-project/jwt-signing-secret/latest',
  'ssm:/production/app/jwt_signing_secret',
  'vault://secret/data/app/production/jwt',
  'file:///run/secrets/jwt_signing_secret',
  '{{resolve:secretsmanager:app/jwt:SecretString:key}}',
  'ENC[AES256_GCM,data:c2VjcmV0,iv:aaaa,tag:bbbb,type:str]',
  '$'.concat('{JWT_SECRET:-a default that is written in the repository}'),
  '$'.concat('{JWT_SECRET:?the secret of the service is not set}'),
  '$'.concat('{data.vault_generic_secret.jwt.data["secret"]}'),
  '*'.repeat(48),
  '(sensitive value) (sensitive value)',
  '[object CryptoKey] [object CryptoKey]',
  '$ANSIBLE_VAULT;1.1;AES256\n62313365396662343061393464336163\n',
  'https://issuer.example/.well-known/jwks.json',
  '/etc/keys/production/jwt-signing/rsa.pub.pem',
  '/home/müller/schlüssel/jwt-signing/rsa.pub.pem',
  '/home/service/configuration/jwt secret.txt',
  '~/production/configuration/jwt-signing.key',
  './production/configuration/jwt-signing.p12',
  '../production/configuration/jwt-signing.json',
  'C:\\ProgramData\\service\\keys\\jwt-signing.cer',
  'D:/services/orders/keys/jwt-signing-key.der',
  '@/etc/production/keys/jwt/signing-secret',
  '@./production/keys/jwt/signing-secret-2',
  'file:/etc/production/keys/jwt/signing-secret',
  's3://production-secrets/orders/jwt-signing',
  'gs://production-secrets/orders/jwt-signing',
  'S3://production-secrets/orders/jwt.txt?versionId=3',
  'secret/data/production/orders/jwt#signing_key',
  'kv/data/production/orders/jwt/secrets#key',
  'team-a/data/production/orders/jwt#jwt.secret',
  '$JWT_SIGNING_SECRET_OF_THE_SERVICE',
  '$PRODUCTION_JWT_SIGNING_SECRET_2026',
  '$A_VERY_LONG_NAME_OF_A_SECRET_OF_US',
  'jwt: ENC[AES256_GCM,data:c2VjcmV0,iv:aaaa,tag:bbbb,type:str]',
  'JWT_SECRET=ENC[AES256_GCM,data:c2VjcmV0,iv:aaaa,tag:bbbb,type:str]',
  '"secret": "ENC[AES256_GCM,data:c2VjcmV0,iv:aaaa,tag:bbbb,type:str]",',
  'JWT_SECRET=$'.concat('{JWT_SECRET_OF_THE_SERVICE}'),
  '"/run/secrets/jwt_signing_secret_of_us"',
  'awskms:///arn:aws:kms:eu-west-1:123456789012:key/jwt',
  'azurekms:name=jwt-signing;vault=production-keys',
  'gcpkms://projects/p/locations/eu/keyRings/r/cryptoKeys/jwt',
  'projects/p/locations/eu/keyRings/r/cryptoKeys/jwt',
  'hashivault://production-jwt-signing-key',
  'pkcs11:token=production;object=jwt-signing',
  'k8s://production/jwt-signing-secret',
  '$(openssl rand -base64 64 | tr -d "\\n")',
  '"$(cat /run/secrets/jwt/signing-secret)"',
  'JWT_SECRET=$(kubectl get secret jwt -o jsonpath={.data.secret} | base64 -d)',
  '`openssl rand -base64 48 | tr -d newlines`',
  'process.env.JWT_SIGNING_SECRET_OF_US',
  'process.env["JWT_SIGNING_SECRET"] || "a default that is public"',
  'import.meta.env.VITE_JWT_SIGNING_SECRET',
  'os.environ["JWT_SIGNING_SECRET_OF_US"]',
  "os.environ.get('JWT_SECRET', 'a default that is public')",
  'os.getenv("JWT_SIGNING_SECRET_OF_US")',
  "ENV['JWT_SIGNING_SECRET_OF_THE_SERVICE']",
  'ENV.fetch("JWT_SIGNING_SECRET_OF_US")',
  'System.getenv("JWT_SIGNING_SECRET")',
  'Environment.GetEnvironmentVariable("JWT_SECRET")',
  "env('JWT_SIGNING_SECRET_OF_THE_SERVICE')",
  'std::env::var("JWT_SIGNING_SECRET")',
  '%env(resolve:JWT_SIGNING_SECRET_OF_US)%',
  '%kernel.project_dir%/config/jwt/private.pem',
  'javax.crypto.spec.SecretKeySpec@5883fb9',
  'org.springframework.security.SecretKey$Inner@1b6d3586',
  'Microsoft.IdentityModel.Tokens.SymmetricSecurityKey',
  'System.Threading.Tasks.Task`1[System.String]',
  '#<OpenSSL::PKey::RSA:0x000055d5c8a0e4a8>',
  '<bound method Settings.secret of <Settings>>',
  'PublicKeyObject { [Symbol(kHandle)]: [KeyObjectHandle {}] }',
  'CryptoKey { type: "secret", extractable: true }',
  'async () => { return process.env.JWT_SECRET }',
  'function getSecret() { [native code] }',
  'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22e\nsize 44',
])('refuses %s as a secret', async (text) => {
  for (const S of [text, `${text}\n`, ` ${text} `]) {
    const { exitCode, stdout, stderr } = await runCli(['issue', '--sub', 'x', '--secret-env', 'S'], { env: { S } });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    if (text.length <= 64)
      expect(() => loadEncryptionSecret(text.padEnd(64))).toThrow(
        expect.objectContaining({ message: expect.stringContaining('a placeholder, not a secret') }),
      );
    expect(stderr).toBe(
      'error: S: the secret is a placeholder, not a secret\n' +
        'hint: the program that replaces it did not run; anybody can guess this text\n',
    );
  }
});

test.each([
  '<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>',
  `<html>${' '.repeat(5000)}</html>`,
  '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
  '{"errors":["permission denied: 1 error occurred"]}',
  '{"error": {"code": 403, "status": "PERMISSION_DENIED"}}',
  '{"message":"Unauthorized, the token has expired"}',
  '{"__type":"ResourceNotFoundException","message":"x"}',
  'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n',
  'Error from server (NotFound): secrets "jwt" not found',
  'An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation',
  'ERROR: (gcloud.secrets.versions.access) NOT_FOUND: Secret not found',
  'error: could not find the secret "jwt" in the store',
  '[ERROR] 2026/11/30 12:00:00 could not read secret',
  'curl: (6) Could not resolve host: vault.internal.example',
  'cat: /run/secrets/jwt_signing_secret: No such file or directory',
  '/bin/sh: 1: openssl-of-this-system: not found',
  'bash: line 1: openssl-of-this-system: command not found',
  'Traceback (most recent call last):\n  File "/app/secret.py", line 1',
  'No value found at secret/data/jwt/production',
])('refuses what a program printed: %s', async (text) => {
  for (const S of [text, `${text}\n`]) {
    const { exitCode, stdout, stderr } = await runCli(['issue', '--sub', 'x', '--secret-env', 'S'], { env: { S } });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toBe(
      'error: S: the secret is what a program printed instead of a secret\n' +
        'hint: run what fetches the secret again, and read its message; anybody can guess this text\n',
    );
  }
  const asKey = await runCli(['verify', '--key-env', 'S', 'a.b.c'], { env: { S: text } });
  expect(asKey.stderr).toMatch(/hint: /);
  expect(asKey.stderr).not.toContain('--secret-file');
});

test.each([
  'error-in-the-beginning-of-a-secret-0123456789',
  'usage of words: correct horse battery staple',
  'ENV.abcdefghijklmnopqrstuvwxyz0123456789',
  'environment(abcdefghijklmnopqrstuvwxyz)',
  'com.abcdefghijklmnopqrstuvwxyz.0123456789',
  '#<abcdefghijklmnopqrstuvwxyz0123456789',
  '`abcdefghijklmnopqrstuvwxyz0123456789`',
  '$(abcdefghijklmnopqrstuvwxyz0123456789',
  '{"secret":"abcdefghijklmnopqrstuvwxyz0123456789"}',
  '{"message_key":"abcdefghijklmnopqrstuvwxyz0123"}',
  'System abcdefghijklmnopqrstuvwxyz0123456789',
  'user@abcdefghijklmnopqrstuvwxyz:0123456789',
  '$2b$12$abcdefghijklmnopqrstuvwxyz0123456789',
  '$abcdefghijklmnopqrstuvwxyz0123456789ABCD',
  '%abcdefghijklmnopqrstuvwxyz0123456789-',
  '{abcdefghijklmnopqrstuvwxyz0123456789}',
  'secret:abcdefghijklmnopqrstuvwxyz0123456789',
  'arn:abcdefghijklmnopqrstuvwxyz0123456789',
  '/abcdefghijklmno/pqrstuvwxyz/0123456789',
  '__abcdefghijklmnopqrstuvwxyz0123456789',
  '<abcdefghijklmnopqrstuvwxyz0123456789',
  '#abcdefghijklmnopqrstuvwxyz0123456789',
  'env:abcdefghijklmnopqrstuvwxyz0123456789',
  '$uperSecret-with-lower-case-letters-in-it',
  '$UPERSECRETWITHOUTANYOTHERCHARACTER234567',
  '@abcdefghijklmno/pqrstuvwxyz/0123456789',
  'my.pem/abcdefghijklmnopqrstuvwxyz.0123456',
  'secret/data#abcdefghijklmnopqrstuvwxyz/x',
  'JWT_SECRET=abcdefghijklmnopqrstuvwxyz012345',
  `prefix-${'$'}{JWT_SECRET_OF_THE_SERVICE}-and-more`,
  randomBytes(32).toString('base64'),
])('takes %s as a secret', (text) => {
  expect(loadSecret(text).keyObject.type).toBe('secret');
});

test.each<[string, string, string]>([
  ['$'.concat('{env:JWT_KEY}'), 'the name of a variable', 'the name of a variable'],
  ['$'.concat('{JWT_KEY:-none}'), 'the name of a variable', 'the name of a variable'],
  ['$JWT_SIGNING_KEY', 'the name of a variable', 'the name of a variable'],
  ['s3://bucket/jwt', 'a reference to a key', 'a reference to a token'],
  ['secret/data/orders/jwt#key', 'a reference to a key', 'a reference to a token'],
  ['file:/run/x', 'the name of a file', 'the name of a file'],
  ['awskms:///alias/jwt', 'a reference to a key', 'a reference to a token'],
  ['https://issuer.example/jwks.json', 'named with --jwks', 'an address without a token'],
  ['@/run/keys/x', 'the name of a file', 'the name of a file'],
])('%s as a key and as a token gets a hint', async (text, asKey, asToken) => {
  const key = await runCli(['verify', '--key-env', 'S', 'a.b.c'], { env: { S: text } });
  expect(key.stderr).toContain(asKey);
  const token = await runCli(['decode', text]);
  expect(token.stderr).toContain(asToken);
});

// None of these is secret. With --secret-file, jwtkit would sign with a text that others know.
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = publicKey.export({ format: 'pem', type: 'spki' }) as string;
test.each<[string, string]>([
  ['a key in gzip and base64', gzipSync(pem).toString('base64')],
  ['an OpenPGP key', Buffer.concat([Buffer.of(0x98, 51, 4, 1, 2, 3, 4, 22), Buffer.alloc(45, 7)]).toString('base64')],
  ['a recipient of age', `age1${'q5pzry9x8gf2tvdw0s3jn54khce6mua7l'.repeat(2).slice(0, 58)}`],
  ['a line of sops', 'jwt: ENC[AES256_GCM,data:c2VjcmV0,iv:aaaa,tag:bbbb,type:str]'],
  ['a mask', '*'.repeat(48)],
  ['a key in an env file', `A=1\nKEY=${gzipSync(pem).toString('base64')}\nB=2`],
])('%s as a key gets no hint to give it as a secret', (_, text) => {
  const hint = foreignFormatHint(Buffer.from(text), text);
  expect(hint).not.toContain('--secret-file');
  expect(hint).not.toBe('');
});

test('what may be a secret gets the hint to give it as one', () => {
  const text = randomBytes(32).toString('base64');
  expect(foreignFormatHint(Buffer.from(text), text)).toContain('--secret-file');
});

const name = '$'.concat('{NEW_SECRET_OF_THE_SERVICE}');
const problem = 'is a placeholder, not a secret';
const guessed = 'hint: the program that replaces it did not run; anybody can guess this text\n';
const ofPassphrase = `error: --passphrase-env: the passphrase ${problem}\n${guessed}`;
const ofPassword = `error: the password ${problem}\n${guessed}`;
const ofClient = `error: the secret ${problem}\nhint: without one, jwtkit makes a secret and prints it once\n`;
const good = { GOOD: 'correct-horse-battery-staple' };

/** Makes a keyring with a user and a client. */
async function makeFolder() {
  const folder = temporaryFolder();
  const keyring = join(folder, 'ring');
  await stdoutOf(['keygen', '--kid', 'k1', '--alg', 'ES256', '--keyring', keyring]);
  const sub = ['--sub', 'user-1'];
  await stdoutOf(['users', 'add', 'alice', ...sub, '--password-env', 'GOOD', '--keyring', keyring], { env: good });
  await stdoutOf(['clients', 'add', 'reports', '--secret-env', 'GOOD', '--keyring', keyring], { env: good });
  return { folder, keyring };
}

test.each<[string, readonly string[], string]>([
  ['passphrase of a new key', ['keygen', '--private', 'new.pem', '--passphrase-env', 'S'], ofPassphrase],
  ['passphrase of a rotated key', ['keys', 'rotate', '--keyring', 'ring', '--passphrase-env', 'S'], ofPassphrase],
  ['passphrase that encrypts a text', ['encrypt', 'text', '--passphrase-env', 'S'], ofPassphrase],
  [
    'password of a new user',
    ['users', 'add', 'bob', '--sub', 'user-2', '--password-env', 'S', '--keyring', 'ring'],
    ofPassword,
  ],
  ['password of a user', ['users', 'passwd', 'alice', '--password-env', 'S', '--keyring', 'ring'], ofPassword],
  ['secret of a new client', ['clients', 'add', 'web', '--secret-env', 'S', '--keyring', 'ring'], ofClient],
  ['secret of a client', ['clients', 'rotate', 'reports', '--secret-env', 'S', '--keyring', 'ring'], ofClient],
])('refuses the name of a variable and a reference as the %s', async (_, args, stderr) => {
  const { folder } = await makeFolder();
  writeFileSync(join(folder, 'text'), 'text');
  const paths = args.map((arg) => (/^(?:new\.pem|ring|text)$/.test(arg) ? join(folder, arg) : arg));
  const before = filesIn(folder);
  for (const S of [name, 'op://production/passwords/alice']) {
    const result = await runCli(paths, { env: { S } });
    expect(result).toMatchObject({ exitCode: 2, stdout: '', stderr });
  }
  expect(filesIn(folder)).toEqual(before);
});

test('refuses the name of a variable as a password in a file of users', async () => {
  const { folder, keyring } = await makeFolder();
  const file = join(folder, 'users.csv');
  writeFileSync(file, `name,sub,password\nbob,user-2,correct horse\ncarol,user-3,${name}\n`);
  const before = filesIn(folder);
  const { exitCode, stderr } = await runCli(['users', 'import', file, '--keyring', keyring]);
  expect(exitCode).toBe(3);
  expect(stderr).toContain(problem);
  expect(filesIn(folder)).toEqual(before);
});

test.each(['%Summer2024%', '<3 kittens>', '__hunter2__', '$ecret', '{pass}'])('takes %s as a password', async (S) => {
  const { keyring } = await makeFolder();
  const { exitCode, stderr } = await runCli(['users', 'passwd', 'alice', '--password-env', 'S', '--keyring', keyring], {
    env: { S },
  });
  expect(exitCode, stderr).toBe(0);
});

// A key that was encrypted with one has to be rescued.
test.each<[string, readonly string[]]>([
  ['issue', ['issue', '--sub', 'x', '--key', 'old.pem', '--passphrase-env', 'S']],
  ['keys convert', ['keys', 'convert', 'old.pem', '--format', 'jwk', '--passphrase-env', 'S']],
  ['keys import', ['keys', 'import', 'old.pem', '--kid', 'k2', '--keyring', 'ring', '--passphrase-env', 'S']],
])('%s opens a key whose passphrase is the name of a variable', async (_, args) => {
  const { folder } = await makeFolder();
  writeFileSync(join(folder, 'old.pem'), exportPrivatePem(privateKeys.p256, { passphrase: name }));
  const paths = args.map((arg) => (/^(?:old\.pem|ring)$/.test(arg) ? join(folder, arg) : arg));
  const { exitCode, stderr } = await runCli(paths, { env: { S: name } });
  expect(exitCode, stderr).toBe(0);
});

/** The files of a folder and their content. */
function filesIn(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'latin1')]),
  );
}

const jwt = await stdoutOf(['issue', '--sub', 'u', '--secret-env', 'S'], {
  env: { S: 'a secret of at least 32 bytes, only for this' },
});
test.each([jwt, `${jwt}\n`, ` ${jwt}`, `${jwt}.x.y`])('refuses a token as a secret', (text) => {
  expect(() => loadSecret(text)).toThrow(
    expect.objectContaining({ code: 'KEY_INVALID', message: 'this is a token, not a shared secret' }),
  );
});

test.each([jwt.replaceAll('.', ''), `x${jwt}`, jwt.split('.').slice(0, 2).join('.')])(
  'takes a secret that only resembles a token: %#',
  (text) => {
    expect(() => loadSecret(text)).not.toThrow();
  },
);
