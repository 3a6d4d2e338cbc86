/** The second step of action.yml: runs one command, and sets the outputs. Tokens go to the file of outputs, never to the log. */
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { asMessage, captured, harmless, refuseSecrets } from './log.js';
import { splitWords } from './words.js';

const binary = fileURLToPath(new URL('../../bin/jwtkit.js', import.meta.url));
const { INPUT_COMMAND = '', INPUT_REPORT = '', INPUT_SUMMARY = '', RUNNER_TEMP, GITHUB_OUTPUT, ...env } = process.env;
/** What jwtkit sees. */
const own = { ...env, RUNNER_TEMP };

try {
  process.exitCode = await runCommand(splitWords(INPUT_COMMAND));
} catch (error) {
  console.log(`::error title=jwtkit::${asMessage(error.message)}`);
  process.exitCode = 2;
}

async function runCommand(words) {
  refuseSecrets(words);
  const [name] = words;
  const isBatch = words.some((word) => /^--batch(?:=|$)/.test(word));
  const makesToken = captured.includes(name);
  if (makesToken && isBatch)
    throw new Error(`${name} --batch would print tokens: run jwtkit in a step of its own, into a file`);
  const args = [...words];
  if (INPUT_REPORT !== '') args.push('--report', INPUT_REPORT);
  if (INPUT_SUMMARY === 'true') args.push('--summary');
  const verdict = name === 'verify' && !isBatch ? join(RUNNER_TEMP, `verdict-${randomUUID()}.json`) : undefined;
  if (verdict !== undefined) args.push('--report', `json:${verdict}`);
  try {
    const status = makesToken ? makeToken(args) : await showRun(args);
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

function makeToken(args) {
  const { status, stdout } = jwtkit(args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (status === 0) setTokenOutputs(stdout.trim());
  return status;
}

/** Runs a command whose output goes to the log, line by line. */
async function showRun(args) {
  const run = spawn(process.execPath, [binary, ...args], { env: own, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(run, 'close');
  const annotates = args.some(
    (word, at) => word === '--format=github' || (word === 'github' && args[at - 1] === '--format'),
  );
  for await (const line of createInterface({ input: run.stdout, crlfDelay: Number.POSITIVE_INFINITY }))
    console.log(harmless(line, annotates));
  const [status] = await ended;
  return status;
}

function jwtkit(args, options) {
  return spawnSync(process.execPath, [binary, ...args], { env: own, encoding: 'utf8', maxBuffer: 2 ** 26, ...options });
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
