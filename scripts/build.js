/**
 * Builds dist/: the library as ES modules with declarations, one file a source file, and the command line as CommonJS
 * chunks with its dependencies inside: one-shot commands then open a few files instead of a hundred, and skip the set-up of
 * Node's ES module loader.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

const rolldown = await loadBundler();

/** `npm ci --omit=dev` in a clone runs `prepare` too, without the tools to build with. */
async function loadBundler() {
  try {
    return (await import('rolldown')).rolldown;
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || process.env.npm_lifecycle_event !== 'prepare') throw error;
    console.error('jwtkit: not built, the development dependencies are not installed');
    process.exit();
  }
}

rmSync('dist', { recursive: true, force: true });

const typescript = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
execFileSync(process.execPath, [typescript, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

/**
 * Modules that dependencies load at start-up and one-shot commands have no use for, with what stands in for them.
 * Commander needs node:child_process for subcommands that are programs of their own, which jwtkit has none of (5 ms).
 */
const standIns = {
  'node:child_process': 'module.exports = {}',
};
const standInPlugin = {
  name: 'stand-ins',
  resolveId: (id) => (Object.hasOwn(standIns, id) ? `\0${id}` : null),
  load: (id) => standIns[id.slice(1)] ?? null,
};

/** Commander's writer of help, a tenth of the main chunk, is a file of its own: one-shot commands have no use for it. */
const helpPlugin = {
  name: 'help',
  resolveId(id, importer) {
    if (id === './help.cjs') return { id, external: true };
    return /[\\/]commander[\\/]/.test(importer ?? '') && /\/help\.js$/.test(id) ? '\0help' : null;
  },
  load: (id) =>
    id === '\0help'
      ? "exports.Help = function () { return new (require('./help.cjs').Help)(); };" +
        "exports.stripColor = (text) => require('./help.cjs').stripColor(text);"
      : null,
};

/**
 * Saves Node work with each file. With one character beyond ASCII in it, V8 keeps a source in two bytes a character. And the
 * bundler's few helpers go into every chunk that asks for them: another file to open costs more.
 */
const plainPlugin = {
  name: 'plain',
  generateBundle(_options, chunks) {
    const runtime = chunks['rolldown-runtime.cjs'];
    const inlined = `(()=>{const exports={};${runtime.code}return exports})()`;
    delete chunks['rolldown-runtime.cjs'];
    for (const chunk of Object.values(chunks)) {
      chunk.code = chunk.code
        ?.replaceAll('require("./rolldown-runtime.cjs")', () => inlined)
        .replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
      // By this the launcher tells whether what V8 compiled earlier is of this very text.
      if (chunk.code !== undefined)
        chunk.code = `/*${createHash('sha256').update(chunk.code).digest('base64url')}*/\n${chunk.code}`;
    }
  },
};

/**
 * Two files to open at most for a one-shot command: what every command needs, and what verifies and signs and so loads
 * node:crypto. The other commands, the stores of a denylist, keys over the network, the reader of a policy file, changes of a
 * keyring, colours and the spinner stay in chunks of their own.
 */
const crypto =
  /^src.(jose.(der|encrypted-key|jwk|jws|keys?|secret|x509)|token.(certificate-check|claim-checks|examine|key-source|verify|issue|keyring|policy)|store.keyring-directory|cli.(keys|named-secret|passphrase|commands.(verify|issue)))\b/;
const manage = /^src.(token.(refresh|revoke)|cli.commands.(?!decode|inspect|verify|issue|keys|users|clients)\w+)\b/;
/** Batches, apart from the file that their threads begin with. */
const batch = /^src.cli.batch\b/;
const stores = /^src.store.(awaited|denylist|lmdb|redis)/;
/** Keys over the network; the HTTP client itself is a chunk of its own, loaded when the cache cannot answer. */
const remote = /^src.(remote|store.document-cache|cli.remote-keys)\b/;
/** The reader of a policy file, and its schema: for whoever has one. */
const config = /^(src.cli.(config|schema)|docs)\b/;
/** Loads node:readline, for those who type a passphrase alone. */
const prompt = /^src.cli.prompt\b/;
/** What makes and reads certificates and PKCS#12, apart from node-forge, which is a file of its own. */
const certificates = /^src.(jose.(asn1|certificate|distinguished-name|pbe|pkcs12|subject-alt-name)|cli.certificates)\b/;
/** Changing a keyring, and the subcommands of `keys`: nothing that signs or verifies a token has a use for them. */
const keys = /^src.(cli.commands.keys|store.(lock|keyring-(?!directory))|token.(rotate|import))\b/;
/** Users and clients: for those who look after them, and for a server. */
const accounts =
  /^src.(cli.(accounts|password|sessions|commands.(users|clients))|store.(account|password|watched)|token.account)/;
/** The service, whose packages stay outside: whoever starts a server does not count milliseconds. */
const server = /^src.(server|cli.serve|cli.commands.serve|store.(keyring-watch|login-limits|memory-denylist))\b/;
/** A chunk's test by the path inside the project: the project itself may stand under any path. */
const inProject = (matches) => (id) => matches(relative(root, id));
const apart = [server, crypto, manage, stores, remote, config, prompt, certificates, keys, accounts, batch];
const main = (path) =>
  /^src.|^node_modules.commander.(?!lib.help)/.test(path) && !apart.some((group) => group.test(path));
// The first group that a module fits takes it, with what it imports: those that others import come first.
const chunks = [
  { name: 'server', priority: 1, test: inProject((path) => server.test(path)) },
  { name: 'main', priority: 4, test: inProject(main) },
  { name: 'crypto', priority: 3, test: inProject((path) => crypto.test(path)) },
  { name: 'manage', priority: 2, test: inProject((path) => manage.test(path)) },
  { name: 'remote', priority: 1, test: inProject((path) => remote.test(path)) },
  { name: 'config', priority: 1, test: inProject((path) => config.test(path)) },
  { name: 'node-forge', priority: 4, test: inProject((path) => /^node_modules.node-forge/.test(path)) },
  { name: 'certificates', priority: 1, test: inProject((path) => certificates.test(path)) },
  { name: 'batch', priority: 1, test: inProject((path) => batch.test(path) && !path.includes('worker')) },
  { name: 'stores', priority: 1, test: inProject((path) => stores.test(path)) },
  { name: 'keys', priority: 0, test: inProject((path) => keys.test(path)) },
  { name: 'accounts', priority: 2, test: inProject((path) => accounts.test(path)) },
];

const bundle = await rolldown({
  input: {
    main: 'src/cli/bundle.ts',
    help: 'node_modules/commander/lib/help.js',
    'batch-worker': 'src/cli/batch/worker.ts',
  },
  platform: 'node',
  external: [/^(?:@fastify\/|fastify$|helmet$|pino$|prom-client$)/],
  preserveEntrySignatures: 'allow-extension',
  // A dynamic import puts a file off for whoever loads the sources too; here the chunks below decide.
  checks: { ineffectiveDynamicImport: false },
  plugins: [standInPlugin, helpPlugin, plainPlugin],
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
});
const { output } = await bundle.write({
  dir: 'dist/cli',
  format: 'cjs',
  // Code that was kept (see bin/jwtkit.js) has forgotten how to import: V8 of Node 20 keeps no such thing with it.
  dynamicImportInCjs: false,
  minify: { compress: true, mangle: true, codegen: { removeWhitespace: true } },
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
  codeSplitting: { groups: chunks },
});
await bundle.close();

/** The bundle holds copies of other people's packages: their licences go with it. */
function writeLicences(chunks) {
  const folders = new Set();
  for (const id of chunks.flatMap((chunk) => chunk.moduleIds ?? [])) {
    const folder = /^.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), 'utf8').trim();
    return `${name} ${version}\n\n${text}\n`;
  });
  writeFileSync('dist/cli/LICENSES.txt', texts.join(`\n${'-'.repeat(80)}\n\n`));
}

writeLicences(output);

/** Runs the one-shot commands, so that what V8 compiles for them is kept: see bin/jwtkit.js. */
function compileCommands() {
  const launcher = join(root, 'bin/jwtkit.js');
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-build-'));
  const own = Object.entries(process.env).filter(([name]) => !/^(?:JWTKIT_|NODE_|SECRET_KEY$|ALGORITHM$)/.test(name));
  const jwtkit = (...args) => {
    const options = {
      cwd: folder,
      encoding: 'utf8',
      env: Object.fromEntries(own),
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    return execFileSync(process.execPath, [launcher, ...args], options).trim();
  };
  try {
    jwtkit('keygen');
    const token = jwtkit('issue', '--sub', 'user-123');
    for (const command of ['decode', 'inspect', 'verify']) jwtkit(command, token);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

compileCommands();
