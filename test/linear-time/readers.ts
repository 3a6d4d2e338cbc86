/** Every reader of text that strangers send, beside the texts that could make it slow. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cutBlocks, groupsOf } from '../../src/batch/lines.js';
import { parsePair } from '../../src/cli/grammar/values.js';
import { loadForge } from '../../src/jose/asn1.js';
import { decodeBase64url, encodeBase64url } from '../../src/jose/base64url.js';
import { checkHeader, parseJws } from '../../src/jose/compact.js';
import { derElement, nullValue, octetString, oid, sequence, tagged } from '../../src/jose/der-writer.js';
import { parseDistinguishedName } from '../../src/jose/distinguished-name.js';
import { toJson } from '../../src/jose/exact-json.js';
import { quoteText, readJson } from '../../src/jose/json.js';
import { importJwkSet } from '../../src/jose/jwk-set.js';
import { signJws } from '../../src/jose/jws.js';
import { loadKeys } from '../../src/jose/keys.js';
import { readPkcs12 } from '../../src/jose/pkcs12.js';
import { loadSecret } from '../../src/jose/secret.js';
import { parseSubjectAltName } from '../../src/jose/subject-alt-name.js';
import { readCertificates } from '../../src/jose/x509.js';
import { lint } from '../../src/lint/lint.js';
import { readPolicy } from '../../src/policy/read.js';
import { parseAddress } from '../../src/remote/address.js';
import { freshnessOf } from '../../src/remote/freshness.js';
import { readJwkSet } from '../../src/remote/jwks.js';
import { escapeJson, escapeText, hideTokens, hideTokensInJson } from '../../src/shown-text.js';
import { readClients } from '../../src/store/accounts/clients.js';
import { passwordHashProblem } from '../../src/store/accounts/password-hash.js';
import { readUserList } from '../../src/store/accounts/user-list.js';
import { readUsers } from '../../src/store/accounts/users.js';
import { parseLocation } from '../../src/store/redis/location.js';
import { grantScopes, labelProblem, passwordProblem } from '../../src/token/account.js';
import { findByPath } from '../../src/token/claim-path.js';
import { decodeToken, trimToken } from '../../src/token/decode.js';
import { diffTokens } from '../../src/token/diff.js';
import { findToken } from '../../src/token/find-token.js';
import { issueToken } from '../../src/token/issue.js';
import { explainNoToken } from '../../src/token/no-token.js';
import { readParts } from '../../src/token/readable-parts.js';
import { refreshToken } from '../../src/token/refresh.js';
import { isSameJson } from '../../src/token/required-claim.js';
import { parseDuration, parseMoment } from '../../src/token/time.js';
import { reportToken, verifyToken } from '../../src/token/verify.js';
import { runCli, temporaryFolder } from '../cli/fake-io.js';
import { pkcs12Around } from '../jose/pkcs12-of.js';
import { bearer, formType, startService } from '../server/test-service.js';
import { certificates, claimSets, documents, many, runs, structures } from './hostile-texts.js';
import type { Read, Reader } from './measure.js';

/** The longest token, and the longest body of a request. */
const tokenLimit = 65_000;
/** The headers of a request, together. */
const headerLimit = 30_000;
/** A third of the longest key file and the longest document that is fetched: enough to tell, and soon over. */
const fileLimit = 350_000;

type Texts<T> = Readonly<Record<string, (length: number) => T>>;

/** A reader of texts of one kind. */
function reader<T>(name: string, limit: number, texts: Texts<T>, read: (text: T) => unknown): Reader {
  const reads = Object.entries(texts).map(
    ([text, make]) =>
      [
        text,
        (length: number): Read => {
          const made = make(length);
          return () => read(made);
        },
      ] as const,
  );
  return { name, limit, texts: Object.fromEntries(reads) };
}

/** Texts with something around each. */
function around<T, U>(texts: Texts<T>, wrap: (text: T) => U): Texts<U> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, make]) => [name, (length: number) => wrap(make(length))]),
  );
}

const now = 1_800_000_000;
const key = loadSecret('s'.repeat(64));
const keys = [key];
/** A token is four thirds as long as what it holds. */
const inToken = (length: number) => Math.floor(length * 0.74);
const tokenOf = (payload: string, header = '{"alg":"HS256"}') =>
  `${encodeBase64url(header)}.${encodeBase64url(payload)}.${'A'.repeat(43)}`;
