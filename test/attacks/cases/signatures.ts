/** Category 9: signatures that are not of this text, not by this key, not of this algorithm, or not in the one right form. */
import { constants, createHash, createHmac, sign as cryptoSign, type KeyObject, privateEncrypt } from 'node:crypto';
import { type AlgorithmName, algorithm, algorithmNames, curveRow } from '../../../src/jose/algorithms.js';
import { createKey } from '../../../src/jose/key.js';
import { loadSecret } from '../../../src/jose/secret.js';
import type { TokenCase } from '../case.js';
import {
  before,
  claims,
  encode,
  headerOf,
  type Sealed,
  seal,
  sealClaims,
  signatureOf,
  withSignature,
} from '../forge.js';
import { families, privateKeys, publicKeys, type Signer, secret, signers, stored, strangers } from '../trusted-keys.js';

function row(name: string, source: string, sealed: Sealed, expect: TokenCase['expect']): TokenCase {
  return { category: 9, name, source, ...sealed, expect };
}

const sizeOf = ({ alg, key }: Signer) => signatureOf(alg, key, '').length;
const right = (signer: Signer) => (input: string) => signatureOf(signer.alg, signer.key, input);

/* Any algorithm. */

const tampering = 'RFC 7515 §5.2: the signature is of the signing input';

function tampered(signer: Signer): TokenCase[] {
  const other = sealClaims(signer, { sub: 'admin' }).token.split('.');
  const [header = '', payload = '', signature = ''] = seal(signer).token.split('.');
  const parts = (token: string): Sealed => ({ token, keys: [signer.trusted], isSignedRight: false });
  const flip = (at: number) => {
    const bytes = Buffer.from(signature, 'base64url');
    bytes[at < 0 ? bytes.length + at : at] = (bytes.at(at) ?? 0) ^ 1;
    return bytes.toString('base64url');
  };
  const size = sizeOf(signer);
  const texts: [string, string][] = [
    ['the payload of another token', [header, other[1], signature].join('.')],
    ['the signature of another token', [header, payload, other[2]].join('.')],
    ['members of the header in another order', [encode({ typ: 'JWT', alg: signer.alg }), payload, signature].join('.')],
    ['white space in the payload', [header, encode(`${JSON.stringify(claims)} `), signature].join('.')],
    ['a member added to the header', [encode(headerOf(signer, { x: 1 })), payload, signature].join('.')],
    ['the first bit of the signature', [header, payload, flip(0)].join('.')],
    ['the last bit of the signature', [header, payload, flip(-1)].join('.')],
  ];
  const signatures: [string, TokenCase['expect'], Sealed][] = [
    ['no signature', 'SIGNATURE_INVALID', withSignature(signer, '')],
    ['zeros', 'SIGNATURE_INVALID', withSignature(signer, Buffer.alloc(size))],
    ['ones', 'SIGNATURE_INVALID', withSignature(signer, Buffer.alloc(size, 0xff))],
    ['one zero byte', 'SIGNATURE_MALFORMED', withSignature(signer, 'AA')],
    ['the word null', 'SIGNATURE_MALFORMED', withSignature(signer, 'null')],
    ['one byte short', 'SIGNATURE_MALFORMED', withSignature(signer, (input) => right(signer)(input).subarray(0, -1))],
    [
      'the first byte missing',
      'SIGNATURE_MALFORMED',
      withSignature(signer, (input) => right(signer)(input).subarray(1)),
    ],
    [
      'a zero byte after it',
      'SIGNATURE_MALFORMED',
      withSignature(signer, (input) => Buffer.concat([right(signer)(input), Buffer.alloc(1)])),
    ],
    [
      'a zero byte before it',
      'SIGNATURE_MALFORMED',
      withSignature(signer, (input) => Buffer.concat([Buffer.alloc(1), right(signer)(input)])),
    ],
    [
      'twice over',
      'SIGNATURE_MALFORMED',
      withSignature(signer, (input) => Buffer.concat([right(signer)(input), right(signer)(input)])),
    ],
    [
      'encoded twice',
      'SIGNATURE_MALFORMED',
      withSignature(signer, (input) => Buffer.from(right(signer)(input).toString('base64url'))),
    ],
    [
      'in hex',
      'SIGNATURE_MALFORMED',
      withSignature(signer, (input) => Buffer.from(right(signer)(input).toString('hex'))),
    ],
    [
      'bytes reversed',
      'SIGNATURE_INVALID',
      withSignature(signer, (input) => Buffer.from(right(signer)(input)).reverse()),
    ],
    [
      'over the payload alone',
      'SIGNATURE_INVALID',
      withSignature(signer, (input) => right(signer)(input.split('.')[1] ?? '')),
    ],
    [
      'over the decoded payload',
      'SIGNATURE_INVALID',
      withSignature(signer, () => right(signer)(JSON.stringify(claims))),
    ],
    ['over nothing', 'SIGNATURE_INVALID', withSignature(signer, () => right(signer)(''))],
    [
      'over a hash of the input',
      'SIGNATURE_INVALID',
      withSignature(signer, (input) =>
        signatureOf(signer.alg, signer.key, createHash('sha256').update(input).digest()),
      ),
    ],
  ];
  return [
    ...texts.map(([name, token]) =>
      row(`${signer.alg} tampered: ${name}`, tampering, parts(token), 'SIGNATURE_INVALID'),
    ),
    ...signatures.map(([name, expect, sealed]) => row(`${signer.alg} signature: ${name}`, tampering, sealed, expect)),
  ];
}

