/** A thread that checks passwords against bcrypt hashes, one after the other: each takes hundreds of milliseconds of JavaScript. */
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';

/** What the thread is asked; it answers with a boolean, in the order of the questions. */
export interface BcryptQuestion {
  readonly password: string;
  readonly hash: string;
}

parentPort?.on('message', ({ password, hash }: BcryptQuestion) => {
  parentPort?.postMessage(compareSync(password, hash));
});
