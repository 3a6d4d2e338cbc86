/** What is said of log lines that are lost: a note on stderr at once, and a line in the log once it can be written again. */
import { reasonOf } from '../../files/system-error.js';
import type { LogSinkEvents } from './log-sinks.js';

/**
 * Milliseconds. After this long without a failed write, the next failure gets a new note. On a disk that is nearly full, a short
 * line fits between two long ones that do not.
 */
const quietTime = 10_000;

/** Where losses are reported, and the clock in milliseconds. */
export interface LossReporting {
  /** Takes a note for stderr. */
  readonly note: (text: string) => void;
  /** Takes a line for the log. */
  readonly write: (line: string) => void;
  /** Returns a line of JSON as it is written. */
  readonly show?: (line: string) => string;
  readonly now: () => number;
}

/** Reports the losses of a log: a note when it can no longer be written, and a line with the number of lost lines once it can. */
export function reportLosses({ note, write, show = (line) => line, now }: LossReporting): LogSinkEvents {
  let lost = 0;
  /** The line that reports lost lines, while it is being written. */
  let lossReport = { line: '', lost: 0 };
  let isWrittenSince = true;
  let lastFailure = Number.NEGATIVE_INFINITY;
  return {
    onLoss: (lines, error) => {
      lost += lines === lossReport.line ? lossReport.lost : lines.split('\n').length - 1;
      if (error === undefined) return;
      const isNew = isWrittenSince && now() - lastFailure >= quietTime;
      isWrittenSince = false;
      lastFailure = now();
      if (isNew) note(`log lines are lost until the log can be written: ${reasonOf(error)}`);
    },
    onWritten: () => {
      isWrittenSince = true;
      if (lost === 0) return;
      const told = { level: 40, time: new Date().toISOString(), lines: lost, msg: 'log lines lost' };
      const line = show(`${JSON.stringify(told)}\n`);
      lossReport = { line, lost };
      lost = 0;
      write(line);
    },
  };
}
