import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import type { AlgorithmName } from '../../src/jose/algorithms.js';
import { createCertificate, createCertificateRequest } from '../../src/jose/certificate.js';
import { generateKey } from '../../src/jose/generate-key.js';
import { loadKeys } from '../../src/jose/keys.js';
import { parseSubjectAltName } from '../../src/jose/subject-alt-name.js';
import { certificateMembers, readCertificates } from '../../src/jose/x509.js';
import { privateKeys } from '../attacks/trusted-keys.js';
import { fileWith } from '../cli/fake-io.js';
import { describeWithOpenssl, openssl } from '../openssl.js';
import { chain } from './certificate-chain.js';

const now = Date.UTC(2026, 10, 23, 12) / 1000;
const validity = { notBefore: now, notAfter: now + 86_400 };

async function privateKeyFor(alg: AlgorithmName, crv?: string): Promise<KeyObject> {
  // An RSA key takes long to make.
  if (/^[RP]S/.test(alg)) return privateKeys.rsa;
  return ((await generateKey(alg, { crv })) as { privateKey: KeyObject }).privateKey;
}

const pss = (hash: string, salt: string) =>
  new RegExp(
    `rsassaPss\\s+(?:Signature Value:\\s+)?Hash Algorithm: ${hash}\\s+Mask Algorithm: mgf1 with ${hash}\\s+Salt Length: ${salt}`,
  );

const kinds: [AlgorithmName, string | undefined, RegExp][] = [
  ['RS256', undefined, /Signature Algorithm: sha256WithRSAEncryption/],
  ['RS512', undefined, /Signature Algorithm: sha512WithRSAEncryption/],
  ['PS256', undefined, pss('sha256', '0x20')],
  ['PS384', undefined, pss('sha384', '0x30')],
  ['ES256', undefined, /Signature Algorithm: ecdsa-with-SHA256/],
  ['ES384', undefined, /Signature Algorithm: ecdsa-with-SHA384/],
  ['ES512', undefined, /Signature Algorithm: ecdsa-with-SHA512/],
  ['ES256K', undefined, /Signature Algorithm: ecdsa-with-SHA256/],
  ['EdDSA', 'Ed25519', /Signature Algorithm: ED25519/],
  ['Ed448', undefined, /Signature Algorithm: ED448/],
];

