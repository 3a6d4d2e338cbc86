/**
 * Tests beside other people's programs. Where one is not installed its tests are skipped and say so;
 * JWTKIT_REQUIRE_PEERS=1 makes that a failure.
 */
import { spawnSync } from 'node:child_process';
import { describe, test } from 'vitest';

/** Declares tests that need a program, which must answer to `--version` or `version`. */
export function describeWithProgram(program: string, title: string, body: () => void): void {
  const isThere = ['--version', 'version'].some((word) => spawnSync(program, [word]).status === 0);
  const reason = `${program} not installed`;
  if (isThere) describe(title, body);
  else if (process.env.JWTKIT_REQUIRE_PEERS !== '1') describe.skip(`${title} (skipped: ${reason})`, body);
  else {
    test(title, () => {
      throw new Error(`${reason}, and JWTKIT_REQUIRE_PEERS asks for it`);
    });
  }
}
