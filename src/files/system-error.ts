/** Errors of the operating system, in words. */
import { errorCodeOf, JwtkitError } from '../errors.js';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'it is a folder',
  EPIPE: 'nobody reads it any more',
  ENOTDIR: 'a part of its path is not a folder',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EIO: 'input or output failed',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'too many symbolic links',
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'there is no such host',
};

/** Why a system call failed, in words. */
export function reasonOf(error: unknown): string {
  const code = errorCodeOf(error);
  return reasons[code] ?? (code || 'unknown reason');
}

/** The error for a file that cannot be read. */
export function notReadable(path: string, cause: unknown): JwtkitError {
  return new JwtkitError('FILE_NOT_READABLE', `cannot read ${path}: ${reasonOf(cause)}`, { cause });
}

/** The error for a path that cannot be written. */
export function notWritable(path: string, cause: unknown): JwtkitError {
  return new JwtkitError('FILE_NOT_WRITABLE', `cannot write ${path}: ${reasonOf(cause)}`, { cause });
}
