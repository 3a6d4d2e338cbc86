/** YAML: Kubernetes objects, compose files and other files of settings. */
import type { Document, LineCounter } from 'yaml';
import type { Found } from './subjects.js';

/** Adds what the values of YAML hold; false for a text that is no YAML. Aliases are not followed, so that reading stays linear. */
export async function readYaml(text: string, found: Found): Promise<boolean> {
  const yaml = await import('yaml');
  const { isMap, isSeq, parseAllDocuments } = yaml;
  const lineCounter = new yaml.LineCounter();
  const documents = parseAllDocuments(text, { lineCounter, uniqueKeys: false, logLevel: 'silent' });
  if (!Array.isArray(documents)) return false;
  const usable = documents
    .slice(0, 200)
    .filter(({ errors, contents }) => errors.length === 0 && (isMap(contents) || isSeq(contents)));
  for (const document of usable) readDocument(document, found, lineCounter, yaml);
  return usable.length > 0;
}

function readDocument(
  document: Document.Parsed,
  found: Found,
  lines: LineCounter,
  { isAlias, isMap, isPair, isScalar, isSeq }: typeof import('yaml'),
): void {
  const kind = String(document.get('kind') ?? '');
  const isSecret = kind === 'Secret' || kind === 'SealedSecret';
  const visit = (node: unknown, path: readonly string[]): void => {
    if (path.length > 64 || isAlias(node)) return;
    if (isPair(node)) return void visit(node.value, [...path, String(isScalar(node.key) ? node.key.value : '')]);
    if (isMap(node)) {
      const [name, value] = [node.get('name'), node.get('value')];
      // `env` of a container is a list of names and values.
      if (typeof name === 'string' && typeof value === 'string') add(name, value, path, node.range?.[0]);
      for (const pair of node.items) visit(pair, path);
      return;
    }
    if (isSeq(node)) for (const [at, item] of node.items.entries()) visit(item, [...path, String(at)]);
    if (!isScalar(node) || typeof node.value !== 'string') return;
    const [, name, value] = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(node.value) ?? [];
    // `environment` of a compose file may be a list of assignments.
    if (name !== undefined && value !== undefined && path.includes('environment'))
      add(name, value, path, node.range?.[0]);
    else
      add(
        path.at(-1) ?? '',
        isSecret && path[0] === 'data' ? fromBase64(node.value) : node.value,
        path,
        node.range?.[0],
      );
  };
  const add = (name: string, value: string, path: readonly string[], offset: number | undefined) => {
    const line = offset === undefined ? undefined : lines.linePos(offset).line;
    const part = path.join('.');
    const spot = {
      line: found.source.isFile === true ? line : undefined,
      part: part.length > 120 ? `${part.slice(0, 120)}…` : part,
    };
    if (isSecret && path[0] === 'metadata') return;
    found.addValue(
      isSecret && path.length === 2 && !value.includes('\n') ? `${name}` : name,
      value,
      spot,
      kind === 'ConfigMap',
    );
  };
  visit(document.contents, []);
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
