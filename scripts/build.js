/**
 * Builds dist/: the library as ES modules with one file of declarations, and the command line as CommonJS chunks (`--cli`: these
 * alone). Both have the packages that they use inside, but for native ones. A hundred ES modules would open in twice the time.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copySwaggerUi, describePackages } from './bundled-packages.js';
import { groupsOfCommandLine, entriesOfCommandLine as input, nameOfLibraryChunk, quickToCompile } from './chunks.js';
import { writeManPages } from './man.js';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const { rolldown, minifySync, dts } = await loadTools();
if (process.argv[2] === '--cli') await bundleCommandLine();
else {
  rmSync('dist', { recursive: true, force: true });
  const chunks = [...(await bundleCommandLine()), ...(await bundleLibrary())];
  await rollUpDeclarations();
  describePackages(chunks, copySwaggerUi());
  await writeManPages(rolldown);
}

/** `npm ci --omit=dev` in a clone runs `prepare` too, without the tools to build with. */
async function loadTools() {
  try {
    const modules = [import('rolldown'), import('rolldown/utils'), import('rolldown-plugin-dts')];
    return Object.assign({}, ...(await Promise.all(modules)));
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || process.env.npm_lifecycle_event !== 'prepare') throw error;
    console.error('jwtkit: not built, the development dependencies are not installed');
    process.exit();
  }
}

function bundleCommandLine() {
  const output = {
    dir: 'dist/cli',
    format: 'cjs',
    minify: true,
    generatedCode: { symbols: false },
    plugins: [quickToCompile],
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    codeSplitting: { groups: groupsOfCommandLine },
  };
  // Commander loads it for subcommands that are programs; jwtkit has none. It takes a fifth of Node 24's own start.
  return bundle({ input, preserveEntrySignatures: 'allow-extension' }, output, { 'node:child_process': false });
}

function bundleLibrary() {
  const output = {
    dir: 'dist',
    format: 'esm',
    // Our own code stays readable, for stack traces.
    plugins: [{ renderChunk: (code, { name }) => (name === 'core' ? null : minifySync(`${name}.js`, code)) }],
    entryFileNames: '[name].js',
    chunkFileNames: (chunk) => `library/${nameOfLibraryChunk(chunk)}.js`,
    // One file opens sooner than several; packages are loaded on first use.
    codeSplitting: { groups: [{ name: 'core', test: /[\\/]src[\\/]/ }] },
  };
  return bundle({ input: { index: 'src/index.ts' }, preserveEntrySignatures: 'strict' }, output);
}

async function bundle(input, output, alias = {}) {
  const bundler = await rolldown({
    ...input,
    platform: 'node',
    // An import() that does not make a chunk of its own is no mistake here. ordered-binary uses eval; its names are kept.
    checks: { ineffectiveDynamicImport: false, eval: false, pluginTimings: false },
    resolve: {
      extensionAlias: { '.js': ['.ts', '.js'] },
      alias: {
        ...alias,
        'node-gyp-build-optional-packages': resolve('src/store/lmdb/native.ts'),
        // Without its native part, which would speed up an encoding that is not used.
        msgpackr: resolve('node_modules/msgpackr/index.js'),
      },
    },
  });
  const { output: chunks } = await bundler.write(output);
  await bundler.close();
  return chunks;
}

/** Needs no compiler but that of the project: it reads what tsc writes. */
async function rollUpDeclarations() {
  const tsc = 'node_modules/typescript/bin/tsc';
  execFileSync(process.execPath, [tsc, '-p', 'scripts/tsconfig.build.json'], { stdio: 'inherit' });
  const bundler = await rolldown({
    input: 'dist/types/index.d.ts',
    plugins: [dts({ dtsInput: true, emitDtsOnly: true })],
    external: /^node:/,
    checks: { pluginTimings: false },
  });
  await bundler.write({ dir: 'dist', format: 'esm', entryFileNames: 'index.d.ts' });
  await bundler.close();
  rmSync('dist/types', { recursive: true });
}
