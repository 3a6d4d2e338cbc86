/**
 * The hostile tokens and published vectors of the folder that JWTKIT_VECTORS names. A clone alone does not have it and
 * relies on its own cases (test/attacks, test/vectors).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { JwtkitError } from '../src/errors.js';
import { type AlgorithmName, isAlgorithmName } from '../src/jose/algorithms.js';
import { importJwk } from '../src/jose/jwk.js';
import { importJwkSet } from '../src/jose/jwk-set.js';
import { verifyJws } from '../src/jose/jws.js';
import type { Key } from '../src/jose/key.js';
import { loadKeys } from '../src/jose/keys.js';
import { loadSecret } from '../src/jose/secret.js';
import { reportToken } from '../src/token/verify.js';

const folder = process.env.JWTKIT_VECTORS ?? '';
const isThere = existsSync(join(folder, 'attacks.json'));

interface AttackEntry {
  id: string;
  token: string;
  key: { kind: string; path: string };
  alg: string[];
  opts?: {
    aud?: string;
    iss?: string;
    typ?: string;
    require?: string[];
    claims?: Record<string, unknown>;
    max_age?: number;
  };
  expect: 'accept' | 'reject';
  signature_valid: boolean;
  optional?: boolean;
  why: string;
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
}

function loadEntryKey({ kind, path }: AttackEntry['key']): Key[] {
  const bytes = readFileSync(join(folder, path));
  return kind === 'secret'
    ? [loadSecret(bytes, { source: path })]
    : loadKeys(bytes, { purpose: 'verify', source: path });
}

/** Why the toolkit refuses: the key file, the caller's own option, or a code of the report; null when it accepts. */
async function judge(entry: AttackEntry): Promise<string | null> {
  const { opts = {} } = entry;
  if (entry.alg.some((name) => !isAlgorithmName(name))) return 'USAGE_INVALID';
  let keys: Key[];
  try {
    keys = loadEntryKey(entry.key);
  } catch (error) {
    if (error instanceof JwtkitError) return error.code;
    throw error;
  }
  const required = Object.entries(opts.claims ?? {}).map(([name, value]) => ({ name, value }));
  const policy = {
    algorithms: entry.alg as AlgorithmName[],
    ...(opts.aud === undefined ? { anyAudience: true } : { audience: opts.aud }),
    issuer: opts.iss,
    typ: opts.typ,
    maxAge: opts.max_age,
    require: [...(opts.require ?? []).map((name) => ({ name })), ...required],
    allowNoExp: opts.require?.includes('exp') !== true,
  };
  const report = await reportToken(entry.token, policy, { keys, now: Math.floor(Date.now() / 1000) });
  return report.code;
}

describe.skipIf(!isThere)(
  `shared vectors${isThere ? '' : ' (skipped: JWTKIT_VECTORS names no folder with attacks.json)'}`,
  () => {
    const { entries } = isThere ? read<{ entries: AttackEntry[] }>('attacks.json') : { entries: [] };

    test.each(entries.map((entry) => [entry.id, entry] as const))('%s', async (_id, entry) => {
      const code = await judge(entry);
      if (entry.expect === 'accept') expect(code, entry.why).toBeNull();
      // What may pass with a warning: a secret without entropy.
      else if (entry.optional !== true) {
        expect(code, entry.why).not.toBeNull();
        if (entry.signature_valid) expect(code, `the signature is right: ${entry.why}`).not.toBe('SIGNATURE_INVALID');
      }
    });

    interface JwsCase {
      id: string;
      token: string;
      jwk?: unknown;
      jwks?: unknown;
      alg: string;
      result?: 'valid' | 'invalid';
      strict_result?: string;
      expect?: 'accept' | 'reject';
      ignore_exp?: boolean;
      payload_utf8?: string;
    }
    const cases = isThere
      ? ['wycheproof-jws.json', 'rfc7520-jws.json', 'rfc7515-appendix.json'].flatMap(
          (name) => read<{ cases: JwsCase[] }>(name).cases,
        )
      : [];

    test.each(cases.map((item) => [item.id, item] as const))('%s', (id, item) => {
      // The layer beneath claims cannot see an expiry; the claims layer has its own tests.
      if (id.endsWith('-exp-enforced')) return expect(id).toContain('rfc7515');
      const verdict = item.strict_result ?? item.result ?? item.expect;
      const load = () => (item.jwks === undefined ? [importJwk(item.jwk)] : importJwkSet(item.jwks).keys);
      const verify = () => verifyJws(item.token, load(), { algorithms: [item.alg as AlgorithmName] });
      if (verdict === 'valid' || verdict === 'accept') {
        const { payload } = verify();
        if (item.payload_utf8 !== undefined) expect(Buffer.from(payload).toString('utf8')).toBe(item.payload_utf8);
      } else {
        expect(verify).toThrow(JwtkitError);
      }
      return undefined;
    });
  },
);
