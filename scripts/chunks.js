/** Which chunk of the command line holds a module, and what the files of the library are called. */
import { relative, resolve, sep } from 'node:path';
import { packageOf } from './bundled-packages.js';

/** What processes and threads begin with. */
export const entriesOfCommandLine = {
  main: 'src/cli/bundle.ts',
  'batch-worker': 'src/batch/worker.ts',
  'bcrypt-worker': 'src/store/accounts/bcrypt-worker.ts',
};

/**
 * Chunks for quick commands: these modules of src/cli and all that they import, but for what a chunk above them holds. `main` has
 * the commands that need no node:crypto to start, and `tokens` what loads it. `given` is for keys of files and variables.
 */
const quick = {
  main: [
    'bundle',
    'commands/decode',
    'commands/inspect',
    'commands/verify',
    'grammar/output-file',
    'terminal/table',
    'terminal/shell-word',
  ],
  tokens: ['grammar/keys/trusted', '../token/examine', '../token/key-source'],
  unresolved: ['../jose/unresolved'],
  issue: ['commands/issue', 'grammar/keys/signing', '../token/issue'],
  given: ['grammar/keys/given', '../jose/keys'],
};
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
  ...Object.entries(quick).map(([name, modules], at) => ({ name, priority: 9 - at, test: isOneOf(modules) })),
  { name: chunkOf, debugName: 'folders', priority: 1, includeDependenciesRecursively: false },
];

/**
 * Three changes of the code of chunks, for Node 20, which compiles all of it in each run. Exports become one object of values: none
 * changes after its chunk has run, and V8 makes an object of 250 members sooner than it adds them one by one. CommonJS packages
 * become functions instead of arrows: V8 then compiles a package when it reads it, rather than reading it twice. Letters beyond
 * ASCII are escaped: one of them doubles a file in memory.
 */
export const quickToCompile = {
  renderChunk(code, { fileName }) {
    const members = [];
    const rest = code.replace(exported, (_, getter, local, name, value) => {
      if (local !== undefined && new RegExp(`^let (?:.*, )?${local.replaceAll('$', '\\$')}\\b`, 'm').test(code))
        throw new Error(`${fileName}: the export ${local} may change, and other chunks would keep its first value`);
      members.push(`${getter ?? name}: ${local ?? value}`);
      return '';
    });
    return members.length === 0 ? code : `${rest}\nmodule.exports = { ${members.join(', ')} };`;
  },
  generateBundle(_, files) {
    let found = 0;
    for (const file of Object.values(files)) {
      file.code = file.code?.replace(arrowOfPackage, (_, call, names) => {
        found++;
        return `${call}function(${names}){`;
      });
      if (escapeOfLetter.test(file.code ?? ''))
        throw new Error(`${file.fileName}: a letter beyond ASCII would change its meaning`);
      file.code = file.code?.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    }
    // Node looks for one above each file that it loads. Without this one it reads that of the project.
    this.emitFile({ type: 'asset', fileName: 'package.json', source: '{ "type": "commonjs" }\n' });
    if (found === 0) throw new Error('no CommonJS package was found: the bundler writes them in another way');
  },
};
const arrowOfPackage = /(\/\* @__PURE__ \*\/ \w+\.\w+\(\()\(?([\w$,]*)\)?=>\{/g;
/** A letter beyond ASCII behind a backslash, or in a raw template, where an escape would be more letters; a line end that may end a comment. */
const escapeOfLetter = /(?<!\\)(?:\\\\)*\\[^\0-\x7f]|\braw`[^`]*[^\0-\x7f]|[\u2028\u2029]/;
/** An export as a getter, with its name and what it returns; or as a value, with its name and that. */
const exported =
  /^Object\.defineProperty\(exports, "([\w$]+)", \{\s*enumerable: true,\s*get: function ?\(\) \{\s*return ([\w$]+);\s*\}\s*\}\);$|^exports\.([\w$]+) = (.+);$/gm;

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

/** Folders whose files are chunks: a command that needs one of them would open them all, and all that they import. */
const ofManySubjects = ['token', 'cli/commands', 'cli/grammar', 'cli/grammar/keys', 'cli/secrets', 'cli/terminal'];

/** The chunk of a module: its package, its file or its folder in src/ (`src/store/denylist` becomes `store-denylist`). */
function chunkOf(id) {
  const ofPackage = chunkOfPackage(id);
  if (ofPackage !== null) return ofPackage;
  const [top, ...path] = relative('.', id).split(sep);
  if (top === 'docs') return 'policy';
  if (top !== 'src' || /(?:batch[\\/]|bcrypt-)worker\.ts$/.test(id)) return null;
  // Its recipes import the folder above them, which imports them.
  if (path[0] === 'fixtures') return 'fixtures';
  const folders = path.slice(0, -1);
  // The files of these folders and of folders in them import each other.
  if (folders[0] === 'lint') return 'lint';
  if (folders[1] === 'routes') return 'server';
  if (ofManySubjects.includes(folders.join('/'))) folders.push(path.at(-1).replace('.ts', ''));
  return folders.join('-');
}
