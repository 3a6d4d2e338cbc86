/** Settings in YAML and JSON: Kubernetes objects, compose files and others. */
import { textProblem } from '../../jose/text.js';
import { deepest } from './lenient-json.js';
import { isListOfNames, isOtherMember, isTranslation } from './secret-names.js';
import type { Found } from './subjects.js';

/** A value of settings, whatever it was written in. */
export interface Tree {
  readonly line?: number | undefined;
  /** A scalar as it is written; undefined for null. */
  readonly scalar?: string | undefined;
  /** Whether it is a tag of YAML that stands for another value, such as `!Ref`. */
  readonly isTagged?: boolean;
  /** Whether each line of a text is a line of the file. */
  readonly isBlock?: boolean;
  readonly isList?: boolean;
  /** The members of a map, or the items of a list. They are made when they are asked for, so that depth is bounded. */
  members?(): Iterable<readonly [name: string, member: Tree]>;
}

/** Where a value is, and what it may be there. */
interface Place {
  readonly path: readonly string[];
  readonly object: KubernetesObject | undefined;
  readonly isVariable: boolean;
}

/** The object of Kubernetes that a value is in, and where that begins in the path. */
interface KubernetesObject {
  readonly kind: string;
  readonly at: number;
}

/** Objects that say where secrets are. Their values are names. */
const ofNames =
  /^(?:(?:Cluster)?(?:External|Push)Secret|SealedSecret|SecretProviderClass|(?:Cluster)?SecretStore|Vault\w+|Application(?:Set)?|(?:Cluster)?Issuer|Certificate)$/;
/** Members that hold variables: as a map, as a list of `NAME=value`, or of names and values. */
const ofVariables =
  /^(?:envs?|env_?vars|environment|variables?|containerenv|extraenv(?:vars)?|literals|args|parameters)$/i;
/** Names of files in a ConfigMap or a Secret. */
const fileName = /^\.?env$|\.(?:env|ya?ml|json|properties|ini|toml|conf|cfg|config)$/i;

/** Adds what the values of settings hold. */
export function readSettings(root: Tree, found: Found): void {
  const visit = (tree: Tree, path: readonly string[], around: KubernetesObject | undefined): void => {
    if (path.length > deepest) return;
    if (tree.members === undefined)
      return void readScalar(tree, { path, object: around, isVariable: isItem(path) }, found);
    const members = [...tree.members()];
    const scalarOf = (name: string) =>
      tree.isList ? undefined : members.find(([one]) => one.toLowerCase() === name)?.[1];
    const kind = scalarOf('kind')?.scalar;
    const isObject = kind !== undefined && (path.length === 0 || scalarOf('apiversion') !== undefined);
    const object = isObject ? { kind, at: path.length } : around;
    const [name, value] = isItem(path) ? pairOf(scalarOf, path.at(-1)) : [undefined, undefined];
    const isPair = name !== undefined && value?.scalar !== undefined;
    if (isPair) readNamed(name, { ...value, line: tree.line }, { path, object, isVariable: true }, found);
    for (const [key, member] of members) if (!isPair || member !== value) visit(member, [...path, key], object);
  };
  visit(root, [], undefined);
}

/**
 * The name and the value of a variable that is written as a map: `{name, value}`, `{key, value}`, or, below its name, `{value}` or
 * `{default}`. A parameter of a description of HTTP has `in`.
 */
function pairOf(
  memberOf: (name: string) => Tree | undefined,
  ownName = '',
): [name: string | undefined, value: Tree | undefined] {
  const name = (memberOf('name') ?? memberOf('key'))?.scalar ?? (/^\d+$/.test(ownName) ? undefined : ownName);
  const value = memberOf('value') ?? memberOf('default') ?? memberOf('defaultvalue');
  return memberOf('in') === undefined ? [name, value] : [undefined, undefined];
}

/** Whether a value is a member of variables. */
function isItem(path: readonly string[]): boolean {
  return ofVariables.test(path.at(-2) ?? '');
}

function readScalar(tree: Tree, place: Place, found: Found): void {
  if (tree.scalar === undefined) return;
  const name = place.path.at(-1) ?? '';
  const isInList = place.isVariable && /^\d+$/.test(name);
  const [, assigned, scalar] = (isInList && /^([A-Za-z_][\w.-]*)=([\s\S]*)$/.exec(tree.scalar)) || [];
  if (assigned === undefined) readNamed(name, tree, place, found);
  else readNamed(assigned, { ...tree, scalar }, place, found);
}

function readNamed(name: string, tree: Tree, { path, object, isVariable }: Place, found: Found): void {
  const { scalar = '', line, isTagged = false, isBlock = false } = tree;
  const { kind = '' } = object ?? {};
  const section = object === undefined ? undefined : sectionOf(object, path);
  if (section === 'metadata') return;
  const { value, bytes } = section === 'encoded' ? decode(scalar) : { value: scalar };
  const spot = { line: found.source.isFile === true ? line : undefined, part: partOf(path) };
  const isPublished = kind === 'ConfigMap';
  const isText = section !== undefined && bytes === undefined;
  if (isText && (fileName.test(name) || value.trim().includes('\n')) && !/^\s*-----BEGIN/.test(value))
    return void found.embedded.push({ text: value, spot, isPublished, isBlock });
  if ((isVariable || section !== undefined) && /^[A-Za-z_]\w*$/.test(name) && !isTagged)
    found.add('variable', { name, value, isRepeated: false }, spot);
  const isOther =
    isTagged ||
    ofNames.test(kind) ||
    isOtherMember(path) ||
    isTranslation(found.source.name, path) ||
    isListOfNames(found.source.name) ||
    undefined;
  const parent = path.at(-2);
  found.addValue(name, value, spot, { isPublished, isSetting: true, isOther, parent, bytes });
}

/** The section of a ConfigMap or a Secret that a value is in; `encoded` for values in base64, undefined for another section or object. */
function sectionOf(
  { kind, at }: KubernetesObject,
  path: readonly string[],
): 'metadata' | 'encoded' | 'plain' | undefined {
  if (kind !== 'Secret' && kind !== 'ConfigMap') return undefined;
  const [section, ...names] = path.slice(at);
  if (section === 'metadata') return section;
  if (names.length !== 1 || (section !== 'data' && section !== 'stringData')) return undefined;
  return kind === 'Secret' && section === 'data' ? 'encoded' : 'plain';
}

/** Decodes base64. Only what is no text also has its bytes. */
function decode(base64: string): { value: string; bytes?: Buffer } {
  const bytes = Buffer.from(base64, 'base64');
  return textProblem(bytes) === undefined ? { value: bytes.toString() } : { value: bytes.toString('latin1'), bytes };
}

/** The longest path of a value that a report shows, in characters. */
const longestPart = 120;

/** A path for reports. A member may have a long name and many members: no more of it is copied for each than is shown. */
function partOf(path: readonly string[]): string {
  let part = '';
  for (const [at, name] of path.entries()) {
    part += `${at === 0 ? '' : '.'}${name.slice(0, longestPart + 1)}`;
    if (part.length > longestPart) return `${part.slice(0, longestPart)}…`;
  }
  return part;
}

/** Returns a value of JSON as settings. */
export function treeOfJson(value: unknown): Tree {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object') return { scalar: String(value) };
  return {
    isList: Array.isArray(value),
    *members() {
      for (const [name, member] of Object.entries(value)) yield [name, treeOfJson(member)] as const;
    },
  };
}
