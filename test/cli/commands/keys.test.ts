import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileWith, makeKeyring, now, runCli, segmentOf, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

/** A clock some seconds on. */
const secondsLater = (seconds: number) => ({ now: now + seconds });
const hour = 3600;
const week = 604_800;

const freshPath = () => join(temporaryFolder(), 'keyring');
const keys = (keyring: string, ...args: string[]) => runCli(['keys', ...args, '--keyring', keyring]);
const jsonOf = async (keyring: string, ...args: string[]) =>
  JSON.parse(await stdoutOf(['keys', ...args, '--keyring', keyring, '--json']));
const issueAt = (keyring: string, at: number, ...args: string[]) =>
  stdoutOf(['issue', '--keyring', keyring, '--at', String(at), ...args]);
const signerAt = async (keyring: string, at: number) => segmentOf(await issueAt(keyring, at), 0).kid;
const verifyAt = async (keyring: string, token: string, at: number) =>
  (await runCli(['verify', '-q', token, '--keyring', keyring, '--at', String(at), '--type', 'any'])).exitCode;

describe('keys', () => {
  test('a `--` without a subcommand is exit 2 and names them', async () => {
    const { exitCode, stdout, stderr } = await runCli(['keys', '--']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(
      'error: no subcommand given, one of list, rotate, retire, remove, prune, import, export, convert, jwks, thumbprint\n',
    );
  });

  test.each([[['keys', 'rotat']], [['help', 'keys', 'rotat']], [['keys', 'rotat', '--grace', '7d']]])(
    'the misspelt command %j gets a hint with the right name',
    async (args) => {
      const { exitCode, stderr } = await runCli(args);
      expect(exitCode).toBe(2);
      expect(stderr).toBe("error: unknown command 'rotat'\nhint: did you mean rotate?\n");
    },
  );

  test('the help of a subcommand, for each way of asking', async () => {
    for (const args of [
      ['keys', 'rotate', '--help'],
      ['help', 'keys', 'rotate'],
      ['keys', 'help', 'rotate'],
    ]) {
      expect(await stdoutOf(args)).toMatch(/^Usage: jwtkit keys rotate \[options\]/);
    }
    for (const args of [
      ['keys', '--help'],
      ['help', 'keys'],
      ['keys', 'help'],
    ]) {
      expect(await stdoutOf(args)).toMatch(/^Usage: jwtkit keys /);
    }
  });

  test.each(['list', 'retire k', 'remove k', 'prune', 'export k', 'jwks'])(
    '%s does not make a missing keyring',
    async (args) => {
      const keyring = freshPath();
      const { exitCode, stderr } = await keys(keyring, ...args.split(' '), '--json');
      expect(exitCode).toBe(3);
      expect(JSON.parse(stderr).error.code).toBe('KEYRING_NOT_FOUND');
      expect(existsSync(keyring)).toBe(false);
    },
  );
});

describe('rotate', () => {
  test('rotate publishes an announced key at once; the key signs from its start', async () => {
    const keyring = await makeKeyring('ES256', 'old');
    const { exitCode, stdout, stderr } = await keys(keyring, 'rotate', '--activate-in', '1h', '--kid', 'new');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'new\n' });
    expect(stderr).toBe(
      `made a key for ES256 in ${keyring}; it signs from 2026-11-23T13:00:00Z, in 1h\n` +
        'old signs until then and verifies until 2026-11-30T13:00:00Z, in 7d 1h\n',
    );
    const published = async (at: number) =>
      (await jsonOf(keyring, 'jwks', '--at', String(at))).keys.map(({ kid }: { kid: string }) => kid);
    expect(await published(now)).toEqual(['old', 'new']);
    const start = now + hour;
    for (const [at, kid] of [
      [now, 'old'],
      [start - 1, 'old'],
      [start, 'new'],
      [start + 1, 'new'],
      [start + week, 'new'],
    ] as const) {
      expect(await signerAt(keyring, at), String(at - start)).toBe(kid);
      const listed = await jsonOf(keyring, 'list', '--at', String(at));
      expect(listed.filter(({ signs }: { signs: boolean }) => signs)).toMatchObject([{ kid }]);
    }
    // The last token of the old key lives for as long as any refresh token.
    const last = await issueAt(keyring, start - 1, '--type', 'refresh');
    expect(segmentOf(last, 0).kid).toBe('old');
    expect(await verifyAt(keyring, last, start - 1 + week - 1)).toBe(0);
    expect(await verifyAt(keyring, last, start + week)).toBe(13);
    expect(await published(start + week)).toEqual(['new']);
  });

  test('a verifier needs only jwks.json', async () => {
    const keyring = await makeKeyring('ES256', 'old');
    await stdoutOf(['keys', 'rotate', '--keyring', keyring, '--activate-in', '1h']);
    const set = join(keyring, 'jwks.json');
    for (const at of [now, now + hour]) {
      const token = await issueAt(keyring, at);
      const verified = await runCli(['verify', token, '-q', '--key', set, '--at', String(at)]);
      expect(verified.exitCode).toBe(0);
    }
  });

  test.each([
    ['ES256', { alg: 'ES256', crv: 'P-256' }],
    ['EdDSA', { alg: 'EdDSA', crv: 'Ed25519' }],
    ['RS512', { alg: 'RS512', bits: 2048 }],
  ])('rotate keeps the kind of the key: %s', async (alg, expected) => {
    const keyring = await makeKeyring(alg, 'old');
    await stdoutOf(['keys', 'rotate', '--keyring', keyring, '--kid', 'new']);
    expect((await jsonOf(keyring, 'list'))[1]).toMatchObject({ kid: 'new', ...expected });
  });

  test('rotate makes a key of another kind', async () => {
    const keyring = await makeKeyring('ES256', 'old');
    await stdoutOf(['keys', 'rotate', '--keyring', keyring, '--alg', 'EdDSA', '--crv', 'Ed448', '--kid', 'new']);
    expect(await jsonOf(keyring, 'list')).toMatchObject([
      { kid: 'old', alg: 'ES256', verifies_until: now + week },
      { kid: 'new', alg: 'EdDSA', crv: 'Ed448', verifies_until: null },
    ]);
  });

  test('rotate without a keyring makes the first key, at once or announced', async () => {
    const keyring = freshPath();
    expect(await jsonOf(keyring, 'rotate', '--alg', 'ES256', '--kid', 'a', '--activate-in', '1h')).toEqual({
      kid: 'a',
      alg: 'ES256',
      keyring,
      signs_from: now + hour,
      replaced: null,
    });
    expect((await runCli(['issue', '--keyring', keyring])).exitCode).toBe(3);
    expect(await signerAt(keyring, now + hour)).toBe('a');
  });

  test('rotate --json names the replaced key', async () => {
    const keyring = await makeKeyring('ES256', 'old');
    expect(await jsonOf(keyring, 'rotate', '--kid', 'new')).toEqual({
      kid: 'new',
      alg: 'ES256',
      keyring,
      signs_from: now,
      replaced: { kid: 'old', verifies_until: now + week },
    });
  });

  test.each<[string, string[], Record<string, string>, number]>([
    ['seven days', [], {}, week],
    ['JWTKIT_REFRESH_TTL', [], { JWTKIT_REFRESH_TTL: '30d' }, 30 * 86_400],
    ['REFRESH_TOKEN_EXPIRE_DAYS', [], { REFRESH_TOKEN_EXPIRE_DAYS: '14' }, 14 * 86_400],
    ['a shorter refresh lifetime', [], { JWTKIT_REFRESH_TTL: '1d' }, 86_400],
    ['an access lifetime that is longer', [], { JWTKIT_TTL: '60d' }, 60 * 86_400],
    ['ACCESS_TOKEN_EXPIRE_MINUTES, longer', [], { ACCESS_TOKEN_EXPIRE_MINUTES: '20160' }, 14 * 86_400],
    ['JWTKIT_GRACE before those', [], { JWTKIT_GRACE: '3d', JWTKIT_REFRESH_TTL: '30d' }, 3 * 86_400],
    ['--grace before all', ['--grace', '0'], { JWTKIT_GRACE: '3d' }, 0],
  ])('the grace is %s', async (_name, args, env, grace) => {
    for (const verb of ['rotate', 'retire']) {
      const keyring = await makeKeyring('ES256', 'old');
      const rest = verb === 'rotate' ? ['--kid', 'new'] : ['old', '--force'];
      await stdoutOf(['keys', verb, ...rest, '--keyring', keyring, ...args], { env });
      expect((await jsonOf(keyring, 'list'))[0]).toMatchObject({ kid: 'old', verifies_until: now + grace });
    }
  });

  test.each<[string, object, string[], Record<string, string>, number]>([
    ["the policy's refresh lifetime", { refresh: '30d' }, [], {}, 30 * 86_400],
    ["the policy's access lifetime, if it is the longest", { access: '60d' }, [], {}, 60 * 86_400],
    [
      'its refresh lifetime before REFRESH_TOKEN_EXPIRE_DAYS',
      { refresh: '9d' },
      [],
      { REFRESH_TOKEN_EXPIRE_DAYS: '14' },
      9 * 86_400,
    ],
    ['JWTKIT_REFRESH_TTL before it', { refresh: '30d' }, [], { JWTKIT_REFRESH_TTL: '10d' }, 10 * 86_400],
    ['--grace before it', { refresh: '30d' }, ['--grace', '1d'], {}, 86_400],
  ])('under a policy the grace is %s', async (_name, lifetimes, args, env, grace) => {
    for (const verb of ['rotate', 'retire']) {
      const keyring = await makeKeyring('ES256', 'old');
      const config = fileWith(JSON.stringify({ lifetimes, keys: { keyring } }));
      const rest = verb === 'rotate' ? ['--kid', 'new'] : ['old', '--force'];
      await stdoutOf(['keys', verb, ...rest, '--config', config, ...args], { env });
      expect((await jsonOf(keyring, 'list'))[0]).toMatchObject({ kid: 'old', verifies_until: now + grace });
    }
  });

  test('rotate notes that a found policy sets the grace', async () => {
    const keyring = await makeKeyring('ES256', 'old');
    const workingFolder = temporaryFolder();
    writeFileSync(join(workingFolder, 'jwtkit.config.json'), '{"lifetimes":{"refresh":"30d"}}');
    const rotate = (...args: string[]) => runCli(['keys', 'rotate', '--keyring', keyring, ...args], { workingFolder });
    expect((await rotate()).stderr).toContain('jwtkit.config.json sets lifetimes\n');
    expect((await rotate('--grace', '1d')).stderr).not.toContain('lifetimes');
  });

  test.each([
    [['--alg', 'none'], 'there is no "none"'],
    [['--alg', 'HS256'], 'a shared secret has no public half'],
    [['--bits', '4096'], 'a size in bits is for RSA keys'],
    [['--bits', 'many'], 'is not a number of bits'],
    [['--grace', 'long'], '--grace: "long" is not a duration'],
    [['--activate-in', '-1h'], '--activate-in: "-1h" is not a duration'],
    [['--kid', '../x'], 'cannot name a key file'],
    [['--grace', '999999999999'], 'beyond the year 9999'],
  ])('%j is exit 2 and changes nothing', async (args, message) => {
    const keyring = await makeKeyring('ES256', 'old');
    const before = textOf(join(keyring, 'jwks.json'));
    const { exitCode, stdout, stderr } = await keys(keyring, 'rotate', ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(textOf(join(keyring, 'jwks.json'))).toBe(before);
    expect(readdirSync(keyring).filter((name) => name.endsWith('.pem'))).toEqual(['old.pem']);
  });

  test.each(['old', 'OLD'])('rotate never overwrites the taken kid %s', async (kid) => {
    const keyring = await makeKeyring('ES256', 'old');
    const pem = textOf(join(keyring, 'old.pem'));
    const { exitCode, stderr } = await keys(keyring, 'rotate', '--kid', kid);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('the keyring already has a key old');
    expect(textOf(join(keyring, 'old.pem'))).toBe(pem);
  });

  test('rotate sets aside a leftover private key of the same kid', async () => {
    const keyring = await makeKeyring('ES256', 'old');
    const left = await makeKeyring('ES256', 'new');
    const pem = textOf(join(left, 'new.pem'));
    writeFileSync(join(keyring, 'new.pem'), pem);
    await stdoutOf(['keys', 'rotate', '--keyring', keyring, '--kid', 'new']);
    expect(await signerAt(keyring, now)).toBe('new');
    const aside = readdirSync(keyring).filter((name) => /^new\..+\.pem$/.test(name));
    expect(aside.map((name) => textOf(join(keyring, name)))).toEqual([pem]);
  });
});

