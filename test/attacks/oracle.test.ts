/**
 * jsonwebtoken as the second opinion, called as well as it can be: a KeyObject, the algorithms named. What it refuses we
 * refuse; what it lets through and we do not is what this toolkit is for.
 */
import jsonwebtoken, { type VerifyOptions } from 'jsonwebtoken';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AlgorithmName, algorithmNames } from '../../src/jose/algorithms.js';
import { signJws, verifyJws } from '../../src/jose/jws.js';
import { createKey, type Key } from '../../src/jose/key.js';
import type { VerifyPolicy } from '../../src/token/policy.js';
import { reportToken } from '../../src/token/verify.js';
import { isAccepting, type TokenCase } from './case.js';
import { tokenCases } from './corpus.js';
import { now, sealClaims } from './forge.js';
import { families, signers } from './trusted-keys.js';

type Shared = Exclude<AlgorithmName, 'ES256K' | 'EdDSA' | 'Ed25519' | 'Ed448'>;

function hasIt(name: AlgorithmName): name is Shared {
  return !['ES256K', 'EdDSA', 'Ed25519', 'Ed448'].includes(name);
}

function algorithmsItHas(key: Key, policy: VerifyPolicy): Shared[] {
  const allowed = policy.algorithms ?? key.algorithms;
  return allowed.filter(hasIt);
}

/** Whether it accepts; undefined where it cannot be asked: no single key, or no algorithm in common. */
function accepts({ token, keys, policy = {}, now: at = now }: TokenCase): boolean | undefined {
  const [key, ...others] = keys;
  if (key === undefined || others.length > 0) return undefined;
  const algorithms = algorithmsItHas(key, policy);
  if (algorithms.length === 0) return undefined;
  const options = {
    algorithms,
    clockTimestamp: at,
    clockTolerance: policy.leeway ?? 0,
    audience: policy.audience,
    issuer: policy.issuer,
    subject: policy.subject,
    // It refuses the very age that is named, OpenID Connect Core §3.1.2.1 what is older.
    maxAge: policy.maxAge === undefined ? undefined : policy.maxAge + 1,
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as VerifyOptions;
  try {
    jsonwebtoken.verify(token, key.keyObject, given);
    return true;
  } catch {
    return false;
  }
}

interface Opinion {
  item: TokenCase;
  ours: boolean;
  its: boolean | undefined;
}

/** Tokens with one character replaced, at every place of one token a family. */
function mutations(): TokenCase[] {
  return families.flatMap((signer) => {
    const sealed = sealClaims(signer, {});
    return [...sealed.token].map((char, at): TokenCase => {
      const token = sealed.token.slice(0, at) + (char === 'A' ? 'B' : 'A') + sealed.token.slice(at + 1);
      return { category: 9, name: `${signer.alg} at ${at}`, source: '', ...sealed, token, expect: 'SIGNATURE_INVALID' };
    });
  });
}

describe('beside jsonwebtoken', { tags: 'slow' }, () => {
  let opinions: Opinion[];

  beforeAll(async () => {
    opinions = await Promise.all(
      [...tokenCases, ...mutations()].map(async (item) => {
        const report = await reportToken(item.token, item.policy ?? {}, { keys: item.keys, now: item.now ?? now });
        return { item, ours: report.valid, its: accepts(item) };
      }),
    );
  }, 120_000);

  const names = (found: Opinion[]) => found.map(({ item }) => `${item.category} ${item.name}`);

  test('jwtkit refuses every token that jsonwebtoken refuses', () => {
    expect(names(opinions.filter(({ its, ours }) => its === false && ours))).toEqual([]);
  });

  test('both accept every sound token', () => {
    const asked = opinions.filter(({ item, its }) => isAccepting(item) && its !== undefined);
    expect(names(asked.filter(({ its, ours }) => !its || !ours))).toEqual([]);
    expect(asked.length).toBeGreaterThan(100);
  });

  test('jwtkit refuses hundreds of hostile tokens that jsonwebtoken accepts', () => {
    const accepted = opinions.filter(({ item, its }) => !isAccepting(item) && its === true);
    expect(names(accepted.filter(({ ours }) => ours))).toEqual([]);
    expect(accepted.length).toBeGreaterThan(300);
  });

  test('jsonwebtoken gave an opinion on more than 1500 tokens', () => {
    expect(opinions.filter(({ its }) => its !== undefined).length).toBeGreaterThan(1500);
  });
});

describe('as a signer', () => {
  test.each(algorithmNames.filter(hasIt))('%s: jsonwebtoken and jwtkit accept each other’s tokens', async (alg) => {
    const { key, trusted } = signers[alg];
    const payload = JSON.stringify({ sub: 'Zoë 🐸', exp: now + 60 });
    const ours = await signJws(payload, createKey(key, { alg, kid: 'k1' }), { header: { typ: 'JWT' } });
    const latin1 = Buffer.from(payload).toString('latin1');
    const header = { alg, typ: 'JWT', kid: 'k1' };
    const theirs = jsonwebtoken.sign(latin1, key, { algorithm: alg, header, encoding: 'latin1' });
    if (/^[HR]S/.test(alg)) expect(ours).toBe(theirs);
    expect(ours.split('.').slice(0, 2)).toEqual(theirs.split('.').slice(0, 2));
    expect(jsonwebtoken.verify(ours, trusted.keyObject, { algorithms: [alg], clockTimestamp: now })).toMatchObject({
      sub: 'Zoë 🐸',
    });
    expect(Buffer.from(verifyJws(theirs, [trusted]).payload).toString()).toBe(payload);
  });
});
