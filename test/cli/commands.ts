/** All commands, for tests that go through each of them. */
export const groups = {
  keys: ['list', 'rotate', 'retire', 'remove', 'prune', 'import', 'export', 'convert', 'jwks', 'thumbprint'],
  users: ['add', 'import', 'set', 'passwd', 'list', 'remove'],
  clients: ['add', 'set', 'list', 'rotate', 'remove'],
};
export const commands = [
  ...[
    'keygen',
    'issue',
    'decode',
    'verify',
    'inspect',
    'encrypt',
    'decrypt',
    'diff',
    'refresh',
    'revoke',
    'serve',
    'fixtures',
    'probe',
    'lint',
    'completion',
  ],
  ...Object.entries(groups).flatMap(([group, names]) => names.map((name) => `${group} ${name}`)),
];

/** The commands that a help names, without `help`; none where it is the help of a command that has none below it. */
export function commandsIn(help: string): string[] {
  const [usage = ''] = help.split('\n', 1);
  if (!usage.endsWith('[command]')) return [];
  const [list = ''] = help.split(/^(?:Options|Output):$/m, 1);
  return [...list.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help');
}
