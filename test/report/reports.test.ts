/** Each form of a report, read by other people's validators. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { parse } from 'yaml';
import { breakLine } from '../../src/cli/terminal/wrap.js';
import { openCases, type StreamedFormat } from '../../src/report/case-stream.js';
import { renderReport } from '../../src/report/formats.js';
import { formatOfFile, reportFormats } from '../../src/report/names.js';
import { countFindings, type Report } from '../../src/report/report.js';

const vectors = join(import.meta.dirname, '../vectors/reports');
const read = (name: string) => readFileSync(join(vectors, name), 'utf8');

const token = `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')}.eyJzdWIiOiJhIn0.${'a1B'.repeat(15)}`;
/** What a claim or a file's name could hold to break out of a form. */
const hostile = [
  '\n::error::taken over',
  '\r\n##[add-mask]x',
  '##[error]x',
  '::set-output name=a::b',
  '%0A::warning::x',
  'a,file=/etc/passwd:1',
  ']]></failure></testcase><testcase name="x"/>',
  '&amp;<script>alert(1)</script>"\'',
  '| a | b |\n|---|---|',
  '[x](javascript:alert(1)) ![y](z) `code` **b** @everyone #1 https://evil.example',
  '\u0000\u0008\u001b[2J\u202e\ufffe\uffff\ud800',
  token,
];

function reportOf(texts: readonly string[]): Report {
  const findings = texts.flatMap((text) => [
    { id: 'token/x', level: 'error' as const, message: text, where: { name: text, isFile: true, line: 3 }, help: text },
    { id: text, level: 'note' as const, message: text, where: { name: text, part: text } },
  ]);
  const cases = texts.flatMap((text) => [
    { suite: text, name: text, status: 'passed' as const },
    { suite: text, name: text, status: 'failed' as const, message: text, type: text },
    { suite: text, name: text, status: 'skipped' as const, message: text },
  ]);
  const rule = { id: 'token/x', level: 'error' as const, means: texts.join(), help: texts.join(), source: 'RFC 8725' };
  return { command: 'lint', version: '1.2.3', summary: countFindings(findings), findings, cases, rules: [rule] };
}

const usual = reportOf(['exp is missing']);

describe('SARIF', () => {
  const { $schema: _draft, id: _id, ...schema } = JSON.parse(read('sarif-schema-2.1.0.json'));
  const isValid = new Ajv({ strict: false, validateFormats: false }).compile(schema);

  test.each([
    ['an ordinary report', usual],
    ['a report without findings', reportOf([])],
    ['hostile texts', reportOf(hostile)],
  ])('the published schema accepts %s', (_title, report) => {
    isValid(JSON.parse(renderReport(report, 'sarif')));
    expect(isValid.errors).toBeNull();
  });

  test('the published schema refuses a log with an unknown level', () => {
    expect(isValid(JSON.parse(renderReport(usual, 'sarif').replace('"level": "note"', '"level": "fatal"')))).toBe(
      false,
    );
  });

  test.each([
    ['http://127.0.0.1:8000/users/me', '127.0.0.1%3A8000/users/me'],
    ['https://a.example', 'a.example'],
    ['module:./verify.mjs', 'verify.mjs'],
    ['exec:python check.py', 'python%20check.py'],
    ['jose', 'jose'],
    ['standard input', 'standard%20input'],
    ['TOKEN', 'TOKEN'],
  ])('gives the place %s a URI, without which GitHub refuses the log', (name, uri) => {
    const report = { ...usual, findings: [{ id: 'a', level: 'error' as const, message: 'm', where: { name } }] };
    const [{ results }] = JSON.parse(renderReport(report, 'sarif')).runs;
    expect(results[0].locations[0].physicalLocation).toEqual({ artifactLocation: { uri }, region: { startLine: 1 } });
    expect(results[0].locations[0].logicalLocations[0].fullyQualifiedName).toBe(name);
  });

  test('each result of hostile texts has a relative URI and a line', () => {
    const [{ results }] = JSON.parse(renderReport(reportOf([...hostile, 'http://', 'file:', '']), 'sarif')).runs;
    for (const { locations } of results) {
      const [{ physicalLocation }] = locations;
      expect(physicalLocation.artifactLocation.uri).toMatch(/^[^:\s]+$/);
      expect(physicalLocation.region.startLine).toBeGreaterThan(0);
    }
  });

  test('names a file by a relative URI and another place by its name', () => {
    const report = {
      ...usual,
      findings: [
        {
          id: 'a',
          level: 'error' as const,
          message: 'm',
          where: { name: './keys/my key#1.pem', isFile: true, line: 2 },
        },
        { id: 'a', level: 'error' as const, message: 'm', where: { name: '/etc/k', isFile: true } },
        { id: 'a', level: 'error' as const, message: 'm', where: { name: 'argument 1', part: 'claims.exp' } },
      ],
    };
    const [{ results }] = JSON.parse(renderReport(report, 'sarif')).runs;
    expect(results[0].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: 'keys/my%20key%231.pem' },
      region: { startLine: 2 },
    });
    expect(results[1].locations[0].physicalLocation.artifactLocation.uri).toBe('file:///etc/k');
    expect(results[2].locations[0].physicalLocation.artifactLocation.uri).toBe('argument%201');
    expect(results[2].locations[0].logicalLocations[0].fullyQualifiedName).toBe('argument 1 claims.exp');
  });
});

