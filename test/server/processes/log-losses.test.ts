import { expect, test } from 'vitest';
import { reportLosses } from '../../../src/server/processes/log-losses.js';

const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
const shortLine = 'short\n';
const longLine = `${'long '.repeat(100)}\n`;

/** A log on a disk with room for so many bytes a line, and a clock that stands. */
function startLog() {
  const disk = { room: 0, now: 1000 };
  const notes: string[] = [];
  const written: string[] = [];
  const write = (line: string) => {
    if (line.length > disk.room) return events.onLoss(line, full);
    written.push(line);
    events.onWritten();
  };
  const events = reportLosses({ note: (text) => notes.push(text), write, now: () => disk.now });
  const reported = () =>
    written.filter((line) => line !== shortLine && line !== longLine).map((line) => JSON.parse(line));
  return { disk, notes, write, reported };
}

test('notes lost log lines once, although short lines still fit on the disk', () => {
  const { disk, notes, write, reported } = startLog();
  for (let turn = 0; turn < 10; turn++) {
    disk.room = 200;
    disk.now += 1000;
    write(longLine);
    write(shortLine);
  }
  expect(notes).toEqual(['log lines are lost until the log can be written: no space left on the device']);
  expect(reported().map(({ lines }) => lines)).toEqual(Array(10).fill(1));
});

test('notes lost log lines again after the log could be written, and not before', () => {
  const { disk, notes, write, reported } = startLog();
  const lose = () => {
    disk.room = 0;
    disk.now += 60_000;
    write(longLine);
  };
  lose();
  lose();
  expect(notes).toHaveLength(1);
  disk.room = 1000;
  write(longLine);
  lose();
  expect(notes).toHaveLength(2);
  expect(reported().map(({ lines }) => lines)).toEqual([2]);
});

test('counts the lines of a report that is lost itself', () => {
  const { disk, write, reported } = startLog();
  write(longLine);
  disk.room = shortLine.length;
  write(shortLine);
  write(shortLine);
  disk.room = 1000;
  write(longLine);
  expect(reported().map(({ lines }) => lines)).toEqual([1]);
});
