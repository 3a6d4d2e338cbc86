/** Help that fits the terminal: options in groups, and examples that stay runnable where they take two lines. */
import type { Argument, Command, Help, HelpConfiguration, Option } from 'commander';
import { optionAliases } from '../grammar/option.js';
import { examplesOf } from '../grammar/shared-options.js';
import { fillLines, splitExample } from '../terminal/wrap.js';
import { commandTitles, groupOf, groupOfCommand, groupTitles } from './groups.js';
import { topics } from './topic-names.js';

/** Below this width a description stands under its term; in columns. */
const twoColumnsFrom = 72;

/** The longest term that others are aligned with, in columns. */
const maxTermWidth = 26;

/** Formats the help of every command of a program. */
export const helpLayout: HelpConfiguration = {
  formatHelp: (command, helper) => formatHelp(command, helper as Help),
};

function formatHelp(command: Command, helper: Help): string {
  const width = helper.helpWidth ?? 80;
  const options = helper.visibleOptions(command);
  const commands = helper.visibleCommands(command);
  const isProgram = command.parent === null;
  const named: [string, Item[]][] = [
    ['Arguments', argumentsOf(command).map((each) => [each.name(), each.description])],
    ...commandTitles.map((title): [string, Item[]] => [
      title,
      commands
        .filter((each) => groupOfCommand(each, command) === title)
        .map((each) => [termOf(each), summaryOf(each.description())]),
    ]),
    ...groupTitles.map((title): [string, Item[]] => [
      isProgram ? 'Options' : title,
      options.filter((each) => groupOf(each, command) === title).map((each) => [each.flags, describeOption(each)]),
    ]),
    ['Topics', isProgram ? topics.map(({ name, summary }) => [`help ${name}`, summary]) : []],
  ];
  const sections = named.filter(([, items]) => items.length > 0);
  const terms = sections.flatMap(([, items]) => items.map(([term]) => term.length));
  const termWidth = Math.min(maxTermWidth, Math.max(...terms));
  const text = [
    ...fillLines(`Usage: ${helper.commandUsage(command)}`, width, 2),
    '',
    ...fillLines(command.description(), width),
    ...sections.flatMap(([title, items]) => [
      '',
      `${title}:`,
      ...items.flatMap((each) => layOut(each, termWidth, width)),
    ]),
    ...remarks(command, isProgram).flatMap((remark) => ['', ...fillLines(remark, width)]),
    ...showExamples(examplesOf(command), width),
  ];
  return `${text.join('\n')}\n`;
}

/** Returns the arguments that a person gives; one without a description is for scripts. */
function argumentsOf(command: Command): readonly Argument[] {
  return command.registeredArguments.filter((each) => each.description !== '');
}

export function termOf(command: Command): string {
  const names = argumentsOf(command).map((each) => (each.required ? `<${each.name()}>` : `[${each.name()}]`));
  return [command.name(), ...names].join(' ');
}

/** Returns the first sentence of a description. */
export function summaryOf(text: string): string {
  return text.split(/(?<=\.) /, 1)[0] ?? '';
}

/** A term and its description. */
type Item = readonly [string, string];

function layOut([term, description]: Item, termWidth: number, width: number): string[] {
  if (width < twoColumnsFrom) return [`  ${term}`, ...fillLines(description, width, 6, 6)];
  const column = termWidth + 4;
  const [first = '', ...rest] = fillLines(description, width, column, column);
  if (term.length > termWidth) return [`  ${term}`, first, ...rest];
  return [`  ${term.padEnd(termWidth)}  ${first.slice(column)}`.trimEnd(), ...rest];
}

export function describeOption({ description, argChoices, defaultValue }: Option): string {
  const isShown = defaultValue !== undefined && typeof defaultValue !== 'boolean';
  const facts = [
    argChoices === undefined ? [] : `one of ${argChoices.join(', ')}`,
    isShown ? `default: ${defaultValue}` : [],
  ].flat();
  if (facts.length === 0) return description;
  // The variable's name comes last.
  const [, text = '', variable = ''] = /^(.*?)( \[\w+\])?$/s.exec(description) ?? [];
  const remark = facts.join('; ');
  return `${text.endsWith(')') ? `${text.slice(0, -1)}; ${remark})` : `${text} (${remark})`}${variable}`;
}

function remarks(command: Command, isProgram: boolean): string[] {
  if (isProgram)
    return ['--json, --color, --no-color, --keyring, --config, -e, --debug and -q may stand before the command.'];
  const flags = new Set(command.options.map(({ long }) => long));
  const aliases = Object.entries(optionAliases).filter(([, name]) => flags.has(name) && name !== '--dotenv');
  if (aliases.length === 0) return [];
  return [`Also accepted: ${aliases.map(([alias, name]) => `${alias} for ${name}`).join(', ')}.`];
}

function showExamples(examples: readonly string[], width: number): string[] {
  if (examples.length === 0) return [];
  return ['', 'Examples:', ...examples.flatMap((each) => splitExample(each, width))];
}
