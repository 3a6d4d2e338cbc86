/** Batches with the real binary and its threads: whatever stands in a line, its verdict is that of the token alone. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { openWork } from '../../src/batch/work.js';
import { renderProgress } from '../../src/cli/terminal/progress.js';
import { readExact, toJson } from '../../src/jose/exact-json.js';
import { createKey } from '../../src/jose/key.js';
import { loadKeys } from '../../src/jose/keys.js';
import { openDenylist } from '../../src/store/denylist/open.js';
import { trimToken } from '../../src/token/decode.js';
import { reportToken } from '../../src/token/verify.js';
import { tokenCases } from '../attacks/corpus.js';
import { now, sealClaims } from '../attacks/forge.js';
import { privateKeys, publicPem, signers } from '../attacks/trusted-keys.js';
import { fileWith, runCli, secret, temporaryFolder, unsigned } from '../cli/fake-io.js';
import { describeWithRedis, startRedis } from '../store/redis-server.js';

const binary = fileURLToPath(new URL('../../bin/jwtkit.js', import.meta.url));
const trusted = ['rsa', 'p256', 'p384', 'p521', 'ed25519', 'ed448', 'secp256k1'] as const;

interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

interface Started {
  child: ChildProcessWithoutNullStreams;
  ended: Promise<Ended>;
}

/** Starts the binary; where the descriptor of a file is its standard input, there is none to write to. */
function start(args: readonly string[], stdin: 'pipe' | number = 'pipe'): Started {
  const child = spawn(process.execPath, [binary, ...args], {
    stdio: [stdin, 'pipe', 'pipe'],
  }) as ChildProcessWithoutNullStreams;
  const written = { stdout: '', stderr: '' };
  child.stdin?.on('error', () => {});
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.stderr += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.stdout += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, ...written }));
  });
  return { child, ended };
}

function run(args: readonly string[], input: string): Promise<Ended> {
  const { child, ended } = start(args);
  child.stdin.end(input);
  return ended;
}

const valid = sealClaims(signers.ES256, { sub: 'u' }).token;
const keyFile = fileWith(publicPem('p256'));
const byKey = ['--key', keyFile, '--at', String(now)];

describe('a batch on threads', { tags: 'slow' }, () => {
  let args: string[];
  /** Lines, and what `verify` says of each of them alone, without the number. */
  let corpus: { line: string; verdict: string | undefined }[];

  beforeAll(async () => {
    const folder = temporaryFolder();
    const files = trusted.map((name) => {
      const path = join(folder, `${name}.pem`);
      writeFileSync(path, publicPem(name));
      return path;
    });
    const keys = trusted.flatMap((name) => loadKeys(publicPem(name), { purpose: 'verify' }));
    mkdirSync(join(folder, 'store'));
    const store = `lmdb:${join(folder, 'store', 'denylist')}`;
    const denylist = await openDenylist(store, { mode: 'write', now: () => now });
    await denylist.add({ kind: 'token', id: 'revoked-1', reason: 'revoked', until: now + 9999 });
    await denylist.add({ kind: 'token', id: 'used-1', reason: 'consumed', until: now + 9999 });
    await denylist.add({ kind: 'subject', id: 'gone', issuedUpTo: now, until: now + 9999 });
    args = ['verify', ...files.flatMap((path) => ['--key', path]), '--store', store, '--at', String(now)];
    const { RS256, ES256, EdDSA } = signers;
    const own = [RS256, ES256, EdDSA].flatMap((signer) =>
      [
        {},
        {},
        {},
        { exp: now },
        { nbf: now + 60 },
        { jti: 'revoked-1' },
        { jti: 'used-1' },
        { sub: 'gone' },
        { aud: 1 },
      ]
        .concat([{ type: 'refresh' }, { exp: 1, jti: 'revoked-1' }] as object[])
        .map((members) => sealClaims(signer, members).token),
    );
    const lines = [...tokenCases.map(({ token }) => token), ...own, '', '  ', `Bearer ${valid}`, 'x'.repeat(80_000)]
      .filter((token): token is string => typeof token === 'string' && !/[\r\n]/.test(token))
      .map((token) => Buffer.from(token, 'utf8').toString('utf8'));
    corpus = [];
    for (const line of lines) {
      const token = line.length > 70_000 ? line : trimToken(line);
      if (token === '') {
        corpus.push({ line, verdict: undefined });
        continue;
      }
      const { code, claims, claimsText, key, valid } = await reportToken(token, {}, { keys, now, denylist });
      const { sub, exp } = claims === undefined ? {} : readExact(claimsText as string, claims);
      const parts = { valid, code: code ?? undefined, sub, exp, kid: key?.kid ?? undefined };
      corpus.push({ line, verdict: toJson(parts).slice(1) });
    }
    await denylist.close();
  });

  function expected(picks: readonly number[]): string {
    return picks
      .map((pick, at) => ({ verdict: corpus[pick]?.verdict, line: at + 1 }))
      .filter(({ verdict }) => verdict !== undefined)
      .map(({ verdict, line }) => `{"line":${line},${verdict}\n`)
      .join('');
  }

  test('the corpus holds every kind of refusal', () => {
    const codes = new Set(corpus.map(({ verdict }) => /"code":"(\w+)"/.exec(verdict ?? '')?.[1]));
    for (const code of ['TOKEN_MALFORMED', 'SIGNATURE_INVALID', 'ALG_NOT_ALLOWED', 'TOKEN_EXPIRED', 'TOKEN_REVOKED'])
      expect(codes).toContain(code);
    for (const code of ['TOKEN_REUSED', 'TOKEN_NOT_YET_VALID', 'CLAIM_MALFORMED', 'CLAIM_MISMATCH', 'CLAIM_MISSING'])
      expect(codes).toContain(code);
  });

  test('a bad token at a random position has the same verdict as alone, byte for byte', {
    tags: 'slow',
    timeout: 240_000,
  }, async () => {
    const picks = fc.array(fc.nat(corpus.length - 1), { minLength: 500, maxLength: 3000, size: 'max' });
    const property = fc.asyncProperty(picks, fc.constantFrom('1', '2', '3'), async (chosen, workers) => {
      const input = chosen.map((pick) => corpus[pick]?.line).join('\n');
      const { stdout, stderr, exitCode } = await run([...args, '--batch', '--workers', workers], input);
      expect(exitCode, stderr).toBe(10);
      expect(stdout).toBe(expected(chosen));
    });
    await fc.assert(property, { seed: 20_261_123, numRuns: 8, endOnFailure: true });
  });

  test('a batch from a file keeps the order', async () => {
    const all = corpus.map((_, at) => at);
    const path = fileWith(`${corpus.map(({ line }) => line).join('\n')}\n`);
    const { stdout } = await run([...args, '--batch', path, '--workers', '2'], '');
    expect(stdout).toBe(expected(all));
  });
});