describeWithOpenssl('openssl', () => {
  test.each(kinds)('reads a self-signed certificate of a key for %s', async (alg, crv, signature) => {
    const key = await privateKeyFor(alg, crv);
    const subjectAltNames = ['a.example', '192.0.2.1', '2001:db8::7', 'https://a.example/b', 'email:a@b.example'];
    const certificate = await createCertificate(key, {
      alg,
      subject: 'CN=web\\, one,O=Exämple,C=DE',
      subjectAltNames: subjectAltNames.map(parseSubjectAltName),
      notBefore: Math.floor(Date.now() / 1000) - 60,
      notAfter: Math.floor(Date.now() / 1000) + 86_400,
    });
    const path = fileWith(certificate.toString());
    expect(openssl('verify', '-x509_strict', '-CAfile', path, path)).toContain(': OK');
    const text = openssl('x509', '-in', path, '-text', '-noout', '-nameopt', 'RFC2253,utf8,-esc_msb');
    expect(text).toMatch(signature);
    expect(text).toContain('Subject: CN=web\\, one,O=Exämple,C=DE\n');
    expect(text).toContain('Issuer: CN=web\\, one,O=Exämple,C=DE\n');
    expect(text).toMatch(/Basic Constraints: critical\n *CA:FALSE\n/);
    expect(text).toMatch(/Key Usage: critical\n *Digital Signature\n/);
    expect(text).toMatch(/Subject Key Identifier: *\n *(?:[0-9A-F]{2}:){19}[0-9A-F]{2}\n/);
    expect(text).toContain(
      'DNS:a.example, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:7, URI:https://a.example/b, email:a@b.example',
    );
  });

  test.each(kinds)('verifies a certification request of a key for %s', async (alg, crv, signature) => {
    const key = await privateKeyFor(alg, crv);
    const subjectAltNames = [parseSubjectAltName('a.example')];
    const path = fileWith(await createCertificateRequest(key, { alg, subject: '/O=Example/CN=web', subjectAltNames }));
    expect(openssl('req', '-in', path, '-verify', '-noout')).toContain('verify OK');
    const text = openssl('req', '-in', path, '-text', '-noout', '-pubkey');
    expect(text).toMatch(signature);
    expect(text).toContain('DNS:a.example');
    expect(createPublicKey(text).equals(createPublicKey(key))).toBe(true);
  });

  test('issues a certificate for our request, which we trust as a key', async () => {
    const key = await privateKeyFor('ES256');
    const request = fileWith(await createCertificateRequest(key, { alg: 'ES256', subject: 'CN=web' }));
    const ca = fileWith(await privateKeyFor('RS256').then((made) => made.export({ format: 'pem', type: 'pkcs8' })));
    const root = fileWith('');
    openssl('req', '-x509', '-key', ca, '-subj', '/CN=ca', '-out', root);
    const path = fileWith('');
    openssl('x509', '-req', '-in', request, '-CA', root, '-CAkey', ca, '-copy_extensions', 'copyall', '-out', path);
    const pem = openssl('x509', '-in', path);
    expect(loadKeys(pem, { purpose: 'verify' })[0]?.keyObject.equals(createPublicKey(key))).toBe(true);
    const chain = readCertificates(Buffer.from(pem + openssl('x509', '-in', root)));
    expect(certificateMembers(chain, key).x5c).toHaveLength(2);
    expect(() => certificateMembers([chain[0], chain[0]] as X509Certificate[], key)).toThrow(/did not issue/);
  });

  test.each([
    ['keyCertSign', 'KEY_INVALID'],
    ['critical,keyEncipherment', 'KEY_INVALID'],
    ['digitalSignature', null],
    ['critical,keyCertSign,digitalSignature', null],
    ['nonRepudiation', null],
  ])('loads a certificate with keyUsage %s only for signatures: %s', async (usage, code) => {
    const key = fileWith((await privateKeyFor('ES256')).export({ format: 'pem', type: 'pkcs8' }));
    const pem = openssl('req', '-x509', '-key', key, '-subj', '/CN=x', '-addext', `keyUsage=${usage}`);
    for (const content of [pem, new X509Certificate(pem).raw]) {
      const load = () => loadKeys(content, { purpose: 'verify' });
      if (code === null) expect(load()).toHaveLength(1);
      else expect(load).toThrow(expect.objectContaining({ code, message: expect.stringContaining('keyUsage') }));
    }
  });
});

test('makes a certificate that is its own issuer and holds under its own key', async () => {
  const key = await privateKeyFor('ES256');
  const certificate = await createCertificate(key, { alg: 'ES256', subject: 'CN=web', ...validity });
  expect(certificate.issuer).toBe(certificate.subject);
  expect(certificate.verify(createPublicKey(key))).toBe(true);
  expect(certificate.checkPrivateKey(key)).toBe(true);
  expect(certificate.ca).toBe(false);
});

