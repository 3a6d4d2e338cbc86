import { describe, expect, test } from 'vitest';
import type { Io } from '../../../src/cli/terminal/io.js';
import { takeStdin } from '../../../src/cli/terminal/stdin.js';

describe('standard input', () => {
  const world = () => ({ stdin: { isTerminal: false } }) as Io;

  test('goes to one reader, and to the same one again', () => {
    const io = world();
    expect(takeStdin(io, '--key -')).toBe(io.stdin);
    expect(takeStdin(io, '--key -')).toBe(io.stdin);
  });

  test('is refused to a second reader, with the names of both', () => {
    const io = world();
    takeStdin(io, '--key -');
    expect(() => takeStdin(io, 'the token')).toThrow('--key - and the token cannot both read standard input');
  });

  test('is another one in another run', () => {
    takeStdin(world(), '--key -');
    expect(() => takeStdin(world(), 'the token')).not.toThrow();
  });
});