/* Which algorithm, which key. */

const oneAlgorithm = 'RFC 8725 §3.1: the key says which algorithms it is for, the header only agrees';
const keysByType = [
  signers.HS256,
  signers.RS256,
  signers.ES256,
  signers.ES384,
  signers.ES512,
  signers.ES256K,
  signers.EdDSA,
  signers.Ed448,
];
const pssOnly = createKey(publicKeys.rsaPss);
const shortSecret = loadSecret(secret.subarray(0, 32));
const nameOf = ({ trusted }: Signer) => trusted.shape.crv ?? trusted.shape.kty;

const everyPair = algorithmNames.flatMap((alg) =>
  keysByType
    .filter(({ trusted }) => !trusted.algorithms.includes(alg))
    .map((verifier) =>
      row(
        `a right ${alg} token before a key of type ${nameOf(verifier)}`,
        oneAlgorithm,
        before([verifier.trusted], seal(signers[alg])),
        'ALG_NOT_ALLOWED',
      ),
    ),
);

/** The header claims one algorithm that the key allows, the signature was made with another of the same key. */
const everyDisguise = algorithmNames.flatMap((claimed) =>
  algorithmNames
    .filter(
      (made) =>
        made !== claimed && signers[claimed].key === signers[made].key && claimed !== 'EdDSA' && made !== 'EdDSA',
    )
    .map((made) =>
      row(
        `a signature made as ${made} shown as ${claimed}`,
        'RFC 7515 §5.2',
        withSignature(signers[claimed], (input) => signatureOf(made, signers[made].key, input)),
        'SIGNATURE_INVALID',
      ),
    ),
);

/** HMACs of one secret: the lengths give the disguise away. */
const hmacs = ['HS256', 'HS384', 'HS512'] as const;
const hmacDisguises = hmacs.flatMap((claimed) =>
  hmacs
    .filter((made) => made !== claimed)
    .map((made) =>
      row(
        `a MAC made as ${made} shown as ${claimed}`,
        'RFC 7518 §3.2',
        withSignature(signers[claimed], (input) => signatureOf(made, signers[made].key, input)),
        'SIGNATURE_MALFORMED',
      ),
    ),
);

const pins: [AlgorithmName, AlgorithmName[]][] = [
  ['RS384', ['RS256']],
  ['RS512', ['RS256', 'RS384']],
  ['PS256', ['RS256']],
  ['RS256', ['PS256']],
  ['PS512', ['PS256', 'PS384']],
  ['HS384', ['HS256']],
  ['HS256', ['HS512']],
  ['ES256', ['ES384']],
  ['Ed25519', ['EdDSA']],
  ['EdDSA', ['Ed25519']],
  ['EdDSA', []],
  ['RS256', []],
];

/* HMAC. */

