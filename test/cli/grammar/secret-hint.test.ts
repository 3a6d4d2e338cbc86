/** The hint where a signature does not hold, and would under another reading of the caller's own secret. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { fileWith, now, runCli, secret } from '../fake-io.js';

/** A token that somebody else signed with these bytes. */
function signedWith(bytes: string | Buffer, alg = 'HS256', claims: object = {}): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const input = `${encode({ alg, typ: 'JWT' })}.${encode({ sub: 'x', iat: now, exp: now + 60, ...claims })}`;
  return `${input}.${createHmac(`sha${alg.slice(2)}`, bytes)
    .update(input)
    .digest('base64url')}`;
}

const bytes = Buffer.from('fbefbefb'.repeat(20), 'hex');

describe('the hint names', () => {
  test.each<[string, string, string | Buffer, string[], string]>([
    ['base64', bytes.toString('base64'), bytes, [], '--secret-encoding base64\n'],
    ['base64 in lines', bytes.toString('base64').replace(/.{20}/g, '$&\n'), bytes, [], '--secret-encoding base64\n'],
    ['base64url', bytes.toString('base64url'), bytes, [], '--secret-encoding base64url\n'],
    ['hex', bytes.toString('hex'), bytes, [], '--secret-encoding hex\n'],
    [
      'a short secret in base64',
      Buffer.alloc(25, 1).toString('base64'),
      Buffer.alloc(25, 1),
      [],
      '--secret-encoding base64\n',
    ],
    ['no encoding', bytes.toString('hex'), bytes.toString('hex'), ['hex'], 'as it is written, not decoded from hex'],
    ['another encoding', bytes.toString('hex'), bytes, ['base64'], '--secret-encoding hex\n'],
    ['white space at the end', `${secret} \n`, secret, [], 'without the white space at its end'],
    ['a line end', secret, `${secret}\n`, [], 'with a line end after it'],
    ['a line end of Windows', secret, `${secret}\r\n`, [], 'with a line end after it'],
    ['white space around it', `  ${secret} \n`, secret, [], 'without the white space around it'],
    ['its name', `JWT_SECRET=${secret}`, secret, [], 'without the name before it'],
    ['its name in YAML', `jwt_secret: ${secret}`, secret, [], 'without the name before it'],
    ['its name in JSON', `"jwt.secret": "${secret}",`, secret, [], 'without the name before it'],
    ['the mark of Laravel', `base64:${Buffer.from(secret).toString('base64')}`, secret, [], 'remove base64: before it'],
    ['base64 of echo', Buffer.from(`${secret}\n`).toString('base64'), secret, [], 'without the line end in it'],
    ['hex of echo', Buffer.from(`${secret}\n`).toString('hex'), secret, [], 'without the line end in it'],
    [
      'base64 of base64',
      Buffer.from(Buffer.from(secret).toString('base64')).toString('base64'),
      secret,
      [],
      'and decoded once more',
    ],
    ['its name and quotes', `export JWT_SECRET='${secret}'`, secret, [], 'without the name before it'],
    ['quotes', `"${secret}"`, secret, [], 'without the quotes around it'],
  ])('%s', async (_, written, used, encoding, part) => {
    const flags = encoding.flatMap((name) => ['--secret-encoding', name]);
    const args = ['--secret-file', fileWith(`${written}\n`), ...flags];
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      // A secret may be too short for the longer hashes.
      if (alg !== 'HS256' && written.length < 64) continue;
      const run = await runCli(['verify', signedWith(used, alg), ...args]);
      expect(run).toMatchObject({ exitCode: 12 });
      expect(run.stderr).toContain(part);
      expect(run.stdout + run.stderr).not.toContain(written.trim());
    }
  });

  test('random bytes without their line end', async () => {
    const random = Buffer.concat([Buffer.alloc(31, 1), Buffer.of(0xff)]);
    const file = fileWith(Buffer.concat([random, Buffer.from('\n')]));
    const run = await runCli(['verify', signedWith(random), '--secret-file', file]);
    expect(run).toMatchObject({ exitCode: 12, stderr: expect.stringContaining('without the line end at its end') });
  });

  const written = bytes.toString('base64');
  const file = fileWith(written);

  test('the encoding in the JSON of verify', async () => {
    const { stdout, stderr } = await runCli(['verify', signedWith(bytes), '--secret-file', file, '--json']);
    const check = JSON.parse(stdout).checks.find((one: { name: string }) => one.name === 'signature');
    expect(check).toMatchObject({ status: 'failed', hint: expect.stringContaining('--secret-encoding base64') });
    expect(JSON.parse(stderr)).toMatchObject({ error: { hint: expect.stringContaining('--secret-encoding base64') } });
  });

  test('the encoding to refresh and to revoke', async () => {
    const refresh = signedWith(bytes, 'HS256', { type: 'refresh', jti: 'a' });
    for (const command of ['refresh', 'revoke']) {
      const run = await runCli([command, refresh, '--secret-file', file, '--store', `lmdb:${fileWith('')}-store`]);
      expect(run).toMatchObject({ exitCode: 12, stderr: expect.stringContaining('--secret-encoding base64') });
    }
  });
});

test('a signature that holds under no reading has no hint', async () => {
  const run = await runCli(['verify', signedWith('another'), '--secret-env', 'S'], {
    env: { S: bytes.toString('hex') },
  });
  expect(run).toMatchObject({ exitCode: 12 });
  expect(run.stderr).not.toContain('hint');
});
