/** Tells by its content what a source is, and finds the subjects in it. */
import { X509Certificate } from 'node:crypto';
import { isWholeDer, readDer } from '../../jose/der.js';
import { readJson } from '../../jose/json.js';
import { encodingOf, textProblem, withoutMark } from '../../jose/text.js';
import type { Source } from '../rule.js';
import { hasCookies, readCookies } from './cookies.js';
import { hasEnvName, isEnvFile, isMostlyEnv, readEnv } from './env.js';
import { readJsonSubjects } from './json.js';
import { parseLeniently } from './lenient-json.js';
import { withoutOtherBlocks } from './pem-blocks.js';
import { Found } from './subjects.js';
import { readYaml } from './yaml.js';

/** The largest source, in bytes. */
export const maxSourceBytes = 1024 * 1024;

/** More files than any ConfigMap has. */
const mostEmbedded = 500;

/** Returns the subjects of a source; none if its content has nothing to do with tokens. */
export async function readSource(source: Source): Promise<Found> {
  const found = new Found(source);
  const bytes = Buffer.from(withoutMark(source.content));
  const text = textOf(bytes, source.name);
  if (text !== undefined) await readWholeText(text, found);
  else if (isWholeDer(bytes)) readBinary(bytes, found);
  // What an editor keeps of a file while it is open is no text.
  else if (/-----BEGIN (?:[A-Z]{1,20} )?PRIVATE KEY-----/.test(bytes.toString('latin1')))
    found.holds.add('private key');
  if (source.isFile === true && found.holds.size > 0) found.add('file', { holds: found.holds });
  return found;
}

/**
 * The text that bytes are; undefined for a binary file. Rules also judge what is no UTF-8: PowerShell writes UTF-16, and one letter of
 * Latin-1 in a comment, or one zero in a file of variables, must not hide a secret.
 */
function textOf(bytes: Buffer, name: string): string | undefined {
  if (textProblem(bytes) === undefined) return bytes.toString();
  const encoding = encodingOf(bytes);
  if (encoding === 'UTF-16') {
    const isBigEndian = bytes[0] === 0xfe || bytes[0] === 0;
    return new TextDecoder(isBigEndian ? 'utf-16be' : 'utf-16le').decode(bytes);
  }
  // Without its mark and its zeros, ASCII in UTF-32 is ASCII.
  if (encoding === 'UTF-32' || hasEnvName(name))
    return bytes.toString('latin1').replace(/^(?:\xff\xfe|\0\0\xfe\xff)|\0/g, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they tell a binary file from a text.
  const isBinary = isWholeDer(bytes) || /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(bytes.toString('latin1'));
  return isBinary ? undefined : bytes.toString('latin1');
}

/** Reads a text, and the files in its values, such as those of a ConfigMap. */
async function readWholeText(text: string, found: Found): Promise<void> {
  await readText(text, found);
  for (const embedded of found.embedded.slice(0, mostEmbedded)) {
    const inner = new Found(found.source);
    await readText(embedded.text, inner);
    found.addEmbedded(embedded, inner);
  }
}

async function readText(text: string, found: Found): Promise<void> {
  if (/^\s*[{[]/.test(text)) {
    const value = parseJson(text);
    if (value !== undefined) return readJsonSubjects(value, found);
  }
  if (hasCookies(text)) return readCookies(text, found);
  const { name } = found.source;
  if (isEnvFile(text) || (hasEnvName(name) && isMostlyEnv(text, name))) return readEnv(text, found);
  const isYaml = isYamlLike(text) && (await readYaml(text, found));
  // Text around PEM, such as that of openssl, may look like YAML.
  const pem = withoutOtherBlocks(text);
  if (pem.includes('-----BEGIN ') && found.subjects.length === 0) return found.addPem(pem);
  if (isYaml && (found.subjects.length > 0 || found.embedded.length > 0)) return;
  if (!isYaml && isMostlyEnv(text, name)) return readEnv(text, found);
  found.addTokens(text);
}

/** A value of strict JSON, or of JSON with a repeated name: the rules of its content still apply. */
function parseJson(text: string): unknown {
  for (const parse of [() => readJson(Buffer.from(text)).value, () => parseLeniently(text)]) {
    try {
      return parse();
    } catch {
      // The next one is less strict.
    }
  }
  return undefined;
}

function isYamlLike(text: string): boolean {
  return /^(?:---(?!-)|[\w."'$-]+:(?:[ \t]|\r?$)|- )/m.test(text);
}

function readBinary(bytes: Buffer, found: Found): void {
  const key = readDer(bytes);
  if (key === undefined) return;
  try {
    found.add('certificate', new X509Certificate(bytes));
  } catch {
    // It is a key.
  }
  if (key.type === 'private') found.holds.add('private key');
  found.add('key', { key, isPrivate: key.type === 'private' });
}