const asPayload: Texts<string> = { ...runs, ...documents, ...claimSets };
const payloads: Texts<string> = Object.fromEntries(
  Object.entries(asPayload).map(([name, make]) => [name, (length: number) => tokenOf(make(inToken(length)))]),
);
const headers: Texts<string> = Object.fromEntries(
  Object.entries({ ...runs, ...documents }).map(([name, make]) => [
    name,
    (length: number) => tokenOf('{}', make(inToken(length))),
  ]),
);
const inString = around(runs, (text) => JSON.stringify({ a: text }));
const inName = around(runs, (text) => JSON.stringify({ [text]: 1 }));
const unescaped = around(runs, (text) => `{"\\u0061":"${text}"}`);
const named = (prefix: string, texts: Texts<string>) =>
  Object.fromEntries(Object.entries(texts).map(([name, make]) => [`${prefix}: ${name}`, make]));
const json: Texts<string> = {
  ...runs,
  ...documents,
  ...named('in a string', inString),
  ...named('in a name', inName),
  ...named('beside an escaped name', unescaped),
};

const { 'a string that does not end': _, ...wholeDocuments } = documents;

const shortHeader = encodeBase64url('{"alg":"HS256"}');
/** Texts in which a token is looked for. */
const longTexts: Texts<string> = {
  ...json,
  'many tokens': (length) => many(length, (at) => `${shortHeader}.e30.A${at}`, ','),
  'many tokens in JSON': (length) => `[${many(length, (at) => `"${shortHeader}.e30.A${at}"`, ',')}]`,
  // 23 characters each, so that a window of 2048 before each begins with a slash.
  'many tokens in a path': (length) => '/eyJhbGciOiJub25lIn0.ab'.repeat(length / 23),
  'many tokens in URLs': (length) => many(length, (at) => `https://a.example/?t=${shortHeader}%2Ee30%2EA${at}`, ' '),
  'lines that may begin a token': (length) => many(length, () => 'eyJhbGciOiJIUzI1NiIsInR5cCI6', '\n'),
  'headers on lines of their own': (length) => many(length, () => `${shortHeader}.`, '\n'),
  'a token that is wrapped': (length) => `${shortHeader}.${'A'.repeat(length)}.b`.replace(/.{60}/g, '$&\n'),
  'a token with much glued to it': (length) => `${shortHeader}.e30.A${'~'.repeat(length)}`,
  'JSON in JSON': (length) => JSON.stringify(JSON.stringify(JSON.stringify({ a: '"'.repeat(length / 8) }))),
  'JSON in many strings': (length) => JSON.stringify(many(length, () => '{"aaaaaaaaaaaaaaaaa":["x"]}', ' ').split(' ')),
};

/** A policy that asks for something of every claim. */
const policy = {
  issuer: 'i',
  audience: ['x', 'y'],
  subject: 'z',
  scope: ['none', 'nothing'],
  role: ['none', 'nothing'],
  require: [{ name: 'deep', value: [] }, { name: 'a', value: 1 }, { name: 'none' }],
} as const;

/** Tokens whose signature holds, so that their claims are read. */
async function signedTokens(): Promise<Reader> {
  const texts: Reader['texts'] = Object.fromEntries(
    Object.entries({ ...claimSets, ...documents }).map(([name, make]) => [
      name,
      async (length: number) => {
        const token = await signJws(make(inToken(length)), key);
        return () => verifyToken(token, policy, { keys, now });
      },
    ]),
  );
  return { name: 'verifyToken, signed, every demand', limit: tokenLimit, texts };
}

const wantedAndHeld: Texts<{ asked: string[]; held: string[] }> = {
  'many scopes of many': (length) => ({
    asked: many(length / 2, (at) => `a${at}`, ' ').split(' '),
    held: many(length / 2, (at) => `h${at}`, ' ').split(' '),
  }),
};

