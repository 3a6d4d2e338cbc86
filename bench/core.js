/**
 * Signing and verifying, one algorithm after the other, beside fast-jwt, jose, jsonwebtoken and bare node:crypto: each checks
 * the signature and the times, with its cache off. The contestants take turns in short rounds, and what is compared is the
 * processor time of the process, so that a busy machine slows all of them alike.
 */
import { constants, createHmac, sign as cryptoSign, verify as cryptoVerify, timingSafeEqual } from 'node:crypto';
import { createSigner, createVerifier } from 'fast-jwt';
import * as jose from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import {
  createKey,
  exportPrivatePem,
  exportPublicPem,
  generateKey,
  issueToken,
  signJws,
  verifyJws,
  verifyToken,
} from 'jwtkit';

const rounds = Number(process.env.JWTKIT_BENCH_ROUNDS ?? 60);
/** Milliseconds of each contestant's turn. */
const turn = 8;
const algorithms = (
  process.env.JWTKIT_BENCH_ALGORITHMS ?? 'HS256 HS512 RS256 RS512 PS256 ES256 ES384 ES512 EdDSA'
).split(' ');

/** The least share of the fastest other library's speed; an EC signature needs another form than OpenSSL's. */
const verifyBound = (alg) => (alg.startsWith('ES') ? 0.85 : 0.9);
const signBound = 0.9;

const now = Math.floor(Date.now() / 1000);
const claims = {
  iss: 'https://issuer.example',
  sub: 'user-123',
  aud: 'api',
  iat: now - 60,
  exp: now + 86_400,
  jti: '5e4c1ae2-7b9c-4b7e-9d55-0a6f6d6f2b11',
  type: 'access',
  scope: 'read write',
};

/** Prints a table of ratios; resolves to whether all are within their bounds. */
export async function run() {
  console.log(
    `core: thousands a second of processor time, and jwtkit's share of the fastest other library (${rounds} rounds)`,
  );
  let isWithinBounds = true;
  for (const alg of algorithms) {
    const keys = await keysFor(alg);
    for (const [name, contestants, ours, bound] of [
      ['verify', await verifiers(alg, keys), 'verifyToken', verifyBound(alg)],
      ['sign', await signers(alg, keys), 'signJws', signBound],
    ]) {
      const speeds = await race(contestants);
      const others = Object.keys(speeds).filter((each) => ['fast-jwt', 'jose', 'jsonwebtoken'].includes(each));
      const fastest = Math.max(...others.map((each) => speeds[each]));
      const ratio = speeds[ours] / fastest;
      const isUnder = ratio < bound;
      if (isUnder) isWithinBounds = false;
      const figures = Object.entries(speeds).map(([each, speed]) => `${each} ${(speed / 1000).toFixed(1)}`);
      console.log(
        `  ${alg.padEnd(6)} ${name.padEnd(6)} ${ratio.toFixed(2)}  aim ${bound.toFixed(2)}${isUnder ? '  UNDER' : '       '}  ${figures.join(', ')}`,
      );
    }
  }
  return isWithinBounds;
}

async function keysFor(alg) {
  const made = await generateKey(alg);
  if ('secret' in made) {
    const key = createKey(made.secret, { alg });
    const bytes = made.secret.export();
    return { signing: key, trusted: key, signPem: bytes, verifyPem: bytes };
  }
  return {
    signing: createKey(made.privateKey, { alg, kid: 'k1' }),
    trusted: createKey(made.publicKey, { alg, kid: 'k1' }),
    signPem: exportPrivatePem(made.privateKey),
    verifyPem: exportPublicPem(made.publicKey),
  };
}

async function verifiers(alg, { signing, trusted, verifyPem }) {
  const token = await signJws(JSON.stringify(claims), signing, { alg, header: { typ: 'JWT' } });
  const { keyObject } = trusted;
  const keys = [trusted];
  const dot = token.lastIndexOf('.');
  const input = Buffer.from(token.slice(0, dot));
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  return {
    verifyToken: () => verifyToken(token, {}, { keys, now }),
    verifyJws: () => verifyJws(token, keys),
    ...supported(() => ({ 'fast-jwt': createVerifier({ key: verifyPem, algorithms: [alg], cache: false }) }), token),
    jose: () => jose.jwtVerify(token, keyObject, { algorithms: [alg] }),
    ...supported(
      () => ({ jsonwebtoken: (text) => jsonwebtoken.verify(text, keyObject, { algorithms: [alg] }) }),
      token,
    ),
    'node:crypto': () => checkBare(alg, keyObject, input, signature),
  };
}

async function signers(alg, { signing, signPem }) {
  const { keyObject } = signing;
  const payload = JSON.stringify(claims);
  const header = { alg, typ: 'JWT' };
  const input = Buffer.from(
    `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`,
  );
  return {
    signJws: () => signJws(JSON.stringify(claims), signing, { alg, header: { typ: 'JWT' } }),
    issueToken: () => issueToken(claims, {}, { key: signing, now }),
    ...supported(() => ({ 'fast-jwt': createSigner({ key: signPem, algorithm: alg }) }), claims),
    jose: () => new jose.SignJWT(claims).setProtectedHeader(header).sign(keyObject),
    ...supported(
      () => ({ jsonwebtoken: (members) => jsonwebtoken.sign(members, keyObject, { algorithm: alg, header }) }),
      claims,
    ),
    'node:crypto': () => signBare(alg, keyObject, input),
  };
}

/** A contestant that works with the algorithm, asked with the argument; none where it does not know it. */
function supported(make, argument) {
  try {
    const [[name, work]] = Object.entries(make());
    work(argument);
    return { [name]: () => work(argument) };
  } catch {
    return {};
  }
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

function forNode(alg, key) {
  if (alg.startsWith('PS')) return { key, ...pss };
  return alg.startsWith('ES') ? { key, dsaEncoding: 'ieee-p1363' } : key;
}

function hashOf(alg) {
  return alg.startsWith('Ed') ? null : `sha${alg.slice(2)}`;
}

function checkBare(alg, key, input, signature) {
  if (alg.startsWith('HS')) return timingSafeEqual(createHmac(hashOf(alg), key).update(input).digest(), signature);
  return cryptoVerify(hashOf(alg), input, forNode(alg, key), signature);
}

function signBare(alg, key, input) {
  return alg.startsWith('HS')
    ? createHmac(hashOf(alg), key).update(input).digest()
    : cryptoSign(hashOf(alg), input, forNode(alg, key));
}

/** The median speed of each contestant, in operations a second of processor time. */
async function race(contestants) {
  const speeds = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = -5; round < rounds; round++) {
    for (const [name, work] of Object.entries(contestants)) {
      const before = process.cpuUsage();
      const end = performance.now() + turn;
      let count = 0;
      do {
        await work();
        count++;
      } while (performance.now() < end);
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) speeds[name].push((count * 1e6) / (user + system));
    }
  }
  return Object.fromEntries(Object.entries(speeds).map(([name, values]) => [name, median(values)]));
}

function median(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}
