// @module-tag slow
/** Batches that encrypt and decrypt, with the real binary and its threads. */
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileWith, makeKeyring, stdoutOf, temporaryFolder } from '../cli/fake-io.js';
import { runBinary } from './binary.js';

describe('a batch on two threads', () => {
  const keepsOrder = '%s: line n comes back as line n';
  test.each(['A256KW'])(keepsOrder, expectOrder);
  test.each(['RSA-OAEP-256', 'ECDH-ES+A256KW'])(keepsOrder, { tags: 'slow' }, expectOrder);

  async function expectOrder(alg: string): Promise<void> {
    const secret = fileWith(Buffer.alloc(32, 7));
    const pair = alg.startsWith('RSA')
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = pair.publicKey.export({ type: 'spki', format: 'pem' }) as string;
    const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const isShared = alg === 'A256KW';
    const to = isShared ? ['--secret-file', secret] : ['--key', fileWith(spki)];
    const from = isShared ? ['--secret-file', secret] : ['--key', fileWith(pkcs8)];
    const lines = Array.from({ length: 400 }, (_, at) => `line ${at} ${'x'.repeat(at % 97)}`).join('\n');
    const made = await runBinary(['encrypt', '--batch', '--threads', '2', '--alg', alg, ...to], lines);
    expect(made).toMatchObject({ exitCode: 0, stderr: '400 encrypted\n' });
    const broken = made.stdout.replace(/\n/, '\nnonsense\n');
    const read = await runBinary(['decrypt', '--batch', '--threads', '2', ...from], broken);
    expect(read.exitCode).toBe(10);
    expect(read.stdout).toBe(`${lines.replace('\n', '\n\n')}\n`);
  }

  test('claims are signed on threads, and opened by an encrypted private key', async () => {
    const keyring = await makeKeyring();
    const passphrase = fileWith('correct horse');
    const enc = join(temporaryFolder(), 'enc');
    const keygen = ['keygen', '--use', 'enc', '--keyring', enc, '--passphrase-file', passphrase];
    await stdoutOf(keygen);
    const jwks = fileWith(await stdoutOf(['keys', 'jwks', '--keyring', enc]));
    const claims = Array.from({ length: 200 }, (_, at) => `{"sub":"u${at}","n":1.50}`).join('\n');
    const sign = ['encrypt', '--batch', '--threads', '2', '--sign', '--keyring', keyring, '--jwks', jwks];
    const made = await runBinary(sign, claims);
    expect(made).toMatchObject({ exitCode: 0, stderr: '200 encrypted\n' });
    const open = ['decrypt', '--batch', '--threads', '2', '--keyring', enc, '--passphrase-file', passphrase];
    const opened = await runBinary(open, made.stdout);
    expect(opened).toMatchObject({ exitCode: 0, stderr: '200 decrypted\n' });
    const verdicts = await stdoutOf(['verify', '--batch', '--with-claims', '--keyring', keyring], {
      stdin: opened.stdout,
      now: Date.now() / 1000,
    });
    const subjects = verdicts.split('\n').map((line) => JSON.parse(line).sub);
    expect(subjects).toEqual(Array.from({ length: 200 }, (_, at) => `u${at}`));
    expect(verdicts).toContain('"n":1.50');
  });

  test('a token for another key fails alike on every thread, and says nothing else', { tags: 'slow' }, async () => {
    const [one, other] = [1, 2].map((byte) => fileWith(Buffer.alloc(32, byte))) as [string, string];
    const made = await runBinary(['encrypt', '--batch', '--secret-file', one], 'a\nb\nc\n');
    const read = await runBinary(
      ['decrypt', '--batch', '--threads', '2', '--json', '--secret-file', other],
      made.stdout,
    );
    const answers = read.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect([read.exitCode, new Set(answers.map(({ error }) => JSON.stringify(error))).size]).toEqual([10, 1]);
    expect(answers[0].error.code).toBe('DECRYPTION_FAILED');
  });
});

test('memory stays small whatever the size of the input', { tags: 'slow' }, async () => {
  const secret = fileWith(Buffer.alloc(32, 7));
  const line = 'x'.repeat(4000);
  const limited = { NODE_OPTIONS: '--max-old-space-size=64' };
  const input = `${line}\n`.repeat(20_000);
  const made = await runBinary(['encrypt', '--batch', '--secret-file', secret], input, limited);
  expect([made.exitCode, made.stdout.length > 100_000_000]).toEqual([0, true]);
});
