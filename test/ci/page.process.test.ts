// @module-tag slow
/** Every shell line of the pipelines in docs/ci.md, run as the service of each runs it, with a service under test and an issuer. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { parse, parseDocument } from 'yaml';
import { freePort } from '../../scripts/free-port.js';
import { makeKeyring, stdoutOf, textOf } from '../cli/fake-io.js';
import { codeBlocks } from '../pages.js';
import { describeWithProgram, plainEnvironment } from '../programs.js';
import { type ServiceProcess, startService } from '../server/service-process.js';
import { endJob, type Job, root, runSteps, type Step, startJob, useAction } from './runner.js';

const [github = '', gitlab = ''] = codeBlocks('docs/ci.md', 'yaml');
const [jenkins = ''] = codeBlocks('docs/ci.md', 'groovy');

test('the YAML of the page can be read, without errors or warnings', () => {
  for (const block of codeBlocks('docs/ci.md', 'yaml')) {
    const document = parseDocument(block, { strict: true });
    expect([...document.errors, ...document.warnings]).toEqual([]);
  }
});

describeWithProgram('curl', 'the pipelines of docs/ci.md', () => {
  let issuer: ServiceProcess;
  let partner = '';
  const jobs: Job[] = [];
  beforeAll(async () => {
    const keyring = await makeKeyring('ES256', 'partner');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    issuer = await startService(['--port', `${port}`, '--issuer-url', url, '--keyring', keyring]);
    const now = Math.floor(Date.now() / 1000);
    const args = ['issue', '--sub', 'partner', '--aud', 'api', '--iss', url, '--ttl', '30d', '--keyring', keyring];
    partner = await stdoutOf(args, { now });
  });
  afterAll(async () => {
    for (const job of jobs) endJob(job);
    await issuer.stop();
  });

  /** A job whose `npm start` is a service that trusts the keys of the workspace. */
  async function jobWithService(env: Readonly<Record<string, string>> = {}): Promise<Job> {
    const job = startJob({ PORT: String(await freePort()), ISSUER: issuer.url, ...env });
    jobs.push(job);
    const start = 'jwtkit serve --port $PORT --aud api';
    writeFileSync(join(job.workspace, 'package.json'), JSON.stringify({ scripts: { start } }));
    return job;
  }

  /** Runs a script in the workspace, and returns what the log shows. */
  function runScript(job: Job, shell: readonly string[], script: string): string {
    const { status, stdout, stderr, pid } = spawnSync(shell[0] ?? '', [...shell.slice(1), script], {
      cwd: job.workspace,
      encoding: 'utf8',
      ...{ detached: true },
      env: { ...plainEnvironment(), ...job.env, PATH: job.path },
    });
    job.groups.push(pid);
    const service = join(job.workspace, 'service.log');
    expect(status, `${stdout}${stderr}${existsSync(service) ? textOf(service) : ''}`).toBe(0);
    return `${stdout}${stderr}`;
  }

  async function expectReports(job: Job, ...names: readonly string[]): Promise<void> {
    const schema = textOf(join(root, 'test/vectors/reports/junit-10.xsd'));
    for (const name of names) {
      const contents = textOf(join(job.workspace, name));
      expect((await validateXML({ xml: [{ fileName: name, contents }], schema: [schema] })).errors).toEqual([]);
      expect(contents).toContain('failures="0"');
    }
  }

  test('GitHub Actions: every step passes, and the log shows no token', async () => {
    const job = await jobWithService();
    const { steps }: { steps: Step[] } = parse(github).jobs.tokens;
    const own = steps.map((step) => (step.uses?.startsWith('./') ? { ...step, uses: './' } : step));
    const context = { secrets: { PARTNER_TOKEN: partner }, vars: { ISSUER: issuer.url }, steps: {} };
    for (const step of own)
      expect(runSteps(job, [step], context), `${step.run ?? JSON.stringify(step)}\n${job.log}`).toBe(0);
    expect(job.log).toContain('"user_id":"ci"');
    expect(job.log).toContain('✓ valid');
    expect(job.log).not.toMatch(/ey[\w-]+\.ey[\w-]+/);
    expect(job.log).not.toContain('::warning::');
    expect(job.summary).toContain('### jwtkit probe');
    expect(job.summary).toContain('### jwtkit verify');
    await expectReports(job, 'probe.xml', 'partner.xml');
    expect(JSON.parse(textOf(join(job.workspace, 'lint.sarif'))).version).toBe('2.1.0');
  });

  test('GitLab: the script passes, writes its reports, and its log shows no token', { tags: 'slow' }, async () => {
    const job = await jobWithService({ GITLAB_CI: 'true', CI: 'true', PARTNER_TOKEN: partner });
    useAction(job, {});
    const { script, variables, artifacts } = parse(gitlab).tokens;
    const cache = variables.JWTKIT_CACHE_DIR.replace('$CI_PROJECT_DIR', job.workspace);
    // The runner gives the lines to one bash, each after a line that shows it.
    const log = runScript(
      job,
      ['bash', '-eo', 'pipefail', '-c'],
      `export JWTKIT_CACHE_DIR=${cache}\n${script.join('\n')}`,
    );
    expect(log).toContain('"user_id":"ci"');
    expect(log).not.toMatch(/ey[\w-]+\.ey[\w-]+/);
    expect(existsSync(cache)).toBe(true);
    await expectReports(job, ...artifacts.reports.junit);
  });

  test('Jenkins: each sh passes with its trace, and the log shows no token', { tags: 'slow' }, async () => {
    const job = await jobWithService({ PARTNER_TOKEN: partner });
    useAction(job, {});
    const scripts = [...jenkins.matchAll(/\bsh (?:'''([\s\S]*?)'''|'([^']*)')/g)].map(
      ([, long, short]) => long ?? short ?? '',
    );
    expect(scripts).toHaveLength(5);
    let log = '';
    for (const script of scripts) log += runScript(job, ['sh', '-xe', '-c'], script);
    expect(log).toContain('"user_id":"ci"');
    expect(log).toContain('+ jwtkit keygen');
    expect(log).not.toMatch(/ey[\w-]+\.ey[\w-]+/);
    const [, reports = ''] = /junit '([^']*)'/.exec(jenkins) ?? [];
    await expectReports(job, ...reports.split(', '));
  });

  test('the script of each CI service warns of a token that ends soon', () => {
    const job = startJob({ PARTNER_TOKEN: partner });
    useAction(job, {});
    const lines = [github, gitlab, jenkins].map((text) => /jwtkit inspect [^'\n]*/.exec(text)?.[0] ?? '');
    for (const line of lines) {
      expect(runScript(job, ['bash', '-c'], line.replace('7d', '90d'))).toMatch(/PARTNER_TOKEN ends within a week/);
    }
  });
});
