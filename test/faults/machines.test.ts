/** Two services on one Redis and one keyring, one of which is killed under load: a client that asks the other loses nothing. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { alice, aliceForm, asClient, type Served, sendForm, serveBinary, writeAccounts } from '../cli/served.js';
import { describeWithRedis, startRedis, until } from '../store/redis-server.js';
import { jwtkitOut, note, quantile, temporaryFolder } from './processes.js';

const clients = 12;
const kills = 4;

describeWithRedis('one of two machines killed under load', () => {
  test('no session is lost, no good token refused, no revoked one accepted; a lost answer is repeated by the other', async () => {
    const redis = await startRedis();
    const keyring = join(temporaryFolder(), 'keyring');
    await jwtkitOut('keygen', '--alg', 'ES256', '--keyring', keyring);
    writeAccounts(keyring, [alice]);
    const args = [
      '--keyring',
      keyring,
      '--store',
      redis.url,
      '--rotate',
      '--issuer-url',
      'https://auth.example',
      '--aud',
      'api',
    ];
    const serve = () => serveBinary(args, { cwd: temporaryFolder() });
    const machines = (await Promise.all([serve(), serve()])) as [Served, Served];
    const waits: number[] = [];
    const wrong: string[] = [];
    let [renewals, repeats, askings] = [0, 0, 0];

    /** As a balancer: asks one machine, and the other if the first gives no answer. */
    const askEither = async <T>(
      turn: number,
      ask: (url: string) => Promise<T>,
    ): Promise<{ answer: T; wasRepeated: boolean }> => {
      const began = performance.now();
      const order = turn % 2 === 0 ? [0, 1] : [1, 0];
      for (const [at, machine] of order.entries()) {
        try {
          const answer = await ask(machines[machine as 0 | 1].url);
          waits.push(performance.now() - began);
          return { answer, wasRepeated: at > 0 };
        } catch (error) {
          if (at > 0) throw error;
        }
      }
      throw new Error('unreachable');
    };
    const judge = async (url: string, token: string) => {
      const response = await fetch(`${url}/users/me`, { headers: { authorization: `Bearer ${token}` } });
      await response.arrayBuffer();
      return response.status;
    };

    let isDone = false;
    const client = async (own: number) => {
      const session = (await sendForm(`${machines[0].url}/token`, aliceForm)).body as Record<string, string>;
      const gone = (await sendForm(`${machines[1].url}/token`, aliceForm)).body as Record<string, string>;
      await sendForm(`${machines[0].url}/revoke`, { token: String(gone.refresh_token) }, asClient);
      let { access_token: access, refresh_token: refresh } = session;
      for (let turn = own; !isDone; turn++) {
        const form = { refresh_token: String(refresh) };
        const renewed = await askEither(turn, (url) => sendForm(`${url}/token/refresh`, form));
        renewals++;
        if (renewed.wasRepeated) repeats++;
        const { status, body } = renewed.answer;
        if (status !== 200) {
          wrong.push(`${status} for a refresh: ${JSON.stringify(body)}`);
          return;
        }
        ({ access_token: access, refresh_token: refresh } = body as Record<string, string>);
        for (const [token, due] of [
          [access, 200],
          [gone.access_token, 401],
        ] as const) {
          const { answer } = await askEither(turn + 1, (url) => judge(url, String(token)));
          askings++;
          if (answer !== due) wrong.push(`${answer} instead of ${due}`);
        }
      }
    };
    const load = Promise.all(Array.from({ length: clients }, (_, own) => client(own)));
    try {
      for (let round = 0; round < kills; round++) {
        const before = renewals;
        await until('the load is under way', () => renewals > before + 100 || wrong.length > 0);
        const victim = (round % 2) as 0 | 1;
        await machines[victim].stop('SIGKILL');
        const alone = renewals;
        await until('the other serves on', () => renewals > alone + 100 || wrong.length > 0);
        machines[victim] = await serve();
      }
    } finally {
      isDone = true;
      await load;
      for (const machine of machines) await machine.stop();
      await redis.remove();
    }
    note(`  ${renewals} rotations, ${repeats} of them repeated at the other machine, ${askings} questions`);
    note(`  p99 ${quantile(waits, 0.99).toFixed(0)} ms, longest ${Math.max(...waits).toFixed(0)} ms`);
    expect(wrong).toEqual([]);
    expect(repeats).toBeGreaterThan(0);
  });
});
