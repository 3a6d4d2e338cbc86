/** Bars: how far long work is, and how much of a token's life is left. */
import { formatDuration } from '../../token/time.js';
import type { Output } from './io.js';

const barWidth = 24;
const same = (text: string) => text;

/** Returns a bar of which `share` (0 to 1) is full; a share above 0 shows at least one full cell. */
export function drawBar(share: number, paintFull = same, paintEmpty = same): string {
  const full = share === 0 ? 0 : Math.max(1, Math.round(share * barWidth));
  return `${paintFull('█'.repeat(full))}${paintEmpty('░'.repeat(barWidth - full))}`;
}

/** Milliseconds between two updates of the line. */
const pause = 150;

/**
 * Opens the progress of an input of `size` bytes (undefined for a pipe): one line on stderr, if stderr is a terminal and stdout
 * is not.
 */
export function openProgress(stdout: Output, stderr: Output, size: number | undefined) {
  const isDrawn = stderr.isTerminal && !stdout.isTerminal;
  const started = performance.now();
  let drawn = started;
  const { show, clear } = openLine(stderr);
  return {
    /** Takes the number of lines answered and of bytes read. */
    update(lines: number, bytes: number): void {
      const now = performance.now();
      if (!isDrawn || now - drawn < pause) return;
      drawn = now;
      show(renderProgress({ lines, bytes, size, seconds: (now - started) / 1000 }));
    },
    clear,
  };
}

/** Opens the progress of a known number of things: one line on stderr, if stderr is a terminal. */
export function openCount(stderr: Output, things: string) {
  const { show, clear } = openLine(stderr);
  return {
    update(done: number, total: number): void {
      if (stderr.isTerminal) show(`${drawBar(done / total)} ${done} of ${total} ${things}`);
    },
    clear,
  };
}

/** A line that is drawn again and again. */
function openLine(stderr: Output) {
  let isShown = false;
  return {
    show(text: string): void {
      isShown = true;
      stderr.write(`\r\x1b[K${text}`);
    },
    clear(): void {
      if (isShown) stderr.write('\r\x1b[K');
      isShown = false;
    },
  };
}

type Position = { lines: number; bytes: number; size: number | undefined; seconds: number };

/** Returns the line; the bar and the time left need the size of the input. */
export function renderProgress({ lines, bytes, size, seconds }: Position): string {
  const rate = `${group(lines)} lines, ${group(Math.round(lines / seconds))}/s`;
  if (size === undefined || size === 0) return rate;
  const share = Math.min(1, bytes / size);
  const left = Math.ceil((seconds * (1 - share)) / share);
  return `${drawBar(share)} ${Math.floor(share * 100)} %, ${rate}, ${formatDuration(left)} left`;
}

function group(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}
