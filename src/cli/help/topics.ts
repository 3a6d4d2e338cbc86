/** `jwtkit help TOPIC`: sections of docs/, which the package holds, as text for a terminal. */
import { fileURLToPath } from 'node:url';
import { readFileBounded } from '../../files/read-file.js';
import { colorModeOf, painterFor } from '../terminal/colour.js';
import { columnsOf } from '../terminal/columns.js';
import type { Context } from '../terminal/io.js';
import { type Block, readBlocks, renderBlocks, sectionOf } from './markdown.js';
import { type Topic, topics } from './topic-names.js';

/** The largest page, in bytes. */
const maxBytes = 1024 * 1024;

/** Returns the topic that one word names, perhaps by its beginning. */
export function findTopic([word, ...others]: readonly string[]): Topic | undefined {
  if (word === undefined || others.length > 0) return undefined;
  return topics.find(({ name }) => name === word || (word.length > 2 && name.startsWith(word)));
}

/** Returns the blocks of a topic; `docs` is the folder of the pages. */
export function topicBlocks(topic: Topic, docs: URL): Block[] {
  const sections = topic.parts.flatMap(({ page, sections: names }) => {
    const text = Buffer.from(readFileBounded(fileURLToPath(new URL(page, docs)), maxBytes)).toString();
    return names.map((name) => sectionOf(text, name) ?? '');
  });
  return readBlocks(sections.join('\n\n'));
}

export async function showTopic(topic: Topic, docs: URL, { argv, io }: Context): Promise<void> {
  const paint = await painterFor(io.stdout, colorModeOf(argv), io.env);
  const pages = topic.parts.map(({ page }) => `docs/${page}`).join(' and ');
  const more: Block = { kind: 'paragraph', text: `More: ${pages}, in the folder of the package.` };
  const lines = renderBlocks([...topicBlocks(topic, docs), more], columnsOf(io), paint);
  io.stdout.write(`${lines.join('\n')}\n`);
}
