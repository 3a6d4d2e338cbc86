/** The options of reports, in a command of their own. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { type Invocation, readInvocation, setSurroundings } from '../../../src/cli/grammar/invocation.js';
import { addReportOptions, type ReportOptions, readReportPlan } from '../../../src/cli/grammar/report-options.js';
import { addCommonOptions } from '../../../src/cli/grammar/shared-options.js';
import { writeReports } from '../../../src/cli/grammar/written-reports.js';
import type { Io } from '../../../src/cli/terminal/io.js';
import type { Report } from '../../../src/report/report.js';
import { fileWith, temporaryFolder, textOf } from '../fake-io.js';

const report: Report = {
  command: 'lint',
  version: '1.0.0',
  summary: '1 error',
  findings: [{ id: 'a/b', level: 'error', message: 'wrong', where: { name: 'file' } }],
  cases: [{ suite: 'file', name: 'a/b', status: 'failed', message: 'wrong' }],
  rules: [],
};

function invoke(args: readonly string[], env: Record<string, string> = {}): Invocation<ReportOptions> {
  const command = addCommonOptions(addReportOptions(new Command('lint')), []);
  command.parse(args, { from: 'user' });
  setSurroundings(command, { env });
  return readInvocation(command);
}

async function write(args: readonly string[], env?: Record<string, string>): Promise<string> {
  const invocation = invoke(args, env);
  let written = '';
  const stdout = {
    isTerminal: false,
    write: (content: string) => {
      written += content;
    },
  };
  await writeReports(report, readReportPlan(invocation), invocation, { stdout } as unknown as Io);
  return written;
}

describe('where reports go', () => {
  test('--report writes several files beside the usual output, each in the form of its name', async () => {
    const folder = temporaryFolder();
    const [sarif, junit, named] = ['a.sarif', 'b.xml', 'results'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const written = await write(['--report', sarif, '--report', junit, '--report', `markdown:${named}`]);
    expect(written).toBe('file\n  error    wrong  a/b\n\n1 error\n');
    expect(JSON.parse(textOf(sarif)).version).toBe('2.1.0');
    expect(textOf(junit)).toContain('<testsuites name="jwtkit lint" tests="1"');
    expect(textOf(named)).toContain('### jwtkit lint');
  });

  test('--json is --format json', async () => {
    expect(JSON.parse(await write(['--json']))).toEqual(JSON.parse(await write(['--format', 'json'])));
  });

  test('--summary appends Markdown to the file of GITHUB_STEP_SUMMARY', async () => {
    const file = fileWith('before\n');
    await write(['--summary'], { GITHUB_STEP_SUMMARY: file });
    expect(readFileSync(file, 'utf8')).toMatch(/^before\n### jwtkit lint\n/);
  });

  test('writes no report if one file cannot be written', async () => {
    const [good, bad] = [join(temporaryFolder(), 'a.md'), join(temporaryFolder(), 'no', 'b.md')];
    await expect(write(['--report', good, '--report', bad])).rejects.toMatchObject({ code: 'FILE_NOT_WRITABLE' });
    expect(existsSync(good)).toBe(false);
  });

  test.each([
    [['--report', 'results'], "cannot tell the format from the file's name"],
    [['--report', 'sarif:'], 'is missing'],
    [['--json', '--format', 'sarif'], 'exclude each other'],
    [['--summary'], 'GITHUB_STEP_SUMMARY is not set'],
  ])('refuses %j', (args, message) => {
    expect(() => readReportPlan(invoke(args))).toThrow(message);
  });

  test('refuses a form that the command does not make', () => {
    expect(() => readReportPlan(invoke(['--report', 'a.sarif']), ['text', 'junit'])).toThrow(
      'SARIF is for lint and probe',
    );
  });
});
