/** Names of variables, given where their value belongs: a program did not put it in their place. */

/** One form in which a program may write what stands for a value. */
export interface Form {
  readonly pattern: RegExp;
  /**
   * When a secret in this form is refused. `always`: only programs write it. `secret`: a person may choose it as a password, so only a
   * secret that a program made is refused. `never`: it may be a secret. Every form gets a hint where a key or a token belongs.
   */
  readonly strict: 'always' | 'secret' | 'never';
}

/** Returns a pattern for any of several forms. */
export function anyOf(forms: readonly Form[]): RegExp {
  return new RegExp(forms.map(({ pattern }) => pattern.source).join('|'), 'i');
}

/** The forms of a variable's name. */
export const variableForms: readonly Form[] = [
  // Of shells, compose files, Azure DevOps, GitHub Actions and Helm.
  { pattern: /^\$(?:\{[^{}]{1,200}\}|\(\w{1,200}\)|env:\w{1,200})$/, strict: 'always' },
  { pattern: /^\$?\{\{[^{}]{1,200}\}\}$/, strict: 'always' },
  { pattern: /^\$[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/, strict: 'secret' },
  { pattern: /^\$?\{\{.*\}\}$|^\$\w+$/, strict: 'never' },
  // Of Windows, Azure DevOps, and examples.
  { pattern: /^%[A-Za-z_]\w{0,200}%$/, strict: 'secret' },
  { pattern: /^__[A-Z][A-Z0-9_]{0,200}__$/, strict: 'secret' },
  { pattern: /^%\w+%$|^__\w+__$/, strict: 'never' },
  // Of ERB, and of Octopus.
  { pattern: /^<%=[^<>]{1,200}%>$/, strict: 'always' },
  { pattern: /^#\{[\w.-]{1,200}\}#?$/, strict: 'always' },
  { pattern: /^<%=/, strict: 'never' },
  // Of Symfony.
  { pattern: /^%env\([\w:.]{1,200}\)%$/, strict: 'secret' },
  { pattern: /^%[a-z_]{1,40}(?:\.[a-z_]{1,40}){1,5}%[\w./-]{0,200}$/, strict: 'secret' },
  // Commands that no shell ran, as in an env file of Docker, and expressions that are source code.
  { pattern: /^\$\([^()]{1,400}\)$/, strict: 'secret' },
  { pattern: /^`[a-z][\w./-]{0,40} [^`]{1,400}`$/, strict: 'secret' },
  { pattern: /^(?:(?:process|import\.meta|Deno|Bun)\.env|os\.environ)[.[]/, strict: 'secret' },
  { pattern: /^(?:ENV|\$_ENV|\$_SERVER)(?:\.fetch\(|\[["'])/, strict: 'secret' },
  {
    pattern: /^(?:\w{1,20}(?:\.|::)){0,3}(?:getenv|GetEnvironmentVariable|get_env|env|var)\(["'`]/,
    strict: 'secret',
  },
  // Of variables that are named where their content belongs.
  { pattern: /^env:(?:\/\/)?[A-Z_][A-Z0-9_]{0,200}$/, strict: 'always' },
  { pattern: /^env:\S/, strict: 'never' },
];

/** The name of a variable, given instead of a value. */
export const variableName = anyOf(variableForms);
