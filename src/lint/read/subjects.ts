/** Collects the subjects of one source while it is read. */
import { X509Certificate } from 'node:crypto';
import { JwtkitError } from '../../errors.js';
import { isJsonObject, type JsonObject, own } from '../../jose/json.js';
import { holdsSecret, importJwk, UnusableJwk } from '../../jose/jwk.js';
import { readPemBlock, readPemBlocks } from '../../jose/pem.js';
import { isReference, isUnresolved, printedForm } from '../../jose/unresolved.js';
import { isContentEncryptionName, isKeyManagementName } from '../../jwe/algorithms.js';
import { importEncryptionJwk } from '../../jwe/jwk.js';
import { parseJwe } from '../../jwe/parse.js';
import { decodeToken } from '../../token/decode.js';
import { findRuns, headerOf } from '../../token/token-runs.js';
import type { Holding, Kind, Source, Spot, Subject, Subjects } from '../rule.js';
import { parseLeniently } from './lenient-json.js';
import { lineFinder } from './lines.js';
import { isElided, isTrustStore, withoutOtherBlocks } from './pem-blocks.js';
import { isNoSecretValue, isSecretName, isTokenSecretName } from './secret-names.js';

/** More tokens, keys or variables than any file has that a person looks after. */
const mostSubjects = 5000;

/** What is known about a value beside its name. */
interface AboutValue {
  readonly isPublished?: boolean;
  /** Whether it stands in YAML or JSON, where a value may also be a switch, a version or a path. */
  readonly isSetting?: boolean;
  /** Whether it is no secret whatever its name. */
  readonly isOther?: boolean | undefined;
  /** The name of the member that it is in. */
  readonly parent?: string | undefined;
  /** The secret, if that is no text. */
  readonly bytes?: Uint8Array | undefined;
}

/** A file inside a value, such as those of a ConfigMap. */
export interface EmbeddedText {
  readonly text: string;
  readonly spot: Omit<Spot, 'source'>;
  readonly isPublished: boolean;
  /** Whether its first line is the line below that of the value. */
  readonly isBlock: boolean;
}

/** The subjects of a source, and what makes the source secret. */
export class Found {
  readonly subjects: Subject[] = [];
  readonly holds = new Set<Holding>();
  /** Texts that are still to be read. */
  readonly embedded: EmbeddedText[] = [];
  readonly source: Source;

  constructor(source: Source) {
    this.source = source;
  }

  add<K extends Kind>(kind: K, value: Subjects[K], spot: Omit<Spot, 'source'> = {}): void {
    if (this.subjects.length >= mostSubjects) return;
    this.subjects.push({ kind, value, spot: { source: this.source, ...spot } } as Subject);
  }

  /** Adds each token in a text; true if there is one. */
  addTokens(text: string, spot: Omit<Spot, 'source'> = {}, slot?: string): boolean {
    const runs = findRuns(text);
    const lineAt = lineFinder(text);
    for (const { token, start } of runs) {
      if (this.source.isFile === true && isShortened(token, text[start + token.length])) continue;
      const line = spot.line ?? (this.source.isFile === true && spot.part === undefined ? lineAt(start) : undefined);
      this.addToken(token, { ...spot, line }, slot);
    }
    return runs.length > 0;
  }

  addToken(text: string, spot: Omit<Spot, 'source'>, slot?: string): void {
    this.holds.add('token');
    const isEncrypted = text.split('.', 7).length === 5;
    if (isEncrypted) return void this.addEncrypted(text, spot, slot);
    const empty = { text, header: headerOf(text) ?? {}, claims: {}, isEncrypted, slot };
    try {
      const { header, claims } = decodeToken(text, { maxLength: 1024 * 1024 });
      this.add('token', { text, header, claims, isEncrypted, slot }, spot);
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      this.add('token', { ...empty, problem: error.message }, spot);
    }
  }

