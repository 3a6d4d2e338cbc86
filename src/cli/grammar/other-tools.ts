/** Hints for options of other tools. Loaded only for a mistake. */
import type { Command } from 'commander';
import { otherOptions } from './other-options.js';

/** Returns what to write instead of an option that the command does not have; undefined for a word that no other tool has. */
export function hintForOption(flag: string, command: Command): string | undefined {
  const word = squash(flag);
  const flags = new Set(command.options.map(({ long }) => long));
  const rows = otherOptions.filter(({ words, only }) => {
    const isFor = only?.split(' ').some((name) => name === command.name() || name === command.parent?.name()) ?? true;
    return isFor && words.split(' ').some((each) => squash(each) === word);
  });
  for (const { options: names = '', says, only, words, ofVerify } of rows) {
    if (ofVerify === true) {
      const given = words.split(' ').find((each) => squash(each) === word);
      return `${command.name()} verifies nothing; use jwtkit verify --${given} …`;
    }
    if (names === '' && only !== undefined) return says;
    const found = names.split(' ').filter((name) => flags.has(name));
    const [first, second] = found;
    if (first === undefined) continue;
    const isPair = second !== undefined && /-(?:file|env)$/.test(second);
    return `did you mean ${isPair ? `${first} or ${second}` : first}?${says === undefined ? '' : ` ${capitalize(says)}`}`;
  }
  const row = rows.find(({ options: names, says, otherwise }) => otherwise ?? (names === undefined ? says : undefined));
  return row?.otherwise ?? row?.says;
}

function capitalize(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}`;
}

/** Removes dashes and capitals. A capital that stands alone is another option than the small letter. */
function squash(word: string): string {
  return /^-?.$/.test(word) ? word.replace('-', '') : word.replace(/[-_]/g, '').toLowerCase();
}
