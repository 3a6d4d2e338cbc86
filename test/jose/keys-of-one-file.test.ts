/** Files with several keys: which of them sign, which of them verify. And JSON that holds a key as text. */
import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type LoadKeysOptions, loadKeys } from '../../src/jose/keys.js';
import { loadSecret } from '../../src/jose/secret.js';
import { readKeyFile } from '../../src/token/import.js';
import { storedPair } from '../attacks/trusted-keys.js';
import { chain } from './certificate-chain.js';

const pairs = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const rsa = storedPair('rsa');
const publicPem = (key: KeyObject) => createPublicKey(key).export({ format: 'pem', type: 'spki' }) as string;
const pkcs8 = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }) as string;
const [one, two] = pairs.map(({ privateKey }) => privateKey) as [KeyObject, KeyObject];
const keyOf = (certificate: string) => new X509Certificate(certificate).publicKey;
const oneLine = (text: string) => text.replaceAll('\n', '');

function load(content: string, purpose: LoadKeysOptions['purpose'], kid?: string) {
  const notes: string[] = [];
  const keys = loadKeys(content, { purpose, source: 'f', kid, note: (text) => notes.push(text) });
  return { keys, notes, kids: keys.map((key) => key.kid) };
}
function expectKeys(content: string, purpose: LoadKeysOptions['purpose'], wanted: readonly KeyObject[]) {
  const { keys, notes } = load(content, purpose);
  expect(keys.map(({ keyObject }) => wanted.findIndex((key) => keyObject.equals(key)))).toEqual(
    wanted.map((_, at) => at),
  );
  return notes;
}
const refusal = (message: RegExp, hint: RegExp = /./) =>
  expect.objectContaining({
    code: 'KEY_INVALID',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });

describe('to verify', () => {
  const publicKeys = [one, two].map((key) => createPublicKey(key));
  test.each([
    ['two public keys', publicPem(one) + publicPem(two)],
    ['two public keys with text between', `# old\n${publicPem(one)}# new\n${publicPem(two)}`],
    ['two public keys with literal \\n', (publicPem(one) + publicPem(two)).replaceAll('\n', '\\n')],
    ['two public keys without any line break', oneLine(publicPem(one) + publicPem(two))],
    ['two public keys in base64', Buffer.from(publicPem(one) + publicPem(two)).toString('base64')],
    ['two public keys behind a comment with a brace', `keys: {old, new}\n${publicPem(one)}${publicPem(two)}`],
    ['two public keys, indented', (publicPem(one) + publicPem(two)).replace(/^/gm, '  ')],
  ])('each counts of %s', (_, content) => {
    expectKeys(content, 'verify', publicKeys);
  });

  test('a kid that is given names one key, not each of several', () => {
    expect(load(publicPem(one) + publicPem(two), 'verify', 'k').kids).toEqual([undefined, undefined]);
    expect(load(publicPem(one), 'verify', 'k').kids).toEqual(['k']);
  });

  const { leaf, inter, root, other } = chain;
  test.each([
    ['a chain', leaf + inter + root],
    ['a chain in reverse order', root + inter + leaf],
    ['a chain in any order', inter + leaf + root],
    ['a chain without its root', leaf + inter],
    ['a chain without what is between', leaf + root],
    ['a chain with the leaf twice', leaf + leaf + inter],
    ['a chain without any line break', oneLine(leaf + inter + root)],
    ['a chain with text between', `leaf\n${leaf}\nca\n${inter}`],
  ])('the leaf counts of %s, and a note says that the chain is not checked', (_, content) => {
    const notes = expectKeys(content, 'verify', [keyOf(leaf)]);
    expect(notes.at(-1)).toBe('f: the leaf of the certificate chain is trusted (CN=leaf); the chain is not checked');
  });

  test('each self-signed certificate counts, and a note says so', () => {
    const self = [other, leaf].map(keyOf);
    expect(expectKeys(other + leaf.replace(leaf, other), 'verify', [keyOf(other)])).toEqual([]);
    expect(load(other + root, 'verify').keys.map(({ keyObject }) => keyObject.equals(self[0] as KeyObject))).toEqual([
      true,
    ]);
  });

  test('a public key counts beside the leaf of a chain', () => {
    expectKeys(publicPem(one) + inter + leaf, 'verify', [createPublicKey(one), keyOf(leaf)]);
  });

  test('an authority alone is refused: it signs certificates, no tokens', () => {
    expect(() => load(inter + root, 'verify')).toThrow(/not for signatures/);
  });

  test.each([
    ['a private key and a certificate', pkcs8(one) + leaf],
    ['a certificate and a private key', leaf + pkcs8(one)],
    ['a public and a private key', publicPem(two) + pkcs8(one)],
  ])('%s are refused: a verifier holds no private key', (_, content) => {
    expect(() => load(content, 'verify')).toThrow(refusal(/private key, verifying takes the public half/));
  });

  test('more certificates than a chain has are refused', () => {
    expect(() => load(leaf.repeat(21), 'verify')).toThrow(/holds 21 certificates, at most 20/);
    expect(() => load(publicPem(one).repeat(101), 'verify')).toThrow(/holds 101 blocks/);
  });
});

