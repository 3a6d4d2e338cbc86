// @module-tag slow
/** jwtkit's own service before every fixture of every level. */
import { afterAll, expect, test } from 'vitest';
import { type ServiceProcess, startService } from '../../server/service-process.js';
import { makeKeyring, runCli } from '../fake-io.js';

let service: ServiceProcess | undefined;
afterAll(async () => {
  await service?.stop();
});

test('jwtkit serve accepts no hostile token of any level, and every good one', async () => {
  const keyring = await makeKeyring('ES256');
  const iss = 'https://issuer.example';
  service = await startService(['--keyring', keyring, '--aud', 'api', '--issuer-url', iss]);
  const asked = ['--keyring', keyring, '--iss', iss, '--aud', 'api', '--level', 'all'];
  const now = Math.floor(Date.now() / 1000);
  const { exitCode, stdout, stderr } = await runCli(['probe', `${service.url}/users/me`, ...asked], { now });
  expect(stdout).toMatch(/(^|\n)0 of \d+ hostile tokens accepted, (\d+) of \2 good tokens accepted/);
  expect([exitCode, stderr]).toEqual([0, '']);
});