describe('issue, decode and inspect', () => {
  const env = { S: secret };
  const issue = (stdin: string, ...args: string[]) =>
    runCli(['issue', '--batch', '--secret-env', 'S', ...args], { env, stdin });

  test('line n of the output is that of line n of the input, and empty where there is no token', async () => {
    const { exitCode, stdout, stderr } = await issue('{"sub":"a"}\n\nx\n{"sub":"b","exp":"x"}\n{"sub":"c"}');
    const [first, second, third, fourth, fifth, end] = stdout.split('\n');
    expect([second, third, fourth, end]).toEqual(['', '', '', '']);
    const single = await runCli(['issue', '--secret-env', 'S', '--sub', 'a'], { env });
    expect(`${first}\n`).toBe(single.stdout);
    expect(fifth).toMatch(/^eyJ/);
    expect(exitCode).toBe(10);
    expect(stderr).toBe(
      'error: line 3: the line is not JSON\n' +
        'error: line 4: claim exp is a string, it must be seconds since 1970, at most year 9999\n' +
        '2 issued, 2 USAGE_INVALID\nerror: 2 of 4 lines refused\n',
    );
  });

  test('--json: a line for each, with its number', async () => {
    const { stdout } = await issue('{"sub":"a"}\n\nx\n', '--json', '--aud', 'api');
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { line: 1, token: expect.stringMatching(/^eyJ/), claims: { sub: 'a', aud: 'api' } },
      { line: 3, error: { code: 'USAGE_INVALID', message: 'the line is not JSON' } },
    ]);
  });

  test('issue takes what decode prints, and inspect reads the tokens', async () => {
    const tokens = await issue('{"sub":"a"}\n{"sub":"b"}\n');
    const decoded = await runCli(['decode', '--batch'], { stdin: `${tokens.stdout}nonsense\n` });
    expect(decoded.exitCode).toBe(10);
    const lines = decoded.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[1]).toMatchObject({ line: 2, header: { alg: 'HS256' }, claims: { sub: 'b' } });
    expect(lines[2]).toMatchObject({ line: 3, error: { code: 'TOKEN_MALFORMED' } });
    const again = await issue(decoded.stdout.split('\n').slice(0, 2).join('\n'), '--ttl', '1h');
    expect(again).toMatchObject({ exitCode: 0, stderr: '2 issued\n' });
    const inspected = await runCli(['inspect', '--batch', '--min-ttl', '2h'], { stdin: again.stdout });
    expect(inspected.exitCode).toBe(10);
    expect(JSON.parse(inspected.stdout.split('\n')[0] ?? '')).toMatchObject({
      line: 1,
      state: 'active',
      error: { code: 'TOKEN_EXPIRES_SOON' },
    });
  });

  test('a bug in one line keeps the answers before it, and prints none after', async () => {
    let made = 0;
    const newId = () => {
      if (++made === 100) throw new Error('bug');
      return `id-${made}`;
    };
    const key = createKey(privateKeys.p256);
    const policies = { access: {}, refresh: {}, pair: undefined };
    const fixed = { header: '{}', claims: '{}', nbf: undefined, defaults: [], isRedated: false, asJson: false };
    const work = await openWork({ kind: 'issue', policies, type: 'access', ...fixed }, { newId });
    const bytes = new Uint8Array(Buffer.from('{}\n'.repeat(500)));
    const { output, counts, failure } = await work.run(
      { bytes, firstLine: 1, end: bytes.length },
      { now, keys: [key] },
    );
    expect(failure).toEqual(new Error('bug'));
    expect([...counts]).toEqual([['issued', 99]]);
    expect(
      Buffer.from(output)
        .toString()
        .match(/^eyJ.*$/gm),
    ).toHaveLength(99);
  });

  test('issue --batch --pair prints a pair for each line', async () => {
    const { stdout } = await issue('{"sub":"a"}\n', '--pair');
    expect(Object.keys(JSON.parse(stdout))).toEqual(['access_token', 'refresh_token', 'token_type', 'expires_in']);
  });

  test.each([
    [['issue', '--batch', '--jti', 'x'], '--batch and --jti exclude each other'],
    [['issue', '--batch', '--out', 'x'], '--batch and --out exclude each other'],
    [['issue', '--batch', '--claims', 'x'], '--batch and --claims exclude each other'],
    [['decode', '--batch', '--claim', 'x'], '--batch and --claim exclude each other'],
    [['inspect', '--batch', '-q'], '--batch and --quiet exclude each other'],
    [['inspect', 'x', '--batch'], 'a token and --batch exclude each other'],
    [['decode', 'x', '--threads', '2'], '--threads is for --batch'],
    [['decode', '--batch', '--threads', '0'], '--threads: "0" is not a number from 1 to 256'],
    [['verify', 'x', '--only-invalid'], '--only-invalid is for --batch'],
    [['verify', 'x', '--with-claims'], '--with-claims is for --batch'],
  ])('refuses the options %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

test('--only-invalid prints refused lines only; --claims adds claims', async () => {
  const { stdout } = await runCli(['verify', '--batch', ...byKey, '--only-invalid'], { stdin: `${valid}\nx\n` });
  expect(stdout).toBe('{"line":2,"valid":false,"code":"TOKEN_MALFORMED"}\n');
  const withClaims = await runCli(['verify', '--batch', ...byKey, '--claims'], { stdin: `${valid}\nx\n` });
  const [first, second] = withClaims.stdout.split('\n');
  expect(JSON.parse(first ?? '').claims).toMatchObject({ sub: 'u', iss: 'https://issuer.example' });
  expect(JSON.parse(second ?? '')).not.toHaveProperty('claims');
});

describe('streams', () => {
  const many = `${valid}\n`.repeat(500);
  const options = ['--workers', '2', ...byKey];
  const batch = ['verify', '--batch', ...options];
  const path = fileWith(many.repeat(40));

  /** Feeds a child until it ends or takes no more within a second; resolves to the bytes that it was given. */
  async function feed(child: ChildProcessWithoutNullStreams): Promise<number> {
    for (let given = 0; ; given += many.length) {
      if (child.stdin.destroyed || child.exitCode !== null || given > 100_000_000) return given;
      if (child.stdin.write(many)) continue;
      const isDrained = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), 1000);
        const go = (answer: boolean) => {
          clearTimeout(timer);
          resolve(answer);
        };
        child.stdin.once('drain', () => go(true));
        child.once('close', () => go(false));
      });
      if (!isDrained) return given;
    }
  }

  test('an answer comes as soon as its line is whole', async () => {
    const { child, ended } = start(batch);
    child.stdin.write(`${valid}\n`);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdin.end(`${valid}\n`);
    expect((await ended).stderr).toBe('2 valid\n');
  });

  test('Ctrl-C ends a batch with 130 and no half line while input continues', async () => {
    const { child, ended } = start(batch);
    child.stdout.once('data', () => child.kill('SIGINT'));
    await feed(child);
    const { exitCode, stdout, stderr } = await ended;
    expect(exitCode).toBe(130);
    expect(stderr).toMatch(/^interrupted after \d+ valid\n$/);
    for (const line of stdout.trimEnd().split('\n')) expect(JSON.parse(line).valid).toBe(true);
    expect(stdout.endsWith('}\n')).toBe(true);
  });

  test('Ctrl-C ends a batch while input is idle', async () => {
    const { child, ended } = start(batch);
    child.stdin.write(`${valid}\n`);
    child.stdout.once('data', () => child.kill('SIGINT'));
    expect(await ended).toMatchObject({ exitCode: 130, stderr: 'interrupted after 1 valid\n' });
  });

  test('exits without an error if the reader goes away', { tags: 'slow' }, async () => {
    const { child, ended } = start(batch);
    child.stdout.once('data', () => child.stdout.destroy());
    await feed(child);
    expect(await ended).toMatchObject({ exitCode: 0, stderr: '' });
  });

  describe.each([
    ['a file', () => start(['verify', '--batch', path, ...options])],
    [
      'a file in the place of standard input',
      () => {
        const descriptor = openSync(path, 'r');
        const started = start(batch, descriptor);
        closeSync(descriptor);
        return started;
      },
    ],
  ])('of %s', { tags: 'slow' }, (_what, startOn) => {
    test('answers every line', async () => {
      const { exitCode, stdout, stderr } = await startOn().ended;
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '20000 valid\n' });
      expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^\{"line":20000,"valid":true,/);
    });

    test('Ctrl-C ends a batch with 130 and no half line', async () => {
      const { child, ended } = startOn();
      child.stdout.once('data', () => child.kill('SIGINT'));
      const { exitCode, stdout, stderr } = await ended;
      expect(exitCode).toBe(130);
      expect(stderr).toMatch(/^interrupted after \d+ valid\n$/);
      expect(stdout.endsWith('}\n')).toBe(true);
    });

    test('exits without an error if the reader goes away', async () => {
      const { child, ended } = startOn();
      child.stdout.once('data', () => child.stdout.destroy());
      expect(await ended).toMatchObject({ exitCode: 0, stderr: '' });
    });
  });

  test('a slow reader pauses the reading, and gets every line', { tags: 'slow' }, async () => {
    const { child, ended } = start(batch);
    child.stdout.pause();
    const given = await feed(child);
    expect(given).toBeLessThan(16_000_000);
    child.stdout.resume();
    child.stdin.end();
    const { exitCode, stdout } = await ended;
    expect(exitCode).toBe(0);
    expect(stdout.match(/^\{"line":\d+,"valid":true,.*\}$/gm)?.length).toBe(stdout.split('\n').length - 1);
    expect(stdout.split('\n').length - 1).toBeGreaterThanOrEqual(given / (valid.length + 1));
  });
});

