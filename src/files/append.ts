import { appendFileSync } from 'node:fs';
import { notWritable } from './system-error.js';

/** Adds text to the end of a file. Throws FILE_NOT_WRITABLE. */
export function appendToFile(path: string, text: string): void {
  try {
    appendFileSync(path, text);
  } catch (error) {
    throw notWritable(path, error);
  }
}
