/**
 * The part of the shell's grammar that examples use: words with quotes, `$NAME` and `$(…)`, assignments, pipes, redirections,
 * here-documents, `&&`, `||` and `;`. Everything else is an error, so that no example passes without being run.
 */

/** A piece of a word; one that is not quoted is split where a value has white space. */
type Part = ({ text: string } | { variable: string } | { command: Sequence }) & { isQuoted: boolean };
export type Word = readonly Part[];

export interface Redirection {
  readonly descriptor: number;
  readonly operator: '>' | '>>' | '<' | '>&' | '<<';
  readonly target: Word;
}

export interface Command {
  readonly assignments: readonly { readonly name: string; readonly value: Word }[];
  readonly words: readonly Word[];
  readonly redirections: readonly Redirection[];
}

export type Pipeline = readonly Command[];

/** Pipelines, each with what stands before it: `&&` and `||` decide whether it runs. */
export type Sequence = readonly { readonly operator: '&&' | '||' | ';'; readonly pipeline: Pipeline }[];

/** Divides a block into commands: lines, joined where a quote, a backslash or a here-document goes on. Drops comments that stand alone. */
export function commandsOf(block: string): string[] {
  const commands: string[] = [];
  const lines = block.split('\n');
  while (lines.length > 0) {
    let command = lines.shift() as string;
    while (lines.length > 0 && isOpen(command)) command += `\n${lines.shift()}`;
    if (!/^\s*(?:#|$)/.test(command)) commands.push(command);
  }
  return commands;
}

/** Whether a command goes on in the next line. */
function isOpen(command: string): boolean {
  const heredoc = /<<\s*'?(\w+)'?/.exec(command)?.[1];
  if (heredoc !== undefined) return !command.split('\n').slice(1).includes(heredoc);
  const withoutQuotes = command.replaceAll(/\\[^\n]|'[^']*'|"(?:\\.|[^"\\])*"/gs, '').replaceAll(/(^|\s)#.*$/gm, '');
  return /['"]/.test(withoutQuotes) || withoutQuotes.endsWith('\\');
}

/** Reads one command of {@link commandsOf}. */
export function parse(command: string): Sequence {
  const [first = '', ...rest] = command.split('\n');
  const heredoc = /<<\s*'?(\w+)'?/.exec(first);
  if (heredoc === null) return new Reader(command).sequence();
  if (rest.some((line) => line.includes('$')) && !heredoc[0].includes("'")) {
    throw new Error(`this shell puts no values into a here-document: ${command}`);
  }
  if (rest.pop() !== heredoc[1]) throw new Error(`a here-document without its end: ${command}`);
  return new Reader(first, rest.map((line) => `${line}\n`).join('')).sequence();
}

class Reader {
  #at = 0;
  readonly #text: string;
  readonly #heredoc: string;

  constructor(text: string, heredoc = '') {
    this.#text = text.replaceAll('\\\n', '');
    this.#heredoc = heredoc;
  }

  /** Reads until the end, or until the parenthesis that closes `$(`. */
  sequence(isNested = false): Sequence {
    const steps: { operator: '&&' | '||' | ';'; pipeline: Pipeline }[] = [];
    let operator: '&&' | '||' | ';' = ';';
    while (true) {
      this.#skipSpace(/[\s;]/);
      if (this.#isAtEnd(isNested)) return steps;
      steps.push({ operator, pipeline: this.#pipeline() });
      this.#skipSpace(/[ \t]/);
      const next = this.#take(/^(?:&&|\|\||;|\n)/);
      if (next === '' && !this.#isAtEnd(isNested)) this.#fail();
      operator = next === '&&' || next === '||' ? next : ';';
    }
  }

  /** Whether nothing is left to read; takes the closing parenthesis. */
  #isAtEnd(isNested: boolean): boolean {
    if (isNested && this.#at === this.#text.length) this.#fail();
    return this.#at === this.#text.length || (isNested && this.#text[this.#at] === ')');
  }

  #pipeline(): Pipeline {
    const commands = [this.#command()];
    while (this.#take(/^\|(?!\|)/) !== '') commands.push(this.#command());
    return commands;
  }

  #command(): Command {
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    while (true) {
      this.#skipSpace(/[ \t]/);
      const redirection = /^(\d?)(>&|>>|<<|[<>])\s*/.exec(this.#rest());
      if (redirection !== null) {
        this.#at += redirection[0].length;
        const operator = redirection[2] as Redirection['operator'];
        const descriptor = Number(redirection[1] || (operator.startsWith('<') ? 0 : 1));
        const target = this.#word();
        const content: Word = [{ text: this.#heredoc, isQuoted: true }];
        redirections.push({ descriptor, operator, target: operator === '<<' ? content : target });
        continue;
      }
      const name = words.length === 0 ? this.#take(/^[A-Za-z_]\w*=/).slice(0, -1) : '';
      if (name !== '') assignments.push({ name, value: this.#word(true) });
      else if (/^[^\s;|&)]/.test(this.#rest())) words.push(this.#word());
      else break;
    }
    if (assignments.length + words.length + redirections.length === 0) this.#fail();
    return { assignments, words, redirections };
  }

  #word(mayBeEmpty = false): Word {
    const parts: Part[] = [];
    while (/^[^\s;|&)<>]/.test(this.#rest())) {
      const quoted = /^'([^']*)'/.exec(this.#rest());
      if (quoted !== null) {
        this.#at += quoted[0].length;
        parts.push({ text: quoted[1] as string, isQuoted: true });
      } else if (this.#take(/^"/) !== '') {
        // An empty text, so that "" is a word.
        parts.push({ text: '', isQuoted: true });
        while (this.#take(/^"/) === '') parts.push(this.#part(true));
      } else parts.push(this.#part(false));
    }
    if (parts.length === 0 && !mayBeEmpty) this.#fail();
    return parts;
  }

  #part(isQuoted: boolean): Part {
    if (this.#take(/^\$\((?!\()/) !== '') {
      const command = this.sequence(true);
      this.#at++;
      return { command, isQuoted };
    }
    const variable = this.#take(/^\$(?:\?|[A-Za-z_]\w*|\{[A-Za-z_]\w*\})/);
    if (variable !== '') return { variable: variable.replaceAll(/[${}]/g, ''), isQuoted };
    const escaped = isQuoted ? this.#take(/^\\[\\"$`]/) : this.#take(/^\\./);
    if (escaped !== '') return { text: escaped.slice(1), isQuoted: true };
    // Patterns, tildes, braces, back quotes and the rest of `$…` have a meaning that is not known here.
    const text = isQuoted
      ? this.#take(/^(?:[^"$`\\]|\\(?![\\"$`]))+/)
      : this.#take(/^(?:[^\s'"$`\\;|&()<>*?~{}[\]!]|\[(?=\s)|\](?=\s|$)|!(?=\s))+/);
    if (text === '') this.#fail();
    return { text, isQuoted };
  }

  #rest(): string {
    return this.#text.slice(this.#at);
  }

  #take(pattern: RegExp): string {
    const [found = ''] = pattern.exec(this.#rest()) ?? [];
    this.#at += found.length;
    return found;
  }

  /** Skips white space of a kind, and a comment behind it. */
  #skipSpace(space: RegExp): void {
    const start = this.#at;
    while (space.test(this.#text[this.#at] ?? '')) this.#at++;
    if (this.#text[this.#at] !== '#' || (start === this.#at && start > 0)) return;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++;
  }

  #fail(): never {
    throw new Error(`this shell does not know what begins at ${JSON.stringify(this.#rest())} in: ${this.#text}`);
  }
}
