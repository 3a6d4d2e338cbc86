/** Crosses nested tokens with jwcrypto, both ways, for `npm run interop`: signed, then encrypted (RFC 7519 §5.2). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportCrossing, tamper } from './interop-jwe.js';
import { reportMissing } from './missing-peer.js';

const malformed = 11;
const doesNotDecrypt = 12;
const rows = [
  { sign: 'ES256', alg: 'ECDH-ES+A256KW', enc: 'A256GCM' },
  { sign: 'RS256', alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256' },
  { sign: 'EdDSA', alg: 'ECDH-ES', enc: 'A256CBC-HS512', crv: 'X25519' },
];

const python = `import json, sys
from jwcrypto import jwk, jwt

verb, sign_alg, sign_path, alg, enc, enc_path = sys.argv[1:]
sign_key = jwk.JWK.from_json(open(sign_path).read())
enc_key = jwk.JWK.from_json(open(enc_path).read())
if verb == 'make':
    signed = jwt.JWT(header={'alg': sign_alg, 'typ': 'JWT'}, claims=sys.stdin.read())
    signed.make_signed_token(sign_key)
    nested = jwt.JWT(header={'alg': alg, 'enc': enc, 'cty': 'JWT'}, claims=signed.serialize())
    nested.make_encrypted_token(enc_key)
    print(nested.serialize())
else:
    opened = jwt.JWT(key=enc_key, jwt=sys.stdin.read().strip(), algs=[alg, enc])
    verified = jwt.JWT(key=sign_key, jwt=opened.claims, algs=[sign_alg])
    print(verified.claims)
`;

/** Crosses all rows. Calls `report` with the count that each line adds to. */
export async function crossNested({ run, find, folder, jwtkit, report }) {
  const programs = ['python3', '/usr/bin/python3'];
  const question = ['-c', 'import jwcrypto.jwt; print(jwcrypto.jwt.JWT)'];
  const program = await find({ programs, question, answer: /JWT/ });
  if (program === undefined) {
    return reportMissing(report, { name: 'jwcrypto', packages: 'python3-jwcrypto' });
  }
  const file = join(folder, 'nested-peer.py');
  writeFileSync(file, python);
  for (const row of rows) {
    const label = `jwcrypto     nested ${row.sign} in ${row.alg} ${row.enc}`;
    const keys = await makeKeys(run, jwtkit, join(folder, 'nested', row.sign), row);
    const peer = (verb, signKey, encKey) => [program, file, verb, row.sign, signKey, row.alg, row.enc, encKey];
    await reportCrossing(report, label, 'ours → theirs', async () => {
      const options = ['--key', keys.signs, '--sub', 'user-123', '--claim', 'plan=pro'];
      const signed = (await run([...jwtkit, 'issue', ...options])).stdout;
      const encrypt = [...jwtkit, 'encrypt', '--key', keys.encrypts, '--alg', row.alg, '--enc', row.enc];
      const token = (await run(encrypt, signed)).stdout.trim();
      expectPlan(JSON.parse((await run(peer('read', keys.verifies, keys.decrypts), token)).stdout));
      await run(peer('read', keys.verifies, keys.decrypts), tamper(token), 1);
    });
    await reportCrossing(report, label, 'theirs → ours', async () => {
      const claims = JSON.stringify({ sub: 'user-123', plan: 'pro', exp: Math.floor(Date.now() / 1000) + 900 });
      const token = (await run(peer('make', keys.signs, keys.encrypts), claims)).stdout.trim();
      const verify = [...jwtkit, 'verify', '--json', '--key', keys.verifies, '--decrypt-key', keys.decrypts];
      expectPlan(JSON.parse((await run(verify, token)).stdout).claims);
      await run(verify, tamper(token), doesNotDecrypt);
      // What is only encrypted was signed by nobody.
      const plain = (await run([...jwtkit, 'encrypt', '--key', keys.encrypts], claims)).stdout;
      await run(verify, plain, malformed);
    });
  }
}

async function makeKeys(run, jwtkit, home, { sign, alg, crv }) {
  mkdirSync(home, { recursive: true });
  const [signs, verifies, decrypts, encrypts] = ['signs', 'verifies', 'decrypts', 'encrypts'].map((name) =>
    join(home, `${name}.jwk`),
  );
  const keygen = [...jwtkit, 'keygen', '--format', 'jwk'];
  await run([...keygen, '--alg', sign, '--private', signs, '--public', verifies]);
  const curve = crv === undefined ? [] : ['--crv', crv];
  await run([...keygen, '--use', 'enc', '--alg', alg, ...curve, '--private', decrypts, '--public', encrypts]);
  return { signs, verifies, decrypts, encrypts };
}

function expectPlan({ sub, plan }) {
  if (sub !== 'user-123' || plan !== 'pro') throw new Error(`the claims came back as ${JSON.stringify({ sub, plan })}`);
}
