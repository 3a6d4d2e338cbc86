/**
 * Marks the functions of the bundle that one-shot commands call, so that V8 compiles them with their file. Otherwise it
 * only skims a function, and parses it again when it is first called; and the compile cache that Node 22 and later keep
 * holds nothing but what was compiled with the file. Which functions these are is found out by running the commands.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Rewrites the chunks in `folder`, of which `launcher` starts the commands. */
export async function compileEagerly(folder, launcher) {
  const { parseAst } = await import('rolldown/parseAst');
  const called = calledFunctions(launcher);
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.cjs'))) {
    const path = join(realpathSync(folder), name);
    const ends = called.get(pathToFileURL(path).href);
    if (ends === undefined) continue;
    const source = readFileSync(path, 'utf8');
    writeFileSync(path, markCalled(source, parseAst(source, { lang: 'js', sourceType: 'script' }), ends));
  }
}

/** By the address of a file, the functions called in it: where each ends, and there where it begins. */
function calledFunctions(launcher) {
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-build-'));
  const coverage = join(folder, 'coverage');
  const run = (args, variables) => {
    const own = Object.entries(process.env).filter(([name]) => !/^(?:JWTKIT_|NODE_|SECRET_KEY$|ALGORITHM$)/.test(name));
    const env = { ...Object.fromEntries(own), ...variables };
    const options = { cwd: folder, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync(process.execPath, [launcher, ...args], options).trim();
  };
  try {
    run(['keygen', '--keyring', 'keys'], {});
    const profiled = { JWTKIT_KEYRING: 'keys', NODE_V8_COVERAGE: coverage };
    const token = run(['issue', '--sub', 'user-123'], profiled);
    for (const command of ['decode', 'inspect', 'verify']) run([command, token], profiled);
    const called = new Map();
    for (const file of readdirSync(coverage)) {
      for (const { url, functions } of JSON.parse(readFileSync(join(coverage, file), 'utf8')).result) {
        const ends = called.get(url) ?? new Map();
        called.set(url, ends);
        for (const { ranges } of functions) {
          const [{ startOffset, endOffset, count }] = ranges;
          if (count > 0) ends.set(endOffset, [...(ends.get(endOffset) ?? []), startOffset]);
        }
      }
    }
    return called;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The source with the called functions in parentheses, the sign by which V8 knows a function that will be called at once.
 * A declaration becomes a variable at the top of the body that it is hoisted to the top of anyway. Methods have no place for
 * parentheses: they go into an object that their class inherits from.
 */
function markCalled(source, program, ends) {
  const edits = [];
  const isCalled = ({ start, end }, latest = start) =>
    ends.get(end)?.some((offset) => offset >= start && offset <= latest) ?? false;

  const hoist = (declarations, position) => {
    const text = () => declarations.map(({ start, end, id }) => `var ${id.name}=(${print(start, end)});`).join('');
    if (declarations.length > 0) edits.push({ start: position, end: position, text });
    for (const { start, end, id } of declarations) {
      edits.push({ start, end, text: () => '' }, { start: id.start, end: id.end, text: () => '' });
    }
  };
  const visitBody = ({ body }, start) => {
    const top = body.findLast((statement) => statement.directive !== undefined)?.end ?? start;
    hoist(
      body.filter((statement) => statement.type === 'FunctionDeclaration' && isCalled(statement)),
      top,
    );
  };
  const visitClass = ({ type, start, end, id, body }) => {
    const methods = body.body.filter((member) => isPlainMethod(member, source) && isCalled(member, member.value.start));
    if (methods.length === 0) return;
    for (const method of methods) edits.push({ start: method.start, end: method.end, text: () => '' });
    const members = () =>
      methods.map(({ key, value }) => {
        return `${key.name}:(${value.async ? 'async ' : ''}function${print(value.start, value.end)})`;
      });
    // The name of a class expression is known in it alone, so that what leaves it takes the name along.
    const text = () =>
      type === 'ClassDeclaration'
        ? `${print(start, end)}$inherit(${id.name},{${members()}});`
        : `$inherit(${print(start, end)},(function(${id?.name ?? ''}){return{${members()}}}))`;
    edits.push({ start, end, text });
  };
  const visit = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (node.type === 'Program') visitBody(node, 0);
    if (/^(?:Function|ArrowFunction)/.test(node.type) && node.body.type === 'BlockStatement')
      visitBody(node.body, node.body.start + 1);
    if (/^Class(?:Declaration|Expression)$/.test(node.type)) visitClass(node);
    for (const [key, child] of Object.entries(node)) {
      const isBare = /^(?:FunctionExpression|ArrowFunctionExpression)$/.test(child?.type) && !isMethodValue(node, key);
      if (isBare && isCalled(child)) wrap(child);
      if (!Array.isArray(child)) visit(child);
      else {
        for (const element of child) {
          if (/^(?:FunctionExpression|ArrowFunctionExpression)$/.test(element?.type) && isCalled(element))
            wrap(element);
          visit(element);
        }
      }
    }
  };
  const wrap = ({ start, end }) => edits.push({ start, end, text: () => `(${print(start, end)})` });

  /** The text of a node with the edits inside it. What is inserted before the node is not inside, nor is its own edit. */
  const print = (from, to) => {
    let text = '';
    let at = from;
    for (const edit of edits) {
      const isInside = edit.start >= at && edit.end <= to && !(edit.start === from && [from, to].includes(edit.end));
      if (!isInside) continue;
      text += source.slice(Math.max(at, 0), edit.start) + edit.text();
      at = edit.end;
    }
    return text + source.slice(Math.max(at, 0), to);
  };
  visit(program);
  // Insertions before what begins at the same place, outer ranges before those in them.
  const isRange = ({ start, end }) => Number(end > start);
  edits.sort((one, other) => one.start - other.start || isRange(one) - isRange(other) || other.end - one.end);
  return inherit + print(-1, source.length);
}

/** Puts methods between a class and its parent: added to its prototype one by one, each would have V8 copy all before it. */
const inherit =
  'var $inherit=(function(type,members){if(typeof members==="function")members=members(type);' +
  'Object.setPrototypeOf(members,Object.getPrototypeOf(type.prototype));' +
  'Object.setPrototypeOf(type.prototype,members);return type});';

/** A method that can leave its class: it has a plain name and does not ask for what only a method has. */
function isPlainMethod(member, source) {
  const { type, kind, key, computed, value } = member;
  const isNamed = type === 'MethodDefinition' && kind === 'method' && !computed && key.type === 'Identifier';
  return isNamed && !member.static && !value.generator && !/\bsuper\b|#/.test(source.slice(member.start, member.end));
}

/** Whether the function under a key is a method's, which begins at its parentheses. */
function isMethodValue(node, key) {
  return key === 'value' && (node.type === 'MethodDefinition' || node.method || ['get', 'set'].includes(node.kind));
}
