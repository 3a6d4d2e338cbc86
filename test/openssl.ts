/**
 * The openssl on this machine, for what it has to say of our files. Where it is missing the tests are skipped and say so;
 * JWTKIT_REQUIRE_PEERS=1 makes that a failure.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const isThere = spawnSync('openssl', ['version']).status === 0;

/** Declares tests that need openssl, skipped where there is none. */
export function describeWithOpenssl(title: string, body: () => void): void {
  if (isThere) describe(title, body);
  else if (process.env.JWTKIT_REQUIRE_PEERS !== '1') describe.skip(`${title} (skipped: openssl not installed)`, body);
  else {
    test(title, () => {
      throw new Error('openssl not installed, and JWTKIT_REQUIRE_PEERS asks for it');
    });
  }
}

/** Runs openssl, which must succeed, and returns what it printed on both streams. */
export function openssl(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  expect(stderr).not.toMatch(/error:|unable to/i);
  expect(status).toBe(0);
  return stdout + stderr;
}
