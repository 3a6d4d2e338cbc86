import { mkdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { fileWith, makeKeyring, runCli, segmentOf, stdoutOf, temporaryFolder } from '../cli/fake-io.js';
import { anyToken, folderWith } from './policy-folder.js';

let keyring: string;
beforeAll(async () => {
  keyring = await makeKeyring('ES256');
});

describe('which policy file applies', () => {
  const issuerOf = async (args: string[], world: Parameters<typeof runCli>[1]) =>
    segmentOf(await stdoutOf(['issue', '--keyring', keyring, ...args], world), 1).iss;

  test('--config beats JWTKIT_CONFIG, which beats the working folder; only one file applies', async () => {
    const { world } = folderWith({ issuer: 'folder', audience: 'folder' });
    const [flag, variable] = ['flag', 'variable'].map((issuer) => fileWith(JSON.stringify({ issuer })));
    const env = { JWTKIT_CONFIG: variable as string };
    expect(await issuerOf([], world)).toBe('folder');
    expect(await issuerOf([], { ...world, env })).toBe('variable');
    expect(await issuerOf(['--config', flag as string], { ...world, env })).toBe('flag');
    const token = await stdoutOf(['issue', '--keyring', keyring], { ...world, env });
    expect(segmentOf(token, 1)).not.toHaveProperty('aud');
  });

  test('JWTKIT_CONFIG in an env file names the policy', async () => {
    const envFile = fileWith(`JWTKIT_CONFIG=${fileWith('{"issuer":"there"}')}\n`);
    expect(await issuerOf(['--env-file', envFile], folderWith({ issuer: 'folder' }).world)).toBe('there');
  });

  test('--no-config ignores the working folder and JWTKIT_CONFIG', async () => {
    const { world, file } = folderWith({ issuer: 'folder' });
    expect(await issuerOf(['--no-config'], { ...world, env: { JWTKIT_CONFIG: file } })).toBeUndefined();
    expect(await issuerOf(['--no-config'], folderWith('nonsense').world)).toBeUndefined();
  });

  test('a missing file that --config names is exit 3 in every command', async () => {
    for (const args of [['decode', anyToken], ['inspect', anyToken], ['keygen'], ['revoke', '--list']]) {
      const { exitCode, stdout, stderr } = await runCli([...args, '--config', '/no/such.json']);
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      expect(stderr).toBe('error: cannot read /no/such.json: no such file or folder\n');
    }
  });

  test('a broken link or a folder named jwtkit.config.json is exit 3', async () => {
    const dangling = temporaryFolder();
    symlinkSync('/no/such', join(dangling, 'jwtkit.config.json'));
    const occupied = temporaryFolder();
    mkdirSync(join(occupied, 'jwtkit.config.json'));
    for (const workingFolder of [dangling, occupied]) {
      const { exitCode, stderr } = await runCli(['verify', anyToken, '--keyring', keyring], { workingFolder });
      expect(exitCode).toBe(3);
      expect(stderr).toContain('hint: name another with --config, or pass --no-config');
    }
  });

  test('a bad policy in the working folder stops only the commands that use keys', async () => {
    const { world, file } = folderWith({ issuer: 1 });
    for (const args of [['verify', anyToken], ['issue'], ['refresh', 'x'], ['revoke', 'x'], ['keygen']]) {
      const { exitCode, stdout, stderr } = await runCli(args, world);
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      expect(stderr).toContain(`error: ${file}: /issuer: expected an issuer, or a list of different ones, got 1\n`);
    }
    for (const args of [
      ['decode', anyToken],
      ['inspect', anyToken],
      ['verify', '--help'],
    ]) {
      expect((await runCli(args, world)).exitCode).toBe(0);
    }
  });

  test('paths in a policy are relative to its own folder', async () => {
    const { folder, file } = folderWith({ keys: { keyring: basename(keyring) }, store: 'lmdb:revoked' });
    symlinkSync(keyring, join(folder, basename(keyring)));
    const token = await stdoutOf(['issue', '--config', file]);
    expect((await runCli(['verify', '-q', token, '--config', file])).exitCode).toBe(0);
    await stdoutOf(['revoke', token, '--config', file]);
    expect((await runCli(['verify', '-q', token, '--config', file])).exitCode).toBe(17);
    expect(
      (await runCli(['verify', '-q', token, '--config', file, '--store', `lmdb:${folder}/revoked`])).exitCode,
    ).toBe(17);
  });
});

describe('a policy found in the working folder', () => {
  const config = () => ({ issuer: 'i', scopes: ['read'], lifetimes: { access: '5m' }, keys: { keyring } });

  test('a note on stderr says what the found policy sets in this command', async () => {
    const { world, file } = folderWith(config());
    const noteOf = async (args: string[]) => /^note: .*$/m.exec((await runCli(args, world)).stderr)?.[0];
    expect(await noteOf(['issue'])).toBe(`note: ${file} sets issuer, lifetimes, keys`);
    expect(await noteOf(['verify', anyToken])).toBe(`note: ${file} sets issuer, scopes, keys`);
    expect(await noteOf(['verify', anyToken, '--iss', 'x', '--key', 'x'])).toBe(`note: ${file} sets scopes, keys`);
    expect(await noteOf(['revoke', '--list'])).toBe(`note: ${file} sets keys`);
  });

  test('no note if the policy sets nothing, is named, or the command prints none', async () => {
    const { world, file } = folderWith(config());
    const runs = [
      runCli(['issue', '--config', file], world),
      runCli(['issue'], { ...world, env: { JWTKIT_CONFIG: file } }),
      runCli(['verify', '--quiet', anyToken], world),
      runCli(['issue', '--keyring', keyring], folderWith({ scopes: ['read'] }).world),
    ];
    for (const { stderr } of await Promise.all(runs)) expect(stderr).toBe('');
  });
});