async function narrowing(): Promise<Reader> {
  const texts: Reader['texts'] = {
    'many scopes of many': async (length) => {
      const { asked, held } = (
        wantedAndHeld['many scopes of many'] as (length: number) => { asked: string[]; held: string[] }
      )(length);
      const { token } = await issueToken({ scope: held.join(' ') }, { type: 'refresh' }, { key, now });
      return () => refreshToken(token, { scope: asked }, { key, keys, now });
    },
  };
  return { name: 'refreshToken, scopes', limit: tokenLimit, texts };
}

const point = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
const okp = (more: string) => `{"kty":"OKP","crv":"Ed25519","x":"${point}"${more}}`;
const sets: Texts<string> = {
  'many keys': (length) => `{"keys":[${many(Math.min(length, 100_000), (at) => okp(`,"kid":"k${at}"`), ',')}]}`,
  'many keys, one kid twice': (length) =>
    `{"keys":[${many(Math.min(length, 100_000), (at) => okp(`,"kid":"k${at}"`), ',')},${okp(',"kid":"k10000"')}]}`,
  'a key with many members': (length) => `{"keys":[${okp(`,${many(length, (at) => `"m${at}":1`, ',')}`)}]}`,
  'a key with many operations': (length) =>
    `{"keys":[${okp(`,"key_ops":[${many(length, (at) => `"o${at}"`, ',')}]`)}]}`,
  'a long kid': (length) => `{"keys":[${okp(`,"kid":"${'k'.repeat(length)}"`)}]}`,
  'a long modulus': (length) => `{"keys":[{"kty":"RSA","n":"${'A_'.repeat(length / 2)}","e":"AQAB"}]}`,
  'a long exponent': (length) => `{"keys":[{"kty":"RSA","n":"${'w'.repeat(342)}","e":"${'A_'.repeat(length / 2)}"}]}`,
};

const pemOf = (label: string) => (der: Buffer) =>
  `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`;
const keyFiles: Texts<string | Buffer> = {
  ...json,
  ...sets,
  ...named('DER', structures as never),
  ...certificates,
  ...(named('PEM', around({ ...structures, ...certificates }, pemOf('CERTIFICATE'))) as Texts<string>),
  'PEM with long lines around': (length) => `${'x'.repeat(length)}\n${pemOf('PUBLIC KEY')(Buffer.from('3000', 'hex'))}`,
  'PEM of many certificates': (length) => many(length, () => pemOf('CERTIFICATE')(Buffer.alloc(50)), ''),
  'PEM begun often, ended once': (length) => `${many(length, () => '-----BEGIN A-----\n', '')}-----END A-----\n`,
  'PEM ended often': (length) => `-----BEGIN A-----\n${many(length, () => '-----END A-----  \t x\n', '')}`,
  'PEM with a long label': (length) => `-----BEGIN ${'A'.repeat(length)}-----\n-----END ${'A'.repeat(length)}-----\n`,
};

/** Texts of what {@link loadKeys} mends, whole ones and damaged ones. */
const mangledKeys: Texts<string> = {
  ...runs,
  ...named(
    'assigned',
    around(runs, (text) => `KEY=${text}`),
  ),
  ...named(
    'quoted',
    around(runs, (text) => `"${text}"`),
  ),
  ...named(
    'in base64',
    around(runs, (text) => Buffer.from(text).toString('base64')),
  ),
  ...named(
    'in PEM',
    around(runs, (text) => `-----BEGIN PUBLIC KEY-----${text}-----END PUBLIC KEY-----`),
  ),
  'PEM of an encrypted key': (length) =>
    `-----BEGIN RSA PRIVATE KEY-----Proc-Type:${' '.repeat(length)}4,ENCRYPTED-----END RSA PRIVATE KEY-----`,
};

