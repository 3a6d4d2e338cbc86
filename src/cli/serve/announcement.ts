/** What people and scripts are told of a service: that it is there, where, and that it is gone. */
import { existsSync, rmSync } from 'node:fs';
import { readFileBounded, writeFileWhole } from '../../store/files.js';
import type { Io } from '../io.js';
import { demoLines } from './demo.js';
import { isLoopbackHost, type ServeSettings } from './serve-options.js';

/** Resolves once the process is told to end. */
export function nextStop(io: Io): Promise<void> {
  return new Promise((resolve) => io.onStop?.(resolve));
}

/** Tells people and scripts where the service is. */
export function announce(url: string, settings: ServeSettings, io: Io): void {
  const { readyFile, host, tls, issuer, isDemo } = settings;
  if (readyFile !== undefined) {
    writeFileWhole({ path: readyFile, content: readyText(url), mode: 0o644 }, { overwrite: true });
  }
  io.stderr.write(`listening on ${url}\n`);
  if (isDemo) io.stderr.write(demoLines(url));
  if (tls === undefined && !isLoopbackHost(host)) {
    io.stderr.write('note: passwords and tokens arrive in the clear, unless a proxy with TLS stands before it\n');
  }
  if (issuer !== undefined && new URL(issuer).protocol === 'http:' && !isLoopbackHost(new URL(issuer).hostname)) {
    io.stderr.write('note: verifiers fetch no keys from an issuer over plain HTTP\n');
  }
}

/** Takes back what told scripts that the service is there, unless a successor has told them already that it is. */
export function withdraw(url: string, { readyFile }: ServeSettings): void {
  if (readyFile === undefined || !existsSync(readyFile)) return;
  if (readFileBounded(readyFile, 4096).toString() === readyText(url)) rmSync(readyFile, { force: true });
}

function readyText(url: string): string {
  return `${JSON.stringify({ url, pid: process.pid })}\n`;
}
