/** Points of log-ins in the parent of several workers, which ask it for them. */
import cluster from 'node:cluster';
import { JwtkitError } from '../../errors.js';
import { type LoginPoints, memoryPoints, type PointEnd } from './points.js';

/** Milliseconds for the parent to answer. */
const answerLimit = 2000;

/** Takes a point with `bound`, ends a pending one with `end`. */
interface Question {
  readonly jwtkitLogins: 'question';
  readonly number: number;
  readonly key: string;
  readonly id: string;
  readonly bound?: number;
  readonly end?: PointEnd;
}

interface Reply {
  readonly jwtkitLogins: 'reply';
  readonly number: number;
  readonly answer: 'taken' | 'busy' | number;
}

/** Makes this process count the log-ins of its workers. */
export function countLoginsForWorkers(): void {
  const points = memoryPoints();
  cluster.on('message', async (worker, message: Question) => {
    if (message?.jwtkitLogins !== 'question') return;
    const { number, key, id, bound, end } = message;
    if (end !== undefined) await points.settle(key, id, end);
    const answer = bound === undefined ? 0 : await points.take(key, bound, id);
    const reply: Reply = { jwtkitLogins: 'reply', number, answer };
    // A worker may be ending.
    if (worker.isConnected()) worker.process.send(reply, () => {});
  });
}

export function parentPoints(): LoginPoints & { close(): void } {
  const waiting = new Map<number, (reply: Reply) => void>();
  let asked = 0;
  const hear = (message: Reply) => {
    if (message?.jwtkitLogins === 'reply') waiting.get(message.number)?.(message);
  };
  process.on('message', hear);
  const ask = (question: Omit<Question, 'jwtkitLogins' | 'number'>) =>
    new Promise<Reply['answer']>((resolve, reject) => {
      const number = ++asked;
      const fail = () => finish(() => reject(new JwtkitError('STORE_UNAVAILABLE', 'log-ins cannot be counted')));
      const timer = setTimeout(fail, answerLimit);
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        waiting.delete(number);
        settle();
      };
      waiting.set(number, ({ answer }) => finish(() => resolve(answer)));
      if (process.send === undefined) return fail();
      process.send(
        { jwtkitLogins: 'question', number, ...question } satisfies Question,
        undefined,
        undefined,
        (error) => {
          if (error !== null) fail();
        },
      );
    });
  return {
    take: (key, bound, id) => ask({ key, id, bound }),
    settle: async (key, id, end) => void (await ask({ key, id, end })),
    close: () => process.off('message', hear),
  };
}