async function pkcs12Files(): Promise<Reader> {
  const forge = await loadForge();
  /** An OCTET STRING in pieces, as BER allows it. */
  const inPiecesOf = (pieces: Uint8Array) => derElement(0x24, pieces);
  const wrapped = (levels: number, content: Buffer) => {
    let element = derElement(0x04, content);
    for (let level = 0; level < levels; level++) element = inPiecesOf(element);
    return element;
  };
  const parts: Texts<Buffer> = {
    'many bags': (length) => {
      const bag = sequence(oid('1.2.840.113549.1.12.10.1.5'), tagged(0, nullValue()));
      const count = Math.floor(length / bag.length);
      return pkcs12Around(forge, octetString(derElement(0x30, ...Array.from({ length: count }, () => bag))), 'p');
    },
    'octets in pieces': (length) => {
      const pieces = Array.from({ length: length / 3 }, () => derElement(0x04, Buffer.of(0)));
      return pkcs12Around(forge, inPiecesOf(Buffer.concat(pieces)), 'p');
    },
    'octets in octets': (length) =>
      pkcs12Around(forge, wrapped(Math.min(200, length / 1000), Buffer.alloc(length / 2)), 'p'),
    'a long salt': (length) => Buffer.from(pkcs12Around(forge, octetString(Buffer.alloc(length)), 'p')),
  };
  return reader('readPkcs12', fileLimit, { ...parts, ...named('DER', structures as never) } as Texts<Buffer>, (file) =>
    readPkcs12(file, 'p'),
  );
}

/** A file that is written anew for each text. */
function fileOf(text: string | Buffer): string {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, text);
  return path;
}

const accounts = (kind: string, members: (at: number) => string): Texts<string> => ({
  [`many ${kind}`]: (length) => `{"${kind}":[${many(length, members, ',')}]}`,
});
const hash = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
const userOf = (at: number, roles = '') =>
  `{"name":"n${at}","sub":"s${at}","roles":[${roles}],"scopes":[],"password":"${hash}","created":1}`;
const clientOf = (at: number) =>
  `{"id":"client-${String(at).padStart(22, '0')}","name":"n${at}","scopes":[],"secret_hash":"${'A'.repeat(43)}","created":1}`;

async function* inPieces(size: number, text: string): AsyncGenerator<Uint8Array> {
  const all = Buffer.from(text);
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
}

async function readLines(pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0;
  for await (const block of cutBlocks(pieces, 131_072)) for (const lines of groupsOf(block, 128)) count += lines.length;
  return count;
}

const configs: Texts<string> = {
  ...documents,
  'a long issuer': (length) => JSON.stringify({ issuer: 'i'.repeat(length) }),
  'many issuers': (length) => `{"issuer":[${many(length, (at) => `"i${at}"`, ',')}]}`,
  'many unknown members': (length) => `{${many(length, (at) => `"issuers${at}":1`, ',')}}`,
  'a long unknown member': (length) => `{"${'issuer'.repeat(length / 6)}":1}`,
  'a long lifetime': (length) => JSON.stringify({ lifetimes: { access: '1h'.repeat(length / 2) } }),
  'a long store': (length) => JSON.stringify({ store: `redis://${'h,'.repeat(length / 2)}` }),
  'a long typ': (length) => JSON.stringify({ typ: 'a/'.repeat(length / 2) }),
  'long runs': (length) => JSON.stringify({ keys: { files: `-----BEGI${'-----BEGI'.repeat(length / 9)}` } }),
};

const head = 'name,sub,password\n';
/** Lists of users to import. */
const userLists: Texts<string> = {
  ...json,
  ...named(
    'CSV',
    around(runs, (text) => `${head}${text}`),
  ),
  'CSV, lines with too few cells': (length) => head + 'x\n'.repeat(length / 2),
  'CSV, empty lines': (length) => head + '\n'.repeat(length),
  'CSV, one line of empty cells': (length) => head + ','.repeat(length),
  'CSV, many columns': (length) => `name,sub,${many(length / 2, (at) => `c${at}`, ',')}\n${','.repeat(length / 8)}`,
  'CSV, a quote that does not end': (length) => `${head}"${'a""'.repeat(length / 3)}`,
  'CSV, users': (length) => head + many(length, (at) => `n${at},s${at},p`, '\n'),
};

/** A name of half the length, around members that take the other half. */
const below = (length: number, name: string, members: (length: number) => string) =>
  `{"${name.repeat(length / 2 / name.length)}":${members(length / 2)}}`;
const zeros = (length: number) => `[${'0,'.repeat(length / 2)}0]`;
const secretKeys = (length: number) =>
  `{${many(length, (at) => `"${'_'.repeat(at % 30)}key${'-'.repeat(at % 29)}":"a"`, ',')}}`;

