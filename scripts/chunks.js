/** Which chunk of the command line holds a module, and what the files of the library are called. */
import { relative, resolve, sep } from 'node:path';
import { packageOf } from './bundled-packages.js';

/** What processes and threads begin with. */
export const entriesOfCommandLine = {
  main: 'src/cli/bundle.ts',
  'batch-worker': 'src/batch/worker.ts',
  'bcrypt-worker': 'src/store/accounts/bcrypt-worker.ts',
};

/** Chunks for quick commands: these modules of src/cli and all that they import. Two files open sooner than twelve. */
const main = ['bundle', 'commands/decode', 'commands/inspect', 'terminal/table', 'terminal/shell-word'];
const tokens = ['commands/verify', 'commands/issue', 'grammar/keys/trusted', 'grammar/keys/signing', '../token/issue'];
/** The packages in a chunk. All others belong to the service: they are in `fastify`. */
const packages = {
  bcryptjs: ['bcryptjs'],
  chalk: ['chalk'],
  'csv-parse': ['csv-parse'],
  jsonwebtoken: ['jsonwebtoken', 'jws', 'jwa', 'ecdsa-sig-formatter', 'buffer-equal-constant-time'],
  'npm-jose': ['jose'],
  lmdb: ['lmdb', 'msgpackr', 'ordered-binary', 'weak-lru-cache', '@harperfast/extended-iterable'],
  'node-forge': ['node-forge'],
  opentelemetry: ['@opentelemetry/api'],
  'redis-client': ['@redis/client', 'cluster-key-slot'],
  // The service and jsonwebtoken share these.
  'shared-packages': ['ms', 'safe-buffer', 'semver'],
  spinner: ['yocto-spinner', 'yoctocolors'],
  undici: ['undici'],
  yaml: ['yaml'],
};

export const groupsOfCommandLine = [
  { name: 'main', priority: 3, test: isOneOf(main) },
  { name: 'tokens', priority: 2, test: isOneOf(tokens) },
  { name: chunkOf, debugName: 'folders', priority: 1, includeDependenciesRecursively: false },
];
/** A file of the library is called after the package that it holds. */
export function nameOfLibraryChunk({ name, facadeModuleId }) {
  return facadeModuleId === null ? name : (chunkOfPackage(facadeModuleId) ?? name);
}

function isOneOf(modules) {
  return (id) => modules.some((module) => id === resolve('src/cli', `${module}.ts`));
}

function chunkOfPackage(id) {
  const name = packageOf(id);
  if (name === undefined) return null;
  if (name.startsWith('lodash.')) return 'jsonwebtoken';
  return Object.keys(packages).find((chunk) => packages[chunk].includes(name)) ?? 'fastify';
}

/** The chunk of a module: its package, its command, or its folder in src/ (`src/store/denylist` becomes `store-denylist`). */
function chunkOf(id) {
  const ofPackage = chunkOfPackage(id);
  if (ofPackage !== null) return ofPackage;
  const [top, ...path] = relative('.', id).split(sep);
  if (top === 'docs') return 'policy';
  if (top !== 'src' || /(?:batch[\\/]|bcrypt-)worker\.ts$/.test(id)) return null;
  // Its recipes import the folder above them, which imports them.
  if (path[0] === 'fixtures') return 'fixtures';
  const folders = path.slice(0, -1);
  // The files of lint/ and of its folders import each other.
  if (folders[0] === 'lint') return 'lint';
  if (folders.join('/') === 'cli/commands') folders.push(path.at(-1).replace('.ts', ''));
  return folders.join('-');
}
