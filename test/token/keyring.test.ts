import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exportPublicJwk, importJwk, type Jwk } from '../../src/jose/jwk.js';
import { findSigner, isVerifying, type KeyringEntry, keyStates, publishedSet } from '../../src/token/keyring.js';
import { planRemoval, planRetirement, planRotation, rotationTemplate } from '../../src/token/rotate.js';
import { publicJwk } from '../attacks/trusted-keys.js';

const material = exportPublicJwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);

function entry(kid: string, times: Pick<Jwk, 'iat' | 'nbf' | 'exp'> = {}, hasPrivateHalf = true): KeyringEntry {
  const jwk = { ...material, kid, alg: 'ES256', use: 'sig', ...times };
  return { kid, key: importJwk(jwk), jwk, hasPrivateHalf };
}

interface Turn {
  now: number;
  activateIn?: number;
  grace?: number;
  kid: string;
}

function rotate(entries: readonly KeyringEntry[], { now, activateIn = 0, grace = 1000, kid }: Turn) {
  return planRotation(entries, entry(kid, { iat: now }), { now, activation: now + activateIn, grace }).entries;
}

const signer = (entries: readonly KeyringEntry[], now: number) => findSigner(entries, now)?.kid;
const verifying = (entries: readonly KeyringEntry[], now: number) =>
  entries.filter((one) => isVerifying(one, now)).map(({ kid }) => kid);
const timesOf = (entries: readonly KeyringEntry[]) =>
  Object.fromEntries(entries.map(({ kid, jwk }) => [kid, [jwk.iat, jwk.nbf, jwk.exp]]));
const codeOf = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
};

