/** argon2, from the package of `@node-rs/argon2` for this platform. */
import { cLibrary, loadNativePackage } from '../native-package.js';
import type { passwordCost } from './password-cost.js';

/** The functions that are used here. argon2id is their default, and so is version 0x13. */
interface Argon2 {
  hash(password: string, options: typeof passwordCost): Promise<string>;
  verify(hash: string, password: string): Promise<boolean>;
}

/**
 * Loads argon2, on first use.
 * @throws {JwtkitError} STORE_UNAVAILABLE if there is none for this platform.
 */
export function loadArgon2(): Argon2 {
  const { platform, arch } = process;
  return loadNativePackage({
    name: `@node-rs/argon2-${platform}-${arch}${variantOf(platform, arch)}`,
    what: 'hashing a password',
  });
}

/** What follows platform and processor in the package's name. */
function variantOf(platform: string, arch: string): string {
  if (platform === 'win32') return '-msvc';
  if (platform !== 'linux') return '';
  const library = cLibrary() === 'musl' ? 'musl' : 'gnu';
  return arch === 'arm' ? `-${library}eabihf` : `-${library}`;
}
