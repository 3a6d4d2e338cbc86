import { expect, test } from 'vitest';
import { fitTable } from '../../../src/cli/terminal/table.js';

test('a table may have more rows than a call has arguments', () => {
  const rows = [['NAME', 'SUB'], ...Array.from({ length: 300_000 }, (_, at) => [`user-${at}`, 's'])];
  const { lines, isWhole } = fitTable(rows, 20, { drops: ['SUB'], cuts: [] });
  expect(isWhole).toBe(true);
  expect(lines).toHaveLength(300_001);
  expect(lines.at(-1)).toBe('user-299999  s');
});
