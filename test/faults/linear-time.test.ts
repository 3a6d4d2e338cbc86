/** The time of every reader of strangers' text grows linearly: all readers, all texts, up to their limits. Prints the table. */
import { expect, test } from 'vitest';
import { describeReader, type Measured, measure, tableHead } from '../linear-time/measure.js';
import { readers, requests } from '../linear-time/readers.js';

const all = [...(await readers()), ...(await requests())];
process.stdout.write(`${tableHead.join('\n')}\n`);

test.each(all)('$name takes linear time', async (reader) => {
  const measured: Measured[] = [];
  for (const text of Object.keys(reader.texts)) measured.push(await measure(reader, text, [1 / 4, 1 / 2, 1]));
  process.stdout.write(`${describeReader(reader, measured)}\n`);
  expect(measured.filter(({ isSteep }) => isSteep)).toEqual([]);
});
