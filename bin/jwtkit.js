#!/usr/bin/env node
// Node 10 must be able to read this file: with newer syntax an old Node prints a syntax error instead of this sentence.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`error: jwtkit needs Node 20.19 or later, this is Node ${process.versions.node}\n`);
  process.exit(3);
}
const { mkdirSync, realpathSync, statSync } = require('node:fs');
const { enableCompileCache } = major < 22 ? {} : require('node:module');
const { dirname, isAbsolute, join } = require('node:path');

/** Keeps compiled code in the user's cache folder. Node runs what it finds there: no other user may reach or replace it. */
function keepCompiledCode({ HOME = '', LOCALAPPDATA, XDG_CACHE_HOME }) {
  const caches = join(HOME, process.platform === 'darwin' ? 'Library/Caches' : '.cache');
  const folder = join(LOCALAPPDATA || XDG_CACHE_HOME || caches, 'jwtkit', 'compiled');
  // The folder above the caches is there: a home is never made, nor is anything in a home of somebody else.
  if (!isAbsolute(folder) || !isProtected(realpathSync(join(folder, '../../..')), 0o022, 0o1000)) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const real = realpathSync(folder);
  if (isProtected(real, 0o077, 0)) enableCompileCache(real);
}
/** Whether a folder and those above it are this user's or root's, and closed to others, or sticky: entries are their owners'. */
function isProtected(path, others, sticky) {
  if (!process.geteuid || (sticky && path === dirname(path))) return true;
  const { uid, mode } = statSync(path);
  const isClosed = (mode & others) === 0 || (mode & sticky) !== 0;
  return isClosed && (uid === 0 || uid === process.geteuid()) && isProtected(dirname(path), 0o022, 0o1000);
}
try {
  if (enableCompileCache && !process.env.NODE_DISABLE_COMPILE_CACHE) keepCompiledCode(process.env);
} catch {} // A home that cannot be written: Node compiles again each time.
const { processIo, run } = require('../dist/cli/main.cjs');
run(process.argv.slice(2), processIo()).then((exitCode) => {
  process.exitCode = exitCode;
  if (process.getActiveResourcesInfo().length === 0) process.exit(); // Saves Node's clean-up, 5 % of its start.
  setTimeout(() => process.exit(), 500).unref(); // A DNS look-up cannot be cancelled, and would hold the process.
});
