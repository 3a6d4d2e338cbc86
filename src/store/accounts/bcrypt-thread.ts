/** bcrypt in a thread of its own, so that a service answers other requests meanwhile. */
import { Worker } from 'node:worker_threads';
import type { BcryptQuestion } from './bcrypt-worker.js';
import type { CompareBcrypt } from './password.js';

/** Returns a function that asks the thread. It starts with the first question, and keeps no process alive. */
export function openBcryptThread(workerFile: string): CompareBcrypt {
  let thread: ReturnType<typeof startThread> | undefined;
  return (password, hash) => {
    if (thread === undefined || thread.hasEnded()) thread = startThread(workerFile);
    return thread.ask({ password, hash });
  };
}

/** Starts a thread. Its questions are its own: an answer can never be taken for that to a question of another thread. */
function startThread(workerFile: string) {
  const waiting: { resolve: (isRight: boolean) => void; reject: (error: unknown) => void }[] = [];
  let hasEnded = false;
  const end = (error: unknown) => {
    hasEnded = true;
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  const worker = new Worker(workerFile);
  worker.on('message', (isRight: boolean) => waiting.shift()?.resolve(isRight));
  worker.once('error', end);
  worker.once('exit', (code) => end(new Error(`the thread for bcrypt ended with ${code}`)));
  worker.unref();
  return {
    hasEnded: () => hasEnded,
    ask: (question: BcryptQuestion) =>
      new Promise<boolean>((resolve, reject) => {
        waiting.push({ resolve, reject });
        worker.postMessage(question);
      }),
  };
}
