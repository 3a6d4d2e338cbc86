/** The openssl on this machine, for what it has to say of our files. */
import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { describeWithProgram } from './programs.js';

/** Declares tests that need openssl. */
export function describeWithOpenssl(title: string, body: () => void): void {
  describeWithProgram('openssl', title, body);
}

/** Runs openssl, which must succeed, and returns what it printed on both streams. */
export function openssl(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  expect(stderr).not.toMatch(/error:|unable to/i);
  expect(status).toBe(0);
  return stdout + stderr;
}