  /** Adds an encrypted token in any serialization, once for each recipient. */
  addEncrypted(text: string, spot: Omit<Spot, 'source'> = {}, slot?: string): void {
    this.holds.add('token');
    const shared = { text, claims: {}, isEncrypted: true, slot };
    try {
      const { recipients } = parseJwe(text);
      for (const { header } of recipients) this.add('token', { ...shared, header }, spot);
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      this.add('token', { ...shared, header: headerOf(text) ?? {}, problem: error.message }, spot);
    }
  }

  addJwk(jwk: JsonObject, spot: Omit<Spot, 'source'> = {}): void {
    const isPrivate = holdsSecret(jwk);
    if (isPrivate) this.holds.add('private key');
    try {
      const { keyObject } = isForEncryption(jwk) ? importEncryptionJwk(jwk) : importJwk(jwk);
      this.add('key', { key: keyObject, jwk, isPrivate }, spot);
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      // Too small is a rule of its own, and other types of keys are no mistake.
      const isBroken = error.code === 'KEY_INVALID' && !(error instanceof UnusableJwk);
      this.add('key', { key: undefined, jwk, isPrivate, problem: isBroken ? error.message : undefined }, spot);
    }
  }

  /** Adds the keys and certificates of a PEM text. */
  addPem(text: string, spot: Omit<Spot, 'source'> = {}): void {
    if (isTrustStore(text)) return;
    try {
      const { blocks } = readPemBlocks(text, '');
      const lineAt = lineFinder(text);
      let from = 0;
      for (const block of blocks) {
        // Mended blocks are not in the text as they are.
        const start = text.indexOf(block.whole, from);
        from = Math.max(start + 1, from);
        if (isElided(block.body)) continue;
        const isWhole = this.source.isFile === true && spot.part === undefined;
        const line = spot.line ?? (isWhole ? lineAt(start) : undefined);
        this.#addBlock(block, { ...spot, line });
      }
    } catch (error) {
      if (text.includes('PRIVATE KEY-----')) this.holds.add('private key');
      this.#addBrokenKey(error, text.includes('PRIVATE KEY-----'), spot);
    }
  }