describe('list', () => {
  test('list --wide prints all columns', async () => {
    const keyring = await makeKeyring('ES256', 'old');
    await stdoutOf(['keys', 'rotate', '--keyring', keyring, '--kid', 'new', '--alg', 'RS256', '--activate-in', '1h']);
    const lines = (await stdoutOf(['keys', 'list', '--wide', '--keyring', keyring])).split('\n');
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['KID', 'ALG', 'SIZE', 'CREATED', 'SIGNS FROM', 'VERIFIES UNTIL', 'SIGNS NOW', 'PRIVATE HALF'],
      [
        'old',
        'ES256',
        'P-256',
        '2026-11-23T12:00:00Z',
        '2026-11-23T12:00:00Z',
        '2026-11-30T13:00:00Z, in 7d 1h',
        'yes',
        'here',
      ],
      ['new', 'RS256', '2048', '2026-11-23T12:00:00Z', '2026-11-23T13:00:00Z, in 1h', 'no end', 'no', 'here'],
    ]);
  });

  test('list --json prints an array in the order of the set', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    expect(await jsonOf(keyring, 'list')).toEqual([
      {
        kid: 'k1',
        use: 'sig',
        alg: 'ES256',
        kty: 'EC',
        crv: 'P-256',
        bits: 256,
        created: now,
        signs_from: now,
        verifies_until: null,
        signs: true,
        verifies: true,
        private: true,
      },
    ]);
  });

  test('list of an empty set prints an empty array, and no table', async () => {
    const keyring = temporaryFolder();
    writeFileSync(join(keyring, 'jwks.json'), '{"keys":[]}');
    expect(await jsonOf(keyring, 'list')).toEqual([]);
    expect(await keys(keyring, 'list')).toEqual({ exitCode: 0, stdout: '', stderr: 'the keyring has no keys\n' });
  });
});

