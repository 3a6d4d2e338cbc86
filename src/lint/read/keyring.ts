/** Keyring folders: their files are sources of their own, and together one subject. */
import { JwtkitError } from '../../errors.js';
import { isJsonObject, own } from '../../jose/json.js';
import { textProblem, withoutMark } from '../../jose/text.js';
import { isFileSafeKid, parseKeyringSet, readKeyringMembers } from '../../token/keyring-set.js';
import type { Folder, KeyringFolder, PrivateHalf, Spot, Subject } from '../rule.js';
import type { Found } from './subjects.js';

/** More keys than any keyring has. Comparing each with each takes quadratic time. */
const mostKeys = 1000;
/** The longest file that may hold nothing but a passphrase, in bytes. */
const longestLine = 1024;

/** Returns a subject for each folder of the sources that is a keyring. */
export function readKeyrings(all: readonly Found[]): Subject[] {
  const folders = new Map<Folder, Found[]>();
  for (const found of all) {
    const { folder } = found.source;
    if (folder === undefined) continue;
    const members = folders.get(folder);
    if (members === undefined) folders.set(folder, [found]);
    else members.push(found);
  }
  return [...folders].flatMap(([folder, members]) => readKeyring(folder, members) ?? []);
}

function readKeyring(folder: Folder, members: readonly Found[]): Subject | undefined {
  const files = new Map(members.map((found) => [nameOf(found), found]));
  const set = files.get('jwks.json');
  // A set that was not read, such as a link, may name each of the private keys.
  if (set === undefined && folder.names.has('jwks.json')) return undefined;
  const { kids, isReadable, problem, keys } = set === undefined ? emptySet : readSet(set, folder);
  const isKeyring =
    kids.some((kid) => folder.names.has(`${kid}.pem`)) ||
    folder.names.has('.lock') ||
    /(?:^|[\\/])\.jwtkit[\\/]*$/.test(folder.name);
  const named = new Set(['jwks.json', ...kids.map((kid) => `${kid}.pem`)]);
  const others = [...files].filter(([name]) => !named.has(name));
  // Where the set cannot be read, each private key may be one of the keyring.
  const strays = (isReadable ? others : [])
    .filter(([, { holds }]) => holds.has('private key'))
    .map(([, found]) => spotOf(found));
  const first = set ?? members[0];
  if (first === undefined || !isKeyring || (set === undefined && strays.length === 0)) return undefined;
  const halves = new Map<string, PrivateHalf>();
  for (const kid of kids) {
    const half = readHalf(files.get(`${kid}.pem`));
    if (half !== undefined) halves.set(kid, half);
  }
  const lines = others.flatMap(([, found]) => lineOf(found));
  const value: KeyringFolder = { folder, problem, keys, halves, strays, lines };
  return { kind: 'keyring', value, spot: spotOf(first) };
}

const emptySet = { kids: [], isReadable: true, problem: undefined, keys: { sig: [], enc: [] } };

/** The kids of a set, and its keys as the commands of the keyring read them. */
function readSet({ source }: Found, folder: Folder) {
  let kids: readonly string[] | undefined;
  try {
    const members = parseKeyringSet(source.content, 'jwks.json').value.keys;
    // Also of members that are refused: their files belong to the keyring.
    kids = members.flatMap((jwk) => {
      const kid = isJsonObject(jwk) ? own(jwk, 'kid') : undefined;
      return typeof kid === 'string' && isFileSafeKid(kid) ? [kid] : [];
    });
    const hasHalf = (kid: string) => folder.names.has(`${kid}.pem`);
    const read = readKeyringMembers(members.slice(0, mostKeys), 'jwks.json', hasHalf);
    return { ...emptySet, kids, keys: { sig: read.entries, enc: read.encryptionKeys } };
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    return { ...emptySet, kids: kids ?? [], isReadable: kids !== undefined, problem: error.message };
  }
}

/** Reads the file of a private key; undefined for a damaged file, and for one that is no text. */
function readHalf(found: Found | undefined): PrivateHalf | undefined {
  if (found === undefined) return undefined;
  const keys = found.subjects.flatMap((subject) => (subject.kind === 'key' ? [subject] : []));
  if (keys.some(({ value }) => value.problem !== undefined)) return undefined;
  const privates = keys.filter(({ value }) => value.isPrivate);
  const [first] = privates;
  if (first === undefined) {
    return textOf(found) === undefined ? undefined : { spot: spotOf(found), count: 0, isEncrypted: false };
  }
  const { key, jwk, encrypted } = first.value;
  const isEncrypted = key === undefined && jwk === undefined;
  return { spot: first.spot, count: privates.length, key, isEncrypted, encrypted };
}

function lineOf(found: Found): KeyringFolder['lines'] {
  const { length } = found.source.content;
  if (found.subjects.length > 0 || length > longestLine) return [];
  // As --passphrase-file reads it: one line end is dropped.
  const text = textOf(found)?.replace(/\r?\n$/, '') ?? '';
  return text === '' || /[\r\n]/.test(text) ? [] : [{ text, spot: spotOf(found) }];
}

function textOf({ source }: Found): string | undefined {
  const bytes = withoutMark(source.content);
  return textProblem(bytes) === undefined ? Buffer.from(bytes).toString() : undefined;
}

function nameOf({ source }: Found): string {
  return /[^\\/]*$/.exec(source.name)?.[0] ?? source.name;
}

function spotOf({ source }: Found): Spot {
  return { source };
}
