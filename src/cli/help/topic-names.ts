/** The pages of `jwtkit help TOPIC`: parts of docs/, so that they say what the documentation says. */

export interface Topic {
  readonly name: string;
  readonly summary: string;
  /** Pages of docs/, and their sections of the second level in the order of the topic. */
  readonly parts: readonly { readonly page: string; readonly sections: readonly string[] }[];
}

export const topics: readonly Topic[] = [
  {
    name: 'exit-codes',
    summary: 'exit codes, and the error codes behind them',
    parts: [{ page: 'output.md', sections: ['Exit codes', 'Errors'] }],
  },
  {
    name: 'environment',
    summary: 'variables, env files, colours, and what beats what',
    parts: [{ page: 'environment.md', sections: ['What beats what', 'Variables', 'Colours', 'Env files'] }],
  },
  {
    name: 'keys-and-secrets',
    summary: 'which key a command takes, passphrases, HMAC secrets',
    parts: [{ page: 'keys.md', sections: ['Which key a command takes', 'The keyring', 'Passphrases', 'Secrets'] }],
  },
  {
    name: 'formats',
    summary: 'how tokens, claims, times and text files are written',
    parts: [
      { page: 'reference.md', sections: ['Tokens', 'Demands', 'Claims', 'Times', 'Algorithms'] },
      { page: 'environment.md', sections: ['Text files'] },
    ],
  },
];
