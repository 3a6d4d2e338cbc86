/** All commands, for tests that go through each of them. */
export const groups = {
  keys: ['list', 'rotate', 'retire', 'remove', 'prune', 'import', 'export', 'convert', 'jwks', 'thumbprint'],
  users: ['add', 'set', 'passwd', 'list', 'remove'],
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
