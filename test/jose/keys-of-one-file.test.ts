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

describe('keys of other programs are refused with a way out', () => {
  const block = (label: string) => `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`;
  test.each<[string, string, RegExp]>([
    ['an OpenSSH private key', block('OPENSSH PRIVATE KEY'), /copy.*ssh-keygen -p -m PKCS8 -f copy\.pem/],
    ['an OpenSSH private key with literal \\n', block('OPENSSH PRIVATE KEY').replaceAll('\n', '\\n'), /ssh-keygen -p/],
    ['an OpenSSH private key in base64', Buffer.from(block('OPENSSH PRIVATE KEY')).toString('base64'), /ssh-keygen -p/],
    ['an OpenSSH public key', 'ssh-rsa AAAA me@host', /ssh-keygen -e -m PKCS8/],
    ['an SSH2 public key', '---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n', /ssh-keygen -i/],
    ['a PuTTY key', 'PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n', /puttygen/],
    ['an OpenPGP key', block('PGP PRIVATE KEY BLOCK'), /jwtkit keygen/],
    ['a certification request', block('CERTIFICATE REQUEST'), /openssl req -in FILE -noout -pubkey/],
    ['PKCS#7', block('PKCS7'), /openssl pkcs7/],
    ['a Java keystore', '\u00FE\u00ED\u00FE\u00ED\0\0\0\u0002', /keytool/],
  ])('%s', (_, text, hint) => {
    for (const purpose of ['sign', 'verify', 'any'] as const) {
      const content = text.startsWith('\u00FE') ? Buffer.from(text, 'latin1') : text;
      expect(() => loadKeys(content, { purpose })).toThrow(refusal(/./, hint));
    }
  });
});
