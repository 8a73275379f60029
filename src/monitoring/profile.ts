/**
 * What a column looked like in training, as counts in a few bins: small enough to lie in the artifact, and all that
 * later rows are compared with.
 */
import { type Column, spreadRows } from "@/dataset/table.ts";

/** The bins of one column and how many training rows were in each. */
export interface ColumnProfile {
  name: string;
  /** Numbers and dates: the smallest and largest value. */
  range?: [number, number];
  /**
   * Numbers and dates: inner edges, ascending. The bins are below the range, up to each edge, above the last edge,
   * above the range.
   */
  edges?: number[];
  /** Coded columns: values with a bin of their own, most frequent first; then come "other" and "unseen". */
  categories?: string[];
  /** Rows in each bin, without the missing ones. */
  counts: number[];
  /** Rows without a value. */
  missing: number;
}

/** Bins between the ends of a numeric range: the effect of a shift is seen well with 10 to 20. */
const NUMERIC_BINS = 20;
/** Categories beyond these are counted together. */
const MOST_CATEGORIES = 30;
/** Categories of fewer rows are counted together, too: their shares in training say little about those to come. */
const FEWEST_ROWS = 10;
/** Rows that the quantiles are taken from, spread evenly: more would cost time and tell nothing new. */
export const QUANTILE_ROWS = 50_000;

/** @param known the values that the model knows of a coded column; those of `column` by default */
export function profileColumn(column: Column, known?: readonly string[]): ColumnProfile {
  return column.storage === "numeric"
    ? profileNumbers(column.name, column.values)
    : profileCodes(column.name, column.codes, column.categories, known ?? column.categories);
}

/** @param values NaN is missing */
export function profileNumbers(name: string, values: Float64Array): ColumnProfile {
  let [min, max] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < min) min = values[i];
    if (values[i] > max) max = values[i];
  }
  const sample = values.length <= QUANTILE_ROWS
    ? values
    : Float64Array.from(spreadRows(values.length, QUANTILE_ROWS), (row) => values[row]);
  const sorted = sample.filter((value) => !Number.isNaN(value)).sort();
  const missing = sample.length - sorted.length;
  if (!(min <= max)) return { name, range: [0, 0], edges: [], counts: [0, 0, 0], missing };
  const edges = innerEdges(sorted, max);
  const counts = new Array<number>(edges.length + 3).fill(0);
  let bin = 0;
  for (const value of sorted) {
    while (bin < edges.length && value > edges[bin]) bin++;
    counts[bin + 1]++;
  }
  return { name, range: [min, max], edges, counts, missing };
}

/** Every value but the largest where there are few; else quantiles. Ascending, each once, below `max`. */
function innerEdges(sorted: Float64Array, max: number): number[] {
  const distinct: number[] = [];
  for (const value of sorted) {
    if (value !== distinct[distinct.length - 1]) distinct.push(value);
    if (distinct.length > NUMERIC_BINS) break;
  }
  const wanted = distinct.length <= NUMERIC_BINS ? distinct : Array.from(
    { length: NUMERIC_BINS - 1 },
    (_, j) => sorted[Math.ceil((j + 1) * sorted.length / NUMERIC_BINS) - 1],
  );
  return wanted.filter((value, j) => value < max && value !== wanted[j - 1]);
}

/**
 * A value that training had only once counts as unseen: so many new rows are to be expected to bring a value that
 * none of the others has. Source: I. J. Good, The population frequencies of species, Biometrika 40, 1953.
 */
export function profileCodes(
  name: string,
  codes: Int32Array,
  texts: readonly string[],
  known: readonly string[],
): ColumnProfile {
  const rows = new Float64Array(texts.length);
  let missing = 0;
  for (let i = 0; i < codes.length; i++) {
    if (codes[i] < 0) missing++;
    else rows[codes[i]]++;
  }
  const place = new Map(known.map((text, k) => [text, k]));
  const seen = [...texts.keys()].filter((code) => rows[code] > 0);
  const listed = seen.filter((code) => rows[code] >= FEWEST_ROWS && place.has(texts[code]))
    .sort((a, b) => rows[b] - rows[a] || place.get(texts[a])! - place.get(texts[b])!)
    .slice(0, MOST_CATEGORIES);
  const counts = listed.map((code) => rows[code]);
  let [other, unseen] = [0, 0];
  const own = new Set(listed);
  for (const code of seen) {
    if (rows[code] === 1 || !place.has(texts[code])) unseen += rows[code];
    else if (!own.has(code)) other += rows[code];
  }
  return { name, categories: listed.map((code) => texts[code]), counts: [...counts, other, unseen], missing };
}
