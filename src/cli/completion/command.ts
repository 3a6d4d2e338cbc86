/** `jwtkit completion SHELL`: scripts for shells. They ask `jwtkit completion kids` and the like for names. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { readInvocation } from '../grammar/invocation.js';
import { addCommonOptions, defaultKeyring } from '../grammar/shared-options.js';
import { refuseUntrusted } from '../grammar/unnamed-places.js';
import { usage } from '../terminal/errors.js';
import type { Context, Io } from '../terminal/io.js';
import { printJson } from '../terminal/output.js';
import { type Asked, isAsked } from './asked.js';
import { modelOf } from './model.js';

const scripts = {
  bash: async () => (await import('./bash.js')).bashScript,
  zsh: async () => (await import('./zsh.js')).zshScript,
  fish: async () => (await import('./fish.js')).fishScript,
  powershell: async () => (await import('./powershell.js')).powershellScript,
};

type Shell = keyof typeof scripts;

export function registerCompletion(program: Command, { io }: Context): void {
  const shells = Object.keys(scripts);
  const command = program
    .command('completion')
    .description('Print the script for completion in your shell. The shell loads it when it starts.')
    .usage('[options] <shell>')
    .argument('<shell>', shells.join(', '))
    // Without a description: only scripts give words.
    .argument('[words...]');
  (command.registeredArguments[0] as { argChoices?: string[] }).argChoices = shells;
  addCommonOptions(command, [
    'jwtkit completion bash > jwtkit.bash',
    'jwtkit completion zsh > _jwtkit',
    'jwtkit completion fish > jwtkit.fish',
  ]);
  command.action(async (what: string, words: readonly string[]) => {
    if (isAsked(what)) return printNames(what, words, io);
    const shell = what === 'pwsh' ? 'powershell' : what;
    if (!Object.hasOwn(scripts, shell)) {
      throw usage(`there is no completion for ${JSON.stringify(what)}`, `one of ${shells.join(', ')}`);
    }
    if (words.length > 0) throw usage('completion takes one shell at a time', 'run it once for each shell');
    const toScript = await scripts[shell as Shell]();
    const script = toScript(modelOf(program));
    if (readInvocation(command).options.json === true) printJson(io, { shell, script });
    else io.stdout.write(script);
  });
}

/** A name that a shell may insert as it is. Others are left out: they would need quotes, or could be commands. */
const plainName = /^\w[\w.@+-]{0,127}$/;

/** Prints names, one a line. A missing or broken file is no error: somebody pressed the tab key. */
async function printNames(what: Asked, words: readonly string[], io: Io): Promise<void> {
  try {
    const names = await findNames(what, words, io);
    io.stdout.write(
      names
        .filter((name) => plainName.test(name))
        .map((name) => `${name}\n`)
        .join(''),
    );
  } catch {
    // Nothing to offer.
  }
}

async function findNames(what: Asked, words: readonly string[], io: Io): Promise<readonly string[]> {
  const named = optionValue('--keyring', words, io) ?? io.env.JWTKIT_KEYRING;
  const keyring = named ?? join(io.workingFolder ?? '', defaultKeyring);
  if (named === undefined) refuseUntrusted(keyring, '', { ...io, note: () => {} });
  if (what === 'kids') {
    const { openKeyring } = await import('../../store/keyring/directory.js');
    const { entries, encryptionKeys } = openKeyring(keyring);
    return [...entries, ...encryptionKeys].map(({ kid }) => kid);
  }
  const file =
    optionValue(`--${what}`, words, io) ?? io.env[`JWTKIT_${what.toUpperCase()}`] ?? join(keyring, `${what}.json`);
  if (what === 'users') return (await import('../../store/accounts/users.js')).readUsers(file).map(({ name }) => name);
  return (await import('../../store/accounts/clients.js')).readClients(file).flatMap(({ id, name }) => [name, id]);
}

/** Returns the last value of an option in the words of a line, as a shell divides it: bash makes `=` a word of its own. */
function optionValue(flag: string, words: readonly string[], { env }: Io): string | undefined {
  const at = words.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`));
  const joined = words[at]?.slice(flag.length + 1);
  const value = at < 0 ? undefined : joined || words[words[at + 1] === '=' ? at + 2 : at + 1];
  return value?.replace(/^~(?=\/)/, env.HOME ?? '~');
}