test.each([
  ['new\nline.env', 'new%0Aline.env'],
  ['\u001b[31m.env', '%1B%5B31m.env'],
  ['a\u202eb.env', 'a%E2%80%AEb.env'],
  ['a\ud800b.env', 'a%EF%BF%BDb.env'],
])('the URI of the file %j in SARIF names the file', (name, uri) => {
  const found = { id: 'a', level: 'error' as const, message: 'm', where: { name, isFile: true } };
  const [{ results }] = JSON.parse(renderReport({ ...usual, findings: [found] }, 'sarif')).runs;
  expect(results[0].locations[0].physicalLocation.artifactLocation.uri).toBe(uri);
});

describe('JUnit', () => {
  const validate = (contents: string) =>
    validateXML({ xml: [{ fileName: 'report.xml', contents }], schema: [read('junit-10.xsd')] });

  test.each([
    ['an ordinary report', usual],
    ['a report without cases', reportOf([])],
    ['hostile texts', reportOf(hostile)],
  ])("Jenkins's schema accepts %s", async (_title, report) => {
    const { valid, errors } = await validate(renderReport(report, 'junit'));
    expect(errors).toEqual([]);
    expect(valid).toBe(true);
  });

  test("Jenkins's schema refuses a suite without its counts", async () => {
    const { valid } = await validate(
      renderReport(usual, 'junit').replace(/ failures="1" errors="0" skipped/, ' skipped'),
    );
    expect(valid).toBe(false);
  });

  test('counts passed, failed and skipped cases of each suite', () => {
    expect(renderReport(usual, 'junit')).toContain(
      '<testsuite name="exp is missing" tests="3" failures="1" errors="0" skipped="1">',
    );
  });

  test('makes no case out of a hostile text', () => {
    expect(renderReport(reportOf(hostile), 'junit').match(/<testcase /g)).toHaveLength(hostile.length * 3);
  });
});

describe('annotations of GitHub', () => {
  test('are one command for each finding, with the file and the line', () => {
    expect(renderReport(usual, 'github').split('\n')).toEqual([
      '::error file=exp is missing,line=3,title=token/x::exp is missing (exp is missing)',
      '::notice title=exp is missing::exp is missing exp is missing: exp is missing',
      '',
    ]);
  });

  test.each(hostile)('make no other command out of %j', (text) => {
    const lines = renderReport(reportOf([text]), 'github')
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      // As the runner reads a line: the command, its properties up to the next `::`, each `name=value`, and the message.
      const [, command, properties = ''] = /^::(\w+) (.*?)::/.exec(line) ?? [];
      expect(['error', 'notice']).toContain(command);
      expect(properties.split(',').map((one) => one.split('=')[0])).toEqual(
        command === 'error' ? ['file', 'line', 'title'] : ['title'],
      );
      expect(line).not.toContain('##[');
      expect(line).not.toMatch(/%(?!25|3A|2C)/);
    }
  });
});

