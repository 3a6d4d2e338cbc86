import type { Command } from 'commander';
import type { KeyState } from '../../../token/keyring.js';
import { formatDistance, formatMoment } from '../../../token/time.js';
import type { Context } from '../../io.js';
import { addExamples, clockOption, option, readInvocation } from '../../options.js';
import { alignColumns, escapeText, painterFor, printJson } from '../../output.js';
import { addKeyringOptions, type KeyringOption } from './keyring-options.js';

interface ListOptions extends KeyringOption {
  at?: string;
}

export function registerKeysList(keys: Command, { io }: Context): void {
  const command = keys
    .command('list')
    .description('List the keys: from when they sign, until when they verify, which one signs now.')
    .addOption(option('--at <moment>', 'take this for the current time'));
  addKeyringOptions(command);
  addExamples(command, ['jwtkit keys list', 'jwtkit keys list --at +7d', 'jwtkit keys list --json']);
  command.action(async () => {
    const { options, env } = readInvocation<ListOptions>(command, io);
    const now = clockOption(options.at, io);
    const { openKeyring } = await import('../../../store/keyring-directory.js');
    const { keyStates } = await import('../../../token/keyring.js');
    const listed = keyStates(openKeyring(options.keyring).entries, now).map(toListed);
    if (options.json === true) return printJson(io, listed);
    if (listed.length === 0) return void io.stderr.write('the keyring has no keys\n');
    const paint = await painterFor(io.stdout, options.color, env);
    const [head = '', ...lines] = alignColumns([columns, ...listed.map((key) => toRow(key, now))]);
    io.stdout.write(`${paint.bold(head)}\n`);
    for (const [at, line] of lines.entries()) {
      const style = listed[at]?.signs ? paint.green : listed[at]?.verifies ? (text: string) => text : paint.dim;
      io.stdout.write(`${style(line)}\n`);
    }
  });
}

/** A key as `keys list --json` prints it, in the order of the set; moments are NumericDates. */
interface ListedKey {
  readonly kid: string;
  readonly alg: string;
  readonly kty: string;
  readonly crv: string | null;
  /** Size of an RSA key or of the curve. */
  readonly bits: number;
  readonly created: number | null;
  /** Null for a key that never signs, or never again. */
  readonly signs_from: number | null;
  /** Null for a key without an end. */
  readonly verifies_until: number | null;
  readonly signs: boolean;
  readonly verifies: boolean;
  /** Whether the private half is here. */
  readonly private: boolean;
}

function toListed({ entry, signsFrom, signs, verifies }: KeyState): ListedKey {
  const { kid, key, jwk, hasPrivateHalf } = entry;
  return {
    kid,
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

const columns = ['KID', 'ALG', 'SIZE', 'CREATED', 'SIGNS FROM', 'VERIFIES UNTIL', 'SIGNS NOW', 'PRIVATE HALF'];

function toRow(key: ListedKey, now: number): string[] {
  const { created, signs_from: from, verifies_until: until } = key;
  return [
    escapeText(key.kid),
    key.alg,
    key.crv ?? String(key.bits),
    created === null ? 'not said' : formatMoment(created),
    from === null ? 'never' : from > now ? `${formatMoment(from)}, ${formatDistance(from, now)}` : formatMoment(from),
    until === null ? 'no end' : `${formatMoment(until)}, ${formatDistance(until, now)}`,
    key.signs ? 'yes' : 'no',
    key.private ? 'here' : 'not here',
  ];
}
