/**
 * Fetched key documents on disk, a file each, for all processes of one user. Whoever can write here can have any token
 * accepted, so a folder or a file that somebody else owns or may write is not used.
 */

import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, rmSync, type Stats, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { JwtkitError } from '../errors.js';
import { isJsonObject, own, parseJson } from '../jose/json.js';
import type { CachedDocument, DocumentCache } from '../token/key-source.js';
import { isNumericDate } from '../token/time.js';
import { hasErrorCode, readFileBounded, writeFileWhole } from './files.js';
import { makeFolders } from './folders.js';

/** The largest file read, in bytes: a document of 1 MiB, each character escaped. */
const maxFileBytes = 4 * 1024 * 1024;

/** The longest that a document may say it is fresh, in seconds: a file that was tampered with must not last. */
const maxLifetime = 86_400;

/** What {@link openDocumentCache} is told. */
export interface OpenDocumentCacheOptions {
  /** The machine's clock, as a NumericDate. */
  readonly now: () => number;
}

/**
 * Opens the cache in a folder, which is made, closed to others, when something is first kept.
 * @throws {JwtkitError} STORE_UNAVAILABLE for a folder that others own or may write.
 */
export function openDocumentCache(folder: string, { now }: OpenDocumentCacheOptions): DocumentCache {
  checkFolder(folder);
  const pathOf = (key: string) => join(folder, `${nameOf(key)}.json`);
  return {
    read: (key) => readDocument(pathOf(key), key, now()),
    write: (document) => {
      try {
        makeFolder(folder);
        const path = pathOf(document.key);
        const stat = lstatSync(path, { throwIfNoEntry: false });
        // Never through a link, to whatever it leads to.
        if (stat !== undefined && !stat.isFile()) rmSync(path, { recursive: true, force: true });
        writeFileWhole({ path, content: JSON.stringify(document), mode: 0o600 }, { overwrite: true });
      } catch {
        // A cache that cannot be written costs a request the next time, and nothing else.
      }
    },
    claim: (key, at, seconds) => {
      try {
        makeFolder(folder);
        return claim(folder, nameOf(key), at, seconds);
      } catch {
        return undefined;
      }
    },
  };
}

function nameOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function checkFolder(folder: string): void {
  const problem = folderProblem(folder);
  if (problem !== undefined) {
    throw new JwtkitError('STORE_UNAVAILABLE', `the cache ${folder} is not used: ${problem}`, {
      hint: 'what lies there would be trusted as keys; remove it, or name another folder in JWTKIT_CACHE_DIR',
    });
  }
}

function folderProblem(folder: string): string | undefined {
  let stat: Stats | undefined;
  try {
    stat = lstatSync(folder, { throwIfNoEntry: false });
  } catch {
    return 'it cannot be looked at';
  }
  if (stat === undefined) return undefined;
  if (!stat.isDirectory()) return 'it is not a folder';
  return ownershipProblem(stat);
}

/** Windows has no such bits; the folder lies in the user's profile there. */
function ownershipProblem({ uid, mode }: Stats): string | undefined {
  if (process.getuid === undefined) return undefined;
  if (uid !== process.getuid()) return 'it belongs to another user';
  return (mode & 0o022) === 0 ? undefined : 'others may write to it';
}

function makeFolder(folder: string): void {
  makeFolders(folder);
  checkFolder(folder);
}

/** A document that was kept; undefined where there is none, or none that can be trusted. */
function readDocument(path: string, key: string, now: number): CachedDocument | undefined {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || ownershipProblem(stat) !== undefined) return undefined;
    const value = parseJson(readFileBounded(path, maxFileBytes));
    return isDocument(value, key, now) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isDocument(value: unknown, key: string, now: number): value is CachedDocument {
  if (!isJsonObject(value)) return false;
  const [fetchedAt, freshUntil, triedAt = 0] = ['fetchedAt', 'freshUntil', 'triedAt'].map((name) => own(value, name));
  const { url, body, etag = '' } = value;
  return (
    own(value, 'key') === key &&
    typeof url === 'string' &&
    URL.canParse(url) &&
    typeof body === 'string' &&
    typeof etag === 'string' &&
    isNumericDate(fetchedAt) &&
    isNumericDate(freshUntil) &&
    isNumericDate(triedAt) &&
    // From the future: the clock was set back, and nobody can tell how old it is.
    fetchedAt <= now &&
    triedAt <= now &&
    freshUntil <= fetchedAt + maxLifetime
  );
}

/**
 * One claim for each span of time, a file that one process alone can make, also where another was killed; and none within a
 * span's length of the one before.
 */
function claim(folder: string, name: string, at: number, seconds: number): number | undefined {
  const span = Math.floor(at / seconds);
  const pathOf = (number: number) => join(folder, `${name}.${number}.claim`);
  // One without a time is being made by a process that is about to fetch, or was by one that was killed.
  const timeOf = (number: number) => {
    const path = pathOf(number);
    return Number(readFileBounded(path, 100).toString() || lstatSync(path).mtimeMs / 1000);
  };
  const isClaim = new RegExp(`^${name}\\.(\\d+)\\.claim$`);
  for (const entry of readdirSync(folder)) {
    const other = Number(isClaim.exec(entry)?.[1] ?? span);
    if (other < span - 1) rmSync(join(folder, entry), { force: true });
    if (other === span - 1 && timeOf(other) > at - seconds) return timeOf(other);
  }
  try {
    writeFileSync(pathOf(span), String(at), { flag: 'wx', mode: 0o600 });
    return undefined;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return timeOf(span);
    throw error;
  }
}
