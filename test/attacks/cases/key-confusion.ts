/** Category 2: a MAC keyed with what everybody knows, the public key, in every form that it is passed around as. */
import { createSecretKey } from 'node:crypto';
import { thumbprint } from '../../../src/jose/jwk.js';
import type { TokenCase } from '../case.js';
import { headerOf, seal, sealClaims, signatureOf, withSignature } from '../forge.js';
import { publicJwk, publicKeys, type Signer, secret, signers, stored } from '../trusted-keys.js';
import { publicForms } from './key-files.js';

const source = 'RFC 8725 §2.1, CVE-2015-9235: key confusion';
const victims = { rsa: signers.RS256, p256: signers.ES256, p521: signers.ES512, ed25519: signers.EdDSA } as const;
type Victim = keyof typeof victims;

const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64url');

function forms(name: Victim): [string, string | Uint8Array][] {
  const { n, x, y } = publicJwk(name);
  const own: [string, string | Uint8Array][] =
    n === undefined
      ? [
          ['the bytes of x', bytes(x)],
          ['the text of x', x ?? ''],
          ['the point', Buffer.concat([Buffer.from([4]), bytes(x), bytes(y)])],
        ]
      : [
          ['the bytes of n', bytes(n)],
          ['the text of n', n],
          ['PKCS#1 PEM', publicKeys.rsa.export({ format: 'pem', type: 'pkcs1' })],
          ['PKCS#1 DER', publicKeys.rsa.export({ format: 'der', type: 'pkcs1' })],
          ['n in decimal', BigInt(`0x${bytes(n).toString('hex')}`).toString()],
        ];
  const certificate = name === 'rsa' || name === 'p256' ? stored.certificates[name] : undefined;
  const openssh = name === 'p521' ? undefined : stored.openssh[name];
  return [
    ...publicForms(name),
    ...own,
    ['the thumbprint', thumbprint(publicKeys[name])],
    ...(certificate === undefined
      ? []
      : ([
          ['a certificate', certificate],
          ['a certificate without a last line break', certificate.trimEnd()],
          ['a certificate in DER', Buffer.from(certificate.replace(/-----.*-----/g, ''), 'base64')],
        ] as [string, string | Uint8Array][])),
    ...(openssh === undefined ? [] : ([['an OpenSSH key', openssh]] as [string, string][])),
  ];
}

function keyedWith(alg: 'HS256' | 'HS384' | 'HS512', key: string | Uint8Array, trusted: Signer['trusted']): Signer {
  return { alg, key: createSecretKey(typeof key === 'string' ? Buffer.from(key) : key), trusted };
}

const names = Object.keys(victims) as Victim[];

export const tokenCases: TokenCase[] = [
  ...names.flatMap((name) =>
    forms(name).map(
      ([form, key]): TokenCase => ({
        category: 2,
        name: `HS256 keyed with ${name} as ${form}`,
        source,
        ...seal(keyedWith('HS256', key, victims[name].trusted)),
        isSignedRight: false,
        expect: 'ALG_NOT_ALLOWED',
      }),
    ),
  ),
  ...(['HS384', 'HS512'] as const).flatMap((alg) =>
    names.flatMap((name) =>
      forms(name)
        .filter(([form]) => ['PEM', 'DER', 'a JWK'].includes(form))
        .map(
          ([form, key]): TokenCase => ({
            category: 2,
            name: `${alg} keyed with ${name} as ${form}`,
            source,
            ...seal(keyedWith(alg, key, victims[name].trusted)),
            isSignedRight: false,
            expect: 'ALG_NOT_ALLOWED',
          }),
        ),
    ),
  ),
  ...names.map(
    (name): TokenCase => ({
      category: 2,
      name: `HS256 keyed with ${name} as PEM, the caller naming HS256`,
      source: 'RFC 8725 §3.1: the key allows the algorithm, the caller only narrows',
      ...seal(keyedWith('HS256', publicForms(name)[0]?.[1] ?? '', victims[name].trusted)),
      isSignedRight: false,
      policy: { algorithms: ['HS256'] },
      expect: 'ALG_NOT_ALLOWED',
    }),
  ),
  ...names.map(
    (name): TokenCase => ({
      category: 2,
      name: `HS256 keyed with ${name} as PEM, a secret being trusted besides`,
      source,
      ...seal(keyedWith('HS256', publicForms(name)[0]?.[1] ?? '', victims[name].trusted)),
      keys: [victims[name].trusted, signers.HS256.trusted],
      isSignedRight: false,
      expect: 'SIGNATURE_INVALID',
    }),
  ),
  ...names.map(
    (name): TokenCase => ({
      category: 2,
      name: `${victims[name].alg} in the header, a MAC keyed with ${name} as PEM`,
      source,
      ...withSignature(victims[name], (input) =>
        signatureOf('HS256', createSecretKey(Buffer.from(publicForms(name)[0]?.[1] ?? '')), input),
      ),
      expect: 'SIGNATURE_MALFORMED',
    }),
  ),
  ...names.map(
    (name): TokenCase => ({
      category: 2,
      name: `HS256 in the header, signed right by ${name}`,
      source: 'RFC 7515 §5.2: the header names the algorithm of the signature',
      ...withSignature(
        victims[name],
        (input) => signatureOf(victims[name].alg, victims[name].key, input),
        headerOf(victims[name], { alg: 'HS256' }),
      ),
      expect: 'ALG_NOT_ALLOWED',
    }),
  ),
  ...names.map(
    (name): TokenCase => ({
      category: 2,
      name: `${victims[name].alg} before a secret`,
      source,
      ...seal(victims[name]),
      keys: [signers.HS256.trusted],
      isSignedRight: false,
      expect: 'ALG_NOT_ALLOWED',
    }),
  ),
  ...[
    ['empty', ''],
    ['null', 'null'],
    ['undefined', 'undefined'],
    ['[object Object]', '[object Object]'],
    ['secret', 'secret'],
    ['your-256-bit-secret', 'your-256-bit-secret'],
    ['zero bytes', Buffer.alloc(64)],
    ['the secret and a line break', Buffer.concat([secret, Buffer.from('\n')])],
    ['the text of the secret in base64url', secret.toString('base64url')],
    ['the text of the secret in hex', secret.toString('hex')],
    ['half the secret', secret.subarray(0, 32)],
  ].map(
    ([name, key]): TokenCase => ({
      category: 2,
      name: `HS256 keyed with another secret: ${name}`,
      source: 'RFC 7518 §3.2',
      ...seal(keyedWith('HS256', key as string | Uint8Array, signers.HS256.trusted)),
      isSignedRight: false,
      expect: 'SIGNATURE_INVALID',
    }),
  ),
  ...names.map(
    (name): TokenCase => ({
      category: 2,
      name: `${victims[name].alg}, a secret being trusted besides`,
      source: 'RFC 8725 §3.1',
      ...seal(victims[name]),
      keys: [signers.HS256.trusted, victims[name].trusted],
      expect: 'accept',
    }),
  ),
  {
    category: 2,
    name: 'HS256, a public key being trusted besides',
    source: 'RFC 8725 §3.1',
    ...sealClaims(signers.HS256, {}),
    keys: [signers.RS256.trusted, signers.HS256.trusted],
    expect: 'accept',
  },
];