const macForms: [string, TokenCase['expect'], (input: string) => Uint8Array | string][] = [
  ...[1, 8, 10, 16, 20, 28, 31].map((bytes): [string, TokenCase['expect'], (input: string) => Uint8Array] => [
    `cut to ${bytes} bytes`,
    'SIGNATURE_MALFORMED',
    (input) => right(signers.HS256)(input).subarray(0, bytes),
  ]),
  [
    'of HS512 cut to 32 bytes',
    'SIGNATURE_INVALID',
    (input) => signatureOf('HS512', signers.HS512.key, input).subarray(0, 32),
  ],
  ['a plain hash', 'SIGNATURE_INVALID', (input) => createHash('sha256').update(input).digest()],
  [
    'a hash of secret and input',
    'SIGNATURE_INVALID',
    (input) => createHash('sha256').update(secret).update(input).digest(),
  ],
  ['of SHA-1', 'SIGNATURE_MALFORMED', (input) => createHmac('sha1', secret).update(input).digest()],
  ['of SHA3-256', 'SIGNATURE_INVALID', (input) => createHmac('sha3-256', secret).update(input).digest()],
  ['of SHA-512/256', 'SIGNATURE_INVALID', (input) => createHmac('sha512-256', secret).update(input).digest()],
];

/* ECDSA. */

const orders = {
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'P-384': 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  'P-521':
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  secp256k1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
} as const;

const toBytes = (value: bigint, size: number) => Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex');
const toInteger = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

function ecdsa(signer: Signer): TokenCase[] {
  const crv = signer.trusted.shape.crv as keyof typeof orders;
  const n = orders[crv];
  const size = curveRow(crv)?.coordinateBytes ?? 0;
  const pair = (r: bigint, s: bigint) => Buffer.concat([toBytes(r, size), toBytes(s, size)]);
  const halves = (input: string) => {
    const bytes = right(signer)(input);
    return [bytes.subarray(0, size), bytes.subarray(size)] as const;
  };
  const wide = { 0: 0n, 1: 1n, 'n - 1': n - 1n, n, 'n + 1': n + 1n };
  const psychic = Object.entries(wide).flatMap(([r, rValue]) =>
    Object.entries(wide).map(([s, sValue]) =>
      row(
        `${signer.alg} r = ${r}, s = ${s}`,
        'CVE-2022-21449: 1 <= r, s < n',
        withSignature(signer, pair(rValue, sValue)),
        'SIGNATURE_INVALID',
      ),
    ),
  );
  const der = (input: string) => cryptoSign(algorithm(signer.alg).hash, Buffer.from(input), signer.key);
  const raw = 'RFC 7518 §3.4: R || S, each of the full size';
  const otherHash = algorithm(signer.alg).hash === 'sha512' ? 'sha256' : 'sha512';
  const forms: [string, TokenCase['expect'], (input: string) => Uint8Array][] = [
    ['in DER', ['SIGNATURE_MALFORMED', 'SIGNATURE_INVALID'], der],
    ['R and S swapped', 'SIGNATURE_INVALID', (input) => Buffer.concat([...halves(input)].reverse())],
    ['R alone', 'SIGNATURE_MALFORMED', (input) => halves(input)[0]],
    ['S replaced by R', 'SIGNATURE_INVALID', (input) => Buffer.concat([halves(input)[0], halves(input)[0]])],
    ['R zeroed', 'SIGNATURE_INVALID', (input) => Buffer.concat([Buffer.alloc(size), halves(input)[1]])],
    ['S zeroed', 'SIGNATURE_INVALID', (input) => Buffer.concat([halves(input)[0], Buffer.alloc(size)])],
    [
      'each a byte too long',
      'SIGNATURE_MALFORMED',
      (input) => Buffer.concat(halves(input).flatMap((half) => [Buffer.alloc(1), half])),
    ],
    [
      'each a byte too short',
      'SIGNATURE_MALFORMED',
      (input) => Buffer.concat(halves(input).map((half) => half.subarray(1))),
    ],
    [
      'made with another hash',
      'SIGNATURE_INVALID',
      (input) => cryptoSign(otherHash, Buffer.from(input), { key: signer.key, dsaEncoding: 'ieee-p1363' }),
    ],
    [
      'made with SHA-1',
      'SIGNATURE_INVALID',
      (input) => cryptoSign('sha1', Buffer.from(input), { key: signer.key, dsaEncoding: 'ieee-p1363' }),
    ],
  ];
  return [
    ...psychic,
    ...forms.map(([name, expect, make]) => row(`${signer.alg} ${name}`, raw, withSignature(signer, make), expect)),
    row(
      `${signer.alg} with n - S for S`,
      'RFC 7518 §3.4 does not demand the lower S: never take a token’s text for its identity',
      {
        ...withSignature(signer, (input) => {
          const [r, other] = halves(input);
          return pair(toInteger(r), n - toInteger(other));
        }),
        isSignedRight: true,
      },
      'accept',
    ),
  ];
}