/** What lint reads: settings in several forms, with tokens, keys and secrets. */
const settings: Texts<string> = {
  'tokens among empty lines': (length) => many(length, () => 'eyJhbGciOiJub25lIn0.e30.', '\n'.repeat(24)),
  'blocks of PEM': (length) => many(length, () => '-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----', '\n'),
  'members below a long name': (length) => below(length, 'y', (half) => `{${many(half, (at) => `"${at}":0`, ',')}}`),
  'members below a name of many words': (length) => below(length, 'yA', secretKeys),
  'a claim with a long name': (length) => tokenOf(below(inToken(length), 'a', zeros)),
  'a claim with a long number as name': (length) => tokenOf(below(inToken(length), '1', zeros)),
  secrets: (length) => many(length, (at) => `JWT_SECRET_${at}=${at}`, '\n'),
  'quotes that do not end': (length) => `A='a\n${'B="\n'.repeat(length / 4)}`,
  cookies: (length) => many(length, (at) => `Set-Cookie: a${at}=eyJhbGciOiJub25lIn0.e30.; Secure`, '\n'),
  'attributes of a cookie': (length) =>
    `Set-Cookie: a=eyJhbGciOiJub25lIn0.e30.;${many(length, (at) => `a${at}=1`, ';')}`,
  'files in a ConfigMap': (length) =>
    `{"kind":"ConfigMap","data":{${many(length, (at) => `"${at}.env":"A=1\\nB=2"`, ',')}}}`,
  'members of YAML': (length) => many(length, (at) => `m${at}: a`, '\n'),
  'documents of YAML': (length) => many(length, () => '---\na: 1', '\n'),
};
const lintFile = (text: string) => lint([{ name: 'file', content: Buffer.from(text), isFile: true }], { now });

const refuse = () => new Error('refused') as never;

