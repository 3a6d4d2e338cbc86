/** Options whose name had two meanings. The former name of each still works; help and completion show the new one alone. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli, stdoutOf, temporaryFolder } from '../fake-io.js';

/** Command, former option, new option. */
const renamed = [
  ['verify', '--claims', '--with-claims'],
  ['decode', '--workers', '--threads'],
  ['verify', '--workers', '--threads'],
  ['inspect', '--workers', '--threads'],
  ['issue', '--workers', '--threads'],
  ['keys retire', '--at', '--until'],
  ['keys export', '--private', '--private-half'],
  ['keys export', '--public', '--public-half'],
  ['keys convert', '--public', '--public-half'],
  ['keys import', '--public', '--public-half'],
] as const;

async function newKeyring(): Promise<string> {
  const keyring = join(temporaryFolder(), 'keyring');
  await stdoutOf(['keygen', '--alg', 'EdDSA', '--kid', 'k1', '--keyring', keyring]);
  return keyring;
}

test.each(renamed)('%s shows its option %s as %s alone', async (path, former, name) => {
  const help = await stdoutOf([...path.split(' '), '--help']);
  expect(help).toMatch(new RegExp(`^ +${name}(?= )`, 'm'));
  expect(help).not.toMatch(new RegExp(`^ +${former}(?= )`, 'm'));
});

test('completion offers the new names alone', async () => {
  const script = await stdoutOf(['completion', 'bash']);
  for (const [, , name] of renamed) expect(script).toContain(name);
  expect(script).not.toContain('--claims --only-invalid');
});

describe('the former name still works:', () => {
  test.each(['--claims', '--with-claims'])('verify --batch %s prints the claims', async (flag) => {
    const keyring = await newKeyring();
    const token = await stdoutOf(['issue', '--sub', 'user-123', '--keyring', keyring]);
    const verdict = await stdoutOf(['verify', '--batch', flag, '--keyring', keyring], { stdin: token });
    expect(JSON.parse(verdict).claims).toMatchObject({ sub: 'user-123' });
  });

  test.each(['--workers', '--threads'])('%s counts the threads of a batch', async (flag) => {
    const { exitCode, stderr } = await runCli(['decode', '--batch', flag, '0'], { stdin: '' });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('"0" is not a number from 1 to 256')]);
  });

  test.each(['--at', '--until'])('keys retire %s ends a key', async (flag) => {
    const keyring = await newKeyring();
    const retire = ['keys', 'retire', 'k1', flag, 'now', '--force', '--json', '--keyring', keyring];
    expect(JSON.parse(await stdoutOf(retire))).toMatchObject({ kid: 'k1', verifies_until: expect.any(Number) });
  });

  test.each([
    ['--private', 'PRIVATE'],
    ['--private-half', 'PRIVATE'],
    ['--public', 'PUBLIC'],
    ['--public-half', 'PUBLIC'],
  ])('keys export %s prints the %s half', async (flag, half) => {
    const keyring = await newKeyring();
    const exported = ['keys', 'export', 'k1', flag, '--out', '-', '--keyring', keyring];
    expect(await stdoutOf(exported)).toMatch(new RegExp(`^-----BEGIN ${half} KEY-----`));
  });

  test.each(['--public', '--public-half'])('keys convert and keys import %s take the public half', async (flag) => {
    const keyring = await newKeyring();
    const pem = join(keyring, 'k1.pem');
    expect(await stdoutOf(['keys', 'convert', pem, flag])).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    const other = join(temporaryFolder(), 'other');
    await stdoutOf(['keys', 'import', pem, flag, '--keyring', other]);
    expect(JSON.parse(await stdoutOf(['keys', 'list', '--json', '--keyring', other]))[0]?.private ?? false).toBe(false);
  });

  test('a value behind one that takes none is a usage error that names it', async () => {
    const { exitCode, stderr } = await runCli(['keys', 'export', 'k1', '--private=yes']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("option '--private' takes no value")]);
  });
});
