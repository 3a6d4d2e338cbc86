/** What `encrypt` encrypts: a file, a signed token, or claims that options make and the keyring signs. */
import { existsSync } from 'node:fs';
import type { ClaimsJob } from '../../../batch/job.js';
import { JwtkitError } from '../../../errors.js';
import { writeJson } from '../../../jose/exact-json.js';
import type { JsonObject } from '../../../jose/json.js';
import { textBytes } from '../../../jose/text.js';
import type { Serialization } from '../../../jwe/encrypt.js';
import { maxContentBytes } from '../../../jwe/parse.js';
import { headerOfContent } from '../../../jwe/token.js';
import { trimToken } from '../../../token/decode.js';
import { completeClaims, readClaims } from '../../../token/given-claims.js';
import type { BatchFlags } from '../../grammar/batch-options.js';
import type { Invocation } from '../../grammar/invocation.js';
import {
  addPairs,
  type ClaimOptions,
  claimDefaults,
  claimPolicies,
  claimsOfOptions,
  isRedated,
  makesClaims,
  typeOf,
  warnIfDead,
} from '../../grammar/issued-claims.js';
import type { EncryptionKeyOptions } from '../../grammar/keys/encryption.js';
import type { Flags, Lists, Texts } from '../../grammar/option.js';
import type { OutOptions } from '../../grammar/output-file.js';
import { usage } from '../../terminal/errors.js';
import { readContent } from '../../terminal/input.js';
import type { Io } from '../../terminal/io.js';
import type { MaskOptions } from '../../terminal/mask.js';

/** The options of `encrypt`. */
export interface EncryptOptions
  extends EncryptionKeyOptions,
    ClaimOptions,
    BatchFlags,
    MaskOptions,
    Texts<'alg' | 'enc' | 'typ' | 'cty'>,
    Lists<'header'>,
    OutOptions,
    Flags<'sign'> {
  serialization: Serialization;
}

/** Returns the header members that options name. */
export function readHeader({ typ, cty, header: texts }: EncryptOptions): JsonObject {
  const header: JsonObject = { ...(typ === undefined ? {} : { typ }), ...(cty === undefined ? {} : { cty }) };
  addPairs(header, '--header', texts);
  return header;
}

/** Returns how claims are completed, as `issue` does it. */
export function claimsJob(invocation: Invocation<EncryptOptions>, io: Io): ClaimsJob {
  const { type, nbf } = invocation.options;
  const claims = writeJson(claimsOfOptions(invocation, io));
  const own = { defaults: claimDefaults(invocation), isRedated: isRedated(invocation) };
  return { policies: claimPolicies(invocation), type, nbf, claims, ...own };
}

/** Reads what is encrypted: a file or standard input; nothing if options alone make claims. */
export function readGiven(
  invocation: Invocation<EncryptOptions>,
  path: string | undefined,
  isSigned: boolean,
  io: Io,
): Uint8Array | undefined {
  const { claims: file } = invocation.options;
  const place = file ?? path;
  if (place === undefined && makesClaims(invocation)) return undefined;
  if (place === undefined && io.stdin.isTerminal) {
    const way = isSigned
      ? 'name a file, pipe it in, or set claims such as --sub user-123'
      : 'name a file, or pipe it in';
    throw usage('nothing to encrypt', way);
  }
  if (place !== undefined && place === path) refuseContentAsPath(place);
  return readContent(place ?? '-', io, maxContentBytes, file === '-' ? '--claims -' : 'what is encrypted');
}

/** The argument is a file. A person who puts the content itself there learns how to pass it. */
function refuseContentAsPath(path: string): void {
  if (path === '-' || existsSync(path)) return;
  const isToken = /^ey[\w-]+\.[\w-]*\.[\w.-]*$/.test(path);
  if (!isToken && !/^\s*\{/.test(path)) {
    // It may be what is to be encrypted, so the error does not repeat it.
    throw new JwtkitError('FILE_NOT_READABLE', 'there is no such file to encrypt', {
      hint: 'the argument is the name of a file; pipe a text in: printf %s "$TEXT" | jwtkit encrypt …',
    });
  }
  throw usage(
    `the argument of encrypt is a file, this is ${isToken ? 'a token' : 'JSON'}`,
    isToken
      ? 'pipe the token in: printf %s "$TOKEN" | jwtkit encrypt …'
      : 'pipe it in, or name claims: --claim plan=pro, --claims FILE',
  );
}

interface Content {
  readonly content: Uint8Array;
  /** Header members that the content asks for. */
  readonly header: JsonObject;
}

/** Makes a claims set of a text and the options, and signs it where that is asked for. */
export async function makeContent(
  given: Uint8Array | undefined,
  now: number,
  invocation: Invocation<EncryptOptions>,
  io: Io,
): Promise<Content> {
  const { options } = invocation;
  const name = options.claims === undefined ? 'the content' : '--claims: the file';
  const refuse = (problem: string, hint?: string) => usage(`${name} ${problem}`, hint);
  const claims = completeClaims(given === undefined ? {} : readClaims(textBytes(given, refuse), name), {
    fixed: claimsOfOptions(invocation, io),
    defaults: claimDefaults(invocation),
    isRedated: isRedated(invocation),
  });
  const policy = claimPolicies(invocation)[typeOf(claims, options)];
  if (options.sign === true) {
    const { key } = await (await signerOf(invocation, now, io))(now);
    const { issueToken } = await import('../../../token/issue.js');
    const issued = await issueToken(claims, policy, { key, now, newId: io.newId });
    warnIfDead(issued.claims, now, io);
    return { content: Buffer.from(issued.token), header: { cty: 'JWT' } };
  }
  const { prepareClaims, writePayload } = await import('../../../token/new-claims.js');
  const isBare = policy.bare === true;
  const { payload, claims: made } = writePayload(prepareClaims(policy, { now, newId: io.newId })(claims), isBare);
  warnIfDead(made, now, io);
  return { content: payload, header: isBare ? {} : { typ: 'JWT' } };
}

/** Returns a function that finds the key of the keyring that signs at a moment. */
export async function signerOf(invocation: Invocation<EncryptOptions>, now: number, io: Io) {
  const { firstSignerFinder } = await import('../../grammar/keys/encryption-finders.js');
  const find = await firstSignerFinder(invocation, now, io);
  return async (at: number) => ({ key: await find(at), alg: undefined });
}

/** A token goes in without the line end behind it (RFC 7519 §5.2). */
export function readPlain(given: Uint8Array = new Uint8Array(), { cty }: EncryptOptions): Content {
  const token = trimToken(Buffer.from(given).toString('latin1'));
  const header = headerOfContent(token);
  if (cty !== undefined || header.cty === undefined) return { content: given, header: {} };
  return { content: Buffer.from(token), header };
}
