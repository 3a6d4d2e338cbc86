/** JSON with keys: every reader takes the same forms, and says the same about what it does not take. */
import { describe, expect, test } from 'vitest';
import { exportPublicJwk } from '../../src/jose/jwk.js';
import { loadKeys } from '../../src/jose/keys.js';
import { exportPublicPem } from '../../src/jose/pem.js';
import { loadEncryptionKeys } from '../../src/jwe/keys.js';
import { readKeyFile } from '../../src/token/import.js';
import { storedPair } from '../attacks/trusted-keys.js';

const { publicKey } = storedPair('rsa');
const jwk = exportPublicJwk(publicKey);
const pem = exportPublicPem(publicKey);
const json = JSON.stringify;
const raw = (text: string) => Buffer.from(text, 'base64url');
const changed = (members: object) => json({ ...jwk, ...members });

/** Reads a text in the three ways; each gives its keys or its error. */
async function readAll(text: string) {
  const verifying = async () => loadKeys(text, { purpose: 'verify' }).map(({ keyObject }) => keyObject);
  const encrypting = async () =>
    (await loadEncryptionKeys(text, { purpose: 'encrypt' })).map(({ keyObject }) => keyObject);
  const importing = async () => {
    const { keys } = await readKeyFile(Buffer.from(text), { now: 0 });
    return keys.map(({ jwk }) => jwk.n);
  };
  return Promise.all([verifying, encrypting, importing].map((read) => read().catch((error: unknown) => error)));
}

test.each<[string, string]>([
  ['an array of one JWK', json([jwk])],
  ['a list of objects with a PEM', json([{ kid: 'a', pem }])],
  ['what docker inspect prints', json([{ Id: 'x', Config: { Env: ['PATH=/bin', `JWT_KEY=${pem}`] } }])],
  ['a variable of GitLab', json({ variable_type: 'file', key: 'JWT', value: pem })],
])('%s is read', async (_what, text) => {
  const [verifying, encrypting, importing] = await readAll(text);
  expect(verifying).toEqual([publicKey]);
  expect(encrypting).toEqual([publicKey]);
  expect(importing).toEqual([jwk.n]);
});

test('a note says that an array was read as a set', () => {
  const notes: string[] = [];
  const keys = loadKeys(
    json([
      { ...jwk, kid: 'a' },
      { ...jwk, kid: 'b' },
    ]),
    {
      purpose: 'verify',
      source: 'k',
      note: (text) => notes.push(text),
    },
  );
  expect(keys.map(({ kid }) => kid)).toEqual(['a', 'b']);
  expect(notes).toEqual(['k: the array of JWKs is read as a JWK Set']);
});

describe('the hint is the same for every reader', () => {
  test.each<[string, string, RegExp]>([
    ['an array of something else', '[{"a":1}]', /a list of JWKs becomes a set/],
    ['JSON behind an array', `[${json(jwk)}],"a":[]`, /becomes a set|other text follows|remove/],
    ['metadata of an issuer', '{"issuer":"https://a.example","jwks_uri":"https://a.example/jwks"}', /--issuer-url/],
    ['a comma before a brace', json(jwk).replace(/\}$/, ',}'), /line 1, character \d+: remove the comma/],
    ['a comma before a bracket', `{"keys":[${json(jwk)},]}`, /remove the comma before the closing bracket/],
    ['a missing comma', json(jwk).replace(',', ' '), /a comma is missing/],
    ['two JWKs in a row', `${json(jwk)}\n${json(jwk)}`, /line 2, character 1: a second JWK begins: .*"keys"/],
    ['the % of a shell', `${json(jwk)}%`, /remove the %/],
    ['typographic quotes', json(jwk).replaceAll('"', '\u201d'), /line 1, character 2: .*typographic/],
    ['a no-break space', json(jwk).replace(',', ',\u00a0'), /no plain one/],
    ['single quotes', json(jwk).replaceAll('"', "'"), /double quotes/],
    ['names without quotes', `{kty: "RSA"}`, /each name in double quotes/],
    ['comments', `{\n  // the key\n  "key": 1}`, /line 2, character 3: JSON has no comments/],
    ['quotes of HTML', json(jwk).replaceAll('"', '&quot;'), /as in HTML/],
    ['single quotes around a PEM', `{'key': '${pem.replaceAll('\n', '\\n')}'}`, /double quotes/],
    ['a real line end in a text', `{"key": "${pem}"}`, /line 1, character 9: JSON needs \\n/],
    ['a cut end', json(jwk).slice(0, -1), /its end is missing/],
    ['other text behind it', `JWK=${json(jwk)}\nA=1`, /line 2, character 1: the JSON ends/],
    ['a template', '{{ .Values.key }}', /name of a variable/],
    ['braces around a PEM', `{code}\n${pem}{code}`, /keep the PEM alone/],
    ['a number for the exponent', changed({ e: 65537 }), /"AQAB"/],
    ['the exponent in hex', changed({ e: '010001' }), /"AQAB"/],
    ['the exponent in decimal', changed({ e: '65537' }), /"AQAB"/],
    ['a number in hex', changed({ n: `0x${raw(jwk.n as string).toString('hex')}` }), /in hex/],
    ['a number in base64', changed({ n: raw(jwk.n as string).toString('base64') }), /base64, not base64url/],
    ['a number over lines', changed({ n: jwk.n?.replace(/.{64}/g, '$&\n') }), /spaces and line ends/],
    ['an empty use', changed({ use: '' }), /remove "use"/],
    ['a key in hardware', changed({ kty: 'RSA-HSM' }), /write "kty": "RSA"/],
    ['another name of a curve', '{"kty":"EC","crv":"P-256K","x":"","y":""}', /write "crv": "secp256k1"/],
    ['a number as kid', changed({ kid: 1 }), /in quotes/],
    ['a name in capitals', '{"KTY":"RSA"}', /write "kty"/],
    ['an RSA key without its type', json({ n: jwk.n, e: jwk.e }), /write "kty": "RSA"/],
    ['an EC key without its type', '{"crv":"P-256","x":"","y":""}', /write "kty": "EC"/],
    ['a secret without its type', '{"k":"c2VjcmV0"}', /write "kty": "oct"/],
    ['credentials of Google without a key', '{"type":"external_account"}', /service_account/],
    ['an answer with a token', '{"access_token":"x","token_type":"Bearer"}', /an answer with a token/],
  ])('%s', async (_what, text, hint) => {
    const errors = await readAll(text);
    const said = new Set(errors.map((error) => (error as { hint?: string }).hint));
    expect([...said]).toEqual([expect.stringMatching(hint)]);
    for (const error of errors) expect((error as Error).message).not.toContain(jwk.n?.slice(0, 9));
  });
});

test('a text of a megabyte that is no JSON is refused in linear time', { tags: 'slow' }, () => {
  for (const part of ['{"a":', '[', '"\\', '{"a":1,', ' ']) {
    expect(() => loadKeys(`{${part.repeat(1_000_000 / part.length)}`, { purpose: 'verify' })).toThrow();
  }
});