test.each([
  [
    { lines: 50_000, bytes: 250, size: 1000, seconds: 2 },
    '██████░░░░░░░░░░░░░░░░░░ 25 %, 50 000 lines, 25 000/s, 6s left',
  ],
  [{ lines: 1200, bytes: 250, size: undefined, seconds: 2 }, '1 200 lines, 600/s'],
])('progress shows the time left if the size is known', (at, line) => {
  expect(renderProgress(at)).toBe(line);
});

describe('errors in a thread', () => {
  test('a damaged store is exit 3 and no verdict', async () => {
    const store = join(temporaryFolder(), 'denylist');
    mkdirSync(join(store, 'data.mdb'), { recursive: true });
    const args = ['verify', '--batch', '--workers', '2', ...byKey, '--store', `lmdb:${store}`];
    const { exitCode, stdout, stderr } = await run(args, `${valid}\n`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toMatch(/^error: the denylist at/);
  });

  test('decode needs no key on any thread', { tags: 'slow' }, async () => {
    const { exitCode, stdout } = await run(['decode', '--batch', '--workers', '2'], `${unsigned({ sub: 'u' })}\n`);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ line: 1, claims: { sub: 'u' } });
  });
});

describeWithRedis('a batch with Redis', () => {
  test('a store that goes away ends the batch with 3 after the verdicts so far', {
    tags: 'slow',
  }, async () => {
    const server = await startRedis();
    try {
      const { child, ended } = start(['verify', '--batch', '--workers', '2', ...byKey, '--store', server.url]);
      const lines = `${valid}\n`.repeat(200);
      let isStopped = false;
      child.stdout.once('data', async () => {
        await server.stop('SIGKILL');
        isStopped = true;
        child.stdin.end(lines);
      });
      child.stdin.write(lines);
      const { exitCode, stdout, stderr } = await ended;
      expect({ exitCode, isStopped }).toEqual({ exitCode: 3, isStopped: true });
      expect(stderr).toMatch(/^stopped after \d+ lines: \d+ valid\nerror: the Redis store .* cannot be used: /);
      const numbers = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).line);
      expect(numbers).toEqual(numbers.map((_, at) => at + 1));
      expect(numbers.length).toBeLessThan(400);
    } finally {
      await server.remove();
    }
  });
});
