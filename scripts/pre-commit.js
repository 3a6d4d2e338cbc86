#!/usr/bin/env node
/**
 * The hook of .pre-commit-hooks.yaml: lints the files that are its arguments, with the checkout that pre-commit cloned, which the
 * first run builds. pre-commit's own way with Node packages stumbles over what npm prints while it builds one.
 */
import { spawnSync } from 'node:child_process';
import { buildOnce } from './action/build.js';

const { status } = spawnSync(process.execPath, [buildOnce(), 'lint', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
