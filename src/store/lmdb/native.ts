/**
 * Stands in the build for the loader of the package `lmdb`, which looks for a binary beside its own files. The binaries that use
 * Node-API run on every version of Node.
 */
import { cLibrary, loadNativePackage } from '../native-package.js';

/** @throws {JwtkitError} STORE_UNAVAILABLE if there is none for this platform. */
export default function loadBinary(): unknown {
  const { platform, arch } = process;
  const file = platform === 'linux' ? `node.napi.${cLibrary()}.node` : 'node.napi.node';
  return loadNativePackage({
    name: `@lmdb/lmdb-${platform}-${arch}/${file}`,
    what: 'LMDB, which locks the keyring and holds the denylist,',
    otherwise: 'keep the denylist in Redis',
  });
}
