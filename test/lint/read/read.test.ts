/** What a source is, by its content. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { exportPublicJwk, thumbprint } from '../../../src/jose/jwk.js';
import { lint } from '../../../src/lint/lint.js';

const now = 1_800_000_000;

async function lintText(text: string, name = 'file') {
  const { findings, subjects } = await lint([{ name, content: Buffer.from(text), isFile: true }], { now });
  return { findings, subjects: subjects[0] ?? 0 };
}
const placesOf = async (text: string, name?: string) =>
  (await lintText(text, name)).findings.map(({ id, where }) =>
    `${id} ${where.line ?? ''} ${where.part ?? ''}`.trimEnd(),
  );

const pem = (
  generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
).trim();

describe('PEM is found', () => {
  test.each([
    ['below a comment', `# my key\n${pem}\n`, 2],
    [
      'below the attributes that openssl pkcs12 prints',
      `Bag Attributes\n    friendlyName: a\nKey Attributes: <No Attributes>\n${pem}\n`,
      4,
    ],
    [
      'below text that openssl x509 prints',
      `Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number: 1\n${pem}\n`,
      5,
    ],
    ['below a line that is a variable', `subject=CN = a\n${pem}\n`, 2],
    ['below text that is YAML', `name: value\n\n\n${pem}\n`, 4],
    ['behind a mark of YAML', `---\n${pem}\n`, 2],
  ])('%s', async (_title, text, line) => {
    expect(await placesOf(text)).toContain(`key/rsa-too-small ${line}`);
  });

  test('twice, each block at its own line', async () => {
    const lines = pem.split('\n').length;
    expect(await placesOf(`${pem}\n${pem}\n`)).toEqual(
      expect.arrayContaining(['key/rsa-too-small 1', `key/rsa-too-small ${lines + 1}`]),
    );
  });
});

const armour = (label: string, body = 'c29tZXRoaW5nIGVsc2UgdGhhbiBhIGtleQ==') =>
  `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

describe('a block that holds no key has no finding', () => {
  test.each([
    ['AGE ENCRYPTED FILE'],
    ['PGP MESSAGE'],
    ['PGP SIGNATURE'],
    ['PGP PUBLIC KEY BLOCK'],
    ['SSH SIGNATURE'],
    ['X509 CRL'],
    ['CERTIFICATE REQUEST'],
    ['NEW CERTIFICATE REQUEST'],
    ['TRUSTED CERTIFICATE'],
    ['PKCS7'],
    ['CMS'],
    ['OpenVPN Static key V1'],
    ['EC PARAMETERS'],
    ['X9.42 DH PARAMETERS'],
  ])('%s', async (label) => {
    const block = armour(label);
    expect(await placesOf(block, 'a.pem')).toEqual([]);
    expect(await placesOf(`sops:\n  enc: |\n${block.replace(/^/gm, '    ')}`, 'a.yaml')).toEqual([]);
    expect(await placesOf(JSON.stringify({ signature: block }), 'a.json')).toEqual([]);
    expect(await placesOf(`KEY="${block.replaceAll('\n', '\\n')}"\n`, '.env')).toEqual([]);
    const tokens = await placesOf(`${block}\nBearer eyJhbGciOiJub25lIn0.e30.\n`, 'a.txt');
    expect(tokens.map((each) => each.split(' ')[0])).toContain('token/unsigned');
    expect(await placesOf(`${block}${pem}`, 'a.pem')).toContain('key/rsa-too-small 4');
  });
});

test.each([
  '...',
  'MIIEvQIBADAN...',
  '<your key here>',
  '[your key]',
  `${'$'}{PRIVATE_KEY}`,
  '{{ .Values.key }}',
  '********',
  '…',
])('a block whose middle is %s stands for a key', async (body) => {
  const block = armour('PRIVATE KEY', body);
  expect(await placesOf(`Put it so:\n${block}`, 'a.txt')).toEqual([]);
  expect(await placesOf(`PRIVATE_KEY="${block.replaceAll('\n', '\\n')}"\n`, '.env.example')).toEqual([]);
});

describe('a key that has no form as a JWK is passed over', () => {
  test.each([['prime192v1'], ['secp224r1'], ['brainpoolP256r1'], ['sect233k1']])('%s', async (namedCurve) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
    expect(() => exportPublicJwk(publicKey)).toThrow(`a key of type ${namedCurve} has no JWK form`);
    const content = privateKey.export({ format: 'der', type: 'pkcs8' });
    const { findings } = await lint([{ name: 'a.der', content }], { now: 1_800_000_000 });
    expect(findings).toEqual([]);
    expect(await placesOf(publicKey.export({ format: 'pem', type: 'spki' }) as string)).toEqual([]);
  });
  test('DSA', () => {
    const { publicKey } = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 });
    expect(() => thumbprint(publicKey)).toThrow('a key of type dsa has no JWK form');
  });
});

const secret = (text: string) => Buffer.from(text).toString('base64');
const list = (items: string) => `apiVersion: v1\nkind: List\nitems:\n${items}`;
const item = `- apiVersion: v1\n  kind: Secret\n  data:\n    JWT_SECRET: ${secret('changeme')}\n`;

describe('a secret is found', () => {
  test.each([
    ['in a list of Kubernetes', 'l.yaml', list(item), 'secret/well-known 7 items.0.data.JWT_SECRET'],
    [
      'in a Secret in JSON',
      's.json',
      JSON.stringify({ kind: 'Secret', data: { JWT_SECRET: secret('changeme') } }),
      'secret/well-known  data.JWT_SECRET',
    ],
    [
      'in a list in JSON',
      'l.json',
      JSON.stringify({
        kind: 'List',
        items: [{ apiVersion: 'v1', kind: 'Secret', data: { a_secret: secret('changeme') } }],
      }),
      'secret/well-known  items.0.data.a_secret',
    ],
    [
      'in a .env of a ConfigMap',
      'c.yaml',
      'kind: ConfigMap\ndata:\n  .env: |\n    A=1\n    JWT_SECRET=changeme\n',
      'secret/well-known 5 data..env.JWT_SECRET',
    ],
    [
      'in YAML of a ConfigMap',
      'c.yaml',
      'kind: ConfigMap\ndata:\n  a.yml: |\n    jwt:\n      secret: changeme\n',
      'secret/published 5 data.a.yml.jwt.secret',
    ],
    [
      'in a .env of a Secret',
      's.yaml',
      `kind: Secret\ndata:\n  .env: ${secret('JWT_SECRET=changeme\n')}\n`,
      'secret/well-known 3 data..env.JWT_SECRET',
    ],
    [
      'in literals of kustomize',
      'k.yaml',
      'secretGenerator:\n- literals:\n  - JWT_SECRET=changeme\n',
      'secret/well-known 3 secretGenerator.0.literals.0',
    ],
    [
      'in arguments of a build',
      'c.yaml',
      'services:\n  a:\n    build:\n      args:\n      - JWT_SECRET=changeme\n',
      'secret/well-known 5 services.a.build.args.0',
    ],
    [
      'in YAML of 100 KB',
      'b.yaml',
      `${'key: value of some length\n'.repeat(4000)}jwt_secret: changeme\n`,
      'secret/well-known 4001 jwt_secret',
    ],
    [
      'in JSON with comments',
      'appsettings.json',
      '{\n// a "comment"\n"Jwt": {"Key": "changeme", /* , */ },\n}',
      'secret/well-known  Jwt.Key',
    ],
    ['beside a name without a value', '.env', 'HOME\nJWT_SECRET=changeme\n', 'secret/well-known 2 JWT_SECRET'],
    [
      'beside an export without a value',
      'a.txt',
      'export JWT_SECRET=changeme\nexport PATH\n',
      'secret/well-known 1 JWT_SECRET',
    ],
    [
      'between set -a and set +a',
      '.env.local',
      'set -a\nJWT_SECRET=changeme\nset +a\n',
      'secret/well-known 2 JWT_SECRET',
    ],
    ['with a colon', '.env', 'JWT_SECRET: changeme\nDEBUG=1\n', 'secret/well-known 1 JWT_SECRET'],
    [
      'behind a quote that is never closed',
      '.env',
      `MOTD="it's\nJWT_SECRET=changeme\nB='x\n`,
      'secret/well-known 2 JWT_SECRET',
    ],
    ['in a quote that is never closed', '.env', `A=1\nJWT_SECRET='changeme\n`, 'secret/well-known 2 JWT_SECRET'],
    ['in a section of an INI file', 'a.txt', '[auth]\nsecret_key = changeme\n', 'secret/well-known 2 secret_key'],
  ])('%s', async (_title, name, text, place) => {
    expect(await placesOf(text, name)).toContain(place);
  });
});

