#!/usr/bin/env node
const { closeSync, fstatSync, openSync, readSync, statSync } = require('node:fs');
const { dirname, sep } = require('node:path');
const { Script } = require('node:vm');

const args = process.argv.slice(2);
/** Part of a file's name, and so nothing but a name. */
const command = /^[a-z]{1,16}$/.test(args[0] ?? '') ? args[0] : 'help';
/** Where the bundle is. Joined by hand: what normalizes paths is slow before V8 has optimized it. */
const folder = `${dirname(__dirname)}${sep}dist${sep}cli`;
const wrapperStart = '(function(exports,require,module,__filename,__dirname){';
const wrapperEnd = '\n})';
/** Files are read into here, one over the other: each page of memory that is touched for the first time costs microseconds. */
const room = Buffer.allocUnsafeSlow(4 * 1024 * 1024);
/** What was compiled in this run, to be kept for the next one. */
const compiled = [];

// Whoever measures the bundle, or wants nothing kept, gets it from Node's own loader.
const isPlain = process.env.NODE_V8_COVERAGE !== undefined || process.env.NODE_DISABLE_COMPILE_CACHE !== undefined;
const { processIo, run } = isPlain ? require('../dist/cli/main.cjs') : load('main.cjs');

run(args, processIo()).then((exitCode) => {
  process.exitCode = exitCode;
  if (compiled.length > 0 && exitCode === 0) require('./compiled.js').keep(compiled, keptPath);
  // Where nothing is left to wait for, ending at once spares Node the work of taking V8 apart.
  if (process.getActiveResourcesInfo().length === 0) process.exit();
  // A name that is looked up cannot be given up: without this, a resolver that hangs would keep a finished command waiting.
  setTimeout(() => process.exit(), 500).unref();
});

/** A chunk of the bundle as `require` would give it, made of what V8 compiled in an earlier run if that was kept. */
function load(name) {
  const filename = `${folder}${sep}${name}`;
  const known = require.cache[filename];
  if (known !== undefined) return known.exports;
  const start = room.write(wrapperStart, 'latin1');
  const { end, size, mtimeMs } = read(filename, start);
  if (end - start !== size) return require(filename);
  const source = room.toString('latin1', 0, padded(end + room.write(wrapperEnd, end, 'latin1')));
  // A chunk begins with the hash of its text (the build writes it); size and time tell of one that was changed by hand.
  const mark = `${source.slice(start, source.indexOf('\n'))} ${size} ${Math.trunc(mtimeMs / 1000)}`;
  const cachedData = readKept(name, mark);
  const script = new Script(source, { filename, cachedData });
  if (cachedData === undefined) compiled.push({ script, filename, name, mark });
  const chunk = new module.constructor(filename, module);
  require.cache[filename] = chunk;
  const requireHere = (id) => (id.startsWith('./') ? load(id.slice(2)) : require(id));
  script.runInThisContext()(chunk.exports, requireHere, chunk, filename, folder);
  return chunk.exports;
}

/**
 * Where a source ends that white space makes long enough for V8 to give it memory of its own. Shorter ones would take so much
 * of the first megabyte for new objects that V8 collected garbage in the middle of a command.
 */
function padded(end) {
  if (end < 32 * 1024 || end > 128 * 1024) return end;
  room.fill(' ', end, 128 * 1024 + 1);
  return 128 * 1024 + 1;
}

/** What was kept of a chunk: twice, since V8 does not look for damage and dies of it, and then the mark. */
function readKept(name, mark) {
  try {
    const { end } = read(keptPath(name), 0);
    const size = (end - mark.length) / 2;
    const code = room.subarray(0, size);
    if (room.toString('latin1', 2 * size, end) === mark && code.equals(room.subarray(size, 2 * size))) return code;
  } catch {
    // Not kept, or not for us to read: the chunk is compiled.
  }
}

/**
 * Each command has its own, since what V8 compiles for the others would only be more to read; and so has each build of Node:
 * what another one compiled must not get near V8, which checks little of what it is given.
 */
function keptPath(name) {
  const build = `${process.version}-${process.platform}-${process.arch}-${statSync(process.execPath).size}`;
  return [folder, 'compiled', build, `${command}-${name}`].join(sep);
}

/** Reads a file into the room, and says where it ends there and what the file system knows of it. */
function read(path, start) {
  const descriptor = openSync(path);
  try {
    const { size, mtimeMs } = fstatSync(descriptor);
    return { end: start + readSync(descriptor, room, start, room.length - start, null), size, mtimeMs };
  } finally {
    closeSync(descriptor);
  }
}
