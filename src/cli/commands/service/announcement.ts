/** Announces the service's URL and its end: on stderr to people, by the ready file to scripts. */
import { existsSync, rmSync } from 'node:fs';
import { JwtkitError } from '../../../errors.js';
import { readFileBounded } from '../../../files/read-file.js';
import { statOf } from '../../../files/target.js';
import { writeFileWhole } from '../../../files/write-files.js';
import { isLoopback } from '../../../remote/address.js';
import type { Io } from '../../terminal/io.js';
import { demoLines } from './demo.js';
import { isLoopbackHost, type ServeSettings } from './options.js';

/** Resolves when a signal tells the process to end. */
export function nextStop(io: Io): Promise<void> {
  return new Promise((resolve) => io.onStop?.(resolve));
}

/** What a service writes to its ready file. One that was killed leaves it there. */
const readyForm = /^\s*(?:\{"url":"https?:[^"\s]*","pid":\d+\}\s*)?$/;

/**
 * Refuses a ready file that is there and that no service has written: it would be replaced, and removed at the end.
 * @throws {JwtkitError} FILE_EXISTS.
 */
export function refuseForeignReadyFile({ readyFile }: ServeSettings): void {
  // Pipes and folders are refused where the file is written.
  if (readyFile === undefined || statOf(readyFile)?.isFile() !== true) return;
  if (readyForm.test(readStart(readyFile))) return;
  throw new JwtkitError('FILE_EXISTS', `--ready-file: ${readyFile} exists, and is no ready file`, {
    hint: 'name a file that does not exist; the service replaces it and removes it when it ends',
  });
}

function readStart(path: string): string {
  try {
    return readFileBounded(path, 4096).toString();
  } catch {
    return 'unreadable, or too long';
  }
}

/**
 * Writes the URL to stderr and to the ready file.
 * @throws {JwtkitError} FILE_NOT_WRITABLE.
 */
export function announce(url: string, settings: ServeSettings, io: Io): void {
  const { readyFile } = settings;
  if (readyFile !== undefined) {
    writeFileWhole({ path: readyFile, content: readyText(url), mode: 0o644 }, { overwrite: true, followsLinks: false });
  }
  for (const text of settingsNotes(url, settings)) io.note(text);
  io.say(`listening on ${url}`);
  if (settings.isDemo) io.say(demoLines(url, settings));
}

/** What an operator should know of these settings. */
function* settingsNotes(url: string, { host, tls, issuer }: ServeSettings): Generator<string> {
  if (tls === undefined && !isLoopbackHost(host)) {
    yield 'passwords and tokens are sent in the clear, unless a proxy in front of the service has TLS';
  }
  if (issuer === undefined && (host === '0.0.0.0' || host === '::')) {
    yield `other machines see the issuer ${url} in tokens and metadata; name the real one with --issuer-url`;
  }
  if (issuer !== undefined && new URL(issuer).protocol === 'http:' && !isLoopback(new URL(issuer))) {
    yield 'verifiers fetch no keys from an issuer over plain HTTP';
  }
}

/** Removes the ready file, unless a newer service has written it. */
export function withdraw(url: string, { readyFile }: ServeSettings): void {
  if (readyFile === undefined || !existsSync(readyFile)) return;
  if (readFileBounded(readyFile, 4096).toString() === readyText(url)) rmSync(readyFile, { force: true });
}

function readyText(url: string): string {
  return `${JSON.stringify({ url, pid: process.pid })}\n`;
}
