/**
 * Whether the time of a reader grows linearly with what strangers send: each reader with each adversarial text, at n and 2n. A
 * quadratic reader takes four times as long for twice the text.
 */

/** What a reader took for a text. */
export interface Measured {
  readonly text: string;
  /** Milliseconds of the processor for the longest text. */
  readonly longest: number;
  /** Time of each length to that of the one before, which is half as long; none where all of it is over at once. */
  readonly ratios: readonly number[];
  /** Whether the time grows faster than the text, for the last doubling and for the mean of all. */
  readonly isSteep: boolean;
}

/** Reads a text of about so many characters; what it throws is its answer. */
export type Read = () => unknown;

/** A reader: by the name of a text, what reads that text at a length. */
export interface Reader {
  readonly name: string;
  /** The longest text that it takes, in characters. */
  readonly limit: number;
  readonly texts: Readonly<Record<string, (length: number) => Read | Promise<Read>>>;
}

/** For twice the text a quadratic reader takes four times as long. */
const greatestRatio = 2.5;

/**
 * How often a reader that looks quadratic is measured again, with new texts: a busy machine is temporary, a quadratic part is not.
 * The shortest times of all attempts count.
 */
const attempts = 5;

/**
 * Milliseconds. A reader that needs less at the limit is too quick to measure, and has no harmful quadratic part. A fresh page of
 * memory costs up to 12 µs on virtual machines, and a reader has some four objects as long as its text: that may come at once.
 */
const usuallyMeasurable = (limit: number) => 3 + 4 * (limit / 4096) * 0.012;

/** How a reader is measured. */
export interface Measuring {
  /** Only what takes a while is measured for its ratio: the least, in milliseconds. */
  readonly measurable?: number;
  /** Returns the milliseconds that a run takes; by default those of the processor. */
  readonly timeOf?: (read: Read) => number | Promise<number>;
}

/** Looks at a reader and a text at these parts of its limit, the largest last. */
export async function measure(
  reader: Reader,
  text: string,
  parts: readonly number[],
  { measurable = usuallyMeasurable(reader.limit), timeOf = timeOnProcessor }: Measuring = {},
): Promise<Measured> {
  const longest = Number.POSITIVE_INFINITY;
  const best: Best = { ofParts: parts.map(() => longest), between: betweenParts.map(() => longest) };
  const look = () => measureOnce(reader, text, parts, best, { measurable, timeOf });
  let measured = await look();
  for (let more = 1; measured.isSteep && more < attempts; more++) measured = await look();
  return measured;
}

/** The shortest times so far, in milliseconds: of the text at each part of the limit, and between the last two. */
interface Best {
  readonly ofParts: number[];
  readonly between: number[];
}

async function measureOnce(
  reader: Reader,
  text: string,
  parts: readonly number[],
  found: Best,
  { measurable, timeOf }: Required<Measuring>,
): Promise<Measured> {
  const make = reader.texts[text] as NonNullable<Reader['texts'][string]>;
  const last = parts.length - 1;
  const lengths = parts.map((part) => Math.floor(reader.limit * part));
  const whole = await make(lengths[last] as number);
  // The first run compiles.
  const first = Math.min(await timeOf(whole), await timeOf(whole));
  if (first < measurable) return { text, longest: first, ratios: [], isSteep: false };
  const reads: Read[] = [];
  for (const length of lengths.slice(0, -1)) reads.push(await make(length));
  reads.push(whole);
  const best = found.ofParts;
  const look = async (at: number) => {
    best[at] = Math.min(best[at] as number, await timeOf(reads[at] as Read));
  };
  let ratios: number[] = [];
  // A machine that others use can only make a run longer: a pair that fails is looked at again before it is judged.
  for (let round = 0; round < 20; round++) {
    for (const at of reads.keys()) await look(at);
    ratios = best.slice(1).map((time, at) => time / (best[at] as number));
    const isLinear = (ratios.at(-1) as number) <= greatestRatio;
    // Where even the best of several long runs takes that much longer, more would change nothing.
    const isCertain = first > 100 && round >= 4 && (ratios.at(-1) as number) > 3.5;
    if (round >= 1 && (isLinear || isCertain)) break;
  }
  const longest = best[last] as number;
  const mean = (longest / (best[0] as number)) ** (1 / ratios.length);
  let isSteep = Math.min(mean, ratios.at(-1) as number) > greatestRatio;
  if (isSteep) {
    for (const [at, part] of betweenParts.entries()) {
      const between = await make(Math.floor((lengths[last] as number) * part));
      for (let round = 0; round < 10; round++)
        found.between[at] = Math.min(found.between[at] as number, await timeOf(between));
    }
    isSteep = isSteepAllAlong([best[last - 1] as number, ...found.between, longest]);
  }
  return { text, longest, ratios, isSteep };
}

/** Where the last doubling is looked at once more, as parts of the longest text. */
const betweenParts = [5 / 8, 3 / 4, 7 / 8];

/**
 * Whether a last doubling that looked steep is steep in three of its four steps. A text that is the first to need a large object
 * of its own makes the time jump, tenfold on some virtual machines, where each fresh page of memory costs 12 µs; a reader has two
 * such objects, the bytes and their text. A quadratic part is steep everywhere.
 */
function isSteepAllAlong(times: readonly number[]): boolean {
  const power = Math.log2(greatestRatio);
  const lengths = [1 / 2, ...betweenParts, 1];
  const steps = times.slice(1).map((time, at) => {
    const growth = (lengths[at + 1] as number) / (lengths[at] as number);
    return time / (times[at] as number) > growth ** power;
  });
  return steps.filter((isSteep) => isSteep).length >= 3;
}

/** Milliseconds of the processor that one run takes, of several where one is too short to be told. */
async function timeOnProcessor(read: Read): Promise<number> {
  collectGarbage?.({ type: 'minor' });
  const began = threadTime();
  let runs = 0;
  let spent = 0;
  do {
    try {
      await read();
    } catch {
      // Refused, which is an answer too.
    }
    runs++;
    spent = threadTime() - began;
  } while (spent < 1 && runs < 20);
  return spent / runs;
}

/** Where Node was told to expose it: what earlier runs left behind is not to be paid for by this one. */
const { gc: collectGarbage } = globalThis as { gc?: (options: { type: 'minor' }) => void };

/** Milliseconds for which this thread had a core; on older Node with the threads that collect garbage and compile. */
function threadTime(): number {
  const { user, system } = threadUsage();
  return (user + system) / 1000;
}

const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };
const threadUsage = () => threadCpuUsage?.call(process) ?? process.cpuUsage();

/** A line of the table: the slowest text of a reader, and the one whose ratio is greatest. */
export function describeReader({ name, limit }: Reader, all: readonly Measured[]): string {
  const slowest = all.reduce((one, other) => (other.longest > one.longest ? other : one));
  const ratioOf = ({ ratios }: Measured) => ratios.at(-1) ?? 0;
  const steepest = all.reduce((one, other) => (ratioOf(other) > ratioOf(one) ? other : one));
  const ratios = steepest.ratios.length === 0 ? '–' : steepest.ratios.map((ratio) => ratio.toFixed(2)).join(', ');
  const cells = [name, String(limit), String(all.length), `${slowest.longest.toFixed(1)} (${slowest.text})`];
  return `| ${[...cells, steepest.ratios.length === 0 ? ratios : `${ratios} (${steepest.text})`].join(' | ')} |`;
}

/** The head of the table. */
export const tableHead = [
  '| reader | limit | texts | slowest at the limit, ms CPU | greatest ratio 2n/n |',
  '|---|---|---|---|---|',
];
