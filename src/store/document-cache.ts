/**
 * Fetched key documents on disk, one file each, for all processes of a user. The keys in them are trusted, so a folder or file that
 * another user owns or may write is not used.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, rmSync, type Stats, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrorCode, JwtkitError } from '../errors.js';
import { makeFolders } from '../files/folders.js';
import { readFileBounded } from '../files/read-file.js';
import { writeFileWhole } from '../files/write-files.js';
import { requireObject, requireText } from '../jose/arguments.js';
import { isJsonObject, own, readJson } from '../jose/json.js';
import { checkOptions } from '../jose/options.js';
import { withoutMark } from '../jose/text.js';
import { isNumericDate, requireNow } from '../token/time.js';

/** The largest file in bytes: a document of 1 MiB with all characters escaped. */
const maxFileBytes = 4 * 1024 * 1024;

/** The longest lifetime of a document in seconds, so that a file that was tampered with does not last. */
const maxLifetime = 86_400;

/** A fetched document, as the cache keeps it between processes. */
export interface CachedDocument {
  /** The URL that was asked for. */
  readonly key: string;
  /** The URL that answered. */
  readonly url: string;
  readonly body: string;
  /** NumericDate. */
  readonly fetchedAt: number;
  /** Until when it is used without asking again; NumericDate. */
  readonly freshUntil: number;
  /** When the last attempt to fetch it again failed; NumericDate. */
  readonly triedAt?: number | undefined;
  readonly etag?: string | undefined;
}

/** A cache of fetched documents. Its methods throw nothing, and ignore a document that they cannot read or trust. */
export interface DocumentCache {
  read(key: string): CachedDocument | undefined;
  write(document: CachedDocument): void;
  /**
   * Claims the right to fetch a document ahead of its time, for a number of seconds. Returns undefined for success, else the
   * NumericDate of another process's claim.
   */
  claim(key: string, now: number, seconds: number): number | undefined;
}

/** The options of {@link openDocumentCache}. */
export interface OpenDocumentCacheOptions {
  /** Returns the machine's time as a NumericDate. */
  readonly now: () => number;
}

/**
 * Opens the cache in a folder. The first document makes the folder, closed to other users.
 * @throws {JwtkitError} STORE_UNAVAILABLE for a folder that another user owns or may write.
 */
export function openDocumentCache(folder: string, options: OpenDocumentCacheOptions): DocumentCache {
  requireText(folder, 'folder');
  requireObject(options, 'the second argument', '{ now }');
  checkOptions('the second argument', options, { now: 'a function' });
  const { now } = options;
  requireNow(now?.(), 'what now() returns');
  checkFolder(folder);
  const pathOf = (key: string) => join(folder, `${nameOf(key)}.json`);
  return {
    read: (key) => readDocument(pathOf(key), key, now()),
    write: (document) => {
      try {
        makeFolder(folder);
        const path = pathOf(document.key);
        const stat = lstatSync(path, { throwIfNoEntry: false });
        // Does not follow a link.
        if (stat !== undefined && !stat.isFile()) rmSync(path, { recursive: true, force: true });
        writeFileWhole({ path, content: JSON.stringify(document), mode: 0o600 }, { overwrite: true });
      } catch {
        // Without the cache the next process fetches again.
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
  if (problem === undefined) return;
  throw new JwtkitError('STORE_UNAVAILABLE', `the cache ${folder} is not used: ${problem}`, {
    hint: 'jwtkit would trust the keys in it; remove it, or name another folder in JWTKIT_CACHE_DIR',
  });
}

function folderProblem(folder: string): string | undefined {
  let stat: Stats | undefined;
  try {
    stat = lstatSync(folder, { throwIfNoEntry: false });
  } catch {
    return 'it cannot be read';
  }
  if (stat === undefined) return undefined;
  if (!stat.isDirectory()) return 'it is not a folder';
  return ownershipProblem(stat);
}

/** On Windows, which has no such permission bits, the folder is in the user's profile. */
function ownershipProblem({ uid, mode }: Stats): string | undefined {
  if (process.getuid === undefined) return undefined;
  if (uid !== process.getuid()) return 'it belongs to another user';
  return (mode & 0o022) === 0 ? undefined : 'others may write to it';
}

function makeFolder(folder: string): void {
  makeFolders(folder);
  checkFolder(folder);
}

function readDocument(path: string, key: string, now: number): CachedDocument | undefined {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || ownershipProblem(stat) !== undefined) return undefined;
    const { value } = readJson(withoutMark(readFileBounded(path, maxFileBytes)));
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
    // Ignores a document from the future: the clock was set back, so its age is unknown.
    fetchedAt <= now &&
    triedAt <= now &&
    freshUntil <= fetchedAt + maxLifetime
  );
}

/** Claims the right to fetch: the process that makes the file of this span of time has it. Two claims are `seconds` apart at least. */
function claim(folder: string, name: string, at: number, seconds: number): number | undefined {
  const span = Math.floor(at / seconds);
  const pathOf = (number: number) => join(folder, `${name}.${number}.claim`);
  // An empty file is just being made, or its process was killed.
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
