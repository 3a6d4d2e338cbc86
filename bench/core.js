/**
 * Signing and verifying, one algorithm after the other, beside fast-jwt, jose, jsonwebtoken and bare node:crypto: each checks
 * the signature and the times, with its cache off. The contestants take turns in short rounds, and what is compared is the
 * processor time of the process, so that a busy machine slows all of them alike; the same by the clock stands beside it.
 * Where no other library knows an algorithm, bare node:crypto takes its place, which parses nothing.
 */
import { constants, createHmac, sign as cryptoSign, verify as cryptoVerify, timingSafeEqual } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createSigner, createVerifier } from 'fast-jwt';
import * as jose from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import {
  algorithmNames,
  createKey,
  exportPrivatePem,
  exportPublicPem,
  generateKey,
  issueToken,
  signJws,
  verifyJws,
  verifyToken,
} from 'jwtkit';
import { drawBars, quartiles, table, withSpread } from './report.js';

const rounds = Number(process.env.JWTKIT_BENCH_ROUNDS ?? 60);
/** Milliseconds of each contestant's turn. */
const turn = 10;
const algorithms = process.env.JWTKIT_BENCH_ALGORITHMS?.split(' ') ?? algorithmNames;
const libraries = ['fast-jwt', 'jose', 'jsonwebtoken'];

/** The least share of the fastest other library's speed. An EC signature needs another form than OpenSSL's. */
const boundOf = (alg) => (alg.startsWith('ES') ? 0.85 : 0.9);

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

/** Prints a table of ratios. */
export async function run() {
  console.log(
    `core: thousands a second of processor time, and jwtkit's share of the fastest other library (${rounds} rounds)`,
  );
  const results = [];
  for (const alg of algorithms) {
    const keys = await keysFor(alg);
    for (const [kind, contestants, ours] of [
      ['verify', await verifiers(alg, keys), 'verifyToken'],
      ['sign', await signers(alg, keys), 'signJws'],
    ]) {
      const result = { alg, kind, bound: boundOf(alg), ...compare(await race(contestants), ours) };
      results.push(result);
      console.log(describe(result));
    }
  }
  return { isWithinBounds: results.every(({ share, bound }) => share.middle >= bound), report: write(results) };
}

/** Our share of the speed of the fastest rival, round by round. */
function compare(times, ours) {
  const speed = (name) => 1 / quartiles(times[name].map(({ cpu }) => cpu)).middle;
  const known = libraries.filter((name) => name in times);
  const rivals = known.length > 0 ? known : ['node:crypto'];
  const fastest = rivals.reduce((one, other) => (speed(other) > speed(one) ? other : one));
  const shareBy = (clock) =>
    quartiles(times[fastest].map((theirs, round) => theirs[clock] / times[ours][round][clock]));
  // One call per millisecond is a thousand per second.
  const speeds = Object.fromEntries(Object.keys(times).map((name) => [name, speed(name)]));
  return { ours, fastest, speeds, share: shareBy('cpu'), shareByClock: shareBy('wall') };
}

function describe({ alg, kind, bound, fastest, speeds, share, shareByClock }) {
  const verdict = share.middle < bound ? 'UNDER' : '     ';
  const figures = Object.entries(speeds).map(([name, speed]) => `${name} ${speed.toFixed(1)}`);
  return (
    `  ${alg.padEnd(7)} ${kind.padEnd(6)} ${withSpread(share)}  aim ${bound.toFixed(2)} ${verdict} of ${fastest}; ` +
    `${shareByClock.middle.toFixed(2)} by the clock; ${figures.join(', ')}`
  );
}

function write(results) {
  const rows = results.map(({ alg, kind, bound, ours, fastest, speeds, share, shareByClock }) => {
    const of = (name) => (speeds[name] === undefined ? '–' : speeds[name].toFixed(1));
    const isMet = share.middle >= bound ? '' : ' **missed**';
    return [
      `${alg} ${kind}`,
      `${withSpread(share)} of ${fastest}${isMet}`,
      shareByClock.middle.toFixed(2),
      bound.toFixed(2),
      of(ours),
      ...[...libraries, 'node:crypto'].map(of),
    ];
  });
  const names = ['', 'share', 'by the clock', 'bound', 'jwtkit', ...libraries, 'node:crypto'];
  const shares = (kind) => new Map(results.filter((each) => each.kind === kind).map(({ alg, share }) => [alg, share]));
  const [verify, sign] = [shares('verify'), shares('sign')];
  const plot = drawBars({
    title: 'Speed beside the fastest other library (1.00)',
    series: ['verify', 'sign'],
    rows: algorithms.map((alg) => ({ label: alg, values: [verify.get(alg).middle, sign.get(alg).middle] })),
    marks: [{ value: 1, label: 'the fastest other' }],
  });
  return { markdown: table(names, rows), plots: { 'performance-core.svg': plot } };
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
  // The others do not look at aud unless they are told one.
  const policy = { anyAudience: true };
  const dot = token.lastIndexOf('.');
  const input = Buffer.from(token.slice(0, dot));
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  return {
    verifyToken: () => verifyToken(token, policy, { keys, now }),
    verifyJws: () => verifyJws(token, keys),
    ...(await supported(
      () => ({ 'fast-jwt': createVerifier({ key: verifyPem, algorithms: [alg], cache: false }) }),
      token,
    )),
    ...(await supported(() => ({ jose: (text) => jose.jwtVerify(text, keyObject, { algorithms: [alg] }) }), token)),
    ...(await supported(
      () => ({ jsonwebtoken: (text) => jsonwebtoken.verify(text, keyObject, { algorithms: [alg] }) }),
      token,
    )),
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
    ...(await supported(() => ({ 'fast-jwt': createSigner({ key: signPem, algorithm: alg }) }), claims)),
    ...(await supported(
      () => ({ jose: (members) => new jose.SignJWT(members).setProtectedHeader(header).sign(keyObject) }),
      claims,
    )),
    ...(await supported(
      () => ({ jsonwebtoken: (members) => jsonwebtoken.sign(members, keyObject, { algorithm: alg, header }) }),
      claims,
    )),
    'node:crypto': () => signBare(alg, keyObject, input),
  };
}

/** Returns a contestant that supports the algorithm, called with the argument; an empty object without support. */
async function supported(make, argument) {
  try {
    const [[name, work]] = Object.entries(make());
    await work(argument);
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
  return alg.startsWith('Ed') ? null : `sha${alg.slice(2, 5)}`;
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

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** What an operation took in each round, in milliseconds of the processor and of the clock, by contestant. */
async function race(contestants) {
  const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  const names = Object.keys(contestants);
  for (let round = -5; round < rounds; round++) {
    // Each round begins with another contestant, and must not pay for the garbage of the one before.
    const first = (round + names.length) % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const work = contestants[name];
      collectGarbage({ type: 'minor' });
      const before = process.cpuUsage();
      const start = performance.now();
      let count = 0;
      do {
        await work();
        count++;
      } while (performance.now() < start + turn);
      const wall = performance.now() - start;
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) times[name].push({ cpu: (user + system) / 1000 / count, wall: wall / count });
    }
  }
  return times;
}