const curves: [AlgorithmName, KeyObject, Signer][] = [
  ['ES256', privateKeys.p384, signers.ES384],
  ['ES256', privateKeys.p521, signers.ES512],
  ['ES384', privateKeys.p256, signers.ES256],
  ['ES512', privateKeys.p256, signers.ES256],
  ['ES512', privateKeys.p384, signers.ES384],
  ['ES256K', privateKeys.p256, signers.ES256],
  ['ES256', privateKeys.secp256k1, signers.ES256K],
];

/* RSA. */

const digestInfo = {
  md5: '3020300c06082a864886f70d020505000410',
  sha1: '3021300906052b0e03021a05000414',
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
} as const;
type Digest = keyof typeof digestInfo;
const rsaBytes = 256;
const raw = (key: KeyObject, block: Uint8Array) =>
  privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, Buffer.from(block));
const info = (hash: Digest, input: string) =>
  Buffer.concat([Buffer.from(digestInfo[hash], 'hex'), createHash(hash).update(input).digest()]);

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2) with what the case gets wrong. */
function pkcs1Block(
  content: Uint8Array,
  wrong: { type?: number; fill?: number; separator?: number; tail?: number } = {},
) {
  const { type = 1, fill = 0xff, separator = 0, tail = 0 } = wrong;
  const padding = Buffer.alloc(rsaBytes - 3 - content.length - tail, fill);
  return Buffer.concat([Buffer.from([0, type]), padding, Buffer.from([separator]), content, Buffer.alloc(tail, 0x55)]);
}

const modulus = toInteger(Buffer.from(publicKeys.rsa.export({ format: 'jwk' }).n ?? '', 'base64url'));

/** S + n has the right length only for a small S: another `jti` until it does. */
function pastTheModulus(signer: Signer): Sealed {
  for (let attempt = 0; ; attempt++) {
    const payload = { ...claims, attempt };
    const input = `${encode(headerOf(signer))}.${encode(payload)}`;
    const value = toInteger(right(signer)(input)) + modulus;
    if (value < 1n << BigInt(rsaBytes * 8)) {
      return withSignature(signer, toBytes(value, rsaBytes), headerOf(signer), payload);
    }
  }
}

const rsaKey = privateKeys.rsa;
const rsaForms: [string, (input: string) => Uint8Array][] = [
  ['MD5 in it', (input) => raw(rsaKey, pkcs1Block(info('md5', input)))],
  ['SHA-1 in it', (input) => raw(rsaKey, pkcs1Block(info('sha1', input)))],
  ['SHA-384 in it', (input) => raw(rsaKey, pkcs1Block(info('sha384', input)))],
  ['SHA-512 in it', (input) => raw(rsaKey, pkcs1Block(info('sha512', input)))],
  ['the bare hash', (input) => raw(rsaKey, pkcs1Block(createHash('sha256').update(input).digest()))],
  [
    'the identifier of another hash',
    (input) =>
      raw(
        rsaKey,
        pkcs1Block(
          Buffer.concat([
            Buffer.from(digestInfo.sha512, 'hex').subarray(0, -1),
            Buffer.from([32]),
            createHash('sha256').update(input).digest(),
          ]),
        ),
      ),
  ],
  ['block type 2', (input) => raw(rsaKey, pkcs1Block(info('sha256', input), { type: 2 }))],
  ['block type 0', (input) => raw(rsaKey, pkcs1Block(info('sha256', input), { type: 0, fill: 0 }))],
  ['padding that is not ff', (input) => raw(rsaKey, pkcs1Block(info('sha256', input), { fill: 0xfe }))],
  ['a separator that is not 0', (input) => raw(rsaKey, pkcs1Block(info('sha256', input), { separator: 1 }))],
  ['garbage after the hash', (input) => raw(rsaKey, pkcs1Block(info('sha256', input), { tail: 150 }))],
  [
    'eight bytes of padding',
    (input) => raw(rsaKey, pkcs1Block(info('sha256', input), { tail: rsaBytes - 3 - 51 - 8 })),
  ],
  [
    'parameters absent',
    (input) =>
      raw(
        rsaKey,
        pkcs1Block(
          Buffer.concat([
            Buffer.from('302f300b0609608648016503040201', 'hex'),
            Buffer.from('0420', 'hex'),
            createHash('sha256').update(input).digest(),
          ]),
        ),
      ),
  ],
  ['zero', () => Buffer.alloc(rsaBytes)],
  ['one', () => toBytes(1n, rsaBytes)],
  ['n - 1', () => toBytes(modulus - 1n, rsaBytes)],
  ['n', () => toBytes(modulus, rsaBytes)],
  ['n + 1', () => toBytes(modulus + 1n, rsaBytes)],
  ['the padded hash itself, not signed', (input) => pkcs1Block(info('sha256', input))],
];

