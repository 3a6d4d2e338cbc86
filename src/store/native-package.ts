/** Native code comes in a package for each platform, and a package manager installs only the one that fits the machine. */
import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { JwtkitError } from '../errors.js';

interface NativePackage {
  /** The package's name, and the file in it unless it is the main one. */
  readonly name: string;
  /** What it is, as the beginning of a sentence. */
  readonly what: string;
  /** What the user can do without it. */
  readonly otherwise?: string;
}

/**
 * Loads a native package. Only `require` loads one without the ES module loader.
 * @throws {JwtkitError} STORE_UNAVAILABLE if the package is not installed or does not run on this machine.
 */
export function loadNativePackage<T>({ name, what, otherwise }: NativePackage): T {
  try {
    return createRequire(import.meta.url)(name) as T;
  } catch (cause) {
    const isMissing = (cause as { code?: unknown }).code === 'MODULE_NOT_FOUND';
    const packageName = name.split('/').slice(0, 2).join('/');
    const problem = isMissing ? 'is not installed' : 'does not run on this machine';
    const hint = 'install jwtkit on the machine that runs it, with its optional dependencies';
    throw new JwtkitError('STORE_UNAVAILABLE', `${what} needs the package ${packageName}, which ${problem}`, {
      hint: otherwise === undefined ? hint : `${hint}; or ${otherwise}`,
      cause,
    });
  }
}

/** The C library that this Node was built for; packages for Linux differ by it. */
export function cLibrary(): 'glibc' | 'musl' {
  // The first bytes of a Linux program name the loader of its C library. Asking Node for a report takes ten milliseconds.
  const head = Buffer.alloc(4096);
  const file = openSync(process.execPath, 'r');
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  return head.includes('/ld-musl-') ? 'musl' : 'glibc';
}
