/** The forms of a report by name, and by the ending of a file's name. */

export const reportFormats = ['text', 'json', 'junit', 'sarif', 'github', 'markdown'] as const;
export type ReportFormat = (typeof reportFormats)[number];

const endings: Readonly<Record<string, ReportFormat>> = {
  txt: 'text',
  json: 'json',
  jsonl: 'json',
  ndjson: 'json',
  xml: 'junit',
  sarif: 'sarif',
  md: 'markdown',
};

/** Returns the form that a file's name ends in; undefined for another ending. */
export function formatOfFile(path: string): ReportFormat | undefined {
  if (/\.sarif\.json$/i.test(path)) return 'sarif';
  return endings[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ''];
}
