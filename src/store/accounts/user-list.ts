/** Lists of users from elsewhere, to be added at once: JSON as jwtkit or another program writes it, or CSV (RFC 4180). */
import { JwtkitError } from '../../errors.js';
import { parseExactJson } from '../../jose/exact-json.js';
import { describeJson, isJsonObject, type JsonObject, own } from '../../jose/json.js';
import { textBytes } from '../../jose/text.js';
import { isString } from '../../token/claims.js';
import { isNoValue } from '../../token/no-value.js';

/** A user of a list as it was read, not checked yet, and where it stands there. */
export interface ListedUser {
  /** Such as `line 3` or `/users/2`. */
  readonly place: string;
  readonly entry: JsonObject;
  /** What is wrong with the place itself, such as a line with too many cells. */
  readonly problem?: string | undefined;
}

/** The most users of one list, empty and wrong ones included: a file of accounts has room for fewer. */
const maxListed = 100_000;

/** The most records with another number of cells than there are columns: csv-parse takes 0.1 ms for each. */
const maxUneven = 1000;

/** The longest record in characters: the claims and names of a user are bounded more tightly. */
const maxRecordLength = 262_144;

/**
 * Reads a list of users: `[{…}]` or `{"users":[{…}]}`, else CSV whose first line names the columns.
 * @param name what messages call the list.
 * @throws {JwtkitError} ACCOUNTS_INVALID for what is neither, and for more than 100,000 users.
 */
