/** Reports of `verify --batch`, which are written while the batch runs. Loaded only for reports. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Verdict } from '../../../batch/answer.js';
import { appendToFile } from '../../../files/append.js';
import { type GrowingFile, growFile } from '../../../files/growing-file.js';
import { notWritable } from '../../../files/system-error.js';
import { type CaseWriter, type Outcome, openCases, type PlacedCase } from '../../../report/case-stream.js';
import type { ReportFormat } from '../../../report/names.js';
import type { Place } from '../../../report/report.js';
import { hideTokensInJson } from '../../../shown-text.js';
import type { ReportPlan } from '../../grammar/report-options.js';
import type { BatchReports } from '../../terminal/batch.js';

/** A report; without a writer it has the lines of JSON. */
interface Target {
  readonly writer: CaseWriter | undefined;
  readonly file: GrowingFile;
}

/** Cases that are written at once. */
const casesAtOnce = 1000;

const noOutcome: Outcome = { tests: 0, failures: 0, skipped: 0, summary: '' };

/**
 * Opens the reports of a plan before the first line is read. `path` is the file with the tokens; - is standard input.
 * @throws {JwtkitError} FILE_NOT_WRITABLE.
 */
export function openBatchReports({ format, files, summaryFile }: ReportPlan, path: string): BatchReports {
  const source: Place = path === '-' ? { name: 'standard input' } : { name: path, isFile: true };
  const writerOf = (form: ReportFormat) =>
    form === 'json' || form === 'sarif' ? undefined : openCases(form, 'verify', source.name);
  const opened: Target[] = [];
  const open = (form: ReportFormat, name: string, mode: number): Target => {
    const target = { writer: writerOf(form), file: growFile(name, mode) };
    opened.push(target);
    target.file.append(target.writer?.head(noOutcome) ?? '');
    return target;
  };
  let spoolFolder: string | undefined;
  // In a folder of its own: others may have put something under any name that is known before.
  const makeSpoolFolder = () => {
    try {
      spoolFolder = mkdtempSync(join(tmpdir(), 'jwtkit-'));
      return spoolFolder;
    } catch (error) {
      throw notWritable(tmpdir(), error);
    }
  };
  const discard = () => {
    for (const { file } of opened) file.discard();
    if (spoolFolder !== undefined) rmSync(spoolFolder, { recursive: true, force: true });
  };
  try {
    for (const each of files) open(each.format, each.path, 0o644);
    const named = [...opened];
    // The head of JUnit has counts that are known at the end, so it waits in a file.
    const spool = format === 'junit' ? open(format, join(makeSpoolFolder(), 'report'), 0o600) : undefined;
    const direct = spool === undefined ? writerOf(format) : undefined;
    const summary = summaryFile === undefined ? undefined : openCases('markdown', 'verify', source.name);
    return {
      add(output, verdicts) {
        for (const { writer, file } of opened) {
          if (writer === undefined) file.append(hideTokensInJson(Buffer.from(output).toString()));
          else for (const text of textsOf(verdicts, writer, source)) file.append(text);
        }
        // Markdown keeps its rows for the tail.
        for (const verdict of verdicts) summary?.add(toCase(verdict, source));
        if (spool !== undefined) return new Uint8Array();
        return direct === undefined ? output : Buffer.from([...textsOf(verdicts, direct, source)].join(''));
      },
      *finish({ lines, refused, summary: words }) {
        const outcome = { tests: lines, failures: refused, skipped: 0, summary: words };
        for (const { writer, file } of opened) {
          if (writer === undefined) continue;
          file.append(writer.tail(outcome));
          file.replaceStart(writer.head(outcome));
        }
        for (const { file } of named) file.place();
        if (summary !== undefined) appendToFile(summaryFile as string, summary.tail(outcome));
        if (spool !== undefined) yield* spool.file.read();
        // The summary of the batch is on stderr.
        else if (direct !== undefined && format !== 'text') yield Buffer.from(direct.tail(outcome));
      },
      discard,
    };
  } catch (error) {
    discard();
    throw error;
  }
}

/** The text of a block's verdicts, in pieces: a block of short lines has tens of thousands. */
function* textsOf(verdicts: readonly Verdict[], writer: CaseWriter, source: Place): Generator<string> {
  for (let start = 0; start < verdicts.length; start += casesAtOnce) {
    const some = verdicts.slice(start, start + casesAtOnce);
    yield some.map((verdict) => writer.add(toCase(verdict, source))).join('');
  }
}

function toCase({ line, code, message }: Verdict, source: Place): PlacedCase {
  const status = code === undefined ? 'passed' : 'failed';
  return { name: `line ${line}`, status, message, type: code, where: { ...source, line } };
}
