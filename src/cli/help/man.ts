/** Manual pages in roff, made from the commands and the topics when jwtkit is built. */
import type { Command } from 'commander';
import { examplesOf } from '../grammar/shared-options.js';
import { showExample } from './examples.js';
import { groupOf, groupTitles } from './groups.js';
import { describeOption, summaryOf, termOf } from './layout.js';
import { type Block, showCode } from './markdown.js';
import { relatedTo } from './see-also.js';

/** What stands in the head and foot of each page. */
export interface Edition {
  readonly version: string;
  /** The day of the version, ISO 8601. */
  readonly day: string;
}

/** Returns the page of the program; each topic becomes a section. */
export function programPage(
  program: Command,
  topics: readonly { title: string; blocks: readonly Block[] }[],
  edition: Edition,
): string {
  const commands = program.commands.map((each) => item(bold(termOf(each)), each.description()));
  return page('jwtkit', program.description(), edition, [
    '.SH SYNOPSIS',
    `${bold('jwtkit')} ${roman('COMMAND [options]')}`,
    '.SH DESCRIPTION',
    line(program.description()),
    '.PP',
    line('jwtkit COMMAND --help describes each option, as does the page of the command, such as jwtkit-verify(1).'),
    '.SH COMMANDS',
    ...commands.flat(),
    ...topics.flatMap(({ title, blocks }) => [`.SH ${line(title.toUpperCase())}`, ...blocks.flatMap(renderBlock)]),
    '.SH SEE ALSO',
    program.commands.map((each) => reference(`jwtkit-${each.name()}`)).join(',\n'),
  ]);
}

/** Returns the page of a command, with those below it. */
export function commandPage(command: Command, edition: Edition): string {
  const name = command.name();
  const below = command.commands.flatMap((each) => [
    `.SS ${bold(`jwtkit ${name} ${each.name()}`)}`,
    line(each.description()),
    ...synopsis(each),
    ...optionItems(each),
    ...exampleLines(each),
  ]);
  const own = command.commands.length > 0 ? ['.SH COMMANDS', ...below] : ['.SH OPTIONS', ...groupedOptions(command)];
  return page(`jwtkit-${name}`, command.description(), edition, [
    '.SH SYNOPSIS',
    ...(command.commands.length > 0 ? [`${bold(`jwtkit ${name}`)} ${roman('COMMAND [options]')}`] : synopsis(command)),
    '.SH DESCRIPTION',
    line(command.description()),
    ...own,
    ...(command.commands.length > 0 ? [] : exampleLines(command, '.SH EXAMPLES')),
    '.SH SEE ALSO',
    ['jwtkit', ...relatedTo(command).map((each) => `jwtkit-${each}`)].map(reference).join(',\n'),
  ]);
}

function page(name: string, description: string, { version, day }: Edition, body: readonly string[]): string {
  const head = [`.TH ${line(name.toUpperCase())} 1 ${day} "jwtkit ${version}" "jwtkit"`, '.SH NAME'];
  const text = [...head, `${line(name)} \\- ${line(summaryOf(description).replace(/\.$/, ''))}`, ...body];
  // A heading begins a paragraph itself.
  const lines = text.filter((each, at) => each !== '.PP' || !/^\.S[HS]/.test(text[at - 1] ?? ''));
  return `${lines.join('\n')}\n`;
}

function reference(page: string): string {
  return `.BR ${line(page)} (1)`;
}

function synopsis(command: Command): string[] {
  const parents = command.parent === null || command.parent.parent === null ? [] : [command.parent.name()];
  const [name = '', ...words] = termOf(command).split(' ');
  return ['.PP', `${bold(['jwtkit', ...parents, name].join(' '))} ${roman(['[options]', ...words].join(' '))}`];
}

function groupedOptions(command: Command): string[] {
  return groupTitles.flatMap((title) => {
    const items = optionItems(command, title);
    return items.length === 0 ? [] : [`.SS ${line(title)}`, ...items];
  });
}

function optionItems(command: Command, title?: string): string[] {
  return command.options
    .filter((each) => title === undefined || groupOf(each, command) === title)
    .flatMap((each) => item(bold(each.flags), describeOption(each)));
}

function exampleLines(command: Command, heading = '.PP'): string[] {
  const examples = examplesOf(command);
  if (examples.length === 0) return [];
  return [heading, '.nf', ...examples.flatMap((each) => showExample(each, 76)).map((each) => line(each.trim())), '.fi'];
}

function renderBlock(block: Block): string[] {
  switch (block.kind) {
    case 'heading':
      return [`.SS ${line(block.text)}`];
    case 'paragraph':
      return ['.PP', line(block.text)];
    case 'list':
      return block.items.flatMap((text, at) => [block.isNumbered ? `.IP ${at + 1}. 4` : '.IP \\(bu 2', line(text)]);
    case 'table':
      return block.rows.slice(1).flatMap(([cell = '', ...rest]) => item(bold(cell), rest.filter(Boolean).join('; ')));
  }
}

function item(term: string, text: string): string[] {
  return ['.TP', term, line(text)];
}

function bold(text: string): string {
  return `\\fB${toRoff(showCode(text, String))}\\fR`;
}

function roman(text: string): string {
  return toRoff(text);
}

/** Returns text as a line that roff takes for text: no first dot or apostrophe, which would make it a request. */
function line(text: string): string {
  const escaped = showCode(toRoff(text), (code) => bold(code));
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

/** A dash that can be copied, no escape of roff, and nothing but ASCII. */
function toRoff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(
      // Not the code, which `line` shows.
      /[^\n -~\ue021-\ue07e]/gu,
      (character) => `\\[u${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}