describe('rotating', () => {
  const first = [entry('a', { iat: 100 })];

  test('rotated at once, the new key signs from that second; the old one verifies until the grace ends', () => {
    const entries = rotate(first, { now: 200, kid: 'b' });
    expect(timesOf(entries)).toEqual({ a: [100, undefined, 1200], b: [200, 200, undefined] });
    expect([199, 200, 1199, 1200].map((now) => signer(entries, now))).toEqual(['a', 'b', 'b', 'b']);
    expect([1199, 1200].map((now) => verifying(entries, now))).toEqual([['a', 'b'], ['b']]);
  });

  test('rotated with a start, the old key signs until the second before, and never after', () => {
    const entries = rotate(first, { now: 200, activateIn: 60, kid: 'b' });
    expect(timesOf(entries)).toEqual({ a: [100, undefined, 1260], b: [200, 260, undefined] });
    expect([200, 259, 260, 261, 1260].map((now) => signer(entries, now))).toEqual(['a', 'a', 'b', 'b', 'b']);
    expect(verifying(entries, 200)).toEqual(['a', 'b']);
    expect([1259, 1260].map((now) => verifying(entries, now))).toEqual([['a', 'b'], ['b']]);
  });

  test('a newer public key without its private half changes nothing', () => {
    const entries = rotate([...first, entry('partner', { iat: 150 }, false)], { now: 200, activateIn: 60, kid: 'b' });
    expect([200, 259, 260].map((now) => signer(entries, now))).toEqual(['a', 'a', 'b']);
    expect(verifying(entries, 5000)).toEqual(['partner', 'b']);
  });

  test('an older key without an end does not sign in between', () => {
    const entries = rotate([entry('old', { iat: 1 }), ...first], { now: 200, activateIn: 60, kid: 'b' });
    expect([200, 259, 260].map((now) => signer(entries, now))).toEqual(['a', 'a', 'b']);
    expect(timesOf(entries).old).toEqual([1, undefined, undefined]);
  });

  test('two announced keys sign one after the other', () => {
    const once = rotate(first, { now: 200, activateIn: 60, kid: 'b' });
    const entries = rotate(once, { now: 210, activateIn: 100, kid: 'c' });
    expect(timesOf(entries)).toEqual({
      a: [100, undefined, 1260],
      b: [200, 260, 1310],
      c: [210, 310, undefined],
    });
    expect([259, 260, 309, 310].map((now) => signer(entries, now))).toEqual(['a', 'b', 'b', 'c']);
  });

  test('a key rotated at once signs until the announced key starts', () => {
    const once = rotate(first, { now: 200, activateIn: 60, kid: 'b' });
    const entries = rotate(once, { now: 210, kid: 'c' });
    expect(timesOf(entries)).toEqual({
      a: [100, undefined, 1210],
      b: [200, 260, undefined],
      c: [210, 210, 1260],
    });
    expect([209, 210, 259, 260].map((now) => signer(entries, now))).toEqual(['a', 'c', 'c', 'b']);
  });

  test('after several rotations in one second, the last key signs', () => {
    let entries: readonly KeyringEntry[] = first;
    for (const kid of ['b', 'c', 'd']) entries = rotate(entries, { now: 200, kid });
    expect(signer(entries, 200)).toBe('d');
    expect(entries.filter(({ jwk }) => jwk.exp === undefined).map(({ kid }) => kid)).toEqual(['d']);
    entries = rotate(entries, { now: 300, activateIn: 10, kid: 'e' });
    expect([309, 310].map((now) => signer(entries, now))).toEqual(['d', 'e']);
  });

  test('a first key signs at once; an announced one signs from its start', () => {
    const now = rotate([], { now: 200, kid: 'a' });
    expect(timesOf(now)).toEqual({ a: [200, undefined, undefined] });
    expect(signer(now, 199)).toBe('a');
    const later = rotate([], { now: 200, activateIn: 60, kid: 'a' });
    expect([259, 260].map((at) => signer(later, at))).toEqual([undefined, 'a']);
  });

  test('after the clock went back, the new key still signs', () => {
    const entries = rotate(first, { now: 50, kid: 'b' });
    expect([0, 50, 99, 100, 2000].map((now) => signer(entries, now))).toEqual([undefined, 'b', 'b', 'b', 'b']);
  });

  test('a retired key does not come back when a new one is announced', () => {
    const byHand = [entry('a', { iat: 100, exp: 900 })];
    const byVerb = planRetirement(first, 'a', { now: 150, end: { at: 900 }, force: true });
    for (const retired of [byHand, byVerb]) {
      expect(signer(retired, 200)).toBeUndefined();
      const entries = rotate(retired, { now: 200, activateIn: 60, kid: 'b' });
      expect([200, 259, 260].map((now) => signer(entries, now))).toEqual([undefined, undefined, 'b']);
      expect(verifying(entries, 899)).toEqual(['a', 'b']);
      expect(verifying(entries, 900)).toEqual(['b']);
    }
  });

  test('no key signs in the place of one whose private half is missing', () => {
    const entries = rotate(first, { now: 200, activateIn: 60, kid: 'b' }).map((one) =>
      one.kid === 'b' ? { ...one, hasPrivateHalf: false } : one,
    );
    expect([259, 260].map((now) => signer(entries, now))).toEqual(['a', undefined]);
  });

  test('refuses a time beyond the year 9999', () => {
    expect(codeOf(() => rotate(first, { now: 200, grace: 253_402_300_799, kid: 'b' }))).toBe('USAGE_INVALID');
    expect(codeOf(() => rotate(first, { now: 200, activateIn: 253_402_300_799, kid: 'b' }))).toBe('USAGE_INVALID');
  });

  test('after any rotations, one key signs at each second, and its tokens outlive it', { tags: 'slow' }, () => {
    const turn = fc.record({ wait: fc.nat(40), activateIn: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 6 }), (turns) => {
        const grace = 50;
        let now = 10;
        let entries: readonly KeyringEntry[] = [entry('k', { iat: 10 })];
        for (const [at, { wait, activateIn }] of turns.entries()) {
          now += wait;
          const before = entries;
          entries = rotate(before, { now, activateIn, grace, kid: `k${at}` });
          for (let t = now; t < now + activateIn; t++) expect(signer(entries, t)).toBe(signer(before, t));
          expect(signer(entries, now + activateIn)).toBe(`k${at}`);
        }
        for (let t = 10; t < now + 120; t++) {
          const kid = signer(entries, t) as string;
          expect(kid).toBeDefined();
          if (t >= now) expect(verifying(entries, t + grace - 1)).toContain(kid);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('the kind of the new key', () => {
  const made = (jwk: Jwk): KeyringEntry => ({ kid: 'x', key: importJwk(jwk), jwk, hasPrivateHalf: true });
  const rsa = (bits: 2048 | 3072, alg: string) =>
    made({ ...publicJwk(bits === 2048 ? 'rsa' : 'rsa3072'), alg, iat: 1 });
  const ed448 = made({ ...exportPublicJwk(generateKeyPairSync('ed448').publicKey), alg: 'EdDSA', iat: 1 });

  test.each<[string, KeyringEntry[], object, object]>([
    ['RS256 for a first key', [], {}, { alg: 'RS256' }],
    ['the same algorithm and size', [rsa(3072, 'PS384')], {}, { alg: 'PS384', bits: 3072 }],
    ['another RSA algorithm of the same size', [rsa(3072, 'PS384')], { alg: 'RS256' }, { alg: 'RS256', bits: 3072 }],
    ['another size', [rsa(2048, 'RS256')], { bits: 4096 }, { alg: 'RS256', bits: 4096 }],
    ['the same curve', [ed448], {}, { alg: 'EdDSA', crv: 'Ed448' }],
    ['another curve', [ed448], { crv: 'Ed25519' }, { alg: 'EdDSA', crv: 'Ed25519' }],
    ['another type', [ed448], { alg: 'ES256' }, { alg: 'ES256' }],
    ['that of the last key where none signs', [entry('a', { iat: 1, exp: 5 })], {}, { alg: 'ES256' }],
    ['that of the key that signs, not of others', [entry('a', { iat: 5 }), ed448], {}, { alg: 'ES256' }],
  ])('%s', (_name, entries, wish, expected) => {
    expect(rotationTemplate(entries, 100, wish)).toEqual(expected);
  });
});

describe('retiring', () => {
  const two = [entry('a', { iat: 100 }), entry('b', { iat: 200 })];

  test('refuses to retire the later of two announced keys: nothing would sign after the first', () => {
    const first = rotate([entry('a', { iat: 100 })], { now: 200, activateIn: 60, kid: 'c' });
    const both = rotate(first, { now: 200, activateIn: 90, kid: 'd' });
    const retire = (force: boolean) => planRetirement(both, 'd', { now: 210, end: { grace: 1000 }, force });
    expect([210, 260, 290].map((now) => signer(both, now))).toEqual(['a', 'c', 'd']);
    expect(codeOf(() => retire(false))).toBe('KEY_IN_USE');
    expect(signer(retire(true), 260)).toBeUndefined();
  });

  test('after the signing key is retired, the key before it signs', () => {
    const entries = planRetirement(two, 'b', { now: 300, end: { grace: 50 }, force: false });
    expect(signer(entries, 300)).toBe('a');
    expect([349, 350].map((now) => verifying(entries, now))).toEqual([['a', 'b'], ['a']]);
  });

  test('retiring never prolongs a key, nor brings one back', () => {
    const ending = [two[1] as KeyringEntry, entry('a', { iat: 100, exp: 400 })];
    const retire = (now: number, end: { at: number } | { grace: number }) =>
      planRetirement(ending, 'a', { now, end, force: false }).find(({ kid }) => kid === 'a')?.jwk.exp;
    expect(retire(300, { grace: 5000 })).toBe(400);
    expect(retire(300, { at: 350 })).toBe(350);
    expect(retire(300, { at: 500 })).toBe(500);
    expect(retire(450, { grace: 5000 })).toBe(400);
    expect(retire(450, { at: 450 })).toBe(400);
    expect(codeOf(() => retire(450, { at: 500 }))).toBe('USAGE_INVALID');
  });

  test('refuses to leave no key that signs, unless it is forced', () => {
    const announced = rotate([entry('a', { iat: 100 })], { now: 200, activateIn: 60, kid: 'b' });
    const retire = (kid: string, force: boolean) =>
      planRetirement(announced, kid, { now: 210, end: { grace: 9 }, force });
    for (const kid of ['a', 'b']) expect(codeOf(() => retire(kid, false))).toBe('KEY_IN_USE');
    expect([210, 259, 260].map((now) => signer(retire('a', true), now))).toEqual([undefined, undefined, 'b']);
    expect([210, 260].map((now) => signer(retire('b', true), now))).toEqual([undefined, undefined]);
  });

  test('an unknown kid is KEY_NOT_FOUND', () => {
    expect(codeOf(() => planRetirement(two, 'c', { now: 1, end: { at: 1 }, force: true }))).toBe('KEY_NOT_FOUND');
    expect(codeOf(() => planRemoval(two, 'c', { now: 1, force: true }))).toBe('KEY_NOT_FOUND');
  });
});

describe('removing', () => {
  test('refuses a key that verifies, to the second', () => {
    const entries = rotate([entry('a', { iat: 100 })], { now: 200, kid: 'b' });
    expect(codeOf(() => planRemoval(entries, 'a', { now: 1199, force: false }))).toBe('KEY_IN_USE');
    expect(planRemoval(entries, 'a', { now: 1200, force: false }).map(({ kid }) => kid)).toEqual(['b']);
    expect(codeOf(() => planRemoval(entries, 'b', { now: 9999, force: false }))).toBe('KEY_IN_USE');
  });

  test('a key replaced long ago does not sign again when its follower goes and another is announced', () => {
    const once = rotate([entry('a', { iat: 100 })], { now: 200, kid: 'b' });
    const twice = rotate(once, { now: 300, activateIn: 60, kid: 'c' });
    const entries = planRemoval(twice, 'b', { now: 310, force: true });
    expect([310, 359, 360].map((now) => signer(entries, now))).toEqual([undefined, undefined, 'c']);
    expect(verifying(entries, 310)).toEqual(['a', 'c']);
  });

  test('after an announced key is removed, the key before it signs and verifies for longer', () => {
    const once = rotate([entry('a', { iat: 100 })], { now: 200, activateIn: 60, kid: 'b' });
    const twice = rotate(once, { now: 200, activateIn: 100, kid: 'c' });
    const entries = planRemoval(twice, 'b', { now: 210, force: true });
    expect([259, 260, 299, 300].map((now) => signer(entries, now))).toEqual(['a', 'a', 'a', 'c']);
    expect(timesOf(entries).a).toEqual([100, undefined, 1300]);
  });
});

/** Those of a new key type, too. */
const privateParts = Object.fromEntries(['d', 'p', 'oth', 'k', 'priv'].map((name) => [name, 'private']));

test('the published set holds keys that verify, announced ones too, and no private member', () => {
  const entries = rotate([entry('a', { iat: 100 })], { now: 200, activateIn: 60, kid: 'b' });
  const careless = entries.map((one) => ({ ...one, jwk: { ...one.jwk, ...privateParts } }));
  expect(publishedSet(careless, 200).keys.map(({ kid }) => kid)).toEqual(['a', 'b']);
  expect(publishedSet(careless, 1260).keys.map(({ kid }) => kid)).toEqual(['b']);
  expect(JSON.stringify(publishedSet(careless, 200))).not.toContain('private');
});

test('the state of each key', () => {
  const entries = planRetirement(
    [...rotate([entry('a', { iat: 100 })], { now: 200, activateIn: 60, kid: 'b' }), entry('half', { iat: 1 }, false)],
    'half',
    { now: 210, end: { at: 220 }, force: false },
  );
  const states = keyStates(entries, 230).map(({ entry: { kid }, signsFrom, signs, verifies }) => [
    kid,
    signsFrom,
    signs,
    verifies,
  ]);
  expect(states).toEqual([
    ['a', 100, true, true],
    ['b', 260, false, true],
    ['half', undefined, false, false],
  ]);
});