describe('retire', () => {
  test('retire --at ends the key at that second', async () => {
    const keyring = await makeKeyring('ES256', 'old');
    const token = await issueAt(keyring, now, '--ttl', '30d');
    await stdoutOf(['keygen', '--alg', 'ES256', '--kid', 'new', '--keyring', keyring], secondsLater(1));
    expect(await jsonOf(keyring, 'retire', 'old', '--at', '+1h')).toEqual({
      kid: 'old',
      verifies_until: now + hour,
      signing: 'new',
    });
    expect(await verifyAt(keyring, token, now + hour - 1)).toBe(0);
    expect(await verifyAt(keyring, token, now + hour)).toBe(13);
    expect((await jsonOf(keyring, 'list'))[0]).toMatchObject({ signs_from: null, verifies: true });
    await stdoutOf(['keys', 'retire', 'old', '--at', 'now', '--keyring', keyring]);
    expect(await verifyAt(keyring, token, now)).toBe(13);
  });

  test.each<[string[], number, string]>([
    [['nobody'], 13, 'the keyring has no key "nobody"\nhint: its keys: k1'],
    [['k1', '--until', 'soon'], 2, '--until: "soon" is not a moment'],
    [['k1', '--until', '+1h', '--grace', '1h'], 2, '--until and --grace exclude each other'],
    [[], 2, "missing required argument 'kid'"],
  ])('%j is exit %i', async (args, code, message) => {
    const { exitCode, stderr } = await keys(await makeKeyring(), 'retire', ...args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });
});

describe('remove', () => {
  test('refuses a key that verifies, removes it with --force, its private half too', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    const refused = await keys(keyring, 'remove', 'k1');
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toBe(
      'error: the key k1 has no end, its tokens would be refused\n' +
        'hint: end it with: jwtkit keys retire k1; or pass --force\n',
    );
    expect(await jsonOf(keyring, 'remove', 'k1', '--force')).toEqual({ kid: 'k1', signing: null });
    expect(readdirSync(keyring).sort()).toEqual(['.gitignore', '.lock', 'jwks.json']);
    expect(await jsonOf(keyring, 'list')).toEqual([]);
  });

  test('removes an ended key, not a live one', async () => {
    const keyring = await makeKeyring('ES256', 'old');
    await stdoutOf(['keys', 'rotate', '--keyring', keyring, '--kid', 'new', '--grace', '1h']);
    const args = ['keys', 'remove', 'old', '--keyring', keyring];
    expect((await runCli(args, secondsLater(hour - 1))).exitCode).toBe(3);
    expect(await runCli(args, secondsLater(hour))).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'removed old\nnew signs now\n',
    });
    expect(existsSync(join(keyring, 'old.pem'))).toBe(false);
  });
});