/** Readers that need no service. */
export async function readers(): Promise<Reader[]> {
  return [
    reader('lint', fileLimit, { ...runs, ...documents, ...settings, ...payloads }, lintFile),
    reader(
      'diffTokens',
      tokenLimit,
      around(
        { ...wholeDocuments, ...claimSets },
        (text) => [JSON.parse(text), JSON.parse(text.replaceAll('1', '2'))] as const,
      ),
      ([one, other]) => diffTokens({ header: {}, claims: one }, { header: {}, claims: other }),
    ),
    reader('decodeBase64url', tokenLimit, runs, decodeBase64url),
    reader('readJson', tokenLimit, json, (text) => readJson(Buffer.from(text))),
    reader('parseJws', tokenLimit, { ...runs, ...payloads }, (text) => parseJws(text)),
    reader('checkHeader', tokenLimit, headers, (text) => checkHeader(parseJws(text).header)),
    reader('decodeToken', tokenLimit, payloads, (text) => decodeToken(text)),
    reader('verifyToken', tokenLimit, { ...runs, ...named('payload', payloads), ...named('header', headers) }, (text) =>
      verifyToken(text, policy, { keys, now }),
    ),
    reader('reportToken', tokenLimit, payloads, (text) => reportToken(text, policy, { keys, now })),
    await signedTokens(),
    await narrowing(),
    reader('grantScopes', tokenLimit, wantedAndHeld, ({ asked, held }) => grantScopes(asked, held)),
    reader(
      'isSameJson',
      tokenLimit,
      around({ ...wholeDocuments, ...claimSets }, (text) => [JSON.parse(text), JSON.parse(text)] as const),
      ([one, other]) => isSameJson(one, other),
    ),
    reader('findByPath', tokenLimit, runs, (text) => findByPath({ a: { a: 1 } }, text)),
    reader('quoteText', tokenLimit, runs, quoteText),
    reader(
      'escapeText',
      tokenLimit,
      {
        ...runs,
        'starts of commands': (length) => '##a'.repeat(length / 3),
        'a command without its end': (length) => `##${'a'.repeat(length)}`,
        'almost an address': (length) => `::${'ab:'.repeat(length / 3)}x`,
        'spaces before a colon': (length) => `${' '.repeat(length)}:::`,
      },
      escapeText,
    ),
    reader('escapeJson', tokenLimit, inString, escapeJson),
    reader('toJson', tokenLimit, runs, (text) => toJson({ text })),
    reader(
      'hideTokens',
      tokenLimit,
      { ...runs, ...payloads, 'a dot behind a run': (length) => `${'a'.repeat(length)} .` },
      hideTokens,
    ),
    reader('hideTokensInJson', tokenLimit, inString, hideTokensInJson),
    reader(
      'hideTokensInJson, strings',
      tokenLimit,
      around({ ...runs, ...payloads, escapes: (length) => '"\\.'.repeat(length / 3) }, (text) =>
        JSON.stringify([text]),
      ),
      hideTokensInJson,
    ),
    reader('loadKeys', fileLimit, keyFiles, (file) => loadKeys(file, { purpose: 'any' })),
    reader('loadKeys, mangled', fileLimit, mangledKeys, (file) => loadKeys(file, { purpose: 'any' })),
    reader('importJwkSet', fileLimit, sets, (text) => importJwkSet(JSON.parse(text))),
    reader('readJwkSet (fetched)', fileLimit, { ...json, ...sets }, (text) => readJwkSet(Buffer.from(text), 'here')),
    reader('readCertificates', fileLimit, keyFiles, (file) => readCertificates(Buffer.from(file as string))),
    reader('loadSecret', fileLimit, { ...runs, ...sets, ...(structures as never as Texts<string>) }, (text) =>
      loadSecret(text),
    ),
    await pkcs12Files(),
    reader('parseDistinguishedName', 1024, runs, parseDistinguishedName),
    reader(
      'parseSubjectAltName',
      tokenLimit,
      {
        ...runs,
        ...named(
          'dns',
          around(runs, (text) => `dns:${text}`),
        ),
        ...named(
          'ip',
          around(runs, (text) => `ip:${text}`),
        ),
      },
      parseSubjectAltName,
    ),
    reader(
      'parseAddress',
      2048,
      around(runs, (text) => `https://host.example/${text}`),
      (text) => parseAddress(text, {}, refuse),
    ),
    reader(
      'freshnessOf (Cache-Control)',
      tokenLimit,
      { ...runs, 'many directives': (length) => many(length, (at) => `d${at}="v"`, ',') },
      (text) => freshnessOf({ 'cache-control': text, age: text }),
    ),
    reader(
      'trimToken',
      tokenLimit,
      {
        ...runs,
        ...named(
          'bearer',
          around(runs, (text) => `Bearer ${text}`),
        ),
      },
      trimToken,
    ),
    reader('findToken', fileLimit, longTexts, (text) => findToken(text, 'access')),
    reader('explainNoToken', fileLimit, longTexts, explainNoToken),
    reader('readParts', fileLimit, { ...longTexts, ...payloads, ...headers }, readParts),
    reader(
      'parsePair (--require, --claim)',
      tokenLimit,
      named(
        'value',
        around(json, (text) => `a:=${text}`),
      ),
      (text) => parsePair('--require', text),
    ),
    reader('parseDuration', tokenLimit, runs, parseDuration),
    reader(
      'parseMoment',
      tokenLimit,
      { ...runs, 'a long second': (length) => `2026-01-01T00:00:00.${'0'.repeat(length)}Z` },
      (text) => parseMoment(text, now),
    ),
    reader(
      'parseLocation (Redis)',
      tokenLimit,
      {
        ...runs,
        ...named(
          'host',
          around(runs, (text) => `redis+cluster://${text}`),
        ),
        ...named(
          'prefix',
          around(runs, (text) => `redis://h/0?prefix=${text}`),
        ),
        ...named(
          'master',
          around(runs, (text) => `redis+sentinel://h/${text}`),
        ),
      },
      parseLocation,
    ),
    reader('labelProblem (names)', tokenLimit, runs, labelProblem),
    reader('passwordProblem', tokenLimit, runs, passwordProblem),
    reader('readUserList (users import)', fileLimit, userLists, (text) => readUserList(Buffer.from(text), 'list')),
    reader('passwordHashProblem', tokenLimit, runs, passwordHashProblem),
    reader(
      'cutBlocks, piece by piece',
      tokenLimit,
      { ...runs, lines: (length) => 'a.b.c\n'.repeat(length / 6) },
      (text) => readLines(inPieces(7, text)),
    ),
    reader('readPolicy', 65_000, around(configs, fileOf), (file) => readPolicy(file)),
    reader(
      'readUsers',
      fileLimit,
      around(
        {
          ...documents,
          ...accounts('users', (at) => userOf(at)),
          'a user with many roles': (length) =>
            `{"users":[${userOf(
              1,
              many(length, (at) => `"r${at}"`, ','),
            )}]}`,
        },
        fileOf,
      ),
      readUsers,
    ),
    reader(
      'users import',
      fileLimit,
      around(
        {
          ...documents,
          'wrong lines of CSV': (length) => `name,sub\n${many(length, (at) => `,${at}`, '\n')}`,
          'quotes in CSV': (length) => `name,sub\n"${many(length, () => '""', '')}`,
          'columns of CSV': (length) => `name,sub,${many(length, (at) => `claim:${at}`, ',')}\na,b\n`,
        },
        fileOf,
      ),
      (file) => runCli(['users', 'import', file, '--dry-run', '--keyring', join(temporaryFolder(), 'k')]),
    ),
    reader('readClients', fileLimit, around({ ...documents, ...accounts('clients', clientOf) }, fileOf), readClients),
    reader(
      'env file',
      fileLimit,
      around({ ...runs, variables: (length) => many(length, (at) => `A${at}="b"`, '\n') }, fileOf),
      (file) => runCli(['decode', 'x', '-e', file]),
    ),
    reader('keys import', fileLimit, around(sets, fileOf), (file) =>
      runCli(['keys', 'import', file, '--keyring', join(temporaryFolder(), 'k')]),
    ),
    reader('decode, from stdin', tokenLimit, { ...runs, ...payloads }, (text) => runCli(['decode'], { stdin: text })),
    reader('an argument that is wrong', tokenLimit, runs, (text) => runCli([text, `--${text}`, text])),
  ];
}

