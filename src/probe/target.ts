/** Somebody who takes tokens or refuses them. */

/** What a target did with a token. */
export interface Answer {
  /** `unclear`: neither taken nor refused, such as status 500. `unsent`: the token could not be sent as it is. */
  readonly verdict: 'accepted' | 'refused' | 'unclear' | 'unsent';
  /** How the target said so, such as `status 401`. It is untrusted text. */
  readonly detail: string;
  /** Whether there was nothing to ask: the shell found no such command. */
  readonly isAbsent?: boolean;
}

export interface Target {
  /** What messages call it. */
  readonly name: string;
  /** Gives it a token, and waits for its answer within a time limit. */
  ask(token: string): Promise<Answer>;
  /** Returns which option of a library refuses a token that it accepted, as JSON; undefined if none does. */
  findRemedy?(token: string, good: string): Promise<string | undefined>;
  /** Ends what it has opened. */
  close(): Promise<void>;
}

/** How long a target may take for one token, in milliseconds. */
export const askLimit = 10_000;

/** The answer of a target that took too long. */
export const noAnswer: Answer = { verdict: 'unclear', detail: `no answer within ${askLimit / 1000} s` };

/** The longest detail that is kept, in characters. */
const longestDetail = 300;

/** Returns the first line of a text as a detail, shortened. */
export function toDetail(text: string): string {
  const line = text.trim().split(/[\r\n]/, 1)[0] ?? '';
  return line.length > longestDetail ? `${line.slice(0, longestDetail)}…` : line;
}
