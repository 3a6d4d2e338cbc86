/** Tells reports that jwtkit wrote from other files: a new one may replace them. */

const openings = [
  /^<\?xml [^>]{1,100}\?>\s*<testsuites name="jwtkit /,
  /^\{"command":"(?:lint|probe)",/,
  /^\{(?:"line":\d{1,16},)?"valid":(?:true|false)[,}]/,
  /^\{\s*"\$schema": "https:\/\/docs\.oasis-open\.org\/sarif\/[^"]{1,200}",\s*"version": "2\.1\.0",\s*"runs": \[\s*\{\s*"tool": \{\s*"driver": \{\s*"name": "jwtkit /,
  /^### jwtkit \w/,
  /^::(?:error|warning|notice) (?:file=[^,\n]*,)?(?:line=\d+,)?title=(?:[a-z]+\/[a-z-]+|[A-Z_]+)::/,
  /^[✓✗] (?:valid|refused)\b/,
];
/** A report as text ends in its summary: of `lint` and `probe`, or of a batch. */
const summary =
  /(?:^|\n)(?:(?:no findings|\d+ (?:error|warning|note)s?[^\n]{0,60}) in \d+ targets?|\d+ valid(?:, \d+ [A-Z_]+)*)\n$/;

/** Whether a text is a report of an earlier `lint`, `probe` or `verify`, in any form; also for an empty one, of no annotations. */
export function isEarlierReport(text: string): boolean {
  return text === '' || openings.some((opening) => opening.test(text)) || summary.test(text.slice(-200));
}
