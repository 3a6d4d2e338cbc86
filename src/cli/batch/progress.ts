/** How far a batch has come, as one line of a terminal that is drawn over. */
import { formatDuration } from '../../token/time.js';
import type { Output } from '../io.js';

/** Draws on stderr where a person sees it and stdout does not go to the same terminal. */
export interface Progress {
  /** Lines answered, and bytes of input up to there. */
  update(lines: number, bytes: number): void;
  clear(): void;
}

const barWidth = 24;
/** Milliseconds between two drawings. */
const pause = 150;

/** Progress over an input of `size` bytes, where that is known. */
export function openProgress(stdout: Output, stderr: Output, size: number | undefined): Progress {
  if (!stderr.isTerminal || stdout.isTerminal) return { update() {}, clear() {} };
  const started = performance.now();
  let drawn = started;
  let isShown = false;
  return {
    update(lines, bytes) {
      const now = performance.now();
      if (now - drawn < pause) return;
      drawn = now;
      isShown = true;
      stderr.write(`\r\x1b[K${renderProgress({ lines, bytes, size, seconds: (now - started) / 1000 })}`);
    },
    clear() {
      if (isShown) stderr.write('\r\x1b[K');
      isShown = false;
    },
  };
}

/** The line itself: a bar and the time left only where the input's size is known. */
export function renderProgress(at: {
  lines: number;
  bytes: number;
  size: number | undefined;
  seconds: number;
}): string {
  const { lines, bytes, size, seconds } = at;
  const rate = `${group(lines)} lines, ${group(Math.round(lines / seconds))}/s`;
  if (size === undefined || size === 0) return rate;
  const share = Math.min(1, bytes / size);
  const full = Math.round(share * barWidth);
  const left = Math.ceil((seconds * (1 - share)) / share);
  const bar = `${'█'.repeat(full)}${'░'.repeat(barWidth - full)}`;
  return `${bar} ${Math.floor(share * 100)} %, ${rate}, ${formatDuration(left)} left`;
}

function group(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}
