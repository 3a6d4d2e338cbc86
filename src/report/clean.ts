import { escapeText, hideTokens } from '../shown-text.js';
import type { Report } from './report.js';

/** The longest text of a report, in characters. */
const longest = 4096;

/** Returns a report whose texts are bounded, without tokens, each on one line, and as {@link escapeText} shows them. */
export function cleanReport(report: Report): Report {
  return clean(report);
}

/** Returns a part of a report, cleaned in the same way. */
export function clean<Part extends object>(part: Part): Part {
  return cleanValue(part) as Part;
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cleanValue(member)]));
}

function cleanText(text: string): string {
  return escapeText(hideTokens(text.length > longest ? `${text.slice(0, longest)}…` : text));
}
