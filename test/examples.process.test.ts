/** The files and blocks of the docs that others run; the configuration of nginx has a test of its own. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments, parseDocument } from 'yaml';
import { fileWith, stdoutOf } from './cli/fake-io.js';
import { demoApp } from './server/demo-app.js';

const binary = fileURLToPath(new URL('../bin/jwtkit.js', import.meta.url));
const unit = textOf('examples/jwtkit.service');

/** What `serve` knows: its help with every flag and variable. */
let help: string;
beforeAll(async () => {
  help = await stdoutOf(['serve', '--help']);
});

function textOf(file: string): string {
  return readFileSync(new URL(`../docs/${file}`, import.meta.url), 'utf8');
}

function expectKnown(words: readonly string[]): void {
  for (const word of words.filter((each) => /^--|^JWTKIT_/.test(each))) {
    expect(help, word).toMatch(new RegExp(`${word}(?=[\\s\\]])`));
  }
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly valueFrom?: { secretKeyRef: { name: string } } }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly volumeMounts: readonly { name: string; mountPath: string; readOnly: boolean; subPath?: string }[];
}

describe('the manifests for Kubernetes', () => {
  // Kubernetes reads YAML 1.1, where 0440 is octal.
  const documents = parseAllDocuments(textOf('examples/kubernetes.yaml'), { version: '1.1', strict: true });
  const [deployment, service] = documents.map((document) => document.toJS());
  const pod = deployment.spec.template.spec;
  const [container] = pod.containers as [Container];

  test('are YAML without errors or warnings', () => {
    for (const document of documents) expect([...document.errors, ...document.warnings]).toEqual([]);
    expect(documents.map((document) => document.get('kind'))).toEqual(['Deployment', 'Service', 'PodDisruptionBudget']);
  });

  test('name each other consistently', () => {
    const labels = deployment.spec.template.metadata.labels;
    for (const { spec } of documents.map((document) => document.toJS())) {
      expect(spec.selector.matchLabels ?? spec.selector).toEqual(labels);
    }
    expect(service.spec.ports[0].targetPort).toBe(container.ports[0]?.name);
    expect(pod.volumes).toEqual([
      { name: container.volumeMounts[0]?.name, secret: { secretName: 'jwtkit-keyring', defaultMode: 0o440 } },
    ]);
    for (const name of ['jwtkit-keyring', 'jwtkit-store']) expect(textOf('serve.md')).toContain(` ${name} `);
  });

  test('start serve with existing flags and the right port', () => {
    expectKnown([...container.args, ...container.env.map(({ name }) => name)]);
    expect(container.ports[0]?.containerPort).toBe(8000);
    expect(container.args).toContain(container.volumeMounts[0]?.mountPath);
    expect(container.volumeMounts[0]).not.toHaveProperty('subPath');
    expect(container.env.find(({ name }) => name === 'JWTKIT_STORE')?.valueFrom).toBeDefined();
  });

  test('probe existing routes', async () => {
    const { app } = await demoApp();
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      expect((await app.inject(probe.httpGet.path)).statusCode).toBe(200);
    }
    await app.close();
  });
});

test('the YAML of docs/proxies.md can be read', () => {
  const blocks = [...textOf('proxies.md').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? '');
  expect(blocks).toHaveLength(4);
  for (const block of blocks) expect(parseDocument(block, { strict: true }).errors).toEqual([]);
});

describe('the unit for systemd', () => {
  test('starts serve with existing flags', () => {
    const [, command = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
    expectKnown(command.split(' '));
    expectKnown([...unit.matchAll(/JWTKIT_\w+/g)].map(([name]) => name));
  });

  const isThere = spawnSync('systemd-analyze', ['--version']).status === 0;
  test.skipIf(!isThere)('passes systemd-analyze verify (skipped where there is no systemd)', () => {
    const path = fileWith(unit.replace('/usr/local/bin/jwtkit', binary), 'jwtkit.service');
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    expect(stderr).not.toContain('jwtkit');
  });
});
