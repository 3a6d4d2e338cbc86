/**
 * Keeps what V8 made of the bundle, beside the bundle and as much to be trusted. Node's own compile cache, which Node 20 has
 * not, lies in a folder for temporary files, and Node runs what it finds there whoever put it there. Loaded only when there
 * is something to keep.
 */
const { accessSync, constants, mkdirSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { dirname } = require('node:path');

/** Keeps compiled chunks, each where `keptPath` says. What cannot be kept is compiled again the next time. */
exports.keep = (compiled, keptPath) => {
  // With other flags V8 makes other code, which the next run could not use.
  if (process.execArgv.length > 0 || process.env.NODE_OPTIONS !== undefined) return;
  for (const chunk of compiled) {
    try {
      keepChunk(chunk, keptPath(chunk.name));
    } catch {
      // Read-only, as many installations are.
    }
  }
};

/** Whole or not at all, as several processes may do at once. */
function keepChunk({ script, filename, mark }, path) {
  // By its owner alone: what root left in somebody's folder would be in the way of the next build.
  if (process.geteuid !== undefined && statSync(filename).uid !== process.geteuid()) return;
  const folder = dirname(path);
  // Never for others to write, whatever the umask: it is code.
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  accessSync(folder, constants.W_OK);
  const code = script.createCachedData();
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, Buffer.concat([code, code, Buffer.from(mark, 'latin1')]), { flag: 'wx', mode: 0o644 });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
