/** `serve` whose keyring, denylist and log are on one disk that fills up, in one process and in several. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { alice, aliceForm, asClient, sendForm, writeAccounts } from '../cli/served.js';
import { describeWithSmallDisk, mountSmallDisk } from '../small-disk.js';
import { until } from '../store/redis-server.js';
import { jwtkitOut, note, root } from './processes.js';

/** How often the disk is filled. */
const rounds = Number(process.env.JWTKIT_FULL_DISK_ROUNDS ?? 20);

interface Service {
  readonly url: string;
  readonly child: ChildProcess;
  stderr(): string;
  readonly ended: Promise<number | null>;
}

const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts the service with its standard output, the log, in a file. */
async function startLogging(args: readonly string[], logFile: string): Promise<Service> {
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [join(root, 'bin', 'jwtkit.js'), 'serve', '--port', '0', ...args], {
    stdio: ['ignore', log, 'pipe'],
  });
  closeSync(log);
  running.add(child);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (exitCode) => {
      running.delete(child);
      resolve(exitCode);
    });
  });
  await until('the address', () => /^listening on (\S+)$/m.test(stderr), { seconds: 60 });
  return { url: /^listening on (\S+)$/m.exec(stderr)?.[1] ?? '', child, stderr: () => stderr, ended };
}

describeWithSmallDisk('serve on a full disk', () => {
  const disk = mountSmallDisk(32_768);

  test.each([1, 2])(
    'in %i processes: answers 503 or keeps acknowledged changes, recovers with room, and ends on SIGTERM',
    async (workers) => {
      const keyring = join(disk.folder, `keyring-${workers}`);
      const logFile = join(disk.folder, `log-${workers}`);
      await jwtkitOut('keygen', '--alg', 'ES256', '--keyring', keyring);
      writeAccounts(keyring, [alice]);
      const args = ['--keyring', keyring, '--rotate', '--rotate-grace', '0', '--workers', String(workers)];
      const service = await startLogging(args, logFile);
      const send = (path: string, form: Record<string, string>, headers = {}) =>
        sendForm(`${service.url}${path}`, form, headers);
      const logIn = async () => (await send('/token', aliceForm)).body as Record<string, string>;
      const count = { kept: 0, refused: 0 };
      const used: string[] = [];
      const revoked: string[] = [];
      for (let round = 0; round < rounds; round++) {
        const sessions = await Promise.all(Array.from({ length: 8 }, logIn));
        disk.fill(4096 * (round % 7));
        let isFull = false;
        // Room that the denylist has taken beforehand is used up first.
        const rotate = async ({ access_token = '', refresh_token = '' }) => {
          let latest = refresh_token;
          for (let turn = 0; turn < 500; turn++) {
            const { status, body } = await send('/token/refresh', { refresh_token: latest });
            expect([200, 503], `round ${round}: ${JSON.stringify(body)}`).toContain(status);
            if (status === 503) {
              count.refused++;
              isFull = true;
              break;
            }
            count.kept++;
            if (isFull || turn === 499) used.push(latest);
            latest = String(body.refresh_token);
          }
          const { status } = await send('/revoke', { token: access_token }, asClient);
          expect([200, 503]).toContain(status);
          if (status === 200) revoked.push(access_token);
          return latest;
        };
        const latest = await Promise.all(sessions.map(rotate));
        // What needs no room goes on.
        expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
        disk.free();
        // Nothing was done for those that were refused: they are still good.
        for (const refresh_token of latest)
          expect((await send('/token/refresh', { refresh_token })).status, `round ${round}, with room`).toBe(200);
        used.push(...latest);
      }
      for (const token of revoked) {
        const { body } = await send('/introspect', { token }, asClient);
        expect(body).toEqual({ active: false });
      }
      for (const refresh_token of used) expect((await send('/token/refresh', { refresh_token })).status).toBe(401);
      expect(count.refused).toBeGreaterThan(0);
      note(`serve, ${workers} processes, on a full disk: ${count.kept} kept, ${count.refused} refused`);
      await until('the notice of lost lines', () => readFileSync(logFile, 'utf8').includes('"msg":"log lines lost"'));
      const notes = service.stderr().match(/^note: log lines are lost .*$/gm) ?? [];
      expect(notes.length).toBeGreaterThan(0);
      expect(notes.length).toBeLessThanOrEqual(rounds * workers);
      expect(service.stderr()).not.toMatch(/ at .*:\d+|Write error|replaced/);
      // Full again, and told to end.
      disk.fill(0);
      await Promise.all(Array.from({ length: 5 }, () => fetch(`${service.url}/healthz`)));
      const start = performance.now();
      service.child.kill('SIGTERM');
      expect(await service.ended).toBe(0);
      expect(performance.now() - start).toBeLessThan(15_000);
      disk.free();
    },
  );
});
