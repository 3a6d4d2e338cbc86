/**
 * Tests beside other people's programs. Where one is not installed its tests are skipped and say so;
 * JWTKIT_REQUIRE_PEERS=1 makes that a failure.
 */
import { spawnSync } from 'node:child_process';
import { describe, test } from 'vitest';

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

function declare(missing: string | undefined, title: string, body: () => void): void {
  if (missing === undefined) describe(title, body);
  else if (process.env.JWTKIT_REQUIRE_PEERS !== '1') describe.skip(`${title} (skipped: ${missing})`, body);
  else {
    test(title, () => {
      throw new Error(`${missing}, and JWTKIT_REQUIRE_PEERS asks for it`);
    });
  }
}
