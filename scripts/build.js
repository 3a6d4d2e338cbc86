/**
 * Builds dist/: the library as ES modules with declarations, one file a source file, and the command line as CommonJS
 * chunks with its dependencies inside: one-shot commands then open a few files instead of a hundred, and skip the set-up of
 * Node's ES module loader.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
rmSync('dist', { recursive: true, force: true });

const typescript = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
execFileSync(process.execPath, [typescript, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

/** Commander needs it for subcommands that are programs of their own, which jwtkit has none of; loading it takes 5 ms. */
const withoutChildProcess = {
  name: 'without-child-process',
  resolveId: (id) => (id === 'node:child_process' ? '\0child-process' : null),
  load: (id) => (id === '\0child-process' ? 'module.exports = {}' : null),
};

const bundle = await rolldown({
  input: { main: 'src/cli/bundle.ts' },
  platform: 'node',
  plugins: [withoutChildProcess],
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
});
await bundle.write({
  dir: 'dist/cli',
  format: 'cjs',
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
});
await bundle.close();
