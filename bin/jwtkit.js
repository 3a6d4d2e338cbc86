#!/usr/bin/env node
// Node 22 and later keep the compiled bundle between runs; Node 20 has no such cache.
require('node:module').enableCompileCache?.();
const { processIo, run } = require('../dist/cli/main.cjs');

run(process.argv.slice(2), processIo()).then((exitCode) => {
  process.exitCode = exitCode;
  // A name that is looked up cannot be given up: without this, a resolver that hangs would keep a finished command waiting.
  setTimeout(() => process.exit(), 500).unref();
});