describe('Markdown', () => {
  test.each(hostile)('gives %j no meaning', (text) => {
    const page = renderReport(reportOf([text]), 'markdown');
    expect(page).not.toMatch(/<(?!br>)|\]\(|@|https:|\*\*|`/);
    const rows = page.split('\n').filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(4);
    for (const row of rows) expect(row.split('|')).toHaveLength(6);
  });

  test('stays below what GitHub shows of a step, and says how many findings are left out', () => {
    const page = renderReport(
      reportOf(Array.from({ length: 9000 }, (_, at) => `\u4e00 ${at} ${'\u4e00'.repeat(40)}`)),
      'markdown',
    );
    expect(Buffer.byteLength(page)).toBeLessThan(1024 * 1024);
    const rows = page.split('\n').filter((line) => /^\| (?:error|note)/.test(line)).length;
    expect(page).toMatch(new RegExp(`\\n\u2026 and ${18_000 - rows} more\\n\\n$`));
    expect(renderReport(reportOf(['a', 'b']), 'markdown')).not.toContain('more');
  });
});

describe('cases that are written one by one', () => {
  const schema = read('junit-10.xsd');
  const outcome = { tests: 24, failures: 12, skipped: 0, summary: hostile.join() };
  const write = (format: StreamedFormat) => {
    const writer = openCases(format, 'verify', hostile.join());
    const cases = hostile.flatMap((text) =>
      (['passed', 'failed'] as const).map((status) => {
        return { name: text, status, message: text, type: text, where: { name: text, isFile: true, line: 3 } };
      }),
    );
    const lines = cases.map((one) => writer.add(one)).join('');
    return `${writer.head(outcome)}${lines}${writer.tail(outcome)}`;
  };

  test('hold their form for hostile texts', async () => {
    const { errors } = await validateXML({
      xml: [{ fileName: 'report.xml', contents: write('junit') }],
      schema: [schema],
    });
    expect(errors).toEqual([]);
    const commands = write('github').trimEnd().split('\n');
    expect(commands).toHaveLength(hostile.length);
    for (const line of commands) expect(line).toMatch(/^::error file=[^:]*,line=3,title=[^:]*::/);
    expect(write('markdown')).not.toMatch(/<(?!br>)|\]\(|@|https:|\*\*|`/);
    for (const format of ['junit', 'github', 'markdown', 'text'] as const) expect(write(format)).not.toContain(token);
  });

  test('have a head of the same length for every outcome', () => {
    const { head } = openCases('junit', 'verify', 'tokens.txt');
    const counts = [0, 9, 1_000_000_007].map((tests) => ({ tests, failures: tests, skipped: 0, summary: '' }));
    expect(new Set(counts.map((each) => head(each).length)).size).toBe(1);
  });
});

describe('every form', () => {
  test.each(reportFormats)('hides tokens and characters that disturb a terminal: %s', (format) => {
    const text = renderReport(reportOf(hostile), format);
    expect(text).not.toContain(token);
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u.test(text.replaceAll('\n', '')) ? /^/ : /$^/);
  });

  test.each(reportFormats)('bounds a text of a million characters: %s', (format) => {
    expect(renderReport(reportOf(['x'.repeat(1_000_000)]), format).length).toBeLessThan(200_000);
  });

  test('text and JSON say what is wrong, where, and what to do', () => {
    const report = {
      ...usual,
      findings: [
        {
          id: 'a/b',
          level: 'warning' as const,
          message: 'm',
          where: { name: '.env', line: 2, part: 'KEY' },
          help: 'h',
        },
      ],
    };
    expect(renderReport({ ...report, summary: '1 warning' }, 'text')).toBe(
      '.env\n  warning  line 2 KEY: m  a/b\n           h\n\n1 warning\n',
    );
    expect(parse(renderReport(report, 'json')).findings).toEqual(report.findings);
  });

  test('text for a terminal breaks its lines, but no command', () => {
    const where = { name: 'weak.pem', line: 1 };
    const message = 'a message of several words';
    const help = 'make another one: jwtkit keygen --alg HS256, or openssl rand -base64 32';
    const findings = [{ id: 'key/weak', level: 'error' as const, message, where, help }];
    const screen = { wrap: (line: string, indent: number) => breakLine(line, 40, indent) };
    expect(renderReport({ ...usual, findings, summary: '1 error' }, 'text', screen).split('\n')).toEqual([
      'weak.pem',
      '  error    line 1: a message of several',
      '           words  key/weak',
      '           make another one:',
      '           jwtkit keygen --alg HS256, or',
      '           openssl rand -base64 32',
      '',
      '1 error',
      '',
    ]);
  });

  test.each([
    ['out/report.sarif', 'sarif'],
    ['r.sarif.json', 'sarif'],
    ['r.JSON', 'json'],
    ['r.xml', 'junit'],
    ['r.md', 'markdown'],
    ['r.txt', 'text'],
    ['report', undefined],
  ])('the name %s says the form %s', (path, format) => {
    expect(formatOfFile(path)).toBe(format);
  });
});