/* RSASSA-PSS. */

function xor(one: Uint8Array, other: Uint8Array): Buffer {
  return Buffer.from(one.map((byte, at) => byte ^ (other[at] ?? 0)));
}

function mgf1(seed: Uint8Array, length: number, hash: string): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0, made = 0; made < length; counter++) {
    const block = createHash(hash)
      .update(seed)
      .update(toBytes(BigInt(counter), 4))
      .digest();
    made += block.length;
    blocks.push(block);
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** EMSA-PSS (RFC 8017 §9.1.1) with what the case gets wrong. */
function pssSign(
  input: string,
  wrong: {
    saltLength?: number;
    hash?: string;
    mgfHash?: string;
    trailer?: number;
    separator?: number;
    topBit?: boolean;
  },
): Buffer {
  const { saltLength = 32, hash = 'sha256', mgfHash = 'sha256', trailer = 0xbc, separator = 1, topBit = false } = wrong;
  const salt = Buffer.alloc(saltLength, 0x5a);
  const digest = createHash(hash).update(input).digest();
  const h = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const dataLength = rsaBytes - h.length - 1;
  const data = Buffer.concat([Buffer.alloc(dataLength - saltLength - 1), Buffer.from([separator]), salt]);
  const masked = xor(data, mgf1(h, dataLength, mgfHash));
  masked[0] = topBit ? (masked[0] ?? 0) | 0x80 : (masked[0] ?? 0) & 0x7f;
  const block = Buffer.concat([masked, h, Buffer.from([trailer])]);
  // A block past the modulus cannot be signed; the case is then as wrong as it can be.
  return toInteger(block) < modulus ? raw(rsaKey, block) : block;
}

const pssForms: [string, Parameters<typeof pssSign>[1]][] = [
  ...[0, 8, 16, 20, 28, 31, 33, 48, 64, 222].map((saltLength): [string, Parameters<typeof pssSign>[1]] => [
    `a salt of ${saltLength} bytes`,
    { saltLength },
  ]),
  ['MGF1 with SHA-1', { mgfHash: 'sha1' }],
  ['MGF1 with SHA-512', { mgfHash: 'sha512' }],
  ['SHA-1 throughout', { hash: 'sha1', mgfHash: 'sha1', saltLength: 20 }],
  ['SHA-512/256 throughout', { hash: 'sha512-256', mgfHash: 'sha512-256' }],
  ['SHA3-256 throughout', { hash: 'sha3-256', mgfHash: 'sha3-256' }],
  ['SHA-384 throughout', { hash: 'sha384', mgfHash: 'sha384', saltLength: 48 }],
  ['another trailer', { trailer: 0xcc }],
  ['another separator', { separator: 2 }],
  ['the top bit set', { topBit: true }],
];

/* EdDSA. */

const order25519 = 2n ** 252n + 27742317777372353535851937790883648493n;
const order448 = 2n ** 446n - 13818066809895115352007386748515426880336692474882178609894547503885n;
const littleEndian = (value: bigint, size: number) => toBytes(value, size).reverse();

function eddsa(signer: Signer, order: bigint): TokenCase[] {
  const size = (signer.trusted.shape.signatureBytes ?? 0) / 2;
  const halves = (input: string) => {
    const bytes = right(signer)(input);
    return [bytes.subarray(0, size), bytes.subarray(size)] as const;
  };
  const scalar = (input: string) => toInteger(Buffer.from(halves(input)[1]).reverse());
  const identity = littleEndian(1n, size);
  const point = Buffer.from(signer.trusted.keyObject.export({ format: 'jwk' }).x ?? '', 'base64url');
  const forms: [string, (input: string) => Uint8Array][] = [
    ['S + L', (input) => Buffer.concat([halves(input)[0], littleEndian(scalar(input) + order, size)])],
    ['S + 2L', (input) => Buffer.concat([halves(input)[0], littleEndian(scalar(input) + 2n * order, size)])],
    ['L - S', (input) => Buffer.concat([halves(input)[0], littleEndian(order - scalar(input), size)])],
    ['S of zero', (input) => Buffer.concat([halves(input)[0], Buffer.alloc(size)])],
    ['S of L', (input) => Buffer.concat([halves(input)[0], littleEndian(order, size)])],
    ['R the identity, S zero', () => Buffer.concat([identity, Buffer.alloc(size)])],
    ['R the identity, not canonical', () => Buffer.concat([littleEndian(2n ** 255n - 18n, size), Buffer.alloc(size)])],
    ['R of order 4', () => Buffer.alloc(size * 2)],
    ['R the public key, S one', () => Buffer.concat([point, littleEndian(1n, size)])],
    ['R and S swapped', (input) => Buffer.concat([...halves(input)].reverse())],
    [
      'the sign of R flipped',
      (input) => {
        const bytes = Buffer.from(right(signer)(input));
        bytes[size - 1] = (bytes[size - 1] ?? 0) ^ 0x80;
        return bytes;
      },
    ],
    [
      'the top bits of S set',
      (input) => {
        const bytes = Buffer.from(right(signer)(input));
        bytes[size * 2 - 1] = (bytes[size * 2 - 1] ?? 0) | 0xe0;
        return bytes;
      },
    ],
    [
      'of the hash of the input (prehashed without its prefix)',
      (input) => cryptoSign(null, createHash('sha512').update(input).digest(), signer.key),
    ],
  ];
  return forms.map(([name, make]) =>
    row(
      `${signer.alg} ${name}`,
      'RFC 8032 §5.1.7, §5.2.7: 0 <= S < L, R decodes',
      withSignature(signer, make),
      'SIGNATURE_INVALID',
    ),
  );
}

/* What is right. */

const controls = [
  ...algorithmNames.map((alg) => row(`a right ${alg} token`, 'RFC 7518 §3.1', seal(signers[alg]), 'accept')),
  row(
    'PS256 under an RSA-PSS key',
    'RFC 4055 §3.1',
    seal({ alg: 'PS256', key: privateKeys.rsaPss, trusted: pssOnly }),
    'accept',
  ),
  row(
    'RS256 under a key of 3072 bits',
    'RFC 7518 §3.3',
    seal({ alg: 'RS256', key: privateKeys.rsa3072, trusted: createKey(publicKeys.rsa3072) }),
    'accept',
  ),
  row(
    'RS256 under exponent 3',
    'RFC 8017 §3.1',
    seal({ alg: 'RS256', key: privateKeys.rsaExponent3, trusted: createKey(publicKeys.rsaExponent3) }),
    'accept',
  ),
  row(
    'HS256 under a secret of 32 bytes',
    'RFC 7518 §3.2',
    seal({ alg: 'HS256', key: shortSecret.keyObject, trusted: shortSecret }),
    'accept',
  ),
  row(
    'the second of two trusted keys',
    'RFC 7515 §5.2',
    before([strangers.RS256.trusted, signers.RS256.trusted], seal(signers.RS256), true),
    'accept',
  ),
  row(
    'PKCS #1 by hand',
    'RFC 8017 §9.2',
    { ...withSignature(signers.RS256, (input) => raw(rsaKey, pkcs1Block(info('sha256', input)))), isSignedRight: true },
    'accept',
  ),
  row(
    'PSS by hand',
    'RFC 8017 §9.1.1',
    { ...withSignature(signers.PS256, (input) => pssSign(input, {})), isSignedRight: true },
    'accept',
  ),
];

export const tokenCases: TokenCase[] = [
  ...families.flatMap(tampered),
  ...everyPair,
  ...everyDisguise.filter(({ name }) => !name.includes('HS')),
  ...hmacDisguises,
  ...pins.map(
    ([alg, algorithms]): TokenCase => ({
      ...row(
        `a right ${alg} token while ${algorithms.join(', ') || 'nothing'} is allowed`,
        oneAlgorithm,
        seal(signers[alg]),
        'ALG_NOT_ALLOWED',
      ),
      policy: { algorithms },
    }),
  ),
  ...(['RS256', 'PS384'] as const).map((alg) =>
    row(
      `${alg} before an RSA-PSS key bound to SHA-256`,
      'RFC 4055 §3.1',
      before([pssOnly], seal(signers[alg])),
      'ALG_NOT_ALLOWED',
    ),
  ),
  ...(['HS384', 'HS512'] as const).map((alg) =>
    row(
      `${alg} signed right with a secret of 32 bytes`,
      'RFC 7518 §3.2: a key as long as the hash output',
      { ...seal({ alg, key: shortSecret.keyObject, trusted: shortSecret }), isSignedRight: true },
      'ALG_NOT_ALLOWED',
    ),
  ),
  ...Object.values(strangers).map((stranger) =>
    row(
      `${stranger.alg} by a stranger`,
      'RFC 7515 §5.2',
      before([signers[stranger.alg].trusted], seal(stranger)),
      'SIGNATURE_INVALID',
    ),
  ),
  ...families.map((signer) =>
    row(
      `${signer.alg} where nobody is trusted`,
      'trust comes from the caller',
      before([], seal(signer)),
      'KEY_NOT_FOUND',
    ),
  ),
  ...macForms.map(([name, expect, make]) =>
    row(`HS256 MAC ${name}`, 'RFC 7518 §3.2: the whole MAC', withSignature(signers.HS256, make), expect),
  ),
  ...[signers.ES256, signers.ES384, signers.ES512, signers.ES256K].flatMap(ecdsa),
  ...curves.map(([alg, key, verifier]) =>
    row(
      `${alg} by and before a key of ${nameOf(verifier)}`,
      'RFC 7518 §3.4: one curve an algorithm',
      { ...seal({ alg, key, trusted: verifier.trusted }), isSignedRight: false },
      'ALG_NOT_ALLOWED',
    ),
  ),
  ...rsaForms.map(([name, make]) =>
    row(
      `RS256 signature with ${name}`,
      'RFC 8017 §8.2.2, §9.2; CVE-2006-4339',
      withSignature(signers.RS256, make),
      'SIGNATURE_INVALID',
    ),
  ),
  row('RS256 signature S + n', 'RFC 8017 §5.2.2: s < n', pastTheModulus(signers.RS256), 'SIGNATURE_INVALID'),
  row('PS256 signature S + n', 'RFC 8017 §5.2.2: s < n', pastTheModulus(signers.PS256), 'SIGNATURE_INVALID'),
  ...pssForms.map(([name, wrong]) =>
    row(
      `PS256 with ${name}`,
      'RFC 7518 §3.5: SHA-256, MGF1 with SHA-256, a salt of 32 bytes',
      withSignature(signers.PS256, (input) => pssSign(input, wrong)),
      'SIGNATURE_INVALID',
    ),
  ),
  ...eddsa(signers.EdDSA, order25519),
  ...eddsa(signers.Ed448, order448),
  row(
    'Ed448 in the header, signed by and before Ed25519',
    'RFC 9864 §2.2',
    { ...seal({ ...signers.EdDSA, alg: 'Ed448' }), isSignedRight: false },
    'ALG_NOT_ALLOWED',
  ),
  row(
    'EdDSA, a signature of Ed448 before Ed25519',
    'RFC 8037 §3.1',
    before([signers.EdDSA.trusted], seal({ ...signers.Ed448, alg: 'EdDSA' })),
    'SIGNATURE_MALFORMED',
  ),
  row(
    'RS256 over a DER signature of an EC key, before the EC key',
    'a generic verify() would take it',
    withSignature(
      signers.ES256,
      (input) => cryptoSign('sha256', Buffer.from(input), privateKeys.p256),
      headerOf(signers.RS256),
    ),
    'ALG_NOT_ALLOWED',
  ),
  row(
    'a right signature by the key of a certificate that the token brings',
    'RFC 8725 §3.10',
    before(
      [signers.RS256.trusted],
      sealClaims(strangers.RS256, {}, { x5c: [stored.certificates.rsaOther.replace(/-----.*-----|\n/g, '')] }),
    ),
    'SIGNATURE_INVALID',
  ),
  ...controls,
];
