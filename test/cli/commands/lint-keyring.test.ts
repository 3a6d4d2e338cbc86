/** Rules about keyring folders, with keyrings that the commands made. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serve } from '../../remote/server.js';
import { within } from '../../time-limit.js';
import { hasModes, now, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const hour = 3600;
const day = 24 * hour;

interface Found {
  readonly id: string;
  readonly message: string;
  readonly where: { readonly name: string };
}

async function lint(args: readonly string[], at = now): Promise<readonly Found[]> {
  const { stdout, stderr, exitCode } = await runCli(['lint', ...args, '--json', '--fail-on', 'never'], { now: at });
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout).findings;
}

/** The findings about keyrings, each with the name of its file. */
async function foundIn(folder: string, at = now, args: readonly string[] = []): Promise<string[]> {
  const found = await lint([folder, ...args], at);
  return found
    .filter(({ id }) => id.startsWith('keyring/'))
    .map(({ id, where }) => `${id} ${where.name.slice(folder.length + 1)}`);
}

/** Runs commands on a keyring at a moment. */
const commandsOf = (keyring: string) => async (at: number, line: string) => {
  const [command = '', ...args] = line.split(' ');
  return stdoutOf([command, ...args, '--keyring', keyring], { now: at, env: { PASS: 'correct horse' } });
};

describe('what the commands make has no finding', () => {
  test('a whole rotation, with an early end, a public key of others and keys for encryption', {
    tags: 'slow',
  }, async () => {
    const keyring = join(temporaryFolder(), '.jwtkit');
    const run = commandsOf(keyring);
    let at = now;
    const step = async (line: string, later = 0) => {
      at += later;
      const printed = await run(at, line);
      expect(await lint([keyring], at), line).toEqual([]);
      return printed;
    };
    const first = await step('keygen --alg ES256');
    await step('keygen --use enc');
    const second = await step('keys rotate --activate-in 1h --grace 8d', 30 * day);
    await step('keys list', hour + 1);
    await step('keys list', 8 * day);
    // A day after its end, not yet pruned.
    await step('keys list', day);
    await step('keys prune');
    expect(existsSync(join(keyring, `${first}.pem`))).toBe(false);
    const third = await step('keys rotate', 300 * day);
    await step(`keys retire ${second} --grace 1h`);
    await step('keys rotate --use enc --grace 1d');
    const theirs = join(temporaryFolder(), 'theirs.pem');
    await stdoutOf(['keygen', '--alg', 'EdDSA', '--private', join(temporaryFolder(), 'p.pem'), '--public', theirs]);
    await step(`keys import ${theirs} --kid theirs`);
    await step('keys rotate --alg EdDSA', 2 * day);
    await step(`keys remove ${third} --force`);
    await step('clients add reports');
  });

  test('a first key that is announced', async () => {
    const keyring = join(temporaryFolder(), '.jwtkit');
    await commandsOf(keyring)(now, 'keys rotate --activate-in 1h');
    expect(await lint([keyring])).toEqual([]);
  });

  test('keys of two algorithms that sign beside each other, by name', async () => {
    const keyring = join(temporaryFolder(), '.jwtkit');
    const run = commandsOf(keyring);
    await run(now, 'keygen --alg RS256 --kid partners');
    await run(now + 1, 'keygen --alg ES256 --kid web');
    expect(await run(now + 200 * day, 'issue --sub a --kid partners --ttl 1h')).toMatch(/^eyJ/);
    expect(await lint([keyring], now + 200 * day)).toEqual([]);
  });

  test('a published set with null for a private member holds no private key', async () => {
    const keyring = join(temporaryFolder(), 'ring');
    const run = commandsOf(keyring);
    await run(now, 'keygen --alg ES256 --kid web');
    const { keys } = JSON.parse(await run(now, 'keys jwks'));
    const set = join(temporaryFolder(), 'jwks.json');
    writeFileSync(set, JSON.stringify({ keys: keys.map((jwk: object) => ({ ...jwk, d: null })) }), { mode: 0o644 });
    expect(await lint([set])).toEqual([]);
  });

  test('public keys of a partner, beside the set that they were imported from', async () => {
    const folder = temporaryFolder();
    const [keyring, partner] = [join(folder, '.jwtkit'), join(folder, 'partner.json')];
    await commandsOf(join(folder, 'theirs'))(now, 'keygen --alg EdDSA --kid theirs');
    writeFileSync(partner, await commandsOf(join(folder, 'theirs'))(now, 'keys jwks'));
    const run = commandsOf(keyring);
    await run(now, 'keygen --alg ES256');
    await run(now, `keys import ${partner}`);
    expect(await lint([keyring, partner])).toEqual([]);
  });

  test('a key that two keyrings have, beside the set of one of them', async () => {
    const folder = temporaryFolder();
    const [one, other] = [join(folder, 'one'), join(folder, 'other')];
    await commandsOf(one)(now, 'keygen --alg ES256 --kid shared');
    await commandsOf(other)(now, `keys import ${join(one, 'shared.pem')} --kid shared`);
    await commandsOf(one)(now, 'keys rotate');
    await commandsOf(other)(now, 'keys rotate');
    writeFileSync(join(folder, 'published.json'), await commandsOf(one)(now, 'keys jwks'));
    expect(await lint([folder])).toEqual([]);
  });

  test('encrypted keys, and the public keys of a verifier', async () => {
    const keyring = join(temporaryFolder(), 'guarded');
    const run = commandsOf(keyring);
    await run(now, 'keygen --alg ES256 --passphrase-env PASS');
    await run(now, 'keys rotate --passphrase-env PASS');
    expect(await lint([keyring])).toEqual([]);
    const verifier = join(temporaryFolder(), 'verifier');
    await commandsOf(verifier)(now, `keys import ${join(keyring, 'jwks.json')}`);
    expect(await lint([verifier])).toEqual([]);
  });
});

