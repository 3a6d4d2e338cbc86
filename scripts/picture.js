/**
 * Prints the picture of the README, `docs/refused-token.svg`: a terminal in which jwtkit refuses a token. The text is real output of
 * the built command line. `npm run picture` writes it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(new URL('../bin/jwtkit.js', import.meta.url));
const shown = 'jwtkit verify "$TOKEN" --aud api --scope "read write"';

// Sizes in pixels. Each piece of text gets its width, so that every monospaced font fits the columns.
const fontSize = 14;
const columnWidth = 8.4;
const lineHeight = 21;
const margin = 20;
const barHeight = 36;

/** The class of a piece of text, by the parameter of the ANSI sequence before it (ECMA-48 §8.3.117). */
const classes = { 2: 'dim', 31: 'red', 32: 'green', 33: 'yellow' };

process.stdout.write(draw([`$ ${shown}`, ...readOutput(), '$ echo $?', '14']));

/** Runs the command on a token that is expired, for another audience and without a scope. Key name and moment are fixed. */
function readOutput() {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(JWTKIT_|SECRET_KEY)/.test(name)));
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-picture-'));
  const script = `
    jwtkit() { '${process.execPath}' '${binary}' "$@"; }
    jwtkit keygen --alg ES256 --kid key-2026 2> keygen.log
    TOKEN=$(jwtkit issue --sub user-123 --aud web --scope read --at 2026-11-28T09:00:00Z)
    ${shown} --at 2026-11-28T12:00:00Z --color always 2> errors.log`; // A terminal shows the verdict once, in the report.
  try {
    const { stdout, stderr, status } = spawnSync('sh', ['-c', script], { cwd: folder, env, encoding: 'utf8' });
    if (status !== 14) throw new Error(`expected exit code 14, got ${status}: ${stdout}${stderr}`);
    return stdout
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('key-2026'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function draw(lines) {
  const columns = Math.max(...lines.map((line) => piecesOf(line).reduce((sum, { text }) => sum + text.length, 0)));
  const width = Math.ceil(2 * margin + columns * columnWidth);
  const height = barHeight + 2 * margin + lines.length * lineHeight;
  const dots = [0, 1, 2].map((at) => `  <circle class="dot" cx="${margin + 2 + at * 20}" cy="18" r="6"/>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
  <title id="title">jwtkit verify refuses a token: it has expired, is for another audience and lacks a scope; exit code 14</title>
  <style>
    text { font: ${fontSize}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328; }
    .window { fill: #ffffff; stroke: #d1d9e0; } .dot { fill: #d1d9e0; }
    .typed { font-weight: bold; } .dim { fill: #6e7781; } .green { fill: #1a7f37; } .red { fill: #cf222e; } .yellow { fill: #9a6700; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; } .window { fill: #0d1117; stroke: #3d444d; } .dot { fill: #3d444d; }
      .dim { fill: #8b949e; } .green { fill: #3fb950; } .red { fill: #ff7b72; } .yellow { fill: #d29922; }
    }
  </style>
  <rect class="window" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>
${[...dots, ...lines.flatMap(drawLine)].join('\n')}
</svg>
`;
}

/** Draws each word, or words with single spaces between them, at its column: some renderers join further spaces. */
function drawLine(line, row) {
  const y = barHeight + margin + row * lineHeight + fontSize;
  let start = 0;
  return piecesOf(line).flatMap(({ text, name }) => {
    const column = start;
    start += text.length;
    return [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: words, index }) => {
      const x = (margin + (column + index) * columnWidth).toFixed(1);
      const length = (words.length * columnWidth).toFixed(1);
      const style = name === '' ? '' : ` class="${name}"`;
      return `  <text x="${x}" y="${y}" textLength="${length}"${style}>${escapeXml(words)}</text>`;
    });
  });
}

/** The pieces of a line, each of one colour. What a person types is bold. */
function piecesOf(line) {
  if (line.startsWith('$ '))
    return [
      { text: '$ ', name: 'dim' },
      { text: line.slice(2), name: 'typed' },
    ];
  let name = '';
  return line
    .split('\x1b[')
    .flatMap((part, at) => {
      if (at === 0) return { text: part, name };
      const [, parameter, text] = /^(\d+)m(.*)$/.exec(part);
      name = classes[parameter] ?? '';
      return { text, name };
    })
    .filter(({ text }) => text !== '');
}

function escapeXml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
