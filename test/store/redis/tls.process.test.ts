// @module-tag slow
/** Redis behind TLS: its certificate counts, whatever the environment says. With the real binary, since Node reads variables early. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../scripts/free-port.js';
import { makeKeyring, stdoutOf, temporaryFolder } from '../../cli/fake-io.js';
import { runBinary } from '../../cli/served.js';
import { makeCertificates } from '../../remote/certificates.js';
import { describeWithRedis, type RedisServer, startRedis, untilClusterIsWhole } from '../redis-server.js';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
// A build without TLS does not know the first option; one with it stops at the second.
const { stderr, stdout } = spawnSync('redis-server', ['--tls-port', '0', '--port', 'none'], { encoding: 'utf8' });
const hasTls = hasOpenssl && !/'tls-port "0"'/.test(`${stdout}${stderr}`);
const reason = hasTls ? '' : ' (skipped: openssl, or a redis-server with TLS, is not installed)';

describeWithRedis('Redis with TLS', () =>
  describe.skipIf(!hasTls)(`certificates${reason}`, () => {
    const folder = temporaryFolder();
    const ports: Record<string, number> = {};
    const servers: RedisServer[] = [];
    let keyring: string;
    let token: string;
    beforeAll(async () => {
      makeCertificates(folder);
      const tls = async (name: string, ...args: string[]) => {
        const port = await freePort();
        const files = [
          '--tls-cert-file',
          `${name}.pem`,
          '--tls-key-file',
          `${name}.key`,
          '--tls-ca-cert-file',
          'ca.pem',
        ];
        const paths = files.map((file) => (file.startsWith('--') ? file : join(folder, file)));
        servers.push(
          await startRedis({ args: ['--tls-port', String(port), ...paths, '--tls-auth-clients', 'no', ...args] }),
        );
        ports[name] = port;
      };
      for (const name of ['good', 'other', 'expired']) await tls(name);
      const busPort = String(await freePort());
      const single = ports.good as number;
      await tls(
        'good',
        '--cluster-enabled',
        'yes',
        '--cluster-port',
        busPort,
        '--tls-cluster',
        'yes',
        '--cluster-announce-ip',
        '127.0.0.1',
      );
      ports.cluster = ports.good as number;
      ports.good = single;
      const node = servers.at(-1) as RedisServer;
      await node.ask('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      await untilClusterIsWhole([node]);
      const sentinelPort = await freePort();
      const tlsOf = ([name, value]: readonly [string, string]) => `${name} ${value}`;
      const own = [
        ['tls-port', String(sentinelPort)],
        ['tls-cert-file', join(folder, 'good.pem')],
        ['tls-key-file', join(folder, 'good.key')],
        ['tls-ca-cert-file', join(folder, 'ca.pem')],
        ['tls-auth-clients', 'no'],
        ['tls-replication', 'yes'],
        ['sentinel', `monitor mymaster 127.0.0.1 ${single} 1`],
      ] as const;
      servers.push(await startRedis({ sentinel: `${own.map(tlsOf).join('\n')}\n` }));
      ports.sentinel = sentinelPort;
      keyring = await makeKeyring();
      token = await stdoutOf([
        'issue',
        '--sub',
        'u',
        '--keyring',
        keyring,
        '--ttl',
        '1h',
        '--at',
        new Date().toISOString(),
      ]);
    }, 60_000);
    afterAll(() => Promise.all(servers.map((server) => server.remove())));

    /** Verifies with a store. On a full machine a sentinel may be silent for longer than jwtkit waits: it is asked once more then. */
    const verify = async (scheme: string, name: string, env: Record<string, string>) => {
      const master = scheme.endsWith('sentinel') ? '/mymaster' : '';
      const store = `${scheme}://127.0.0.1:${ports[name]}${master}`;
      const args = ['verify', token, '--keyring', keyring, '--store', store];
      const first = await runBinary(args, { cwd: folder, env });
      return first.stderr.includes('no answer within') ? runBinary(args, { cwd: folder, env }) : first;
    };
    const trusting = () => ({ NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') });
    const careless = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };

    const title = '%s trusts an own CA only with NODE_EXTRA_CA_CERTS';
    test.each([['rediss', 'good']])(title, expectTrust);
    test.each([
      ['rediss+cluster', 'cluster'],
      ['rediss+sentinel', 'sentinel'],
    ])(title, { tags: 'slow' }, expectTrust);

    async function expectTrust(scheme: string, name: string): Promise<void> {
      expect(await verify(scheme, name, trusting())).toMatchObject({ exitCode: 0, stderr: '' });
      const { exitCode, stderr } = await verify(scheme, name, careless);
      expect(stderr).toContain(': its certificate is not trusted\n');
      expect(stderr).toContain('hint: a CA of your own is trusted with NODE_EXTRA_CA_CERTS=FILE in the environment\n');
      expect(exitCode).toBe(3);
    }

    test.each([
      ['other', /its certificate is for another host/],
      ['expired', /its certificate has expired/],
    ])('refuses a server with %s', { tags: 'slow' }, async (name, message) => {
      const { exitCode, stderr } = await verify('rediss', name, { ...trusting(), ...careless });
      expect(stderr).toMatch(message);
      expect(exitCode).toBe(3);
    });

    test('login limits check the certificate too', { tags: 'slow' }, async () => {
      const args = ['serve', '--port', '0', '--keyring', keyring, '--store', `rediss://127.0.0.1:${ports.good}`];
      const { exitCode, stderr } = await runBinary(args, { cwd: folder, env: careless });
      expect(stderr).toMatch(/the Redis store that counts log-ins cannot be reached: its certificate is not trusted/);
      expect(exitCode).toBe(3);
    });
  }),
);
