/** What is in one column. */
import { type CodedColumn, type Column, type ColumnType, isoDate, type NumericColumn } from "../table.ts";
import type { ShownClasses } from "./classes.ts";
import { type Bins, countBinsByClass } from "./histogram.ts";
import { summariseNumbers } from "./number_summary.ts";
import { lengthsOf, type TextLengths } from "./text_lengths.ts";

/** A date is its ISO 8601 text. */
export type Value = number | string;

export interface Histogram {
  /** Bins of equal width between these two; the last one holds its upper edge, too. */
  from: Value;
  to: Value;
  counts: number[];
}

export interface ColumnProfile {
  name: string;
  type: ColumnType;
  missing: number;
  /** Of all rows, 0 to 1. */
  missing_share: number;
  /** Different values, missing not counted. */
  distinct: number;
  /** Fields that are estimates: distinct, of more than a million numbers (standard error 0.8 %). */
  estimated?: "distinct"[];
  /** Numbers and dates only, where there is a finite value. */
  min?: Value;
  max?: Value;
  mean?: Value;
  /** Numbers only, with two values at least. */
  std?: number;
  skew?: number;
  quantiles?: { p5: Value; p25: Value; p50: Value; p75: Value; p95: Value };
  histogram?: Histogram;
  /** Numbers only, where there are any. */
  zeros?: number;
  negatives?: number;
  infinite?: number;
  /**
   * The most frequent values, at most ten, of numbers five; long texts are cut. Of more than ten different ones only
   * those that occur twice; of more than 16,384 different numbers in a long column only those of one row in 1000.
   */
  top_values?: { value: Value; count: number }[];
  /** Text and words that name rows only. */
  lengths?: TextLengths;
  /** The first different values, at most five; long texts are cut. */
  examples: Value[];
  /** Rows of each class, where a page wants them: [class][bin or top value]. */
  by_class?: number[][];
}

const TOP_WORDS = 10;
const TOP_NUMBERS = 5;
const EXAMPLES = 5;
const LONGEST_TEXT = 100;

/** @param classes to split the histogram or the top values by */
export function profileColumn(column: Column, rows: number, classes?: ShownClasses): ColumnProfile {
  return column.storage === "numeric"
    ? profileNumbers(column, rows, classes)
    : profileWords(column, rows, classes);
}

function profileNumbers(column: NumericColumn, rows: number, classes?: ShownClasses): ColumnProfile {
  const isDate = column.type === "date";
  const show = isDate ? showDate : showNumber;
  const summary = summariseNumbers(column.values, { top: TOP_NUMBERS, isDate });
  const { moments, quantiles, bins } = summary;
  const missing = rows - summary.count - summary.infinite;
  const profile: ColumnProfile = {
    ...head(column, rows, missing, summary.distinct),
    ...(summary.distinct_is_estimate ? { estimated: ["distinct"] } : {}),
    ...(moments && quantiles && bins
      ? {
        min: show(summary.min),
        max: show(summary.max),
        mean: show(moments.mean),
        ...(isDate ? {} : spreadOf(summary.count, moments.std, moments.skew)),
        quantiles: {
          p5: show(quantiles.p5),
          p25: show(quantiles.p25),
          p50: show(quantiles.p50),
          p75: show(quantiles.p75),
          p95: show(quantiles.p95),
        },
        histogram: { from: show(bins.from), to: show(bins.to), counts: bins.counts },
        ...(isDate ? {} : nonzero({ zeros: summary.zeros, negatives: summary.negatives })),
      }
      : {}),
    ...nonzero({ infinite: summary.infinite }),
    ...(summary.top.length > 0
      ? { top_values: summary.top.map(({ value, count }) => ({ value: show(value), count })) }
      : {}),
    examples: firstDifferent(column.values, summary.distinct, (value) => Number.isNaN(value)).map(show),
  };
  if (classes && bins) {
    profile.by_class = countBinsByClass(column.values, bins as Bins, classes.codes, classes.labels.length);
  }
  return profile;
}

function spreadOf(count: number, std: number | undefined, skew: number | undefined) {
  return { ...(count > 1 ? { std } : {}), ...(skew === undefined ? {} : { skew }) };
}

function nonzero<K extends string>(counts: Record<K, number>): Partial<Record<K, number>> {
  const kept = Object.entries<number>(counts).filter(([, count]) => count > 0);
  return Object.fromEntries(kept) as Partial<Record<K, number>>;
}

function profileWords(column: CodedColumn, rows: number, classes?: ShownClasses): ColumnProfile {
  const { codes, categories } = column;
  const counts = new Int32Array(categories.length);
  let missing = 0;
  for (let row = 0; row < codes.length; row++) {
    if (codes[row] < 0) missing++;
    else counts[codes[row]]++;
  }
  let distinct = 0;
  for (const count of counts) if (count > 0) distinct++;
  // Among many values, one that occurs once is no frequent one; the examples say as much.
  const top = mostFrequent(counts, TOP_WORDS).filter((code) => counts[code] > 1 || distinct <= TOP_WORDS);
  const lengths = column.type === "text" || column.type === "identifier"
    ? lengthsOf(categories, counts)
    : undefined;
  const repeats = top.length > 0;
  const profile: ColumnProfile = {
    ...head(column, rows, missing, distinct),
    ...(repeats
      ? { top_values: top.map((code) => ({ value: cut(categories[code]), count: counts[code] })) }
      : {}),
    ...(lengths ? { lengths } : {}),
    examples: firstDifferent(codes, distinct, (code) => code < 0).map((code) => cut(categories[code])),
  };
  if (classes && repeats) {
    const at = new Map(top.map((code, i) => [code, i]));
    const byClass = classes.labels.map(() => new Array<number>(top.length).fill(0));
    for (let row = 0; row < codes.length; row++) {
      const place = classes.codes[row] < 0 ? undefined : at.get(codes[row]);
      if (place !== undefined) byClass[classes.codes[row]][place]++;
    }
    profile.by_class = byClass;
  }
  return profile;
}

function head({ name, type }: Column, rows: number, missing: number, distinct: number) {
  return { name, type, missing, missing_share: rows === 0 ? 0 : missing / rows, distinct };
}

/** Codes of the most rows; of equal ones the first. */
function mostFrequent(counts: Int32Array, most: number): number[] {
  const top: number[] = [];
  for (let code = 0; code < counts.length; code++) {
    if (counts[code] === 0 || (top.length === most && counts[code] <= counts[top[most - 1]])) continue;
    let at = top.length;
    while (at > 0 && counts[top[at - 1]] < counts[code]) at--;
    top.splice(at, 0, code);
    if (top.length > most) top.pop();
  }
  return top;
}

/** @param distinct how many there are at least: a column of two values need not be read to its end */
function firstDifferent(
  values: Float64Array | Int32Array,
  distinct: number,
  isGone: (value: number) => boolean,
): number[] {
  const most = Math.min(EXAMPLES, distinct);
  const found: number[] = [];
  for (let row = 0; row < values.length && found.length < most; row++) {
    const value = values[row];
    if (!isGone(value) && !found.includes(value)) found.push(value + 0);
  }
  return found;
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text;
}

/** JSON knows no infinities. */
function showNumber(value: number): Value {
  return Number.isFinite(value) ? value : String(value);
}

/** The days that JavaScript knows end 270,000 years from here. */
function showDate(ms: number): Value {
  return Math.abs(ms) <= 8.64e15 ? isoDate(Math.round(ms)) : String(ms);
}
