/** Help that fits the terminal: options in groups, and examples that stay runnable where they take two lines. */
import type { Argument, Command, Help, HelpConfiguration, Option } from 'commander';
import { optionAliases } from '../grammar/option.js';
import { examplesOf } from '../grammar/shared-options.js';
import { colorModeOf, type Painter, painterFor } from '../terminal/colour.js';
import { fillLines } from '../terminal/fill.js';
import type { Context } from '../terminal/io.js';
import { showExample } from './examples.js';
import { commandTitles, groupOf, groupTitles, inGroup } from './groups.js';
import { type Item, seeAlso } from './see-also.js';
import { topics } from './topic-names.js';

/** Below this width a description stands under its term; in columns. */
const twoColumnsFrom = 72;

/** The longest term that others are aligned with, in columns. */
const maxTermWidth = 26;

/** Returns what formats the help of every command of a program; coloured as the command line and the variables say. */
export async function helpLayout({ argv, io }: Context): Promise<HelpConfiguration> {
  const paint = await painterFor(io.stdout, colorModeOf(argv), io.env);
  return { formatHelp: (command, helper) => formatHelp(command, helper as Help, paint) };
}

function formatHelp(command: Command, helper: Help, paint: Painter): string {
  const width = helper.helpWidth ?? 80;
  const sections = sectionsOf(command, helper);
  const isProgram = command.parent === null;
  const others = isProgram ? [] : seeAlso(command);
  const terms = [...sections.flatMap(([, items]) => items), ...others].map(([term]) => term.length);
  const termWidth = Math.min(maxTermWidth, Math.max(...terms));
  const show = ([title, items]: Section) => [
    '',
    paint.bold(`${title}:`),
    ...items.flatMap((each) => layOut(each, termWidth, width, paint)),
  ];
  // Two lines for each name would be more than it is worth.
  const named = `See also: ${others.map(([term]) => term).join(', ')}`;
  const inLine = () =>
    fillLines(named, width, 2).map((line) => line.replace('See also:', (title) => paint.bold(title)));
  const [usage = '', ...rest] = fillLines(`Usage: ${helper.commandUsage(command)}`, width, 2);
  const text = [
    usage.replace('Usage:', (title) => paint.bold(title)),
    ...rest,
    '',
    ...fillLines(command.description(), width),
    ...sections.flatMap(show),
    ...remarks(command, isProgram).flatMap((remark) => ['', ...fillLines(remark, width)]),
    ...(others.length === 0 ? [] : width < twoColumnsFrom ? ['', ...inLine()] : show(['See also', others])),
    ...showExamples(command, width, paint),
  ];
  return `${text.join('\n')}\n`;
}

/** A title and what stands below it. */
type Section = readonly [string, readonly Item[]];

/** Returns the sections of commands and options in their order; those without items are left out. */
function sectionsOf(command: Command, helper: Help): Section[] {
  const options = helper.visibleOptions(command);
  const commands = helper.visibleCommands(command);
  const isProgram = command.parent === null;
  const sections: Section[] = [
    ['Arguments', argumentsOf(command).map((each) => [each.name(), each.description])],
    ...commandTitles.map(
      (title): Section => [
        title,
        inGroup(commands, title, command).map((each) => [termOf(each), summaryOf(each.description())]),
      ],
    ),
    ...groupTitles.map(
      (title): Section => [
        commands.length > 0 ? 'Options' : title,
        options.filter((each) => groupOf(each, command) === title).map((each) => [each.flags, describeOption(each)]),
      ],
    ),
    ['Topics', isProgram ? topics.map(({ name, summary }) => [`help ${name}`, summary]) : []],
  ];
  return sections.filter(([, items]) => items.length > 0);
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

function layOut([term, description]: Item, termWidth: number, width: number, paint: Painter): string[] {
  const isBeside = width >= twoColumnsFrom;
  const column = isBeside ? termWidth + 4 : 6;
  const [first = '', ...rest] = fillLines(description, width, column, column).map((line) =>
    line.replace(/\[JWTKIT_\w+\]/, (variable) => paint.dim(variable)),
  );
  const shown = `  ${paint.cyan(term)}`;
  if (!isBeside || term.length > termWidth) return [shown, first, ...rest];
  return [`${shown}${first.slice(2 + term.length)}`, ...rest];
}

/** Returns the description of an option with its choices, its default and its variable, in this order. */
export function describeOption({ description, argChoices, defaultValue }: Option): string {
  const isShown = defaultValue !== undefined && typeof defaultValue !== 'boolean';
  if (argChoices === undefined && !isShown) return description;
  const [, text = '', given, variable = ''] = /^(.*?)(?: \((default: .*)\))?( \[\w+\])?$/s.exec(description) ?? [];
  const choices = argChoices === undefined ? [] : [`${argChoices.slice(0, -1).join(', ')} or ${argChoices.at(-1)}`];
  const fallback = isShown ? `default: ${defaultValue}` : given;
  return `${text} (${[...choices, ...(fallback === undefined ? [] : [fallback])].join('; ')})${variable}`;
}

function remarks(command: Command, isProgram: boolean): string[] {
  if (isProgram)
    return [
      'jwtkit COMMAND --help shows the options of a command, with examples.',
      '--json, --color, --no-color, --keyring, --config, -e, --debug and -q may stand before the command.',
    ];
  if (command.commands.length > 0) return [`jwtkit ${command.name()} COMMAND --help shows the options of a command.`];
  const flags = new Set(command.options.map(({ long }) => long));
  const aliases = Object.entries(optionAliases).filter(([, name]) => flags.has(name) && name !== '--dotenv');
  if (aliases.length === 0) return [];
  return [`Also accepted: ${aliases.map(([alias, name]) => `${alias} for ${name}`).join(', ')}.`];
}

function showExamples(command: Command, width: number, paint: Painter): string[] {
  const examples = examplesOf(command);
  if (examples.length === 0) return [];
  const title = command.parent === null ? 'First steps:' : 'Examples:';
  const lines = examples.flatMap((each) => showExample(each, width));
  return ['', paint.bold(title), ...lines.map((line) => line.replace(/^ {2}(?:\$|#.*)/, (quiet) => paint.dim(quiet)))];
}