  #addBlock(block: { label: string; body: string; whole: string }, spot: Omit<Spot, 'source'>): void {
    const isPrivate = block.label.endsWith('PRIVATE KEY');
    if (isPrivate) this.holds.add('private key');
    try {
      if (block.label === 'CERTIFICATE') {
        const certificate = new X509Certificate(block.whole);
        this.add('certificate', certificate, spot);
        this.add('key', { key: certificate.publicKey, isPrivate }, spot);
        return;
      }
      const pem = readPemBlock(block, '');
      const key = pem.form === 'key' ? pem.keyObject : undefined;
      const encrypted = pem.form === 'encrypted PKCS#8' ? pem.der : undefined;
      this.add('key', { key, isPrivate, hasLegacyEncryption: pem.form === 'encrypted PEM', encrypted }, spot);
    } catch (error) {
      this.#addBrokenKey(error, isPrivate, spot);
    }
  }

  #addBrokenKey(error: unknown, isPrivate: boolean, spot: Omit<Spot, 'source'>): void {
    const problem = error instanceof Error ? error.message : 'it cannot be read';
    this.add('key', { key: undefined, isPrivate, problem }, spot);
  }

  /** Adds what a value in a file of settings holds: PEM, a JWK, a JWK Set, a token, or a secret if its name says so. */
  addValue(name: string, value: string, spot: Omit<Spot, 'source'>, about: AboutValue = {}): void {
    const broken = value.includes('\\n') && value.includes('-----BEGIN') ? value.replaceAll('\\n', '\n') : value;
    const plain = withoutOtherBlocks(broken);
    if (plain.includes('-----BEGIN ')) return void this.addPem(plain, spot);
    if (plain.startsWith('{') && this.#addJsonKey(plain, spot)) return;
    if (this.addTokens(plain, spot)) return;
    if (printedForm(plain) === undefined && this.#addMembers(name, plain, spot, about)) return;
    const { isPublished, isOther, isSetting, parent, bytes } = about;
    if (isOther === true || !isSecretName(name, parent) || isPutInLater(value)) return;
    if (isSetting === true && isNoSecretValue(value)) return;
    this.holds.add('secret');
    this.add('secret', { name, value, bytes, isPublished, isForTokens: isTokenSecretName(name, parent) }, spot);
  }

  /** Adds what a text inside this source holds, such as a file in a ConfigMap. */
  addEmbedded({ spot, isPublished, isBlock }: EmbeddedText, inner: Found): void {
    for (const kind of inner.holds) this.holds.add(kind);
    for (const { kind, value, spot: at } of inner.subjects) {
      if (kind === 'file') continue;
      const line = isBlock && spot.line !== undefined && at.line !== undefined ? spot.line + at.line : spot.line;
      const part = [spot.part, at.part].filter((one) => one !== undefined).join('.');
      this.add(kind, kind === 'secret' ? { ...value, isPublished } : value, { line, part });
    }
  }

  /** Adds the members of a value that is a JSON object, such as `{"type":"HS256","key":"…"}`; false for another value. */
  #addMembers(parent: string, text: string, spot: Omit<Spot, 'source'>, about: AboutValue): boolean {
    const members = text.startsWith('{') ? tryToParse(text) : undefined;
    if (!isJsonObject(members)) return false;
    for (const [name, value] of Object.entries(members)) {
      const part = [spot.part, name.slice(0, 60)].filter((one) => one !== undefined).join('.');
      if (typeof value === 'string') this.addValue(name, value, { ...spot, part }, { ...about, parent });
    }
    return true;
  }

  #addJsonKey(text: string, spot: Omit<Spot, 'source'>): boolean {
    const value = tryToParse(text);
    if (!isJsonObject(value)) return false;
    if (own(value, 'kty') !== undefined) this.addJwk(value, spot);
    else if (Array.isArray(own(value, 'keys'))) addSet(value, this, spot.part);
    else return false;
    return true;
  }
}

/** Parses JSON; undefined for another text. */
function tryToParse(text: string): unknown {
  try {
    return parseLeniently(text);
  } catch {
    return undefined;
  }
}

/** Whether a token stands for one, as in documentation: dots, or a text in brackets, are in the place of a segment. */
function isShortened(token: string, next = ''): boolean {
  return /\.{3}|…/.test(token) || (token.endsWith('.') && /[<[{]/.test(next));
}

/** Whether a JWK says that it is for encryption. */
function isForEncryption(jwk: JsonObject): boolean {
  const [use, alg] = [own(jwk, 'use'), own(jwk, 'alg')];
  return use === 'enc' || (use === undefined && (isKeyManagementName(alg) || isContentEncryptionName(alg)));
}

/** Adds a JWK Set and its keys. */
export function addSet(set: JsonObject, found: Found, part?: string): void {
  const keys = (own(set, 'keys') as unknown[]).filter(isJsonObject).slice(0, 1000);
  found.holds.add('trusted');
  found.add('set', { keys }, { part });
  for (const [at, jwk] of keys.entries())
    found.addJwk(jwk, { part: `${part === undefined ? '' : `${part}.`}keys[${at}]` });
}

/**
 * Whether a value is empty or stands for one that a program puts in later: a form that {@link isUnresolved} knows, a variable that a
 * shell or a compose file reads, or a command of a shell. What a program shows instead of a value, such as `********`, is a finding.
 */
function isPutInLater(value: string): boolean {
  if (/^\s*$|^\$[A-Z_][A-Z\d_]*$|^\$\(.*\)$/.test(value) || isReference(value)) return true;
  return isUnresolved(value) && printedForm(value) === undefined && !/^\s*[*<([]/.test(value);
}