test('gives certificates positive, different serial numbers of 16 octets', async () => {
  const key = await privateKeyFor('ES256');
  const serials = new Set<string>();
  for (let count = 0; count < 200; count++) {
    const { serialNumber } = await createCertificate(key, { alg: 'ES256', subject: 'CN=web', ...validity });
    expect(serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    serials.add(serialNumber);
  }
  expect(serials.size).toBe(200);
});

test.each([
  [Date.UTC(2049, 11, 31, 23, 59, 59), '170d3439313233313233353935395a'],
  [Date.UTC(2050, 0, 1), '180f32303530303130313030303030305a'],
  [Date.UTC(9999, 11, 31, 23, 59, 59), '180f39393939313233313233353935395a'],
])('writes UTCTime until 2049 and GeneralizedTime later (RFC 5280 §4.1.2.5): %s', async (moment, der) => {
  const key = await privateKeyFor('ES256');
  const notAfter = moment / 1000;
  const certificate = await createCertificate(key, { alg: 'ES256', subject: 'CN=web', notBefore: now, notAfter });
  expect(certificate.raw.toString('hex')).toContain(der);
  const [loaded] = loadKeys(certificate.toString(), { purpose: 'verify' });
  expect(loaded?.validity).toEqual({ notBefore: now, notAfter });
});

test.each([
  [{ notBefore: now, notAfter: now - 1 }],
  [{ notBefore: now, notAfter: Number.NaN }],
  [{ notBefore: -1, notAfter: now }],
  [{ notBefore: now, notAfter: 253_402_300_800 }],
])('refuses dates that make no certificate: %o', async (dates) => {
  const key = await privateKeyFor('ES256');
  const made = createCertificate(key, { alg: 'ES256', subject: 'CN=web', ...dates });
  await expect(made).rejects.toMatchObject({ code: 'USAGE_INVALID' });
});

test('refuses an algorithm that is not of the key, a secret, and a public key', async () => {
  const key = await privateKeyFor('ES256');
  const secret = ((await generateKey('HS256')) as { secret: KeyObject }).secret;
  for (const [of, alg] of [
    [key, 'RS256'],
    [key, 'ES384'],
    [secret, 'HS256'],
    [createPublicKey(key), 'ES256'],
  ] as const) {
    const made = createCertificate(of, { alg, subject: 'CN=web', ...validity });
    await expect(made).rejects.toMatchObject({ code: 'USAGE_INVALID' });
    const asked = createCertificateRequest(of, { alg, subject: 'CN=web' });
    await expect(asked).rejects.toMatchObject({ code: 'USAGE_INVALID' });
  }
});

test.each([
  ['a.example', 'dns'],
  ['*.a.example', 'dns'],
  ['localhost', 'dns'],
  ['DNS:a.example', 'dns'],
  ['192.0.2.255', 'ip'],
  ['::', 'ip'],
  ['::ffff:192.0.2.1', 'ip'],
  ['1:2:3:4:5:6:7:8', 'ip'],
  ['ip:2001:db8::', 'ip'],
  ['spiffe://a.example/b', 'uri'],
  ['uri:urn:example:a', 'uri'],
  ['email:a.b+c@d.example', 'email'],
])('reads %s as an alternative name of type %s', async (text, type) => {
  const name = parseSubjectAltName(text);
  expect(name.type).toBe(type);
  const key = await privateKeyFor('ES256');
  const options = { alg: 'ES256', subject: 'CN=web', subjectAltNames: [name], ...validity } as const;
  const { subjectAltName = '' } = await createCertificate(key, options);
  const shown = { dns: 'DNS', ip: 'IP Address', uri: 'URI', email: 'email' }[name.type];
  expect(subjectAltName).toMatch(new RegExp(`^${shown}:`));
  if (type === 'ip') expect(parseSubjectAltName(subjectAltName.slice(11)).type).toBe('ip');
  else expect(subjectAltName).toBe(`${shown}:${name.value}`);
});

test.each([
  '',
  'a b',
  'bücher.example',
  '1.2.3',
  '256.1.1.1',
  '01.2.3.4',
  'ip:a',
  ':::',
  'fe80::1%eth0',
  'a.*.b',
  '*',
  '-a',
])('refuses %j as an alternative name', (text) => {
  expect(() => parseSubjectAltName(text)).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
});

test.each(['uri:/a', 'uri:http://', 'uri:https://a b', 'email:a', 'email:@b', 'email:a@', 'dns:1.2.3.4', 'dns:a..b'])(
  'refuses %j as an alternative name of its type',
  (text) => {
    expect(() => parseSubjectAltName(text)).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
  },
);

test('makes x5c and x5t#S256 of a certificate, and refuses one of another key', async () => {
  const [key, other] = [await privateKeyFor('ES256'), await privateKeyFor('ES256')];
  const certificate = await createCertificate(key, { alg: 'ES256', subject: 'CN=web', ...validity });
  const members = certificateMembers([certificate], createPublicKey(key));
  expect(Buffer.from(members.x5c[0] ?? '', 'base64').equals(certificate.raw)).toBe(true);
  const hex = certificate.fingerprint256.replaceAll(':', '');
  expect(Buffer.from(members['x5t#S256'], 'base64url').toString('hex').toUpperCase()).toBe(hex);
  expect(() => certificateMembers([certificate], other)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  expect(() => certificateMembers([], key)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
});

test.each(['', 'x', '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n', '-----BEGIN PUBLIC KEY-----'])(
  'refuses %j as certificates',
  (text) => {
    expect(() => readCertificates(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  },
);

test.each(['0049', '0099'])(
  'a certificate until the year %s has no readable dates: it would be one of our time',
  (year) => {
    const [, body = ''] = /-----BEGIN CERTIFICATE-----([^-]*)/.exec(chain.other) ?? [];
    const der = Buffer.from(body, 'base64')
      .toString('latin1')
      .replace(/2126(?=1104)/, year);
    expect(der).toContain(`${year}1104`);
    expect(() => loadKeys(Buffer.from(der, 'latin1'), { purpose: 'verify' })).toThrow(/has no readable dates/);
  },
);
