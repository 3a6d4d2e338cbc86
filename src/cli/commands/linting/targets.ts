/** What a command line names to be linted: files, folders, tokens and other texts, variables, addresses. */
import { existsSync } from 'node:fs';
import { JwtkitError } from '../../../errors.js';
import { maxSourceBytes } from '../../../lint/read/read.js';
import type { Source } from '../../../lint/rule.js';
import { isUrl } from '../../../policy/place.js';
import type { Invocation } from '../../grammar/invocation.js';
import { placeOf } from '../../grammar/report-place.js';
import type { CommonOptions } from '../../grammar/shared-options.js';
import {
  looksLikeFileName,
  looksLikeKey,
  looksLikeToken,
  readNamed,
  readSecretVariable,
} from '../../secrets/named-file.js';
import { usage } from '../../terminal/errors.js';
import type { Io } from '../../terminal/io.js';
import { quoteWord } from '../../terminal/shell-word.js';
import { inputName, takeStdin } from '../../terminal/stdin.js';
import { type FolderReading, readFiles } from './files.js';
import { openGitStates } from './git.js';
import { fetchSources } from './live.js';
import type { LintOptions } from './options.js';

/** How the targets of a run are read. */
export interface TargetOptions {
  readonly invocation: Invocation<LintOptions>;
  readonly io: Io;
  /** Reports of an earlier run, which this run replaces: they are no targets, though `*` names them. */
  readonly reports: readonly string[];
}

/**
 * Reads all targets of a run.
 * @throws {JwtkitError} USAGE_INVALID without a target; FILE_NOT_READABLE, JWKS_UNAVAILABLE.
 */
export async function readTargets(
  targets: readonly string[],
  { reports, invocation, io }: TargetOptions,
): Promise<Source[]> {
  const { options, env } = invocation;
  const { tokenFile, tokenEnv, issuerUrl, jwks } = options;
  const sources: Source[] = [];
  const git = openGitStates();
  const places = new Set(reports.map(placeOf));
  const isLeftOut = (path: string) => places.size > 0 && places.has(placeOf(path));
  for (const [at, target] of targets.entries()) {
    if (!isLeftOut(target)) sources.push(...readTarget(target, at, { git, isLeftOut }, io));
    else io.note(`${target} is left out: this run writes its report there`);
  }
  if (tokenFile !== undefined) {
    const content = readNamed(tokenFile, '--token-file', {
      maxBytes: maxSourceBytes,
      showsPath: !looksLikeToken(tokenFile),
      io,
    });
    sources.push({ name: inputName(tokenFile), content, named: 'token' });
  }
  if (tokenEnv !== undefined) {
    const content = Buffer.from(readSecretVariable(env, tokenEnv, '--token-env', 'token'));
    sources.push({ name: tokenEnv, content, named: 'token' });
  }
  if (issuerUrl !== undefined || jwks !== undefined) {
    sources.push(...(await fetchSources(invocation, io)));
  }
  if (sources.length === 0 && targets.length === 0 && !io.stdin.isTerminal) sources.push(readStdin(io));
  // A job that lints nothing must not pass.
  if (sources.some(({ isFile, live, content }) => isFile || live !== undefined || !isBlank(content))) return sources;
  throw nothingToLint(targets, sources, invocation);
}

function isBlank(content: Uint8Array): boolean {
  return Buffer.from(content).toString('latin1').trim() === '';
}

function nothingToLint(
  targets: readonly string[],
  [empty]: readonly Source[],
  { options, origin, label }: Invocation<LintOptions & Pick<CommonOptions, 'envFile'>>,
): JwtkitError {
  const folder = targets.find((target) => existsSync(target));
  const reason =
    empty !== undefined
      ? `: ${empty.name} is empty`
      : folder === undefined
        ? ''
        : `: no file of ${folder} is one to lint`;
  const [envFile] = targets.length === 0 ? (options.envFile ?? []) : [];
  if (envFile === undefined)
    return usage(`nothing to lint${reason}`, 'name files, folders or tokens, such as: jwtkit lint .env "$TOKEN"');
  // `-e FILE` looks as if it named a target.
  const flag = origin('envFile') === 'flag' ? '-e' : label('envFile');
  return usage(
    `nothing to lint${reason}`,
    `${flag} only sets variables; lint the file: jwtkit lint ${quoteWord(envFile)}`,
  );
}

function readTarget(target: string, at: number, reading: FolderReading, io: Io): Source[] {
  if (target === '-') return [readStdin(io)];
  // `Authorization: Bearer TOKEN` may be several arguments.
  if (/^(?:authorization:?|bearer:?|authorization: ?bearer)$/i.test(target)) return [];
  if (target.length < 4096 && !target.includes('\0') && existsSync(target)) return readFiles(target, reading);
  const isText = /^\s*(?:(?:authorization|set-cookie|cookie):|bearer\s|\{)/i.test(target);
  if (isText || /e[wy][\w-]{8,}\.[\w-]*/.test(target)) {
    return [{ name: `argument ${at + 1}`, content: Buffer.from(target).subarray(0, maxSourceBytes) }];
  }
  if (looksLikeKey(target))
    throw usage(`argument ${at + 1} is no file and no token`, 'pipe a key in, or name its file');
  const shown =
    looksLikeToken(target) || !looksLikeFileName(target) ? `the file that argument ${at + 1} names` : target;
  throw new JwtkitError('FILE_NOT_READABLE', `cannot read ${shown}: no such file or folder`, {
    hint: isUrl(target)
      ? 'name the URL of an issuer with --issuer-url, that of a JWK Set with --jwks'
      : 'a target is a file, a folder, a token, or - for standard input',
  });
}

function readStdin(io: Io): Source {
  const content = Buffer.from(takeStdin(io, 'the target').read(maxSourceBytes));
  if (content.length > maxSourceBytes) throw usage(`standard input is larger than ${maxSourceBytes} bytes`);
  return { name: 'standard input', content, named: 'standard input' };
}
