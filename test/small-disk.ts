/**
 * A disk of a megabyte or two that a test can fill: a tmpfs, which the system takes away again with the test file. Where none can be
 * mounted the tests are skipped and say so; JWTKIT_REQUIRE_TMPFS=1 makes that a failure.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';

/** A disk that may be full. */
export interface SmallDisk {
  readonly folder: string;
  /** Leaves so many bytes, rounded up to pages of 4 KiB. */
  fill(leave: number): void;
  /** Takes away what filled it. */
  free(): void;
}

const page = 4096;

/** Mounts a disk, which is gone after the tests of the file. */
export function mountSmallDisk(kibibytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-disk-'));
  const { status, stderr } = mount(folder, kibibytes);
  if (status !== 0) throw new Error(`no tmpfs can be mounted: ${stderr}`);
  afterAll(() => unmount(folder));
  const filling = join(folder, 'filling');
  return {
    folder,
    fill: (leave) => {
      const descriptor = openSync(filling, 'w');
      let size = 0;
      try {
        for (;;) size += writeSync(descriptor, Buffer.alloc(page));
      } catch {
        ftruncateSync(descriptor, Math.max(0, size - Math.ceil(leave / page) * page));
      } finally {
        closeSync(descriptor);
      }
    },
    free: () => rmSync(filling, { force: true }),
  };
}

function mount(folder: string, kibibytes: number) {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k,mode=0700`, 'none', folder], {
    encoding: 'utf8',
  });
}

/** Lazily, for a process that still ends. */
function unmount(folder: string): void {
  spawnSync('umount', ['--lazy', folder]);
  rmSync(folder, { recursive: true, force: true });
}

let reason: string | undefined | null = null;

/** Why no disk can be mounted here; undefined where one can. */
function problem(): string | undefined {
  if (reason !== null) return reason;
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-disk-'));
  const { status, stderr, error } = mount(folder, 64);
  reason = status === 0 ? undefined : `no tmpfs can be mounted: ${(error?.message ?? stderr).trim()}`;
  unmount(folder);
  return reason;
}

/** Declares tests that need a small disk, skipped where none can be mounted. */
export function describeWithSmallDisk(title: string, body: () => void): void {
  const why = problem();
  if (why === undefined) describe(title, body);
  else if (process.env.JWTKIT_REQUIRE_TMPFS !== '1') describe.skip(`${title} (skipped: ${why})`, body);
  else {
    test(title, () => {
      throw new Error(`${why}, and JWTKIT_REQUIRE_TMPFS asks for it`);
    });
  }
}
