/** How a service checks passwords, and replaces the hashes of other programs. */
import type { ServiceDeps } from '../../../server/service.js';
import { openBcryptThread } from '../../../store/accounts/bcrypt-thread.js';
import { openPasswordCheck } from '../../../store/accounts/password-check.js';
import { openPasswordRenewal } from '../../../store/accounts/password-renewal.js';
import type { Io } from '../../terminal/io.js';

/** The password functions of a service; `close` ends what is being written. */
export interface Passwords extends Required<Pick<ServiceDeps, 'isPassword' | 'renewHash'>> {
  close(): Promise<void>;
}

/** @param path the file of the users. */
export function openPasswords(accounts: Parameters<typeof openPasswordCheck>[0], path: string, io: Io): Passwords {
  let isNoted = false;
  const renewal = openPasswordRenewal(path, (error) => {
    if (!isNoted) io.note(`hashes of other programs stay as they are: ${(error as Error).message}`);
    isNoted = true;
  });
  const workerFile = io.bcryptWorkerFile?.();
  const compare = workerFile === undefined ? undefined : openBcryptThread(workerFile);
  return { isPassword: openPasswordCheck(accounts, compare), renewHash: renewal.renew, close: renewal.close };
}
