/** What is no keyring, and what is a keyring in the place of a file: the hints name what to write. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileWith, makeKeyring, runCli, secret, stdoutOf, temporaryFolder } from './fake-io.js';

async function hintOf(line: string, world: Parameters<typeof runCli>[1] = {}) {
  const { exitCode, stdout, stderr } = await runCli(line.split(' '), world);
  const [message = '', hint = ''] = stderr
    .trimEnd()
    .replace(/^error: /, '')
    .split('\nhint: ');
  return { exitCode, stdout, message, hint };
}

test.each(['issue --sub x', 'serve --port 0', 'issue --sub x --config policy.json'])(
  'jwtkit %s: the hint names the .env of the working folder',
  async (line) => {
    const workingFolder = temporaryFolder();
    writeFileSync(join(workingFolder, 'policy.json'), '{}');
    const args = line.replace('policy.json', join(workingFolder, 'policy.json'));
    expect((await hintOf(args, { workingFolder })).hint).not.toContain('.env');
    writeFileSync(join(workingFolder, '.env'), `SECRET_KEY=${secret}\nALGORITHM=HS256\n`);
    const { exitCode, hint } = await hintOf(args, { workingFolder });
    expect(exitCode).toBe(3);
    expect(hint).toContain('; -e .env reads SECRET_KEY and ALGORITHM of the .env in this folder');
    expect(hint).toContain('jwtkit keygen');
  },
);

test('verify without a key: the hint names a variable that may hold the secret of the token', async () => {
  const workingFolder = temporaryFolder();
  const token = await stdoutOf(['issue', '--sub', 'x', '--secret-env', 'S'], { env: { S: secret } });
  const file = fileWith(`PORT=3000\nJWT_SECRET=${secret}\n`);
  const without = await hintOf(`verify ${token}`, { workingFolder });
  expect(without.hint).toContain('HS256 takes a shared secret: --secret-file FILE, --secret-env NAME, or');
  const { exitCode, hint } = await hintOf(`verify ${token} -e ${file}`, { workingFolder });
  expect(exitCode).toBe(3);
  expect(hint).toContain('--secret-env JWT_SECRET (which is set), or');
  const named = await hintOf(`verify ${token} -e ${file} --secret-env JWT_SECRET`, { workingFolder });
  expect(named).toMatchObject({ exitCode: 0 });
});

test.each([
  ['issue --sub x --keyring RING', 'a keyring that is named'],
  ['issue --sub x -e FILE', 'another env file that is named'],
  ['keys list', 'a command about keyrings'],
])('jwtkit %s: the hint does not name .env for %s', async (line) => {
  const workingFolder = temporaryFolder();
  writeFileSync(join(workingFolder, '.env'), `SECRET_KEY=${secret}\nALGORITHM=HS256\n`);
  const args = line.replace('RING', join(workingFolder, 'ring')).replace('FILE', fileWith('A=b\n'));
  const { exitCode, hint } = await hintOf(args, { workingFolder });
  expect(exitCode).toBe(3);
  expect(hint).not.toContain('-e .env');
});

test.each([
  ['issue --sub x --keyring nothere', 'jwtkit keygen --keyring nothere (or'],
  ['verify a.b.c --keyring=nothere', 'jwtkit keygen --keyring nothere (or'],
  ['keys list --keyring nothere', 'jwtkit keygen --keyring nothere;'],
  ['encrypt README.md --keyring nothere', 'jwtkit keygen --keyring nothere --use enc'],
  ['keys list --keyring no$(there)', 'jwtkit keygen --keyring FOLDER;'],
])('jwtkit %s: the hint makes the keyring that was named: %s', async (line, hint) => {
  expect(await hintOf(line)).toMatchObject({ exitCode: 3, stdout: '', hint: expect.stringContaining(hint) });
});

describe.each(['issue --sub x', 'keys list', 'keys jwks', 'verify a.b.c', 'serve --port 0'])('jwtkit %s', (line) => {
  test('the hint finds the keyring that is in the folder, or around it', async () => {
    const folder = temporaryFolder();
    const keyring = join(folder, '.jwtkit');
    await runCli(['keygen', '--keyring', keyring]);
    const hint = `there is one at ${keyring}: --keyring ${keyring}`;
    for (const named of [folder, `${folder}/`, join(keyring, 'private'), join(keyring, 'keys')]) {
      expect(await hintOf(`${line} --keyring ${named}`)).toMatchObject({ exitCode: 3, hint });
    }
  });

  test('the hint makes no keyring at a URL', async () => {
    const { exitCode, hint } = await hintOf(`${line} --keyring https://issuer.example/jwks.json`);
    expect(exitCode).toBe(3);
    expect(hint).toContain('are named with --jwks');
    expect(hint).not.toContain('keygen');
  });
});

describe('a file in the place of a keyring', () => {
  test.each(['issue --sub x', 'keys list', 'keys jwks', 'verify a.b.c'])('jwtkit %s', async (line) => {
    const keyring = await makeKeyring();
    const set = await hintOf(`${line} --keyring ${join(keyring, 'jwks.json')}`);
    expect(set.message).toBe(`${join(keyring, 'jwks.json')} is a file, and a keyring is a folder`);
    expect(set).toMatchObject({ exitCode: 3, hint: `name the folder: --keyring ${keyring}; --jwks names the file` });
    const pem = fileWith(await stdoutOf(['keys', 'export', 'k1', '--keyring', keyring]), 'pub.pem');
    const other = await hintOf(`${line} --keyring ${pem}`);
    expect(other).toMatchObject({ exitCode: 3, message: `${pem} is a file, and a keyring is a folder` });
    expect(other.hint).toContain('name a key with --key, a JWK Set with --jwks');
  });
});

describe('a keyring in the place of a file', () => {
  test.each([
    ['issue --sub x --key RING', 'it is a keyring: --keyring RING'],
    ['verify a.b.c --key RING', 'it is a keyring: --keyring RING'],
    ['encrypt README.md --key RING', 'it is a keyring: --keyring RING'],
    ['verify a.b.c --jwks RING', 'it is a keyring: --keyring RING, or --jwks RING/jwks.json'],
    ['keys thumbprint RING', 'name a file in it, such as its set of keys: RING/jwks.json'],
    ['keys convert RING --format jwk', 'name a file in it, such as its set of keys: RING/jwks.json'],
  ])('jwtkit %s: the hint is %s', async (line, hint) => {
    const keyring = await makeKeyring();
    const { exitCode, message, hint: given } = await hintOf(line.replace('RING', keyring));
    expect({ exitCode, message }).toEqual({ exitCode: 3, message: `cannot read ${keyring}: it is a folder` });
    expect(given).toBe(hint.replaceAll('RING', keyring));
  });

  test('an empty folder is no keyring', async () => {
    const folder = join(temporaryFolder(), 'empty');
    mkdirSync(folder);
    expect((await hintOf(`verify a.b.c --key ${folder}`)).hint).toBe('');
    expect((await hintOf(`verify a.b.c --jwks ${folder}`)).hint).toBe('');
  });
});

test.each([
  ['issue --sub x --key my-key', 3, '--key takes the name of a file; a key of the keyring signs with --kid'],
  ['keys thumbprint my-key', 3, 'jwtkit keys export KID, and - for the file'],
  ['keys convert my-key --format jwk', 3, 'jwtkit keys export KID, and - for the file'],
  ['keys thumbprint --kid my-key', 2, 'jwtkit keys export KID, and - for the file'],
  ['keys export --kid my-key', 2, 'the kid is an argument: keys export KID'],
])('jwtkit %s (exit code %i): a kid in the place of a file gets a hint: %s', async (line, exitCode, hint) => {
  expect(await hintOf(line)).toMatchObject({ exitCode, stdout: '', hint: expect.stringContaining(hint) });
});
