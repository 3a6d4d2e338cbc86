/** The manual pages of the program, for `scripts/build.js`. No run of jwtkit loads this. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { commandPage, programPage } from './help/man.js';
import { topics } from './help/topic-names.js';
import { topicBlocks } from './help/topics.js';
import { buildProgram } from './program.js';
import type { Context } from './terminal/io.js';

/** Returns the pages by the names of their files; `root` is the folder of the package. */
export async function manPages(root: URL): Promise<ReadonlyMap<string, string>> {
  // Nothing is run: the program is only read.
  const program = await buildProgram(['--help'], { argv: [], io: { env: {}, stdout: {} } } as unknown as Context);
  const changes = readFileSync(fileURLToPath(new URL('CHANGELOG.md', root)), 'utf8');
  const { version } = packageJson;
  const day = new RegExp(`^## ${version.replaceAll('.', '\\.')} \\((\\d{4}-\\d{2}-\\d{2})\\)`, 'm').exec(changes)?.[1];
  if (day === undefined) throw new Error(`CHANGELOG.md does not say when ${version} was made`);
  const edition = { version, day };
  const sections = topics.map((topic) => ({
    title: topic.name.replaceAll('-', ' '),
    blocks: topicBlocks(topic, new URL('docs/', root)),
  }));
  return new Map([
    ['jwtkit.1', programPage(program, sections, edition)],
    ...program.commands.map((each): [string, string] => [`jwtkit-${each.name()}.1`, commandPage(each, edition)]),
  ]);
}
