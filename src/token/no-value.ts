/** Words that databases, spreadsheets and programs write where a value is missing. */
const words = new Set([
  'NULL',
  'null',
  '\\N',
  'None',
  'nan',
  'NaN',
  '<NA>',
  'N/A',
  '#N/A',
  'nil',
  'undefined',
  '#NULL!',
  '#REF!',
]);

/** Whether a text is such a word. The case counts: Nan is a name of people. */
export function isNoValue(text: string): boolean {
  return words.has(text);
}
