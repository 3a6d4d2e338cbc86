import type { Report } from './report.js';

/** Returns a report as one JSON value: `{"command","summary","findings","cases"}`. */
export function toJsonReport({ command, summary, findings, cases }: Report): string {
  return `${JSON.stringify({ command, summary, findings, cases })}\n`;
}
