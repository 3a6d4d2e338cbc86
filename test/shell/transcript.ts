/**
 * What a command must print, as it stands in a page or a scenario: `…` stands for any text in a line, alone for any lines. Spaces at the
 * end of a line do not count.
 */

/** Whether a text is the expected one. */
export function isLike(text: string, expected: string): boolean {
  const lines = expected.split('\n').map((line) => line.split('…').map(escapeRegExp).join('.*'));
  const pattern = lines.map((line) => (line === '.*' ? '(?:.*\n)*' : `${line}\n`)).join('');
  return new RegExp(`^${expected === '' ? '' : pattern}$`).test(
    text === '' || text.endsWith('\n') ? text : `${text}\n`,
  );
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}
