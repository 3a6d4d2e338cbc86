/** bcrypt in a thread of its own, so that a service answers other requests meanwhile. */
import { Worker } from 'node:worker_threads';
import type { BcryptQuestion } from './bcrypt-worker.js';
import type { CompareBcrypt } from './password.js';

/** Returns a function that asks the thread. It starts with the first question, and keeps no process alive. */
export function openBcryptThread(workerFile: string): CompareBcrypt {
  let thread: Worker | undefined;
  const waiting: { resolve: (isRight: boolean) => void; reject: (error: unknown) => void }[] = [];
  const fail = (error: unknown) => {
    thread = undefined;
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  const start = () => {
    const worker = new Worker(workerFile);
    worker.on('message', (isRight: boolean) => waiting.shift()?.resolve(isRight));
    worker.once('error', fail);
    worker.once('exit', (code) => fail(new Error(`the thread for bcrypt ended with ${code}`)));
    worker.unref();
    return worker;
  };
  return (password, hash) =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      thread ??= start();
      thread.postMessage({ password, hash } satisfies BcryptQuestion);
    });
}
