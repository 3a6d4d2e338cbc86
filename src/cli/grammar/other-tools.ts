/** Hints for options of other tools. Loaded only for a mistake. */
import type { Command } from 'commander';
import { otherOptions } from './other-options.js';

/** Returns what to write instead of an option that the command does not have; undefined for a word that no other tool has. */
export function hintForOption(flag: string, command: Command): string | undefined {
  const word = squash(flag);
  const flags = new Set(command.options.map(({ long }) => long));
  const findSame = (words: string) => words.split(' ').find((each) => squash(each) === word);
  const rows = otherOptions.filter(({ words, only }) => {
    const isFor = only?.split(' ').some((name) => name === command.name() || name === command.parent?.name()) ?? true;
    return isFor && findSame(words) !== undefined;
  });
  for (const { options: names, says, only, words, ofVerify } of rows) {
    if (ofVerify === true) return `${command.name()} verifies nothing; use jwtkit verify --${findSame(words)} …`;
    if (names === undefined && only !== undefined) return says;
    const [first, second] = names?.split(' ').filter((name) => flags.has(name)) ?? [];
    if (first === undefined) continue;
    const isPair = second !== undefined && /-(?:file|env)$/.test(second);
    return `did you mean ${isPair ? `${first} or ${second}` : first}?${says === undefined ? '' : ` ${capitalize(says)}`}`;
  }
  const others = rows.map(
    ({ options: names, says, otherwise }) => otherwise ?? (names === undefined ? says : undefined),
  );
  return others.find((each) => each !== undefined);
}

function capitalize(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}`;
}

/** Removes dashes and capitals. A capital that stands alone is another option than the small letter. */
function squash(word: string): string {
  return /^-?.$/.test(word) ? word.replace('-', '') : word.replace(/[-_]/g, '').toLowerCase();
}
