/** `--out` and `--force` of the commands that make or open tokens. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { fileWith, hasModes, makeKeyring, modeOf, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

let ring = '';
let encrypted = '';
beforeAll(async () => {
  ring = await makeKeyring();
  await stdoutOf(['keygen', '--use', 'enc', '--keyring', ring]);
  encrypted = await stdoutOf(['encrypt', fileWith('content'), '--keyring', ring]);
});

describe.each<[string, () => string[]]>([
  ['issue', () => ['issue', '--sub', 'user-123']],
  ['encrypt', () => ['encrypt', fileWith('content')]],
  ['decrypt', () => ['decrypt', encrypted.trim()]],
])('%s', (command, args) => {
  const run = (...more: string[]) => runCli([...args(), '--keyring', ring, ...more]);

  test('--out writes a file that its owner alone reads, and says so', async () => {
    const out = join(temporaryFolder(), 'made');
    expect(await run('--out', out)).toEqual({ exitCode: 0, stdout: '', stderr: `wrote ${out}\n` });
    expect(textOf(out)).toMatch(command === 'decrypt' ? /^content$/ : /^ey[\w.-]+\n$/);
    if (hasModes) expect(modeOf(out)).toBe(0o600);
    const again = join(temporaryFolder(), 'again');
    expect(JSON.parse((await run('--out', again, '--json')).stdout)).toEqual({ out: again });
  });

  test('--force alone overwrites a file', async () => {
    const out = fileWith('before');
    expect(await run('--out', out)).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('--force') });
    expect(textOf(out)).toBe('before');
    expect((await run('--out', out, '--force')).exitCode).toBe(0);
    expect(textOf(out)).not.toBe('before');
  });

  test('--out - is standard output', async () => {
    const { exitCode, stdout } = await run('--out', '-');
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^(?:content$|ey)/)]);
  });

  test.each([[['--force']], [['--force', '--out', '-']]])('%j is a mistake', async (more) => {
    expect(await run(...more)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--force is for --out') });
  });
});

test.each<[string, string]>([
  ['issue', '{"sub":"user-123"}\n'],
  ['encrypt', 'content\n'],
])('%s --batch --out - writes the lines to standard output', async (command, stdin) => {
  const { exitCode, stdout } = await runCli([command, '--batch', '--out', '-', '--keyring', ring], { stdin });
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^ey[\w.-]+\n$/)]);
});