test.each([
  ['a set without keys, by the name of its file', 'jwks.json', '{"keys":[]}', 'set/empty'],
  ['a set whose second key alone has a type', 'a.json', '{"keys":[{},{"kty":"RSA"}]}', 'key/unreadable'],
  [
    'a policy with a misspelt member',
    'a.json',
    '{"issuer":"https://a.example","audiance":"a","algorithms":["RS256"]}',
    'policy/invalid',
  ],
  ['a variable that is set twice', '.env', 'ALGORITHM=HS256\nALGORITHM=RS256\n', 'setting/set-twice'],
  ['more keys than a file has', 'a.pem', armour('PUBLIC KEY').repeat(140), 'key/unreadable'],
  ['a policy by its name', 'jwtkit.config.json', '{"issuer":"https://a.example","clientId":"a"}', 'policy/invalid'],
])('%s has a finding', async (_title, name, text, id) => {
  expect((await placesOf(text, name)).map((place) => place.split(' ')[0])).toContain(id);
});

describe('a secret is found in a file whose encoding is', () => {
  const content = `# caf\u00e9\nJWT_SECRET=changeme\n`;
  const utf16 = Buffer.from(content, 'utf16le');
  const marked = Buffer.from(`\ufeff${content}`, 'utf16le');
  const utf32 = (text: string) => Buffer.from(Uint32Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
  test.each([
    ['UTF-8 with a mark', Buffer.from(`\ufeff${content}`)],
    ['UTF-16 with a mark', marked],
    ['UTF-16 with a mark, the high byte first', Buffer.from(marked).swap16()],
    ['UTF-16', utf16],
    ['UTF-16, the high byte first', Buffer.from(utf16).swap16()],
    ['Latin-1', Buffer.from(content, 'latin1')],
    ['UTF-32', utf32(content)],
    ['UTF-32 with a mark', utf32(`\ufeff${content}`)],
    ['UTF-32 with a mark, the high byte first', utf32(`\ufeff${content}`).swap32()],
    ['UTF-8 with a NUL byte', Buffer.from(`A=\0\n${content}`)],
    ['UTF-8 with a NUL byte behind it', Buffer.from(`${content}\0`)],
    ['Latin-1 with a control character', Buffer.from(`A=\x01\n${content}`, 'latin1')],
  ])('%s', async (_title, bytes) => {
    const { findings } = await lint([{ name: '.env', content: bytes, isFile: true }], { now });
    expect(findings.map(({ id }) => id)).toContain('secret/well-known');
  });
  test('none: a binary file is not read as text', async () => {
    const content = Buffer.concat([Buffer.from('JWT_SECRET=changeme\n'), Buffer.from([0xff, 0, 1, 2, 0xfe])]);
    expect((await lint([{ name: 'a', content, isFile: true }], { now })).subjects).toEqual([0]);
  });
});

const header = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9';
describe('a token that documentation shortens', () => {
  test.each([
    [`${header}...`],
    [`${header}.eyJ...`],
    [`${header}.eyJzdWIiOiIxIn0...`],
    [`${header}.eyJzdWIiOiIxIn0.\u2026`],
    [`${header}.<payload>.<signature>`],
    [`${header}.[payload].[signature]`],
    [`${header}.{payload}.{signature}`],
  ])('%s has no finding in a file, and one elsewhere', async (token) => {
    expect(await placesOf(`Send it so:\nAuthorization: Bearer ${token}\n`, 'a.txt')).toEqual([]);
    expect(await placesOf(JSON.stringify({ token }), 'openapi.json')).toEqual([]);
    const { findings } = await lint([{ name: 'argument 1', content: Buffer.from(token) }], { now });
    expect(findings.map(({ id }) => id)).toContain('token/malformed');
  });
});

test.each([
  ['a variable that adds to itself', '.env', 'FLAGS="-a"\nFLAGS="$FLAGS -b"\nFLAGS="#{FLAGS} -c"\n'.replace('#', '$')],
  ['paragraphs of names and values', 'preferences', 'Package: a\nPin: x\n\nPackage: b\nPin: y\n'],
  ['the certificates that a system trusts', 'cacert.pem', armour('CERTIFICATE').repeat(140)],
  ['a list of names that is called keys', 'keys.json', '{"keys":["a","b"]}'],
  ['a list of other keys', 'keyboard.json', '{"keys":[{"id":1,"name":"ctrl"}]}'],
  ['an empty list of keys', 'a.json', '{"keys":[]}'],
  [
    'settings of a client with an issuer',
    'okta.json',
    '{"issuer":"https://a.example","clientId":"a","redirectUri":"http://localhost/cb","scopes":["openid"],"pkce":true}',
  ],
  ['an issuer of certificates', 'tls.json', '{"issuer":"letsencrypt","store":"acme.json","email":"x"}'],
  ['a command of a shell', '.env', 'JWT_SECRET=$(openssl rand -hex 32)\nA_JWT_SECRET="$(cat /run/secret)"\n'],
  ['a template of Helm', 'deployment.yaml', '{{- if .Values.a }}\nkind: A\nname: b\nname: c\n{{- end }}\n'],
  ['sections of an INI file with the same names', 'a.txt', '[a]\nhost = x\n[b]\nhost = y\n'],
  ['prose', 'a.txt', 'Set the secret.\nThe secret = changeme, as in\nthe manual.\n'],
])('%s has no finding', async (_title, name, text) => {
  expect(await placesOf(text, name)).toEqual([]);
});
