/**
 * Tests beside other people's programs. Where one is not installed its tests are skipped and say so;
 * JWTKIT_REQUIRE_PEERS=1 makes that a failure.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, type TestOptions, test } from 'vitest';

/** Variables by which tests are told what there is, and what they must not skip. */
const isForTests = /^JWTKIT_(?:VECTORS|REQUIRE_\w+|CHROMIUM|BUN|SEED|FULL_DISK_ROUNDS)$/;

/** The environment of a user's shell, without the variables that are for tests: jwtkit looks at names like its own. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isForTests.test(name)));
}

/** Declares tests that need a program, which must answer to `--version`, `version` or `-v`. */
export function describeWithProgram(program: string, title: string, body: () => void): void {
  const isThere = ['--version', 'version', '-v'].some((word) => spawnSync(program, [word]).status === 0);
  declare(isThere ? undefined : `${program} not installed`, title, body);
}

/** Declares tests that need a Python with some modules; the body is told which. */
export function describeWithPython(modules: readonly string[], title: string, body: (python: string) => void): void {
  const names = modules.join(', ');
  const programs = ['python3', '/usr/bin/python3'];
  const python = programs.find((program) => spawnSync(program, ['-c', `import ${names}`]).status === 0);
  declare(python === undefined ? `no python3 with ${names}` : undefined, title, () => body(python ?? ''));
}

/** Declares tests that make files of other users, and run as them, which root alone can. */
export function describeAsRoot(title: string, ...given: [() => void] | [TestOptions, () => void]): void {
  const [options, body] = given.length === 1 ? [{}, given[0]] : given;
  declare(process.geteuid?.() === 0 ? undefined : 'not run as root', title, body, options);
}

/**
 * Copies Node, the built project and what it needs at run time into a folder that every user may read. Node and the
 * checkout often lie where only root can go. Returns the paths of the two programs.
 */
export function copyForEveryUser(folder: string): { node: string; binary: string } {
  const project = fileURLToPath(new URL('..', import.meta.url));
  chmodSync(folder, 0o755);
  const node = join(folder, 'node');
  cpSync(process.execPath, node);
  const { stdout } = spawnSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], { cwd: project, encoding: 'utf8' });
  const modules = stdout.split('\n').filter((path) => path.startsWith(join(project, 'node_modules')));
  for (const path of ['package.json', 'bin', 'dist', ...modules.map((path) => path.slice(project.length))]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(project, path), join(folder, path), { recursive: true });
  }
  const opened = spawnSync('chmod', ['-R', 'a+rX', folder]);
  if (opened.status !== 0) throw new Error(`chmod failed in ${folder}`);
  chmodSync(node, 0o755);
  return { node, binary: join(folder, 'bin', 'jwtkit.js') };
}

function declare(missing: string | undefined, title: string, body: () => void, options: TestOptions = {}): void {
  if (missing === undefined) describe(title, options, body);
  else if (process.env.JWTKIT_REQUIRE_PEERS !== '1') describe.skip(`${title} (skipped: ${missing})`, body);
  else {
    test(title, () => {
      throw new Error(`${missing}, and JWTKIT_REQUIRE_PEERS asks for it`);
    });
  }
}