/** What anybody can send to a service, without a password and a token that holds. */
export async function requests(): Promise<Reader[]> {
  const service = await startService({ rotatesRefreshTokens: true, trustedProxies: ['loopback'], authCookie: 'token' });
  const good = await service.sign({ sub: 'user-1', scope: many(12_000, (at) => `s${at}`, ' ') });
  const clean = (text: string) => text.replace(/[^\t\x20-\x7e]/g, 'x');
  const headerRuns = around(runs, clean);
  const form = (body: string) => service.ask('/token/refresh', { method: 'POST', headers: formType, body });
  const formTexts: Texts<string> = {
    ...runs,
    'many fields': (length) => many(length, (at) => `f${at}=1`, '&'),
    'one field many times': (length) => many(length, () => 'refresh_token=1', '&'),
    'many fields without a value': (length) => many(length, (at) => `f${at}`, '&'),
  };
  const disposition = 'Content-Disposition: form-data; name="a"';
  const part = (parameters: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; ${parameters}\r\n\r\n${value}\r\n--b--\r\n`;
  const asRefresh = around(payloads, (token) => `refresh_token=${token}`);
  const tooLong = 65_536;
  return [
    reader('POST /token/refresh, a forged token', tooLong - 100, asRefresh, form),
    reader('POST /token/refresh, a form', tooLong - 100, formTexts, form),
    reader(
      'POST /token/refresh, a multipart form',
      tooLong - 100,
      {
        ...around(runs, (text) => part('name="refresh_token"', text)),
        ...named(
          'name',
          around(runs, (text) => part(`name="${text}"`, '1')),
        ),
        ...named(
          'after the form',
          around(runs, (text) => `${part('name="a"', '1')}${text}`),
        ),
        'many parts': (length) => `--b${many(length, () => `\r\n${disposition}\r\n\r\n1\r\n--b`, '')}--\r\n`,
        'many headers of a part': (length) => part(`name="a"${many(length, (at) => `\r\nh${at}: 1`, '')}`, '1'),
        'the beginnings of boundaries': (length) => part('name="a"', '\r\n--'.repeat(length / 4)),
        'boundaries without an end': (length) => '--b\r\n'.repeat(length / 5),
      },
      (body) =>
        service.ask('/token/refresh', {
          method: 'POST',
          headers: { 'content-type': 'multipart/form-data; boundary=b' },
          body: body.slice(0, tooLong - 1),
        }),
    ),
    reader(
      'Content-Type: multipart/form-data',
      headerLimit,
      {
        ...around(headerRuns, (text) => `multipart/form-data; boundary=${text}`),
        ...named(
          'quoted',
          around(headerRuns, (text) => `multipart/form-data; boundary="${text}"`),
        ),
        'many parameters': (length) => `multipart/form-data${many(length, (at) => `; boundary${at}=1`, '')}`,
        'many boundaries': (length) => `multipart/form-data${many(length, () => '; boundary=-', ';')}`,
      },
      (type) => {
        const body = '\r\n--'.repeat(16_000);
        return service.ask('/token/refresh', { method: 'POST', headers: { 'content-type': type }, body });
      },
    ),
    reader(
      'POST /token, a password',
      tooLong - 200,
      named(
        'password',
        around(runs, (text) => `username=a&password=${encodeURIComponent(text)}`),
      ),
      (body) => service.ask('/token', { method: 'POST', headers: formType, body: body.slice(0, tooLong - 1) }),
    ),
    reader(
      'POST /token, scopes',
      tooLong - 200,
      { 'many scopes': (length) => `username=a&password=b&scope=${many(length, (at) => `s${at}`, '+')}` },
      (body) => service.ask('/token', { method: 'POST', headers: formType, body }),
    ),
    reader(
      'GET /auth, bearer',
      headerLimit,
      around({ ...headerRuns, ...payloads }, (token) => bearer(token)),
      (headers) => service.ask('/auth', { headers }),
    ),
    reader(
      'Authorization: Basic',
      headerLimit,
      around(headerRuns, (text) => ({
        authorization: `Basic ${Buffer.from(`${text}:${text}`).toString('base64').slice(0, headerLimit)}`,
      })),
      (headers) =>
        service.ask('/introspect', { method: 'POST', headers: { ...formType, ...headers }, body: 'token=a' }),
    ),
    reader(
      'GET /auth, demands',
      headerLimit / 2,
      {
        'many scopes': (length) => `/auth?scope=${many(length, (at) => `w${at}`, '+')}`,
        'many roles': (length) => `/auth?${many(length, (at) => `role=w${at}`, '&')}`,
        'any of many roles': (length) => `/auth?role=${many(length, (at) => `w${at}`, '|')}`,
        'many bars': (length) => `/auth?role=${'|'.repeat(length)}`,
      },
      (path) => service.ask(path, { headers: bearer(good) }),
    ),
    reader(
      'Cookie',
      headerLimit,
      {
        ...headerRuns,
        ...around({ ...headerRuns, ...payloads }, (token) => `token=${token}`),
        'many cookies': (length) => many(length, (at) => `c${at}=1`, ';'),
        'many of its name': (length) => many(length, () => 'token=1', ';'),
      },
      (cookie) => service.ask('/auth', { headers: { cookie } }),
    ),
    reader(
      'X-Forwarded-For',
      headerLimit,
      around(headerRuns, (text) => ({ 'x-forwarded-for': text })),
      (headers) => service.ask('/auth', { headers }),
    ),
    reader(
      'If-None-Match',
      headerLimit,
      around(headerRuns, (text) => ({ 'if-none-match': text })),
      (headers) => service.ask('/.well-known/jwks.json', { headers }),
    ),
    reader(
      'X-Request-Id',
      headerLimit,
      around(headerRuns, (text) => ({ 'x-request-id': text })),
      (headers) => service.ask('/healthz', { headers }),
    ),
    reader(
      'a path',
      headerLimit,
      around(runs, (text) => `/${encodeURI(text).slice(0, headerLimit)}`),
      (path) => service.ask(path),
    ),
    reader(
      'a path of /auth',
      headerLimit,
      around({ ...runs, ...payloads }, (text) => `/auth/${encodeURI(text).slice(0, headerLimit)}`),
      (path) => service.ask(path),
    ),
    reader('a query', headerLimit, { ...formTexts }, (query) =>
      service.ask(`/auth?${encodeURI(query).slice(0, headerLimit)}`),
    ),
  ];
}