describe('prune', () => {
  test('prune removes ended keys and the files of killed runs, and nothing else', async () => {
    const keyring = await makeKeyring('ES256', 'old');
    await stdoutOf(['keys', 'rotate', '--keyring', keyring, '--kid', 'new', '--grace', '1h']);
    const pem = textOf(join(keyring, 'new.pem'));
    const folder = '.lock.77-m1abc-x1y2z3.tmp';
    const gone = ['.jwks.json.77-m1abc-x1y2z3.tmp', '.new.pem.77-m1abc-x1y2z3.tmp', folder, 'orphan.pem', 'old.pem'];
    const kept = [
      'note.txt',
      'cert.pem',
      '.mine.tmp',
      '.lock.78-m1abc-x1y2z3.tmp',
      'new.pem',
      '.gitignore',
      'jwks.json',
    ];
    for (const name of ['orphan.pem', '.new.pem.77-m1abc-x1y2z3.tmp']) writeFileSync(join(keyring, name), pem);
    for (const name of ['.jwks.json.77-m1abc-x1y2z3.tmp', 'note.txt', '.mine.tmp'])
      writeFileSync(join(keyring, name), '');
    writeFileSync(join(keyring, 'cert.pem'), '-----BEGIN CERTIFICATE-----\n');
    for (const name of [folder, '.lock.78-m1abc-x1y2z3.tmp']) mkdirSync(join(keyring, name));
    utimesSync(join(keyring, folder), 1, 1);
    const before = readdirSync(keyring);
    const leftovers = gone.filter((name) => name !== 'old.pem').sort();
    const dry = await runCli(['keys', 'prune', '--dry-run', '--json', '--keyring', keyring], secondsLater(hour));
    expect(JSON.parse(dry.stdout)).toEqual({ keys: ['old'], leftovers, dry_run: true });
    expect(readdirSync(keyring)).toEqual(before);
    const { stdout, stderr } = await runCli(['keys', 'prune', '--keyring', keyring], secondsLater(hour));
    expect(stdout).toBe(['key   old', ...leftovers.map((name) => `file  ${name}`), ''].join('\n'));
    expect(stderr).toBe('removed 5\n');
    const names = readdirSync(keyring);
    expect(names).toEqual(expect.arrayContaining(kept));
    expect(names.filter((name) => gone.includes(name))).toEqual([]);
    expect((await runCli(['keys', 'prune', '--keyring', keyring], secondsLater(hour))).stderr).toBe(
      'nothing to remove\n',
    );
  });

  test('prune keeps a key that still verifies', async () => {
    const keyring = await makeKeyring('ES256', 'old');
    await stdoutOf(['keys', 'rotate', '--keyring', keyring, '--kid', 'new', '--grace', '1h']);
    const pruned = await runCli(['keys', 'prune', '--json', '--keyring', keyring], secondsLater(hour - 1));
    expect(JSON.parse(pruned.stdout)).toEqual({ keys: [], leftovers: [], dry_run: false });
  });
});

