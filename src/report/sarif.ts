import { describePlace, type Finding, type Place, type Report } from './report.js';

const pageUrl = 'docs/lint.md';
/** No system has longer paths, in characters. */
const longestPath = 4096;

/**
 * Returns the findings of a report as SARIF 2.1.0, the form that code scanning services read. The names are those of the findings,
 * not escaped: a URI has an escape of its own.
 */
export function toSarif({ command, version, findings, rules }: Report, names: readonly string[]): string {
  const known = new Map(rules.map((rule, at) => [rule.id, at]));
  const driver = {
    name: `jwtkit ${command}`,
    semanticVersion: version,
    rules: rules.map(({ id, level, means, help, source }) => ({
      id,
      shortDescription: { text: means },
      help: { text: `${help}. Source: ${source}; ${pageUrl}` },
      defaultConfiguration: { level },
    })),
  };
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver },
        columnKind: 'utf16CodeUnits',
        results: findings.map((one, at) => resultOf(one, names[at] ?? one.where.name, known)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function resultOf({ id, level, message, where, help }: Finding, name: string, known: ReadonlyMap<string, number>) {
  const way = help === undefined ? '' : ` (${help})`;
  return {
    ruleId: id,
    ruleIndex: known.get(id),
    level,
    message: { text: `${message}${way}` },
    locations: [locationOf(where, name)],
  };
}

/** GitHub refuses a whole log if one of its results has no URI. So another place is a URI, too: its name without a scheme. */
function locationOf(where: Place, name: string) {
  const uri = fileUri(where.isFile === true ? name : name.replace(/^[a-z]+:(?:\/\/)?/i, ''));
  return {
    physicalLocation: {
      artifactLocation: { uri: uri === '' ? 'target' : uri },
      region: { startLine: where.line ?? 1 },
    },
    logicalLocations: [{ fullyQualifiedName: describePlace(where) }],
  };
}

/** A path as a URI reference (RFC 3986): relative to the working folder, or with `file:` if it is absolute. */
function fileUri(path: string): string {
  const parts = path.slice(0, longestPath).toWellFormed().replaceAll('\\', '/').split('/');
  const joined = parts.map(encodeURIComponent).join('/').replace(/^\.\//, '');
  if (joined.startsWith('/')) return `file://${joined}`;
  return /^[A-Za-z]%3A\//.test(joined) ? `file:///${joined.replace('%3A', ':')}` : joined;
}
