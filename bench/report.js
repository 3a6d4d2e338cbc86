/**
 * What the benchmarks write down when asked to (`npm run bench -- --write`): each its section of docs/performance.md, between
 * marks of its name, and its plots, drawn from the figures of that very run. What stands outside of the marks is written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';

const folder = new URL('../docs/', import.meta.url);

/** The machine of the figures: Node, system, cores. */
export function describeMachine() {
  const { node, openssl } = process.versions;
  const cores = `${availableParallelism()} × ${cpus()[0]?.model.trim()}`;
  return `Node ${node} (OpenSSL ${openssl}), ${process.platform} ${process.arch}, ${cores}`;
}

/** The processes that wanted a core in the last minute. */
export function readLoad() {
  return (loadavg()[0] ?? 0).toFixed(1);
}

/** A table in Markdown; the first column is text, the others are figures. */
export function table(names, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(names), `|${names.map((_, at) => (at === 0 ? ' --- ' : ' ---: ')).join('|')}|`, ...rows.map(line)].join(
    '\n',
  );
}

/** A figure with its quartiles, as it stands in a table: `0.97 (0.95 – 0.99)`. */
export function withSpread({ low, middle, high }, digits = 2) {
  return `${middle.toFixed(digits)} (${low.toFixed(digits)} – ${high.toFixed(digits)})`;
}

/** The quartiles of figures. */
export function quartiles(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { low: at(0.25), middle: at(0.5), high: at(0.75) };
}

/** Puts a section in the place of the one that was there, and its plots beside the page. */
export function writeSection(name, { markdown, plots = {} }, load) {
  const page = new URL('performance.md', folder);
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const text = readFileSync(page, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no ${begin} … ${end}`);
  const date = new Date().toISOString().slice(0, 10);
  const source = `_${date}, ${describeMachine()}; load before the run ${load.before}, after it ${load.after}._`;
  writeFileSync(page, `${text.slice(0, from)}${begin}\n\n${markdown}\n\n${source}\n\n${text.slice(to)}`);
  for (const [file, svg] of Object.entries(plots)) writeFileSync(new URL(file, folder), svg);
}

/** Grey of a strength that is readable on white and on black, and two colours that those who see few can tell apart. */
const style = `
  text { font: 12px system-ui, sans-serif; fill: #57606a }
  .title { font-size: 14px; font-weight: 600; fill: #24292f }
  .line { stroke: #8c959f; stroke-width: 1; fill: none }
  .faint { stroke: #8c959f; stroke-opacity: .3 }
  .a { fill: #0969da; stroke: #0969da }
  .b { fill: #bc4c00; stroke: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 }
    .title { fill: #f0f6fc }
    .a { fill: #4493f8; stroke: #4493f8 }
    .b { fill: #f0883e; stroke: #f0883e }
  }
  .curve { fill: none; stroke-width: 2 }
  .small { font-size: 10px }`;

function svg(width, height, title, parts) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${title}</title>`,
    `<style>${style}\n</style>`,
    text(12, 20, title, 'class="title"'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function text(x, y, content, attributes = '') {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${content}</text>`;
}

function round(number) {
  return Math.round(number * 10) / 10;
}

/** Keys to the colours, in the upper right corner. */
function legend(width, names) {
  return names.flatMap((name, at) => {
    const y = 20 + at * 16;
    return [
      `<rect class="${'ab'[at]}" x="${width - 150}" y="${y - 9}" width="10" height="10"/>`,
      text(width - 134, y, name),
    ];
  });
}

/**
 * Bars side by side for each row, from nought; `marks` are values to compare with, drawn across all of them.
 * Rows are {label, values: one a name of `series`}.
 */
export function drawBars({ title, series, rows, marks = [] }) {
  const [width, left, right, top] = [720, 110, 60, 60];
  const thickness = series.length > 1 ? 11 : 14;
  const step = thickness * series.length + 8;
  const height = top + rows.length * step + 28;
  const largest = Math.max(...rows.flatMap(({ values }) => values), ...marks.map(({ value }) => value));
  const x = (value) => left + (value / largest) * (width - left - right);
  const bars = rows.flatMap(({ label, values }, at) => {
    const y = top + at * step;
    return [
      text(left - 8, y + (thickness * values.length) / 2 + 4, label, 'text-anchor="end"'),
      ...values.flatMap((value, each) => [
        `<rect class="${'ab'[each]}" x="${left}" y="${round(y + each * thickness)}" width="${round(x(value) - left)}" height="${thickness - 1}"/>`,
        text(x(value) + 4, y + (each + 0.5) * thickness + 3, value.toFixed(value < 10 ? 2 : 1), 'class="small"'),
      ]),
    ];
  });
  const lines = marks.flatMap(({ value, label }) => [
    `<path class="line" stroke-dasharray="4 3" d="M${round(x(value))} ${top - 8}V${height - 24}"/>`,
    text(x(value), height - 10, label, 'text-anchor="middle"'),
  ]);
  return svg(width, height, title, [...lines, ...bars, ...(series.length > 1 ? legend(width, series) : [])]);
}

/** Two curves over the same points, both axes logarithmic: {x, y} each, with a unit; the points carry their figures. */
export function drawGrowth({ title, curves, formatX }) {
  const [width, height, left, right, top, bottom] = [720, 300, 40, 60, 60, 34];
  const xs = curves[0].points.map((point) => Math.log10(point.x));
  const x = (value) =>
    left + 20 + ((Math.log10(value) - xs[0]) / (xs.at(-1) - xs[0] || 1)) * (width - left - right - 40);
  const parts = [`<path class="line" d="M${left} ${top - 10}V${height - bottom}H${width - right}"/>`];
  for (const point of curves[0].points) {
    parts.push(`<path class="line faint" d="M${round(x(point.x))} ${top}V${height - bottom}"/>`);
    parts.push(text(x(point.x), height - bottom + 18, formatX(point.x), 'text-anchor="middle"'));
  }
  for (const [at, { points, format, from, to }] of curves.entries()) {
    const [low, high] = [Math.log10(from), Math.log10(to)];
    const y = (value) => height - bottom - ((Math.log10(value) - low) / (high - low)) * (height - top - bottom);
    const path = points.map((point) => `${round(x(point.x))} ${round(y(point.y))}`).join('L');
    parts.push(`<path class="${'ab'[at]} curve" d="M${path}"/>`);
    for (const point of points) {
      parts.push(`<circle class="${'ab'[at]}" cx="${round(x(point.x))}" cy="${round(y(point.y))}" r="3"/>`);
      const offset = at === 0 ? 18 : -8;
      parts.push(text(x(point.x), y(point.y) + offset, format(point.y), 'text-anchor="middle"'));
    }
  }
  return svg(width, height, title, [
    ...parts,
    ...legend(
      width,
      curves.map(({ name }) => name),
    ),
  ]);
}
