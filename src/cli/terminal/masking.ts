/** How secrets are masked. The runner of GitHub Actions reads commands on stderr too, so stdout stays as it is. */
import type { Job } from '../../batch/job.js';
import { readJson } from '../../jose/json.js';
import { privateMembers } from '../../jose/jwk.js';
import { escapeJson } from '../../shown-text.js';
import type { Io } from './io.js';

/** Texts of any kind, which may have several lines; undefined stands for none. */
export type Secrets = Iterable<string | undefined>;
export type Masker = (secrets: Secrets) => void;

/** The runner compares each line of the log with each mask, in several encodings. */
const mostMasks = 1000;
/** The longest mask, in characters. */
const longest = 65_536;
/** A shorter mask would hide half the log, such as each `}`. */
const shortest = 4;

/** Returns a function that masks the secrets of a run, up to a bound. A note says if there are more. */
export function openMasker(io: Io): Masker {
  let left = mostMasks;
  let isNoted = false;
  return (secrets) => {
    const commands: string[] = [];
    let isWhole = true;
    for (const piece of piecesOf(secrets)) {
      if (piece.length > longest) isWhole = false;
      else if (left === 0) {
        isWhole = false;
        break;
      } else {
        left--;
        commands.push(`::add-mask::${piece.replaceAll('%', '%25')}\n`);
      }
    }
    // As bytes, in which stderr hides no tokens.
    if (commands.length > 0) io.stderr.write(Buffer.from(commands.join('')));
    if (isWhole || isNoted) return;
    isNoted = true;
    const masked = `only the first ${mostMasks} secrets of at most ${longest} characters are masked`;
    io.note(`${masked}: write the output to a file`);
  };
}

/** The secrets in the lines that a batch prints. */
export function* secretsOfLines(job: Job, output: Uint8Array): Generator<string | undefined> {
  const isJson = ('asJson' in job && job.asJson) || (job.kind === 'issue' && job.policies.pair !== undefined);
  for (const line of Buffer.from(output).toString().split('\n')) {
    if (line === '') continue;
    if (!isJson) yield line;
    else {
      const members = JSON.parse(line) as Readonly<Record<string, string | undefined>>;
      for (const name of ['token', 'access_token', 'refresh_token', 'content', 'content_base64']) yield members[name];
    }
  }
}

/** The runner knows lines: a secret of several is masked line by line, and of a JWK the private members alone. */
function* piecesOf(secrets: Secrets): Generator<string> {
  for (const secret of secrets) {
    if (secret === undefined) continue;
    for (const text of privateMembersOf(secret) ?? secret.split(/[\r\n]+/)) {
      const piece = text.trim();
      if (piece.length < shortest || /^-----(?:BEGIN|END) [A-Z ]+-----$/.test(piece)) continue;
      yield piece;
      // The runner knows a mask as JSON, too, but not with our escapes.
      const json = JSON.stringify(piece);
      const escaped = escapeJson(json);
      if (escaped !== json) yield escaped.slice(1, -1);
    }
  }
}

const privateNames: ReadonlySet<string> = new Set(privateMembers);
const publicNames = new Set('kty use key_ops alg kid crv x y n e pub x5u x5c x5t x5t#S256 iat nbf exp'.split(' '));

/** The private numbers of a JWK or a JWK Set; undefined for another text, such as claims that only look like a key. */
function privateMembersOf(text: string): string[] | undefined {
  // No number of a key needs an escape, which the log would show as it is written.
  if (!/^\s*\{/.test(text) || !text.includes('"kty"') || text.includes('\\')) return undefined;
  try {
    const value = readJson(Buffer.from(text)).value as { keys?: unknown };
    const { keys, ...others } = value;
    const isSet = Array.isArray(keys) && Object.keys(others).length === 0;
    const members = (isSet ? keys : [value]).flatMap((jwk: object) => Object.entries(jwk));
    const secrets = members.filter(([name]) => !publicNames.has(name));
    const isKey = secrets.every(([name, member]) => {
      return privateNames.has(name) && typeof member === 'string' && member.trim().length >= shortest;
    });
    return isKey && secrets.length > 0 ? secrets.map(([, member]) => member as string) : undefined;
  } catch {
    return undefined;
  }
}
