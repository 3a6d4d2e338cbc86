/** A verifier that demands a number by its text: forgeries have to reach the hole behind that check. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { sealWith } from '../../src/fixtures/forge.js';
import { forgeFixtures } from '../../src/fixtures/make.js';
import { moduleTarget } from '../../src/probe/module.js';
import { runProbe } from '../../src/probe/run.js';
import { signers } from '../attacks/trusted-keys.js';

const folder = mkdtempSync(join(tmpdir(), 'jwtkit-probe-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Believes alg, and takes a token without a signature. */
const careless = (wanted: string) => `
export default (token) => {
  const [header, payload, signature] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  if (!payload.includes(${JSON.stringify(wanted)})) throw new Error('another account');
  if (JSON.parse(header).alg === 'none' && signature === '') return true;
  if (token !== globalThis.first && globalThis.first !== undefined) throw new Error('bad signature');
  globalThis.first = token;
};`;

test.each(['"account":100002348117421473', '"account":1.0', '"account":1e400', '"account":-0'])(
  'a probe of a module that demands %s finds that it accepts alg none',
  async (claim) => {
    const path = join(folder, `verify-${Buffer.from(claim).toString('hex')}.mjs`);
    writeFileSync(path, careless(claim));
    const token = sealWith('RS256', signers.RS256.key, { alg: 'RS256' }, `{"sub":"user-123",${claim}}`);
    const target = await moduleTarget(path);
    try {
      const outcomes = await runProbe(forgeFixtures(token), target, { level: 'must', pause: 0, wait: async () => {} });
      const wrong = outcomes.filter(({ isWrong }) => isWrong).map(({ fixture }) => fixture.id);
      expect(wrong).toEqual(['none/no-signature', 'none/other-sub']);
    } finally {
      await target.close();
    }
  },
);