describe('to sign', () => {
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
  test.each([
    ['and a certificate', pkcs8(one) + chain.leaf],
    ['behind a chain', chain.leaf + chain.inter + pkcs8(one)],
    ['and its public half', publicPem(one) + pkcs8(one)],
    [
      'behind its parameters, and a certificate',
      `${parameters}${one.export({ format: 'pem', type: 'sec1' })}${chain.leaf}`,
    ],
    ['and a certificate, on one line', oneLine(pkcs8(one) + chain.leaf)],
    ['and something else', `${pkcs8(one)}-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n`],
  ])('the one private key counts %s', (_, content) => {
    expect(expectKeys(content, 'sign', [one])).toHaveLength(content.includes('\n') ? 0 : 1);
  });

  test('two private keys are refused, with how many', () => {
    const hint = /in a file of its own/;
    expect(() => load(pkcs8(one) + pkcs8(two), 'sign')).toThrow(refusal(/^f: the PEM holds 2 private keys/, hint));
    expect(() => load(pkcs8(one) + chain.leaf + pkcs8(two), 'any')).toThrow(refusal(/holds 2 private keys/, hint));
  });

  test('certificates alone are refused', () => {
    expect(() => load(chain.leaf + chain.inter, 'sign')).toThrow(/public key, signing takes the private half/);
  });
});

const account = (members: object) => JSON.stringify({ type: 'service_account', project_id: 'p', ...members });
const member = pkcs8(rsa.privateKey);

