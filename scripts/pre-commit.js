#!/usr/bin/env node
/**
 * The hook of .pre-commit-hooks.yaml: lints the files that are its arguments, with the checkout that pre-commit cloned, which the
 * first run builds. pre-commit's own way with Node packages stumbles over what npm prints while it builds one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { buildOnce } from './action/build.js';

/** A file whose name begins with a dash, such as `--fail-on=never`, is no option. */
const args = process.argv.slice(2).map((word) => (word.startsWith('-') && existsSync(word) ? `./${word}` : word));
const { status } = spawnSync(process.execPath, [buildOnce(), 'lint', ...args], { stdio: 'inherit' });
process.exitCode = status ?? 1;
