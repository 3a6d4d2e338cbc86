/** Options of `serve` that are checked before it opens anything. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { originOption } from '../../../src/cli/commands/service/origin.js';
import { isCookieName } from '../../../src/server/cookie.js';
import { runCli, temporaryFolder } from '../fake-io.js';

const refuse = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await runCli(['serve', ...args, '--keyring', join(temporaryFolder(), 'none')]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  return stderr;
};

describe('--cors', () => {
  test.each([
    'https://app.example',
    'https://app.example:8443',
    'http://localhost:3000',
    'http://[::1]:3000',
    'https://xn--bcher-kva.example',
    // Apps on phones and desktops.
    'capacitor://localhost',
    'ionic://localhost',
    'tauri://localhost',
    'chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai',
  ])('takes the origin %s', (origin) => {
    expect(originOption('--cors', origin)).toBe(origin);
  });

  test.each([
    '*',
    'https://*',
    'https://*.example',
    'https://app.*',
    'http://localhost:*',
    '*.example',
    '*://app.example',
    'https://%2A.example',
    'https://%2a.example',
  ])('refuses the wildcard in %s, and says what to name', async (origin) => {
    const stderr = await refuse('--cors', origin);
    expect(stderr).toContain(`error: --cors: ${JSON.stringify(origin)} has a wildcard`);
    expect(stderr).toContain('hint: name each origin that may call: --cors https://app.example --cors ');
  });

  test.each([
    ['https://app.example/', 'https://app.example'],
    ['https://app.example/login?next=1', 'https://app.example'],
    ['https://App.Example', 'https://app.example'],
    ['https://app.example:443', 'https://app.example'],
    ['https://me:secret@app.example', 'https://app.example'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['capacitor://localhost/index.html', 'capacitor://localhost'],
  ])('refuses %s, which browsers do not send, and suggests %s', async (text, origin) => {
    const stderr = await refuse('--cors', text);
    expect(stderr).toMatch(/error: --cors: .* is not an origin/);
    expect(stderr).toContain(`did you mean ${origin}?`);
    expect(stderr).not.toContain('secret');
  });

  test.each([
    'app.example',
    'null',
    '',
    'file://',
    'file:///index.html',
    'about:blank',
    'data:text/html,x',
    'localhost:3000',
  ])('refuses %j, which is no origin', async (text) => {
    const stderr = await refuse('--cors', text);
    expect(stderr).toMatch(/--cors/);
    expect(stderr).not.toContain('did you mean');
  });

  test('refuses a wildcard in the variable by its name', async () => {
    const { exitCode, stderr } = await runCli(['serve', '--demo'], { env: { JWTKIT_CORS: 'https://*.example' } });
    expect(stderr).toContain('JWTKIT_CORS: "https://*.example" has a wildcard');
    expect(exitCode).toBe(2);
  });
});

describe('--auth-cookie', () => {
  test.each(['', 'a b', 'a=b', 'a;b', 'tøken', 'a"b', 'a'.repeat(129), 'Cookie: a'])(
    'refuses the name %j',
    async (name) => {
      const stderr = await refuse('--auth-cookie', name);
      expect(stderr).toMatch(/--auth-cookie/);
    },
  );

  test('refuses a cookie with its value, without repeating a token', async () => {
    const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU';
    const stderr = await refuse('--auth-cookie', `token=${token}`);
    expect(stderr).toContain('is not the name of a cookie');
    expect(stderr).toContain('hint: letters, digits and - _ . such as __Host-token; not its value');
    expect(stderr).not.toContain(token);
  });

  test.each(['token', '__Host-token', 'access_token', 'a.b-c_d~!#$'])('takes the name %s', (name) => {
    expect(isCookieName(name)).toBe(true);
  });
});
