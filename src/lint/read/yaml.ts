/** YAML: Kubernetes objects, compose files and other files of settings. */
import type { Document } from 'yaml';
import type { Found } from './subjects.js';

/** The longest document, and the longest file, in characters: the parser takes a second for some hundred thousand. */
const longestDocument = 65_536;
const longestFile = 262_144;
/** Settings are not nested deeper. */
const deepest = 64;
/** Tags of values that a program puts in later: of CloudFormation, Ansible and Home Assistant. */
const putInLater = new Set(['!Ref', '!GetAtt', '!ImportValue', '!vault', '!secret']);

/**
 * Adds what the values of YAML hold; false for a text that is no YAML, or too long or too deep. Aliases are not followed, so that
 * reading stays linear.
 */
export async function readYaml(text: string, found: Found): Promise<boolean> {
  if (text.length > longestFile) return false;
  const yaml = await import('yaml');
  let isYaml = false;
  let firstLine = 1;
  for (const part of text.split(/^(?=---(?!-))/m)) {
    if (part.length <= longestDocument && !isTooDeep(part)) {
      const lineCounter = new yaml.LineCounter();
      const document = yaml.parseDocument(part, { lineCounter, uniqueKeys: false, logLevel: 'silent' });
      if (document.errors.length === 0 && (yaml.isMap(document.contents) || yaml.isSeq(document.contents))) {
        const lineAt = (offset: number) => firstLine - 1 + lineCounter.linePos(offset).line;
        readDocument(document, found, lineAt, yaml);
        isYaml = true;
      }
    }
    firstLine += part.split('\n').length - 1;
  }
  return isYaml;
}

/** Whether brackets or indented lists lie too deep for the parser, which calls itself for each. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const char of text) {
    if (char === '[' || char === '{') depth++;
    else if (char === ']' || char === '}') depth--;
    if (depth > deepest) return true;
  }
  return /(?:[-?] ){64}/.test(text);
}

function readDocument(
  document: Document.Parsed,
  found: Found,
  lineAt: (offset: number) => number,
  { isAlias, isMap, isPair, isScalar, isSeq }: typeof import('yaml'),
): void {
  const kind = String(document.get('kind') ?? '');
  const isSecret = kind === 'Secret' || kind === 'SealedSecret';
  const visit = (node: unknown, path: readonly string[]): void => {
    if (path.length > deepest || isAlias(node)) return;
    if (isPair(node)) return void visit(node.value, [...path, String(isScalar(node.key) ? node.key.value : '')]);
    if (isMap(node)) {
      const [name, value] = [node.get('name'), node.get('value')];
      // `env` of a container is a list of names and values.
      if (typeof name === 'string' && typeof value === 'string') add(name, value, path, node.range?.[0]);
      for (const pair of node.items) visit(pair, path);
      return;
    }
    if (isSeq(node)) for (const [at, item] of node.items.entries()) visit(item, [...path, String(at)]);
    if (!isScalar(node) || typeof node.value !== 'string' || putInLater.has(node.tag ?? '')) return;
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
    const line = offset === undefined ? undefined : lineAt(offset);
    const part = path.join('.');
    const spot = {
      line: found.source.isFile === true ? line : undefined,
      part: part.length > 120 ? `${part.slice(0, 120)}…` : part,
    };
    if (isSecret && path[0] === 'metadata') return;
    found.addValue(name, value, spot, kind === 'ConfigMap');
  };
  visit(document.contents, []);
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
