/** `keys list` and `keys jwks`: the keys of the keyring, for people and for verifiers. */
import type { Command } from 'commander';
import type { Key } from '../../../jose/key.js';
import { escapeText } from '../../../shown-text.js';
import type { DatedKey, KeyState } from '../../../token/keyring.js';
import { formatDistance, formatMoment } from '../../../token/time.js';
import { shortKid } from '../../grammar/kids.js';
import type { Flags, Texts } from '../../grammar/option.js';
import { atOption, wideOption } from '../../grammar/shared-options.js';
import { readClock } from '../../grammar/values.js';
import { painterFor } from '../../terminal/colour.js';
import { columnsOf } from '../../terminal/columns.js';
import type { Context } from '../../terminal/io.js';
import { alignColumns, printJson, showMoment } from '../../terminal/output.js';
import { fitTable } from '../../terminal/table.js';
import { addKeyringOptions, readKeyringInvocation } from './keyring-options.js';

export function registerKeysJwks(keys: Command, { io }: Context): void {
  const command = keys
    .command('jwks')
    .description('Print the JWK Set to publish: the public halves of all keys that verify, now or later.')
    .addOption(atOption());
  addKeyringOptions(command, ['jwtkit keys jwks', 'jwtkit keys jwks --at +30d']);
  command.action(async () => {
    const { options } = readKeyringInvocation<Texts<'at'>>(command, io);
    const now = readClock(options.at, io);
    const { openKeyring } = await import('../../../store/keyring/directory.js');
    printJson(io, openKeyring(options.keyring).publishedSet(now));
  });
}

export function registerKeysList(keys: Command, { io }: Context): void {
  const command = keys
    .command('list')
    .description(
      'List the keys: which signs now, how long each verifies. For keys of use enc: which others encrypt to, how long each decrypts.',
    )
    .addOption(atOption())
    .addOption(wideOption());
  addKeyringOptions(command, ['jwtkit keys list', 'jwtkit keys list --at +7d', 'jwtkit keys list --json']);
  command.action(async () => {
    const { options, env } = readKeyringInvocation<Texts<'at'> & Flags<'wide'>>(command, io);
    const now = readClock(options.at, io);
    const { openKeyring } = await import('../../../store/keyring/directory.js');
    const { keyStates } = await import('../../../token/keyring.js');
    const { entries, encryptionKeys } = openKeyring(options.keyring);
    const listed: Listed[] = keyStates(entries, now).map(toListed);
    if (encryptionKeys.length > 0) {
      const { importEncryptionJwk } = await import('../../../jwe/jwk.js');
      const read = encryptionKeys.map((each) => ({ ...each, key: importEncryptionJwk(each.jwk) }));
      listed.push(...keyStates(read, now).map(toListed));
    }
    if (options.json === true) return printJson(io, listed);
    if (listed.length === 0) return io.say('the keyring has no keys');
    const isMixed = encryptionKeys.length > 0;
    const paint = await painterFor(io.stdout, options.color, env);
    const [head = '', ...lines] =
      options.wide === true ? wideTable(listed, now, isMixed) : shortTable(listed, now, columnsOf(io), isMixed);
    io.stdout.write(`${paint.bold(head)}\n`);
    for (const [at, line] of lines.entries()) {
      const style = listed[at]?.signs ? paint.green : listed[at]?.verifies ? (text: string) => text : paint.dim;
      io.stdout.write(`${style(line)}\n`);
    }
  });
}

/** A key of either kind, with its own shape. */
interface ListedEntry extends DatedKey {
  readonly key: Pick<Key, 'kid'> & {
    readonly algorithms: readonly string[];
    readonly shape: { readonly kty: string; readonly crv?: string; readonly bits: number };
  };
}

/** Returns a key as `keys list --json` prints it, with NumericDates; null if it never signs again, or verifies for ever. */
function toListed({ entry, signsFrom, signs, verifies }: KeyState<ListedEntry>) {
  const { kid, key, jwk, hasPrivateHalf } = entry;
  return {
    kid,
    use: jwk.use === 'enc' ? 'enc' : 'sig',
    alg: jwk.alg ?? key.algorithms.join(' '),
    kty: key.shape.kty,
    crv: key.shape.crv ?? null,
    bits: key.shape.bits,
    created: jwk.iat ?? null,
    signs_from: signsFrom ?? null,
    verifies_until: jwk.exp ?? null,
    signs,
    verifies,
    private: hasPrivateHalf,
  };
}

type Listed = ReturnType<typeof toListed>;

const wideColumns = [
  'KID',
  'USE',
  'ALG',
  'SIZE',
  'CREATED',
  'SIGNS FROM',
  'VERIFIES UNTIL',
  'SIGNS NOW',
  'PRIVATE HALF',
];

function wideTable(keys: readonly Listed[], now: number, isMixed: boolean): readonly string[] {
  const rows = keys.map((key) => [
    escapeText(key.kid),
    key.use,
    key.alg,
    sizeOf(key),
    key.created === null ? 'not said' : formatMoment(key.created),
    key.signs_from === null
      ? 'never'
      : key.signs_from > now
        ? showMoment(key.signs_from, now)
        : formatMoment(key.signs_from),
    endOf(key, now),
    key.signs ? 'yes' : 'no',
    key.private ? 'here' : 'not here',
  ]);
  return alignColumns([wideColumns, ...rows].map((row) => withUse(row, isMixed)));
}

const shortColumns = ['KID', 'USE', 'ALG', 'SIZE', 'SIGNS', 'VERIFIES UNTIL', 'PRIVATE'];

function shortTable(keys: readonly Listed[], now: number, width: number, isMixed: boolean): readonly string[] {
  const kids = keys.map(({ kid }) => kid);
  const rows = keys.map((key) => [
    escapeText(shortKid(key.kid, kids)),
    key.use,
    key.alg,
    sizeOf(key),
    signsWhen(key, now),
    endOf(key, now),
    key.private ? 'here' : 'not here',
  ]);
  const table = [shortColumns, ...rows].map((row) => withUse(row, isMixed));
  return fitTable(table, width, { drops: ['SIZE', 'PRIVATE', 'ALG', 'USE'], cuts: [] }).lines;
}

/** Leaves out the second column, the use, where all keys sign. */
function withUse(row: readonly string[], isMixed: boolean): readonly string[] {
  return isMixed ? row : row.toSpliced(1, 1);
}

function sizeOf({ crv, bits }: Listed): string {
  return crv ?? String(bits);
}

/** Returns when a key signs: now, in a while, no longer, or never again. */
function signsWhen({ signs, signs_from: from }: Listed, now: number): string {
  if (signs) return 'now';
  if (from === null) return 'never';
  return from > now ? formatDistance(from, now) : 'no longer';
}

function endOf({ verifies_until: until }: Listed, now: number): string {
  return until === null ? 'no end' : showMoment(until, now);
}