test('takes a kid that begins with a dash, as one thumbprint in 64 does', async () => {
  const keyring = freshPath();
  for (const kid of [`-${'a'.repeat(42)}`, `--${'B'.repeat(41)}`]) {
    await stdoutOf(['keys', 'rotate', '--kid', kid, '--alg', 'ES256', '--keyring', keyring]);
    expect(await stdoutOf(['keys', 'export', kid, '--keyring', keyring])).toMatch(/^-----BEGIN/);
    expect(await jsonOf(keyring, 'retire', '--force', kid)).toMatchObject({ kid });
    expect(await jsonOf(keyring, 'remove', kid, '--force')).toMatchObject({ kid });
  }
  expect((await runCli(['keys', 'export', '--keyring', await makeKeyring('ES256', '-k'), '--', '-k'])).exitCode).toBe(
    0,
  );
});

test('jwks prints a set that is public and verifies', async () => {
  const keyring = await makeKeyring('ES256', 'k1');
  const token = await issueAt(keyring, now);
  const set = await stdoutOf(['keys', 'jwks', '--keyring', keyring]);
  expect(Object.keys(JSON.parse(set))).toEqual(['keys']);
  const path = join(temporaryFolder(), 'jwks.json');
  writeFileSync(path, set);
  expect((await runCli(['verify', '-q', token, '--key', path])).exitCode).toBe(0);
  expect(set).not.toContain('"d"');
});

test('the signing key and its public half match after every change', async () => {
  const keyring = freshPath();
  for (const kid of ['a', 'b', 'c'])
    await stdoutOf(['keys', 'rotate', '--alg', 'ES256', '--kid', kid, '--keyring', keyring]);
  await stdoutOf(['keys', 'remove', 'a', '--force', '--keyring', keyring]);
  for (const jwk of JSON.parse(textOf(join(keyring, 'jwks.json'))).keys) {
    const half = createPrivateKey(textOf(join(keyring, `${jwk.kid}.pem`)));
    expect(createPublicKey(half).export({ format: 'jwk' })).toMatchObject({ x: jwk.x, y: jwk.y });
  }
});
