/** Long kids are shown by their beginning, and commands take it for a key of a keyring. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { shortKid, wholeKid } from '../../../src/cli/grammar/kids.js';
import { makeKeyring, runCli, segmentOf, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const long = 'a'.repeat(43);

test.each([
  [
    ['k1', 'k2'],
    ['k1', 'k2'],
  ],
  [['web-2026-primary'], ['web-2026-primary']],
  [
    [`abcdefgh${long}`, `ijklmnop${long}`],
    ['abcdefgh', 'ijklmnop'],
  ],
  [
    [`abcdefghi${long}`, `abcdefghj${long}`],
    ['abcdefghi', 'abcdefghj'],
  ],
  [
    [`abcdefghij${long}`, 'abcdefgh'],
    ['abcdefghi', 'abcdefgh'],
  ],
  [
    [long, `${long}a`],
    [long, `${long}a`],
  ],
])('%j are shown as %j', (kids, shown) => {
  expect(kids.map((kid) => shortKid(kid, kids))).toEqual(shown);
});

test.each([
  ['k1', ['k1', 'k12'], 'k1'],
  ['abcd', ['abcdef', 'abce'], 'abcdef'],
  ['abcd', ['abcd', 'abcdef'], 'abcd'],
  ['abc', ['abcdef'], 'abc'],
  ['zzzz', ['abcdef'], 'zzzz'],
])('%j among %j is %j', (given, kids, whole) => {
  expect(wholeKid(given, kids)).toBe(whole);
});

test('a beginning of two kids is an error that says how to go on', () => {
  expect(() => wholeKid('abcd', ['abcdef', 'abcdxy'])).toThrow(
    expect.objectContaining({ code: 'USAGE_INVALID', hint: 'add characters: abcdef, abcdxy' }),
  );
});

describe('a keyring of two thumbprints', () => {
  let keyring: string;
  let kids: string[];
  beforeAll(async () => {
    keyring = join(temporaryFolder(), 'ring');
    kids = [`NFsNgnoH${'x'.repeat(35)}`, `H-tZovO9${'x'.repeat(35)}`];
    const [first = '', second = ''] = kids;
    await stdoutOf(['keygen', '--alg', 'ES256', '--kid', first, '--keyring', keyring]);
    const later = ['--kid', second, '--activate-in', '300d', '--grace', '90d'];
    await stdoutOf(['keys', 'rotate', '--alg', 'RS256', ...later, '--keyring', keyring]);
  });
  const short = (at: number) => kids[at]?.slice(0, 8) ?? '';

  test.each(['50', '60', '80'])('list keeps to %s columns, on a terminal and in a pipe', async (COLUMNS) => {
    for (const terminals of [[], ['stdout']] as const) {
      const lines = (
        await stdoutOf(['keys', 'list', '--no-color', '--keyring', keyring], { env: { COLUMNS }, terminals })
      ).split('\n');
      expect(lines.filter((line) => line.length > Number(COLUMNS))).toEqual([]);
      expect(lines.slice(1).map((line) => line.slice(0, 8))).toEqual(kids.map((kid) => kid.slice(0, 8)));
    }
  });

  test('list --wide and --json have whole kids', async () => {
    const wide = await stdoutOf(['keys', 'list', '--wide', '--keyring', keyring]);
    for (const kid of kids) expect(wide).toContain(kid);
    const json = JSON.parse(await stdoutOf(['keys', 'list', '--json', '--keyring', keyring]));
    expect(json.map(({ kid }: { kid: string }) => kid)).toEqual(kids);
  });

  test('issue, export, retire and remove take a short kid', async () => {
    const ring = ['--keyring', keyring];
    expect(segmentOf(await stdoutOf(['issue', '--sub', 'x', '--kid', short(0), ...ring]), 0).kid).toBe(kids[0]);
    const token = await stdoutOf(['issue', '--sub', 'x', ...ring], { env: { JWTKIT_KID: short(0) } });
    expect(segmentOf(token, 0).kid).toBe(kids[0]);
    const batch = ['issue', '--batch', '--kid', short(0), ...ring];
    expect(segmentOf(await stdoutOf(batch, { stdin: '{"sub":"x"}\n' }), 0).kid).toBe(kids[0]);
    expect(await stdoutOf(['keys', 'export', short(0), ...ring])).toBe(
      await stdoutOf(['keys', 'export', kids[0] as string, ...ring]),
    );
    const retired = JSON.parse(
      await stdoutOf(['keys', 'retire', short(1), '--at', 'now', '--force', '--json', ...ring]),
    );
    expect(retired.kid).toBe(kids[1]);
    expect((await runCli(['keys', 'remove', short(1), ...ring])).stderr).toContain(`removed ${kids[1]}\n`);
  });

  test('with a key of a file, --kid is what the header says', async () => {
    const file = join(temporaryFolder(), 'signing.pem');
    await stdoutOf(['keys', 'export', kids[0] as string, '--private', '--out', file, '--keyring', keyring]);
    expect(segmentOf(await stdoutOf(['issue', '--sub', 'x', '--kid', short(0), '--key', file]), 0).kid).toBe(short(0));
  });

  test('a token that names a key by a short kid is refused', async () => {
    const file = join(temporaryFolder(), 'signing.pem');
    await stdoutOf(['keys', 'export', kids[0] as string, '--private', '--out', file, '--keyring', keyring]);
    const token = await stdoutOf(['issue', '--sub', 'x', '--kid', short(0), '--key', file]);
    expect((await runCli(['verify', token, '--keyring', keyring, '-q'])).exitCode).toBe(13);
  });
});

test.each(['users', 'clients'])('%s list cuts what does not fit, says so, and shows all with --wide', async (kind) => {
  const keyring = await makeKeyring();
  const scopes = Array.from({ length: 12 }, (_, at) => `resource-${at}:read`).join(' ');
  const args =
    kind === 'users' ? ['carol.with.a.long.name@example.com', '--sub', 'user-with-a-long-subject'] : ['billing'];
  const password = join(keyring, 'password.txt');
  writeFileSync(password, 'correct horse');
  const given = kind === 'users' ? ['--password-file', password] : [];
  await stdoutOf([kind, 'add', ...args, '--scope', scopes, ...given, '--keyring', keyring]);
  for (const COLUMNS of ['60', '80', '120']) {
    const { stdout, stderr } = await runCli([kind, 'list', '--keyring', keyring], { env: { COLUMNS } });
    expect(stdout.split('\n').filter((line) => line.length > Math.max(70, Number(COLUMNS)))).toEqual([]);
    expect(stderr).toBe('note: not everything fits; --wide shows it, and --json\n');
    if (kind === 'clients') expect(stdout).toContain(JSON.parse(textOf(join(keyring, 'clients.json'))).clients[0].id);
  }
  const wide = await runCli([kind, 'list', '--wide', '--keyring', keyring]);
  expect(wide.stdout).toContain(scopes);
  expect(wide.stderr).toBe('');
});