export async function readUserList(bytes: Uint8Array, name: string): Promise<ListedUser[]> {
  const invalid = (problem: string, hint?: string) =>
    new JwtkitError('ACCOUNTS_INVALID', `${name} ${problem}`, { hint });
  const text = textBytes(bytes, invalid);
  const start = text.toString('latin1').trimStart()[0];
  if (start === undefined) throw invalid('is empty');
  if (start !== '[' && start !== '{') return readCsv(text.toString('utf8'), invalid);
  const objectsInLines = /^\s*\{[^\r\n]*\}[ \t]*\r?\n\s*\{/.test(text.toString('latin1'));
  const value = parseExactJson(text, (problem) =>
    invalid(problem, objectsInLines ? 'one object a line is no list: jq -s . FILE makes one' : undefined),
  );
  const list = isJsonObject(value) ? own(value, 'users') : value;
  const at = list === value ? '' : '/users';
  if (!Array.isArray(list)) {
    const members = Object.values(isJsonObject(list) ? list : isJsonObject(value) ? value : {});
    const isMap = members.length > 0 && members.every(isJsonObject);
    const hint = isMap ? ', each with its name as a member; jq makes it: to_entries | map(.value + {name: .key})' : '';
    throw invalid('has no array of users', `write [{"name":…,"sub":…}] or {"users":[…]}${hint}`);
  }
  if (list.length > maxListed) throw tooMany(invalid);
  return list.map((entry, index) => {
    const place = `${at}/${index}`;
    return isJsonObject(entry)
      ? { place, entry }
      : { place, entry: {}, problem: `is ${describeJson(entry)}, not an object` };
  });
}

const tooMany = (invalid: Invalid) =>
  invalid(`has more than ${maxListed} users`, 'one list may have so many; divide it, if its lines are users');

const tooUneven = (invalid: Invalid) =>
  invalid(
    `has more than ${maxUneven} lines with too few or too many cells`,
    'the first line names the columns, and each other line has a cell for each of them',
  );

type Invalid = (problem: string, hint?: string) => JwtkitError;

/** Columns of words that spaces separate. */
const lists = ['roles', 'scopes'];

async function readCsv(text: string, invalid: Invalid): Promise<ListedUser[]> {
  const [head, ...records] = await parseCsv(text, invalid);
  const columns = (head?.record ?? []).map((column) => column.trim());
  for (const needed of ['name', 'sub']) {
    if (columns.includes(needed)) continue;
    throw invalid(
      `has no column ${needed}`,
      'the first line names the columns, such as name,sub,roles,scopes,password',
    );
  }
  if (new Set(columns).size < columns.length) throw invalid('has a column twice');
  return records.map(({ record, line }) => {
    const place = `line ${line}`;
    if (record.length !== columns.length) {
      return { place, entry: {}, problem: `has ${record.length} cells for ${columns.length} columns` };
    }
    try {
      return { place, entry: entryOf(columns, record) };
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      return { place, entry: {}, problem: error.message };
    }
  });
}

/** Columns in which a word such as NULL is an empty cell. */
const mayBeEmpty = [...lists, 'password', 'password_hash', 'claims', 'created'];

/** Makes an entry of cells. An empty cell is none. */
function entryOf(columns: readonly string[], cells: readonly string[]): JsonObject {
  const entry: [string, unknown][] = [];
  const claims: [string, unknown][] = [];
  for (const [at, column] of columns.entries()) {
    const cell = cells[at] ?? '';
    if (cell === '' || (mayBeEmpty.includes(column) && isNoValue(cell))) continue;
    if (column.startsWith('claim:')) claims.push([column.slice('claim:'.length), cell]);
    else if (column === 'claims') claims.push(...claimsOf(cell));
    else if (column === 'created') entry.push([column, Number(cell)]);
    else entry.push([column, lists.includes(column) ? wordsOf(column, cell) : cell]);
  }
  const byName = new Map(claims);
  if (byName.size < claims.length) throw new JwtkitError('ACCOUNTS_INVALID', 'has a claim in two columns');
  if (claims.length > 0) entry.push(['claims', Object.fromEntries(byName)]);
  return Object.fromEntries(entry);
}

/** Returns the words of a cell. Other programs separate them by other characters: `admin;editor` would be one role that nobody demands. */
function wordsOf(column: string, cell: string): string[] {
  if (/^\s*[[({]/.test(cell)) return listOf(column, cell);
  if (/[;,|]/.test(cell)) {
    throw new JwtkitError(
      'ACCOUNTS_INVALID',
      `has a semicolon, comma or bar in its ${column}: separate them by spaces`,
    );
  }
  return cell.split(/\s+/).filter((word) => word !== '');
}

/** Returns the words of a cell that is a list in JSON. */
function listOf(column: string, cell: string): string[] {
  const refuse = () =>
    new JwtkitError(
      'ACCOUNTS_INVALID',
      `has brackets in its ${column}, and no list in JSON: spaces separate the words`,
    );
  const list = parseExactJson(Buffer.from(cell), refuse);
  if (!Array.isArray(list) || !list.every(isString)) throw refuse();
  return list;
}

/** Returns the members of a cell of JSON. Numbers keep their text. */
function claimsOf(cell: string): [string, unknown][] {
  const refuse = (problem: string) => new JwtkitError('ACCOUNTS_INVALID', `has claims that ${problem}`);
  const claims = parseExactJson(Buffer.from(cell), refuse);
  if (!isJsonObject(claims)) throw refuse('are no JSON object');
  return Object.entries(claims);
}

/** What is wrong with quotes, by the codes of csv-parse. Its messages repeat cells, which may be passwords. */
const quoteProblems: Readonly<Record<string, string>> = {
  INVALID_OPENING_QUOTE: 'has a quote inside of a cell that does not begin with one',
  CSV_INVALID_CLOSING_QUOTE: 'has text after the quote that ends a cell',
  CSV_QUOTE_NOT_CLOSED: 'has a quote that does not end',
  CSV_MAX_RECORD_SIZE: `has more than ${maxRecordLength} characters in one record`,
};

interface CsvRecord {
  readonly record: string[];
  readonly line: number;
}

async function parseCsv(text: string, invalid: Invalid): Promise<CsvRecord[]> {
  const { parse } = await import('csv-parse/sync');
  // Excel reads the separator from a line before the columns.
  const named = /^\s*"?sep=([,;\t])"?(?:\r\n|\r|\n)/i.exec(text);
  const head = /^[^\r\n]*/.exec(text.slice(named?.[0].length ?? 0).trimStart())?.[0] ?? '';
  // Spreadsheets write the separator of their language.
  const delimiter = named?.[1] ?? [',', ';', '\t'].find((each) => head.includes(each)) ?? ',';
  const records: CsvRecord[] = [];
  let uneven = 0;
  try {
    parse(text, {
      delimiter,
      from_line: named === null ? 1 : 2,
      max_record_size: maxRecordLength,
      on_record: (record, { lines }) => {
        if (records[0] !== undefined && record.length !== records[0].record.length) uneven++;
        if (uneven > maxUneven) throw tooUneven(invalid);
        // The first line names the columns.
        if (records.length > maxListed) throw tooMany(invalid);
        records.push({ record, line: lines });
        return null;
      },
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
    });
    return records;
  } catch (error) {
    if (error instanceof JwtkitError) throw error;
    const { code = '', lines } = error as { code?: string; lines?: number };
    throw invalid(`${quoteProblems[code] ?? 'is not CSV'} in line ${lines}`);
  }
}
