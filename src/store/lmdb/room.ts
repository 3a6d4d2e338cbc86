/**
 * Reserves room on the disk before LMDB needs it. On a full disk LMDB ends the process: it maps its lock file into memory without
 * room (SIGBUS), and cannot handle a new file without room (SIGSEGV).
 */
import { closeSync, constants, openSync, rmSync, statfsSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrorCode } from '../../errors.js';
import { readExtent } from './file.js';

/** Bytes of a lock file: more than the 8272 that LMDB needs for 126 readers, so that LMDB never extends it. */
const lockBytes = 12_288;
/** A shorter lock file is incomplete. */
const leastLockBytes = 8192;
/** Bytes of a disk block, or less. */
const pieceBytes = 4096;
/** Bytes that a small change adds to a large file at most: LMDB copies each page that it touches. */
const changeBytes = 65_536;
/** Bytes for each further change of a transaction, which shares most pages with the first. */
const furtherBytes = 16_384;
/** Bytes of the disk that are left to other files. */
const leftBytes = 1_048_576;
/** Bytes for the expired entries that a change removes: each may be on a page of its own. */
const pruningBytes = 262_144;

/**
 * Reserves room for the whole lock file by a byte in each block. LMDB pads its records to 64 bytes and never uses the last byte of a
 * block, so this disturbs no process that has the file open.
 * @throws {Error} of node:fs.
 */
export function takeLockRoom(folder: string): void {
  if (process.platform === 'win32') return;
  const path = join(folder, 'lock.mdb');
  // Never opens a whole lock file: closing it would release this process's locks on it (POSIX), which LMDB may hold already. The next
  // process would then take itself for the first one, and make a new lock under the others.
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && found.size >= leastLockBytes) return;
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  } catch (error) {
    // LMDB reads without a lock file if it may not write one.
    if (hasErrorCode(error, 'EACCES', 'EPERM', 'EROFS')) return;
    throw error;
  }
  try {
    for (let at = pieceBytes - 1; at < lockBytes; at += pieceBytes) writeSync(descriptor, Buffer.alloc(1), 0, 1, at);
  } finally {
    closeSync(descriptor);
  }
}

/** @throws {Error} of node:fs if the folder has no room for a new LMDB file. */
export function expectRoom(folder: string): void {
  const probe = join(folder, 'room');
  writeFileSync(probe, Buffer.alloc(changeBytes));
  rmSync(probe);
}

/** Returns the bytes to reserve: `wanted`, but of the disk's last megabyte only what one change needs. */
function takeableRoom(folder: string, room: number, wanted: number): number {
  const { bavail, bsize } = statfsSync(folder);
  return Math.max(changeBytes, Math.min(wanted, room + bavail * bsize - leftBytes));
}

export interface Room {
  /** The number of small changes, at least 1. */
  readonly changes: number;
  /** Whether many expired entries may be removed too. */
  readonly forPruning: boolean;
}

/**
 * Extends the file of an environment for the running transaction, while no other process writes.
 * @throws {Error} of node:fs; ENOSPC without room for a single change.
 */
export function takeRoom(folder: string, changes: number): Room {
  const descriptor = openSync(join(folder, 'data.mdb'), 'r+');
  try {
    const { used, size } = readExtent(descriptor) ?? { used: 0, size: 0 };
    const wanted = changeBytes + (changes - 1) * furtherBytes + pruningBytes;
    let room = size - used;
    // Twice as much, since extending a file is slow.
    const enough = room < wanted ? takeableRoom(folder, room, 2 * wanted) : 0;
    try {
      while (room < enough) room += writeSync(descriptor, Buffer.alloc(enough - room), 0, enough - room, used + room);
    } catch (error) {
      if (room < changeBytes) throw error;
    }
    return {
      changes: Math.min(changes, 1 + Math.floor((room - changeBytes) / furtherBytes)),
      forPruning: room >= wanted,
    };
  } finally {
    closeSync(descriptor);
  }
}
