/** The second step of action.yml: runs one command, and sets the outputs. Tokens go to the file of outputs, never to the log. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { splitWords } from './words.js';

const binary = fileURLToPath(new URL('../../bin/jwtkit.js', import.meta.url));
const { INPUT_COMMAND = '', INPUT_REPORT = '', INPUT_SUMMARY = '', RUNNER_TEMP, GITHUB_OUTPUT, ...env } = process.env;

try {
  process.exitCode = runCommand(splitWords(INPUT_COMMAND));
} catch (error) {
  console.log(`::error title=jwtkit::${error.message}`);
  process.exitCode = 2;
}

function runCommand(words) {
  const [name] = words;
  const isBatch = words.some((word) => /^--batch(?:=|$)/.test(word));
  const makesToken = ['issue', 'refresh', 'encrypt'].includes(name);
  if (makesToken && isBatch)
    throw new Error(`${name} --batch would print tokens: run jwtkit in a step of its own, into a file`);
  const args = [...words];
  if (INPUT_REPORT !== '') args.push('--report', INPUT_REPORT);
  if (INPUT_SUMMARY === 'true') args.push('--summary');
  const verdict = name === 'verify' && !isBatch ? join(RUNNER_TEMP, `verdict-${randomUUID()}.json`) : undefined;
  if (verdict !== undefined) args.push('--report', `json:${verdict}`);
  try {
    const stdout = makesToken ? 'pipe' : 'inherit';
    const { status, stdout: printed } = jwtkit(args, { stdio: ['ignore', stdout, 'inherit'] });
    if (status === 0 && makesToken) setTokenOutputs(printed.trim());
    if (verdict !== undefined && existsSync(verdict)) {
      const { valid, claims } = JSON.parse(readFileSync(verdict, 'utf8'));
      if (valid) setClaims(claims);
    }
    if (INPUT_REPORT !== '' && existsSync(pathOf(INPUT_REPORT))) setOutput('report', resolve(pathOf(INPUT_REPORT)));
    return status ?? 1;
  } finally {
    if (verdict !== undefined) rmSync(verdict, { force: true });
  }
}

function jwtkit(args, options) {
  const all = { ...env, RUNNER_TEMP };
  return spawnSync(process.execPath, [binary, ...args], { env: all, encoding: 'utf8', maxBuffer: 2 ** 26, ...options });
}

function setTokenOutputs(printed) {
  // With --out nothing is printed.
  if (printed === '') return;
  const members = printed.startsWith('{') ? JSON.parse(printed) : {};
  // Encrypted tokens may be JSON themselves.
  const token = members.token ?? members.access_token ?? printed;
  setOutput('token', token);
  if (members.refresh_token !== undefined) setOutput('refresh-token', members.refresh_token);
  // An encrypted token has no claims to read.
  const { status, stdout } = jwtkit(['decode', '--token-file', '-', '--json', '--no-config'], {
    input: token,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  if (status === 0) setClaims(JSON.parse(stdout).claims ?? {});
}

function setClaims({ sub, exp }) {
  if (typeof sub === 'string') setOutput('sub', sub);
  if (typeof exp === 'number') setOutput('exp', String(exp));
}

/** Adds an output. Its end is a random line, so that no value can add another output. */
function setOutput(name, value) {
  const end = `end-${randomUUID()}`;
  appendFileSync(GITHUB_OUTPUT, `${name}<<${end}\n${value}\n${end}\n`);
}

/** The path in `FORM:FILE`. */
function pathOf(report) {
  return report.replace(/^(?:text|json|junit|sarif|github|markdown):/, '');
}