describe('JSON that holds a key', () => {
  test.each<[string, string, string | undefined]>([
    ['a service account', account({ private_key_id: 'abc', private_key: member, client_email: 'a@b' }), 'abc'],
    [
      'one with literal \\n in its key',
      account({ private_key_id: 'abc', private_key: member.replaceAll('\n', '\\n') }),
      'abc',
    ],
    ['one after a byte order mark', `\uFEFF${account({ private_key_id: 'abc', private_key: member })}`, 'abc'],
    ['one in base64', Buffer.from(account({ private_key_id: 'abc', private_key: member })).toString('base64'), 'abc'],
    ['one in quotes', JSON.stringify(account({ private_key_id: 'abc', private_key: member })), 'abc'],
    ['one in an env line', `GOOGLE_CREDENTIALS='${account({ private_key_id: 'abc', private_key: member })}'`, 'abc'],
    ['one without a kid', account({ private_key: member }), undefined],
    ['one with another language’s names', account({ privateKeyId: 'abc', privateKey: member }), 'abc'],
    ['key and keyId', JSON.stringify({ type: 'serviceaccount', keyId: '7', key: member, userId: '1' }), '7'],
    ['both halves', JSON.stringify({ public_key: publicPem(rsa.privateKey), private_key: member }), undefined],
    [
      'a secret of Kubernetes',
      JSON.stringify({ kind: 'Secret', data: { 'tls.key': Buffer.from(member).toString('base64') } }),
      undefined,
    ],
    ['a secret of Vault', JSON.stringify({ data: { data: { private_key: member } } }), undefined],
  ])('%s signs with its kid', (_, content, kid) => {
    const { keys, kids } = load(content, 'sign');
    expect(keys.map(({ keyObject }) => keyObject.equals(rsa.privateKey))).toEqual([true]);
    expect(kids).toEqual([kid]);
    expect(load(content, 'sign', 'mine').kids).toEqual(['mine']);
    expect(() => load(content, 'verify')).toThrow(refusal(/private key, verifying takes/));
    expect(() => loadSecret(content)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });

  const own = JSON.stringify({ private_key: member, kid: 'abc' });
  test.each<[string, object, string, string | undefined]>([
    ['variables', { PORT: '80', JWT_PRIVATE_KEY: member }, 'JWT_PRIVATE_KEY', undefined],
    ['variables with literal \\n', { PORT: '80', KEY: member.replaceAll('\n', '\\n') }, 'KEY', undefined],
    ['AWS Secrets Manager', { ARN: 'arn:aws:x', Name: 'k', SecretString: member }, 'SecretString', undefined],
    ['AWS Secrets Manager with JSON', { ARN: 'arn:aws:x', Name: 'k', SecretString: own }, 'SecretString', 'abc'],
    ['the AWS parameter store', { Parameter: { Name: '/k', Value: member } }, 'Parameter.Value', undefined],
    ['Azure Key Vault', { id: 'https://v.example/secrets/k', value: member }, 'value', undefined],
    [
      'Google Secret Manager',
      { name: 'k', payload: { data: Buffer.from(member).toString('base64url') } },
      'payload.data',
      undefined,
    ],
    ['Doppler', { KEY: { computed: member, note: '' } }, 'KEY.computed', undefined],
    ['1Password', { fields: [{ id: 'notesPlain', value: '' }, { value: member }] }, 'fields.1.value', undefined],
    ['Terraform', { key: { sensitive: true, type: 'string', value: member } }, 'key.value', undefined],
    ['Vault', { data: { data: { jwt: member }, metadata: { version: 1 } } }, 'data.data.jwt', undefined],
    ['Kubernetes', { data: { 'jwt.pem': Buffer.from(member).toString('base64') } }, 'data.jwt.pem', undefined],
    ['Kubernetes, not encoded', { stringData: { 'jwt.pem': member } }, 'stringData.jwt.pem', undefined],
    ['Box', { boxAppSettings: { appAuth: { publicKeyID: '7', key: member } } }, 'boxAppSettings.appAuth.key', '7'],
    ['a list of lines', { a: { lines: member.trim().split('\n') } }, 'a.lines', undefined],
  ])('the only key in JSON of %s signs, and a note says where it was', (_, json, path, kid) => {
    const { keys, notes, kids } = load(JSON.stringify(json), 'sign');
    expect(keys.map(({ keyObject }) => keyObject.equals(rsa.privateKey))).toEqual([true]);
    expect(notes).toContain(`f: the key was found in JSON at ${path}`);
    expect(kids).toEqual([kid]);
    expect(load(JSON.stringify(json), 'any').keys).toHaveLength(1);
    expect(() => load(JSON.stringify(json), 'verify')).toThrow(refusal(/private key, verifying takes/));
    expect(() => loadSecret(JSON.stringify(json))).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });

  test.each<[string, object]>([
    ['Vault’s transit', { data: { keys: { 1: { public_key: publicPem(rsa.privateKey) } } } }],
    [
      'AWS KMS',
      { KeyId: 'k', PublicKey: publicPem(rsa.privateKey).replace(/-----.*-----|\n/g, ''), KeySpec: 'RSA_2048' },
    ],
    ['AWS Secrets Manager', { Name: 'k', SecretString: publicPem(rsa.privateKey) }],
    ['Azure Key Vault', { id: 'x', value: publicPem(rsa.privateKey) }],
  ])('the only public key in JSON of %s verifies, for a token of any kid', (_, json) => {
    const { keys, kids } = load(JSON.stringify(json), 'verify');
    expect(keys.map(({ keyObject }) => keyObject.equals(rsa.publicKey))).toEqual([true]);
    expect(kids).toEqual([undefined]);
    expect(() => load(JSON.stringify(json), 'sign')).toThrow(/public key, signing takes/);
  });

  test.each<[string, object, RegExp]>([
    [
      'two versions',
      { data: { keys: { 1: { k: publicPem(one) }, 2: { k: publicPem(two) } } } },
      /holds 2 keys: data\.keys\.1\.k, /,
    ],
    ['two private keys', { a: { k: pkcs8(one) }, b: [pkcs8(two)] }, /holds 2 keys: a\.k, b\.0/],
    ['a key too deep', JSON.parse(`${'{"a":'.repeat(20)}${JSON.stringify(member)}${'}'.repeat(20)}`), /kty is missing/],
  ])('of JSON with %s no key is guessed', (_, json, message) => {
    for (const purpose of ['sign', 'verify', 'any'] as const)
      expect(() => load(JSON.stringify(json), purpose)).toThrow(message);
  });

  test('a name in JSON that may be a secret is not shown', () => {
    const { notes } = load(JSON.stringify({ [member]: { 'a\u001b[31m': { k: member } } }), 'sign');
    expect(notes).toEqual(['f: the key was found in JSON at ….….k']);
  });

  test('JSON whose quotes are escaped is read', () => {
    const jwk = JSON.stringify(one.export({ format: 'jwk' }));
    expectKeys(jwk.replaceAll('"', '\\"'), 'sign', [one]);
    expectKeys(
      JSON.stringify({ private_key: pkcs8(one) })
        .replaceAll('\\', '\\\\')
        .replaceAll('"', '\\"'),
      'sign',
      [one],
    );
  });

  test('a realm of Keycloak verifies by its public key', () => {
    const key = publicPem(one).replace(/-----.*-----|\n/g, '');
    expectKeys(JSON.stringify({ realm: 'r', public_key: key, 'token-service': 'x' }), 'verify', [createPublicKey(one)]);
  });

  test('is brought into a keyring under its kid', async () => {
    const content = Buffer.from(account({ private_key_id: 'abc', private_key: member }));
    const { keys } = await readKeyFile(content, { now: 1 });
    expect(keys.map(({ jwk, privateKey }) => [jwk.kid, privateKey !== undefined])).toEqual([['abc', true]]);
  });

  test.each([
    ['no key', { a: 1 }, /kty is missing/],
    ['a key that is no text', { private_key: 1 }, /kty is missing/],
    ['an empty key', { private_key: '' }, /kty is missing/],
    ['two different keys', { key: publicPem(one), pem: publicPem(two) }, /the JSON holds 2 keys: key, pem/],
    ['text that is no key', { private_key: 'hello' }, /^f: private_key: this is no key/],
    [
      'JSON in JSON in JSON',
      { key: JSON.stringify({ key: JSON.stringify({ key: publicPem(one) }) }) },
      /kty is missing/,
    ],
  ])('is refused with %s', (_, json, message) => {
    expect(() => load(JSON.stringify(json), 'any')).toThrow(message);
  });
});

describe('what is no key at all is refused with a way out', () => {
  test.each<[string, RegExp]>([
    ...[
      '$JWT_KEY',
      '$'.concat('{JWT_KEY}'),
      '$(JWT_KEY)',
      '$env:JWT_KEY',
      '%JWT_KEY%',
      '$'.concat('{{ secrets.KEY }}'),
      '{{ key }}',
      '#{KEY}#',
      '__KEY__',
      'env:KEY',
      "<%= ENV['KEY'] %>",
    ].map((text): [string, RegExp] => [text, /name of a variable/]),
    ...[
      'op://vault/jwt/key',
      'vault:secret/data/app#key',
      'arn:aws:secretsmanager:eu-west-1:1:secret:k',
      '@Microsoft.KeyVault(SecretUri=https://v.example/k)',
      'projects/p/secrets/k/versions/latest',
      'ref+vault://secret/k',
      'sm://project/key',
      'ENC[AES256_GCM,data:a,iv:b]',
    ].map((text): [string, RegExp] => [text, /this is a reference/]),
    ...['***', '[MASKED]', '[REDACTED]', '<private key>', '...'].map((text): [string, RegExp] => [
      text,
      /stands for a key/,
    ]),
    ...['null', '"undefined"', 'None', 'nil'].map((text): [string, RegExp] => [text, /found nothing/]),
    ...['/builds/group/project.tmp/KEY', './jwt', '~/k', 'C:\\keys\\jwt', 'file:///k', 'jwt.pem'].map(
      (text): [string, RegExp] => [text, /name of a file/],
    ),
    ['eyJhbGciOiJub25lIn0.e30.', /this is a token/],
    ['my-super-secret-value-for-tokens', /--secret-file/],
  ])('%s', (text, hint) => {
    for (const content of [text, `${text}\n`]) {
      expect(() => loadKeys(content, { purpose: 'any' })).toThrow(refusal(/this is no key|is not JSON/, hint));
    }
  });

  test.each<[string, object, RegExp]>([
    ['the metadata of an issuer', { issuer: 'https://i.example', jwks_uri: 'https://i.example/k' }, /--issuer-url/],
    ['an error', { error: 'not_found' }, /answer with an error/],
    ['a set in a member', { client_id: 'x', jwks: { keys: [] } }, /the key is in its member jwks/],
  ])('JSON: %s', (_, json, hint) => {
    expect(() => loadKeys(JSON.stringify(json), { purpose: 'any' })).toThrow(refusal(/kty is missing/, hint));
  });

  test('a key under the label of another structure', () => {
    const as = (label: string, pem: string) => pem.replace(/(BEGIN|END) [A-Z ]+/g, `$1 ${label}`);
    const pkcs1 = rsa.privateKey.export({ format: 'pem', type: 'pkcs1' }) as string;
    for (const [pem, right] of [
      [as('PRIVATE KEY', pkcs1), 'RSA PRIVATE KEY'],
      [as('RSA PRIVATE KEY', pkcs8(rsa.privateKey)), 'PRIVATE KEY'],
      [as('PUBLIC KEY', pkcs8(one)), 'PRIVATE KEY'],
      [as('RSA PUBLIC KEY', publicPem(rsa.privateKey)), 'PUBLIC KEY'],
      [as('PUBLIC KEY', chain.leaf), 'CERTIFICATE'],
    ] as const) {
      const hint = new RegExp(`what is in it is a ${right}: `);
      expect(() => loadKeys(pem, { purpose: 'any' })).toThrow(refusal(/holds no valid key/, hint));
    }
  });
});

describe('keys of other programs are refused with a way out', () => {
  const block = (label: string) => `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`;
  test.each<[string, string, RegExp]>([
    ['an OpenSSH private key', block('OPENSSH PRIVATE KEY'), /copy.*ssh-keygen -p -m PKCS8 -f copy\.pem/],
    ['an OpenSSH private key with literal \\n', block('OPENSSH PRIVATE KEY').replaceAll('\n', '\\n'), /ssh-keygen -p/],
    ['an OpenSSH private key in base64', Buffer.from(block('OPENSSH PRIVATE KEY')).toString('base64'), /ssh-keygen -p/],
    ['an OpenSSH public key', 'ssh-rsa AAAA me@host', /keep the line/],
    ['an SSH2 public key', '---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n', /ssh-keygen -i/],
    ['a PuTTY key', 'PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n', /puttygen/],
    ['an OpenPGP key', block('PGP PRIVATE KEY BLOCK'), /jwtkit keygen/],
    ['a certification request', block('CERTIFICATE REQUEST'), /openssl req -in FILE -noout -pubkey/],
    ['PKCS#7', block('PKCS7'), /openssl pkcs7/],
    ['a certificate of OpenSSH', 'ssh-ed25519-cert-v01@openssh.com AAAA me@host', /a certificate of OpenSSH/],
    [
      'the % of a shell behind base64',
      `${Buffer.from('-----BEGIN PUBLIC KEY-----').toString('base64')}%`,
      /remove the %/,
    ],
    ['a dump of xxd', '00000000: 2d2d 2d2d 2d42 4547 494e 2050 5542 4c49  -----BEGIN PUBLI', /xxd -r/],
    ['a dump of hexdump', '00000000  2d 2d 2d 2d 2d 42 45 47  49 4e 20 50 55 42 4c 49  |-----BEGIN PUBLI|', /xxd -r/],
    ['an OpenSSH public key behind options', 'command="x" ssh-rsa AAAA me@host', /keep the line/],
    ['a certificate of another label', block('X509 CERTIFICATE'), /openssl x509 -in FILE/],
    ['a certificate with trust in it', block('TRUSTED CERTIFICATE'), /openssl x509 -in FILE/],
    ['the XML of .NET', '<RSAKeyValue><Modulus>AAAA</Modulus></RSAKeyValue>', /ExportPkcs8PrivateKeyPem/],
    ['the XML of SAML', '<ds:X509Certificate>MIIB</ds:X509Certificate>', /between the tags/],
    ['a web page', '<!DOCTYPE html><title>502</title>', /web page/],
    [
      'YAML with base64',
      `data:\n  a: ${Buffer.from('x').toString('base64')}\n  tls.key: LS0tLS1CRUdJTiBQ\n`,
      /one value among others/,
    ],
    ['dashes of a text program', '\u2014\u2014-BEGIN PRIVATE KEY\u2014\u2014-\nAAAA', /five dashes/],
    ['hex of DER', '3082'.padEnd(200, 'a0'), /xxd -r -p/],
    ['hex of PEM in columns', '2d 2d 2d 2d 2d 42 45 47 49 4e '.repeat(9), /xxd -r -p/],
    ['base64 of UTF-16', Buffer.from(block('PUBLIC KEY'), 'utf16le').toString('base64'), /save it as UTF-8/],
    ['a Java keystore', '\u00FE\u00ED\u00FE\u00ED\0\0\0\u0002', /keytool/],
  ])('%s', (_, text, hint) => {
    for (const purpose of ['sign', 'verify', 'any'] as const) {
      const content = text.startsWith('\u00FE') ? Buffer.from(text, 'latin1') : text;
      expect(() => loadKeys(content, { purpose })).toThrow(refusal(/./, hint));
    }
  });
});
