/** YAML, as settings are written in it. */
import { readSettings, type Tree } from './settings.js';
import type { Found } from './subjects.js';

/** The longest file, in characters: the parser takes a second for some hundred thousand. */
const longestFile = 262_144;
/** Settings are not nested deeper. */
const deepest = 64;

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
    if (!isTooDeep(part)) {
      const lineCounter = new yaml.LineCounter();
      const document = yaml.parseDocument(part, {
        lineCounter,
        uniqueKeys: false,
        logLevel: 'silent',
        // Otherwise each error copies its line.
        prettyErrors: false,
      });
      if (document.errors.length === 0 && (yaml.isMap(document.contents) || yaml.isSeq(document.contents))) {
        const before = firstLine - 1;
        readSettings(
          treeOf(document.contents, (offset) => before + lineCounter.linePos(offset).line, yaml),
          found,
        );
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

function treeOf(node: unknown, lineAt: (offset: number) => number, yaml: typeof import('yaml')): Tree {
  const { isMap, isScalar, isSeq } = yaml;
  if (isMap(node) || isSeq(node)) {
    const line = node.range ? lineAt(node.range[0]) : undefined;
    return {
      line,
      isList: isSeq(node),
      *members() {
        for (const [at, item] of node.items.entries()) {
          if (!yaml.isPair(item)) yield [String(at), treeOf(item, lineAt, yaml)] as const;
          else yield [String(isScalar(item.key) ? item.key.value : ''), treeOf(item.value, lineAt, yaml)] as const;
        }
      },
    };
  }
  if (!isScalar(node) || node.value === null) return {};
  return {
    // `source` is the number as it is written, such as 0123.
    scalar: typeof node.value === 'string' ? node.value : (node.source ?? String(node.value)),
    line: node.range ? lineAt(node.range[0]) : undefined,
    isTagged: /^!(?!!)/.test(node.tag ?? ''),
    isBlock: node.type === 'BLOCK_LITERAL',
  };
}