describe('a keyring in which something is wrong', () => {
  /** `old` signs until an hour from now, then `new`; `enc` is for encryption. */
  let original = '';
  let guarded = '';
  let keyring = '';
  let set = '';
  const file = (name: string) => join(keyring, name);
  const edit = (change: (keys: Record<string, unknown>[]) => unknown) => {
    const { keys } = JSON.parse(textOf(set));
    writeFileSync(set, JSON.stringify({ keys: change(keys) }));
  };
  beforeAll(async () => {
    original = join(temporaryFolder(), '.jwtkit');
    const run = commandsOf(original);
    await run(now - 30 * day, 'keygen --alg ES256 --kid old');
    await run(now - 30 * day, 'keygen --use enc --kid enc');
    await run(now, 'keys rotate --activate-in 1h --kid new');
    guarded = join(temporaryFolder(), 'guarded');
    await commandsOf(guarded)(now, 'keygen --alg ES256 --kid locked --passphrase-env PASS');
  });
  beforeEach(() => {
    keyring = join(temporaryFolder(), '.jwtkit');
    cpSync(original, keyring, { recursive: true });
    set = file('jwks.json');
  });

  test.each<[string, () => unknown, string[], number?]>([
    ['nothing', () => {}, []],
    ['one kid twice', () => edit(([one, ...others]) => [one, one, ...others]), ['keyring/refused jwks.json']],
    ['a set that is no JSON', () => writeFileSync(set, '{"keys":['), ['keyring/refused jwks.json']],
    [
      'a time that is text',
      () => edit((keys) => keys.map((key) => ({ ...key, iat: 'today' }))),
      ['keyring/refused jwks.json'],
    ],
    [
      'each signing key retired',
      () => edit((keys) => keys.map((key) => (key.use === 'enc' ? key : { ...key, nbf: now + 60, exp: now + 60 }))),
      ['keyring/no-signer jwks.json'],
    ],
    [
      'a gap until the next key',
      () => edit((keys) => keys.map((key) => (key.kid === 'old' ? { ...key, nbf: now + 60, exp: now + 60 } : key))),
      ['keyring/no-signer jwks.json'],
    ],
    [
      'the key for encryption retired',
      () => edit((keys) => keys.map((key) => (key.use === 'enc' ? { ...key, nbf: now + 60, exp: now + 60 } : key))),
      ['keyring/no-signer jwks.json'],
    ],
    ['the private half of the next key gone', () => rmSync(file('new.pem')), ['keyring/signing-ends jwks.json']],
    [
      'the private half of another key',
      () => copyFileSync(file('new.pem'), file('old.pem')),
      ['keyring/halves-differ old.pem'],
    ],
    [
      'the private half of a key for encryption, of another key',
      () => copyFileSync(file('new.pem'), file('enc.pem')),
      ['keyring/halves-differ enc.pem'],
    ],
    ['an empty private key', () => writeFileSync(file('old.pem'), ''), ['keyring/halves-differ old.pem']],
    [
      'two private keys in one file',
      () => writeFileSync(file('old.pem'), textOf(file('old.pem')) + textOf(file('new.pem'))),
      ['keyring/halves-differ old.pem'],
    ],
    [
      'what an editor kept',
      () => copyFileSync(file('new.pem'), file('new.pem~')),
      ['keyring/stray-private-key new.pem~'],
    ],
    ['a backup', () => copyFileSync(file('new.pem'), file('new.pem.bak')), ['keyring/stray-private-key new.pem.bak']],
    [
      'the swap file of vim',
      () =>
        writeFileSync(file('.new.pem.swp'), `b0VIM 9.0\0\0${textOf(file('new.pem')).replaceAll('\n', '\0')}`, {
          mode: 0o600,
        }),
      ['keyring/stray-private-key .new.pem.swp'],
    ],
    [
      'the rest of a stopped run',
      () => writeFileSync(file('.other.pem.12-abc-def.tmp'), textOf(file('new.pem')), { mode: 0o600 }),
      ['keyring/stray-private-key .other.pem.12-abc-def.tmp'],
    ],
    [
      'no set any more',
      () => rmSync(set),
      ['enc.pem', 'new.pem', 'old.pem'].map((name) => `keyring/stray-private-key ${name}`),
    ],
    ['a key that ended long ago', () => {}, ['keyring/ended-key-kept jwks.json'], now + 40 * day],
    [
      'a replaced key without an end',
      () => edit((keys) => keys.map(({ exp: _, ...key }) => key)),
      ['keyring/replaced-key-without-end jwks.json'],
      now + 100 * day,
    ],
    [
      'an old key that signs beside a newer one',
      () => {
        edit((keys) =>
          keys.map(({ exp: _, nbf: __, ...key }) => (key.kid === 'old' ? { ...key, iat: now - 800 * day } : key)),
        );
        rmSync(file('new.pem'));
      },
      ['keyring/old-key-signs jwks.json'],
    ],
  ])('%s', async (_, damage, expected, at = now) => {
    damage();
    expect(await foundIn(keyring, at)).toEqual(expected);
  });

  test('an encrypted key beside one in the clear that signs', async () => {
    const { keys } = JSON.parse(textOf(join(guarded, 'jwks.json')));
    edit((own) => [...own, { ...keys[0], exp: now + day, iat: now - 60 * day }]);
    copyFileSync(join(guarded, 'locked.pem'), file('locked.pem'));
    expect(await foundIn(keyring)).toEqual([
      'keyring/some-keys-in-clear enc.pem',
      'keyring/some-keys-in-clear new.pem',
      'keyring/some-keys-in-clear old.pem',
    ]);
  });

  test('the passphrase of an encrypted key in a file beside it, whatever its name, and no other text', async () => {
    cpSync(guarded, keyring, { recursive: true, force: true });
    for (const name of ['old.pem', 'new.pem', 'enc.pem']) rmSync(file(name));
    writeFileSync(file('readme.txt'), 'The keys of the shop\n');
    expect(await foundIn(keyring)).toEqual([]);
    writeFileSync(file('notes.txt'), 'correct horse\r\n');
    const { stdout } = await runCli(['lint', keyring, '--fail-on', 'warning']);
    expect(stdout).toMatch(/notes\.txt\n {2}warning {2}it has the passphrase of a private key beside it/);
    expect(stdout).not.toContain('correct horse');
  });

  test.runIf(hasModes)('a folder that others can write', async () => {
    chmodSync(keyring, 0o777);
    expect(await foundIn(keyring)).toEqual(['keyring/folder-writable jwks.json']);
    chmodSync(keyring, 0o755);
    expect(await foundIn(keyring)).toEqual([]);
  });

  test('a folder with a set and no private key of it is no keyring', async () => {
    const site = temporaryFolder();
    copyFileSync(set, join(site, 'jwks.json'));
    copyFileSync(file('old.pem'), join(site, 'tls.pem'));
    expect(await foundIn(site)).toEqual([]);
  });

  test('files that are named one by one are no keyring, since others may be missing', async () => {
    rmSync(file('new.pem'));
    expect((await lint([set, file('old.pem')])).map(({ id }) => id)).toEqual([]);
  });

  test('each form of a report says in which file it is', async () => {
    copyFileSync(file('new.pem'), file('new.pem~'));
    const reports = Object.fromEntries(
      ['sarif', 'json', 'junit', 'github', 'markdown', 'text'].map((form) => [form, join(temporaryFolder(), form)]),
    );
    const args = Object.entries(reports).flatMap(([form, path]) => ['--report', `${form}:${path}`]);
    expect((await runCli(['lint', keyring, '--fail-on', 'warning', ...args])).exitCode).toBe(18);
    const sarif = JSON.parse(textOf(reports.sarif ?? ''));
    const [result] = sarif.runs[0].results;
    expect(result).toMatchObject({
      ruleId: 'keyring/stray-private-key',
      locations: [{ physicalLocation: { artifactLocation: { uri: expect.stringMatching(/new\.pem~$/) } } }],
    });
    expect(sarif.runs[0].tool.driver.rules[result.ruleIndex].id).toBe('keyring/stray-private-key');
    for (const path of Object.values(reports)) expect(textOf(path)).toMatch(/new\.pem(?:~|&#126;)/);
    expect(textOf(reports.junit ?? '')).toContain('<failure type="keyring/stray-private-key"');
  });

  test('a file that lint judges only with its folder is a case of the report', async () => {
    writeFileSync(set, '');
    writeFileSync(join(guarded, 'note.txt'), 'correct horse\n');
    const { stdout } = await runCli(['lint', keyring, guarded, '--format', 'json'], { now });
    const { summary, findings, cases } = JSON.parse(stdout);
    expect(summary).toContain('1 error, 1 warning in ');
    const judged = [
      { suite: join(keyring, 'jwks.json'), type: 'keyring/refused', status: 'failed' },
      { suite: join(guarded, 'note.txt'), type: 'keyring/passphrase-beside-key', status: 'skipped' },
    ];
    expect(findings).toHaveLength(judged.length);
    expect(cases).toEqual(expect.arrayContaining(judged.map((each) => expect.objectContaining(each))));
    rmSync(join(guarded, 'note.txt'));
  });

  describe('copies of its set', () => {
    const published = async (at: number) => stdoutOf(['keys', 'jwks', '--keyring', original], { now: at });

    test('a copy at a URL without the key that signs soon, and one with it', async () => {
      const server = await serve({});
      const { keys } = JSON.parse(await published(now));
      const publish = (kept: readonly string[]) =>
        server.route({
          '/jwks.json': {
            body: JSON.stringify({ keys: keys.filter(({ kid }: { kid: string }) => kept.includes(kid)) }),
            headers: { 'cache-control': 'max-age=300' },
          },
        });
      const args = ['--jwks', `${server.origin}/jwks.json`];
      publish(['old', 'new']);
      expect(await foundIn(keyring, now, args)).toEqual([]);
      publish(['old']);
      const [found] = await lint([keyring, ...args]);
      expect(found).toMatchObject({
        id: 'keyring/signer-not-published',
        message: `new of ${keyring} signs in 1h and is missing here`,
        where: { name: `${server.origin}/jwks.json` },
      });
      publish(['new']);
      expect((await lint([keyring, ...args])).map(({ id }) => id)).toEqual(['keyring/signer-not-published']);
      // The set of somebody else shares no key.
      publish(['enc']);
      expect(await foundIn(keyring, now, args)).toEqual([]);
    });

    test('a file with a key that ended, and a document of the cache, which is no copy', async () => {
      const site = join(temporaryFolder(), 'public');
      mkdirSync(site);
      writeFileSync(join(site, 'jwks.json'), await published(now));
      expect((await lint([keyring, site], now + 12 * day)).map(({ id, where }) => [id, where.name])).toEqual([
        ['keyring/ended-key-published', join(site, 'jwks.json')],
      ]);
      const cached = { key: 'k', url: 'u', body: textOf(join(site, 'jwks.json')), fetchedAt: now };
      writeFileSync(join(site, 'jwks.json'), JSON.stringify(cached));
      expect(await lint([keyring, site], now + 12 * day)).toEqual([]);
    });
  });
});

describe.runIf(process.platform !== 'win32')('a folder that is not what it seems', () => {
  test('FIFOs and links are not opened; a link counts as the private key that it may be', async () => {
    const keyring = join(temporaryFolder(), '.jwtkit');
    await commandsOf(keyring)(now, 'keygen --alg ES256 --kid k1');
    const secret = join(temporaryFolder(), 'k1.pem');
    renameSync(join(keyring, 'k1.pem'), secret);
    symlinkSync(secret, join(keyring, 'k1.pem'));
    symlinkSync('/', join(keyring, 'root'));
    symlinkSync(keyring, join(keyring, 'again'));
    for (const name of ['k2.pem', 'k1.pem~', 'passphrase.txt']) execFileSync('mkfifo', [join(keyring, name)]);
    await within(5000, async () => expect(await lint([keyring])).toEqual([]));
    // Where the set cannot be read, nobody knows which keys are its own.
    writeFileSync(join(keyring, 'k3.pem'), readFileSync(secret), { mode: 0o600 });
    rmSync(join(keyring, 'jwks.json'));
    execFileSync('mkfifo', [join(keyring, 'jwks.json')]);
    await within(5000, async () => expect(await lint([keyring])).toEqual([]));
  });

  test('very many files end in time, with an error or a result', { tags: 'slow' }, async () => {
    const keyring = join(temporaryFolder(), '.jwtkit');
    await commandsOf(keyring)(now, 'keygen --alg ES256 --kid k1');
    for (let at = 0; at < 10_000; at++) writeFileSync(join(keyring, `${at}.log`), '');
    await within(10_000, async () => expect(await lint([keyring])).toEqual([]));
    for (let at = 0; at < 5001; at++) writeFileSync(join(keyring, `${at}.pem`), '');
    const { exitCode, stderr } = await within(10_000, () => runCli(['lint', keyring]));
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('holds more than 5000 files')]);
  });

  test('git is asked once about the files of a folder, and takes their names for nothing else', {
    tags: 'slow',
  }, async () => {
    const folder = temporaryFolder();
    const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args]);
    git('init', '-q');
    const pem = await stdoutOf(['keygen', '--alg', 'ES256', '--private', '-']);
    const names = [
      ':(top)a.pem',
      ':(no)n.pem',
      '[b].pem',
      'b.pem',
      '-c.pem',
      ...Array.from({ length: 600 }, (_, at) => `${at}.pem`),
    ];
    for (const name of names) writeFileSync(join(folder, name), `${pem}\n`, { mode: 0o600 });
    writeFileSync(join(folder, '.gitignore'), '[0-9]*.pem\n');
    git('--literal-pathspecs', 'add', '--', '[b].pem', '-c.pem');
    const found = await within(20_000, () => lint([folder]));
    expect(found.map(({ id, where }) => `${id} ${where.name.slice(folder.length + 1)}`).sort()).toEqual([
      'file/not-ignored-by-git :(no)n.pem',
      'file/not-ignored-by-git :(top)a.pem',
      'file/not-ignored-by-git b.pem',
      'file/tracked-by-git -c.pem',
      'file/tracked-by-git [b].pem',
    ]);
  });
});

test('a damaged keyring is one with a slash behind its name, as shells complete it', async () => {
  const keyring = join(temporaryFolder(), '.jwtkit');
  mkdirSync(keyring, { mode: 0o700 });
  writeFileSync(join(keyring, 'jwks.json'), '{"keys":{}}');
  const found = await lint([`${keyring}/`]);
  expect(found.map(({ id }) => id)).toContain('keyring/refused');
});
