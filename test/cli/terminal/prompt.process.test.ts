// @module-tag slow
/** The hidden prompt at a real terminal, by the real binary. */
import { spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { describeWithProgram } from '../../programs.js';
import { stdoutOf, temporaryFolder } from '../fake-io.js';

const binary = fileURLToPath(new URL('../../../bin/jwtkit.js', import.meta.url));
const driver = fileURLToPath(new URL('terminal.py', import.meta.url));

/** What is waited for on the screen, and what is typed then. */
type Step = readonly [wait: string, type: string];

interface Session {
  status: number | null;
  signal: number | null;
  stdout: string;
  screen: string;
  /** Whether the terminal is left as it was found: echo on, lines edited by the system. */
  restored: boolean;
}

function atTerminal(args: readonly string[], steps: readonly Step[]): Session {
  const environment = Object.entries(process.env).filter(
    ([name]) => !/^(JWTKIT_|SECRET_KEY|ALGORITHM|FORCE_COLOR)/.test(name),
  );
  const spec = { argv: [process.execPath, binary, ...args], env: Object.fromEntries(environment), steps };
  const { stdout, stderr, status } = spawnSync('python3', [driver], { encoding: 'utf8', input: JSON.stringify(spec) });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

describeWithProgram('python3', 'at a terminal', () => {
  let keyring: string;
  let question: string;
  beforeAll(async () => {
    keyring = join(temporaryFolder(), 'keyring');
    await stdoutOf(['keygen', '--kid', 'k1', '--keyring', keyring, '--passphrase-env', 'P'], {
      env: { P: 'p\u00e4ss word' },
    });
    question = `passphrase of ${join(keyring, 'k1.pem')}: `;
  });

  test('issue asks for the passphrase, hides the answer, and prints only the token', () => {
    const session = atTerminal(['issue', '--keyring', keyring], [[': ', 'p\u00e4ss word\r']]);
    expect(session).toMatchObject({ status: 0, signal: null, restored: true, screen: `${question}\r\n` });
    expect(session.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  test('backspace and Ctrl-U correct the answer; Ctrl-Z does nothing', { tags: 'slow' }, () => {
    const session = atTerminal(
      ['issue', '--keyring', keyring],
      [[': ', 'nonsense\u0015p\u00e4ss woo\u007f\u001ard\r']],
    );
    expect(session).toMatchObject({ status: 0, restored: true, screen: `${question}\r\n` });
  });

  test('a wrong passphrase exits 3 and says so', { tags: 'slow' }, () => {
    const session = atTerminal(['issue', '--keyring', keyring, '--color', 'never'], [[': ', 'hunter2\r']]);
    expect(session).toMatchObject({ status: 3, stdout: '', restored: true });
    expect(session.screen).toContain('error: ');
    // A terminal breaks lines.
    expect(session.screen.replace(/\s+/g, ' ')).toContain('wrong passphrase for the private key');
    expect(session.screen).not.toContain('hunter2');
  });

  test.each([
    ['nothing', '\r'],
    ['Ctrl-D', '\u0004'],
  ])('refuses %s as a passphrase', (_name, typed) => {
    const session = atTerminal(['issue', '--keyring', keyring, '--json'], [[': ', typed]]);
    expect(session).toMatchObject({ status: 3, stdout: '', restored: true });
    expect(session.screen).toContain('KEY_ENCRYPTED');
  });

  test('Ctrl-C at a prompt ends by the signal and restores the terminal', () => {
    const session = atTerminal(['issue', '--keyring', keyring], [[': ', 'half\u0003']]);
    expect(session).toMatchObject({ status: null, signal: 2, stdout: '', restored: true, screen: `${question}\r\n` });
  });

  test('keygen --encrypt asks twice', { tags: 'slow' }, () => {
    const folder = join(temporaryFolder(), 'keyring');
    const session = atTerminal(
      ['keygen', '--alg', 'ES256', '--kid', 'k2', '--keyring', folder, '--encrypt'],
      [
        ['new passphrase: ', 'correct horse\r'],
        ['the same again: ', 'correct horse\r'],
      ],
    );
    expect(session).toMatchObject({ status: 0, stdout: 'k2\n', restored: true });
    expect(session.screen).not.toContain('horse');
    const key = createPrivateKey({ key: readFileSync(join(folder, 'k2.pem')), passphrase: 'correct horse' });
    expect(key.asymmetricKeyType).toBe('ec');
  });

  test('Ctrl-C at the second question leaves nothing behind', { tags: 'slow' }, () => {
    const folder = temporaryFolder();
    const session = atTerminal(
      ['keygen', '--private', join(folder, 'key.pem'), '--encrypt'],
      [
        ['new passphrase: ', 'correct horse\r'],
        ['the same again: ', '\u0003'],
      ],
    );
    expect(session).toMatchObject({ signal: 2, stdout: '', restored: true });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('users add asks twice, and neither shows nor stores the password', { tags: 'slow' }, () => {
    const folder = join(temporaryFolder(), 'keyring');
    const session = atTerminal(
      ['users', 'add', 'alice', '--sub', 'user-123', '--keyring', folder],
      [
        ['new password: ', 'correct horse\r'],
        ['the same again: ', 'correct horse\r'],
      ],
    );
    expect(session).toMatchObject({ status: 0, stdout: '', restored: true });
    expect(session.screen).not.toContain('horse');
    expect(readFileSync(join(folder, 'users.json'), 'utf8')).not.toContain('horse');
  });

  test('asks nothing for a key that is not encrypted', { tags: 'slow' }, async () => {
    const folder = join(temporaryFolder(), 'keyring');
    await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', folder]);
    expect(atTerminal(['issue', '--keyring', folder], [])).toMatchObject({ status: 0, screen: '' });
  });
});
