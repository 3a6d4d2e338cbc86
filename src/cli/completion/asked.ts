/** Names that a completion script asks the program for: `jwtkit completion kids`. */
const asked = ['kids', 'users', 'clients'] as const;

export type Asked = (typeof asked)[number];

/** Whether a word asks for names instead of a script. */
export function isAsked(word: string | undefined): word is Asked {
  return (asked as readonly (string | undefined)[]).includes(word);
}
