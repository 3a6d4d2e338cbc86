/** A token that an option took as its value, as in `verify --aud "$TOKEN"`. */

/** A token, as far as its characters tell. */
export const tokenShape = /^ey[\w-]+(?:\.[\w-]*){2,4}$/;

/** Returns the hint that names the option, for a command without a token; undefined if no option took one. */
export function hintForSwallowed(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((arg) => tokenShape.test(arg.replace(/^--[\w-]+=/, '')));
  const flag = [argv[at], argv[at - 1]]
    .map((arg) => /^--[\w-]+/.exec(arg ?? '')?.[0])
    .find((each) => each !== undefined);
  if (flag === undefined) return undefined;
  return `the value of ${flag} looks like a token: give ${flag} its own value, and pass the token after it`;
}
