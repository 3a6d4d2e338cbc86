/** The runner of GitHub Actions, as far as jwtkit's action and the page about CI need it: files for each step, masks, expressions. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import { temporaryFolder, textOf } from '../cli/fake-io.js';
import { plainEnvironment } from '../programs.js';

export const root = join(import.meta.dirname, '../..');

/** A step of an action or of a workflow. */
export interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly run?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly 'working-directory'?: string;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

export const action: Action = parse(readFileSync(join(root, 'action.yml'), 'utf8'));

type Values = Readonly<Record<string, string>>;

/** A job: its folders, its variables, and what its steps leave for later ones. */
export interface Job {
  readonly workspace: string;
  readonly temp: string;
  readonly env: Values;
  path: string;
  /** What the log shows: masks taken out, masked values replaced. */
  log: string;
  /** What the runner obeyed beside masks. */
  readonly commands: string[];
  summary: string;
  readonly masks: string[];
  /** The process groups of its steps, which may have left a service behind. */
  readonly groups: number[];
}

export function startJob(env: Values = {}): Job {
  const [workspace, temp] = [temporaryFolder(), temporaryFolder()];
  return {
    workspace,
    temp,
    env,
    path: process.env.PATH ?? '',
    log: '',
    commands: [],
    summary: '',
    masks: [],
    groups: [],
  };
}

/** Ends what the steps left running, as the runner does at the end of a job. */
export function endJob({ groups }: Job): void {
  for (const group of groups.splice(0)) {
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      // Nothing of the step runs any more.
    }
  }
}

interface Context {
  readonly inputs?: Values;
  readonly secrets?: Values;
  readonly vars?: Values;
  readonly steps: Record<string, Values>;
}

/** Replaces expressions such as `${{ steps.token.outputs.sub }}`. */
function evaluate(text: string, { inputs = {}, secrets = {}, vars = {}, steps }: Context): string {
  return text.replaceAll(/\$\{\{ ([\w.-]+) \}\}/g, (whole, expression: string) => {
    const [kind, name = '', , output = ''] = expression.split('.');
    if (kind === 'inputs') return inputs[name] ?? '';
    if (kind === 'secrets') return secrets[name] ?? '';
    if (kind === 'vars') return vars[name] ?? '';
    if (kind === 'steps') return steps[name]?.[output] ?? '';
    throw new Error(`the expression ${whole} is not known here`);
  });
}

/** Runs steps up to the first that fails, and returns its exit code. */
export function runSteps(job: Job, steps: readonly Step[], context: Context, env: Values = {}): number {
  for (const step of steps) {
    // The one condition there is.
    if (step.if === "inputs.command != ''" && context.inputs?.command === '') continue;
    const own = { ...env, ...evaluateAll(step.env ?? {}, context) };
    const exitCode = step.run === undefined ? useStep(job, step, context, own) : runScript(job, step, context, own);
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}

function evaluateAll(values: Values, context: Context): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, evaluate(String(value), context)]));
}

function useStep(job: Job, step: Step, context: Context, env: Values): number {
  // Actions of others are not run.
  if (step.uses?.startsWith('./') !== true) return 0;
  const { exitCode, outputs } = useAction(job, evaluateAll(step.with ?? {}, context), env);
  if (step.id !== undefined) context.steps[step.id] = outputs;
  return exitCode;
}

const commandFiles = ['GITHUB_OUTPUT', 'GITHUB_PATH', 'GITHUB_ENV', 'GITHUB_STEP_SUMMARY'] as const;
let count = 0;

/** Runs the script of a step, which is a file, with files of its own for its outputs. */
function runScript(job: Job, step: Step, context: Context, env: Values): number {
  const files = Object.fromEntries(
    commandFiles.map((name) => {
      const file = join(job.temp, `${name}-${++count}`);
      writeFileSync(file, '');
      return [name, file];
    }),
  ) as Record<(typeof commandFiles)[number], string>;
  const script = join(job.temp, `script-${count}.sh`);
  writeFileSync(script, step.run ?? '');
  const { status, stdout, stderr, pid } = spawnSync('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', script], {
    cwd: join(job.workspace, evaluate(step['working-directory'] ?? '.', context)),
    encoding: 'utf8',
    // The shell leads a process group of its own.
    ...{ detached: true },
    env: {
      ...plainEnvironment(),
      ...job.env,
      ...env,
      ...files,
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: job.workspace,
      RUNNER_TEMP: job.temp,
      PATH: job.path,
    },
  });
  job.groups.push(pid);
  for (const line of textOf(files.GITHUB_PATH).split('\n'))
    if (line !== '') job.path = `${line}${delimiter}${job.path}`;
  if (step.id !== undefined) context.steps[step.id] = readOutputs(textOf(files.GITHUB_OUTPUT));
  job.summary += textOf(files.GITHUB_STEP_SUMMARY);
  readLog(job, `${stderr}${stdout}`);
  return status ?? 1;
}

/** Uses jwtkit's action in a job. */
export function useAction(job: Job, given: Values, env: Values = {}, actionPath = root) {
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, { default: value }]) => [name, given[name] ?? value]),
  );
  const context: Context = { inputs, steps: {} };
  const [before, summaryBefore, commandsBefore] = [job.log.length, job.summary.length, job.commands.length];
  const exitCode = runSteps(job, action.runs.steps, context, { ...env, GITHUB_ACTION_PATH: actionPath });
  const outputs: Values = evaluateAll(
    Object.fromEntries(Object.entries(action.outputs).map(([name, { value }]) => [name, value])),
    context,
  );
  const [log, summary] = [job.log.slice(before), job.summary.slice(summaryBefore)];
  return { exitCode, outputs, log, summary, commands: job.commands.slice(commandsBefore) };
}

/** Reads a file of outputs as the runner does: `NAME<<END`, lines, `END`. */
function readOutputs(text: string): Values {
  const outputs: Record<string, string> = {};
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const [, name, end] = /^([^=<]+)<<(.+)$/.exec(lines[at] ?? '') ?? [];
    if (name === undefined) continue;
    const until = lines.indexOf(end ?? '', at + 1);
    outputs[name] = lines.slice(at + 1, until).join('\n');
    at = until;
  }
  return outputs;
}

/** Adds what a step wrote to the log. Masks are commands, and hide their value from then on. */
function readLog(job: Job, written: string): void {
  for (const line of written.split(/\r\n|\n|\r/)) {
    const [, mask] = /^::add-mask::(.*)$/.exec(line) ?? [];
    if (mask === undefined && /^\s*::.*::|##\w*\[/.test(line)) job.commands.push(line);
    if (mask !== undefined) job.masks.push(mask);
    else job.log += `${job.masks.reduce((text, each) => text.replaceAll(each, '***'), line)}\n`;
  }
}
