/**
 * Columns as at most 255 bins, plus one for missing values.
 *
 * A number's bins are cut halfway between its distinct values where those are few, else at quantiles of the training
 * rows. A category has a bin of its own; where there are too many, the rarest share the last one.
 * Source: scikit-learn, `_hist_gradient_boosting/binning.py`; `weightedQuantile` is `_weighted_percentile`.
 */
import type { Random } from "@/shared/random.ts";
import { columnView, type Matrix } from "../matrix.ts";
import { positionOf } from "../tree/ranks.ts";

/** Cuts are found on at most this many rows. */
export const SAMPLE_ROWS = 200_000;
/** Cuts stay below infinity, which stands for "every number". */
const LARGEST_CUT = 1e300;

/** How the columns are cut. */
export interface Binning {
  readonly cols: number;
  /** (cols) bins without the one for missing values, which has this number. */
  readonly count: Int32Array;
  /** (cols) 1 where a training row has no value. */
  readonly missing: Uint8Array;
  /** (cols) 1 for categories. */
  readonly categorical: Uint8Array;
  /** Ascending cuts of each column of numbers: bin b holds cuts[b - 1] < x <= cuts[b]. Empty for categories. */
  readonly cuts: Float64Array[];
}

/** Which bin each category code has, of all columns together. */
export interface CategoryBins {
  /** (codes of all columns) the bin, or -1 for a category that training did not see. */
  readonly bin: Int32Array;
  /** (cols + 1) where each column's codes start. */
  readonly offset: Int32Array;
}

/** Some rows of a matrix; no list: all. */
export interface Rows {
  X: Matrix;
  rows: Int32Array | undefined;
}

/** Decides the bin of every category from how often it occurs. */
export function binCategories(X: Matrix, maxBins: number): CategoryBins {
  const offset = new Int32Array(X.cols + 1);
  for (let j = 0; j < X.cols; j++) offset[j + 1] = offset[j] + X.categories[j];
  const bin = new Int32Array(offset[X.cols]).fill(-1);
  for (let j = 0; j < X.cols; j++) {
    const codes = X.categories[j];
    if (codes === 0) continue;
    const counts = new Float64Array(codes);
    const column = columnView(X, j);
    for (let i = 0; i < column.length; i++) if (isCode(column[i], codes)) counts[column[i]]++;
    const seen: number[] = [];
    for (let code = 0; code < codes; code++) if (counts[code] > 0) seen.push(code);
    let own = seen;
    if (seen.length > maxBins) {
      const frequent = [...seen].sort((a, b) => counts[b] - counts[a] || a - b);
      own = frequent.slice(0, maxBins - 1).sort((a, b) => a - b);
      for (const code of frequent.slice(maxBins - 1)) bin[offset[j] + code] = maxBins - 1;
    }
    own.forEach((code, index) => bin[offset[j] + code] = index);
  }
  return { bin, offset };
}

/** A column's codes as bins, and how many bins; a category that training did not see has the one for missing values. */
export function codeTable(categories: CategoryBins, j: number): { table: Uint8Array; bins: number } {
  const bin = categories.bin.subarray(categories.offset[j], categories.offset[j + 1]);
  const bins = 1 + bin.reduce((a, b) => Math.max(a, b), -1);
  return { table: Uint8Array.from(bin, (b) => b < 0 ? bins : b), bins };
}

export function newBinning(cols: number): Binning {
  return {
    cols,
    count: new Int32Array(cols),
    missing: new Uint8Array(cols),
    categorical: new Uint8Array(cols),
    cuts: Array.from({ length: cols }, () => new Float64Array(0)),
  };
}

/**
 * Learns how the columns are cut.
 * @param weight (rows, of those listed) moves the quantiles; absent: all rows weigh the same
 * @returns and (rows * cols), column-major, the bins
 */
export function binColumns(
  { X, rows }: Rows,
  weight: Float64Array | undefined,
  categories: CategoryBins,
  maxBins: number,
  random: Random,
): { binning: Binning; data: Uint8Array } {
  const binning = newBinning(X.cols);
  const n = rows?.length ?? X.rows;
  const data = new Uint8Array(n * X.cols);
  const sample = sampleRows(n, rows, weight, random);
  for (let j = 0; j < X.cols; j++) {
    if (X.categories[j] > 0) {
      binning.categorical[j] = 1;
      binning.count[j] = codeTable(categories, j).bins;
    } else {
      const column = takeColumn(X, j, sample ?? rows);
      const weights = sample === undefined ? weight : undefined;
      binning.cuts[j] = weights === undefined
        ? cutsOfSorted(present(column).sort(), maxBins)
        : cutsOfWeighted(column, weights, maxBins);
      binning.count[j] = binning.cuts[j].length + 1;
    }
    const target = data.subarray(j * n, (j + 1) * n);
    binning.missing[j] = binColumn({ X, rows }, j, binning, categories, target);
  }
  return { binning, data };
}

/** Writes a column's bins; returns 1 when a value is missing. */
export function binColumn(
  { X, rows }: Rows,
  j: number,
  binning: Binning,
  categories: CategoryBins,
  target: Uint8Array,
): number {
  const column = takeColumn(X, j, rows);
  const missing = binning.count[j];
  const codes = X.categories[j];
  let any = 0;
  if (codes > 0) {
    const { table } = codeTable(categories, j);
    for (let i = 0; i < column.length; i++) {
      target[i] = isCode(column[i], codes) ? table[column[i]] : missing;
      if (target[i] === missing) any = 1;
    }
    return any;
  }
  const cuts = binning.cuts[j];
  for (let i = 0; i < column.length; i++) {
    const value = column[i];
    if (value === value) target[i] = positionOf(cuts, value);
    else {
      any = 1;
      target[i] = missing;
    }
  }
  return any;
}

/** A column of some rows; a view when of all. */
export function takeColumn(X: Matrix, j: number, rows: Int32Array | undefined): Float64Array {
  return takeValues(columnView(X, j), rows);
}

function takeValues(values: Float64Array, rows: Int32Array | undefined): Float64Array {
  if (rows === undefined) return values;
  const taken = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) taken[i] = values[rows[i]];
  return taken;
}

/** True for 0, 1, … codes - 1; false for NaN. */
export function isCode(value: number, codes: number): boolean {
  return value >= 0 && value < codes && Math.floor(value) === value;
}

/** Row numbers of the matrix that the cuts are found on, drawn with replacement in proportion to their weights; undefined: all. */
export function sampleRows(
  n: number,
  rows: Int32Array | undefined,
  weight: Float64Array | undefined,
  random: Random,
): Int32Array | undefined {
  if (n <= SAMPLE_ROWS) return undefined;
  const sample = new Int32Array(SAMPLE_ROWS);
  if (weight === undefined) {
    for (let k = 0; k < sample.length; k++) sample[k] = random.below(n);
  } else {
    const cumulative = new Float64Array(n);
    let total = 0;
    for (let i = 0; i < n; i++) cumulative[i] = total += weight[i];
    for (let k = 0; k < sample.length; k++) {
      sample[k] = Math.min(n - 1, positionOf(cumulative, (1 - random.float()) * total));
    }
  }
  sample.sort(); // neighbours lie together in memory
  if (rows !== undefined) { for (let k = 0; k < sample.length; k++) sample[k] = rows[sample[k]]; }
  return sample;
}

/** The values that are not NaN, -0 as 0. */
function present(column: Float64Array): Float64Array {
  const values = new Float64Array(column.length);
  let n = 0;
  for (let i = 0; i < column.length; i++) if (column[i] === column[i]) values[n++] = column[i] + 0;
  return values.subarray(0, n);
}

/** @param sorted ascending, without NaN */
export function cutsOfSorted(sorted: Float64Array, maxBins: number): Float64Array {
  return finish(fewDistinct(sorted, maxBins) ?? quantiles(sorted, maxBins));
}

/** @param weight (rows) those of weight 0 do not count */
export function cutsOfWeighted(column: Float64Array, weight: Float64Array, maxBins: number): Float64Array {
  const order: number[] = [];
  for (let i = 0; i < column.length; i++) if (column[i] === column[i] && weight[i] !== 0) order.push(i);
  order.sort((a, b) => column[a] - column[b]);
  const values = Float64Array.from(order, (i) => column[i] + 0);
  const weights = Float64Array.from(order, (i) => weight[i]);
  return finish(fewDistinct(values, maxBins) ?? weightedQuantiles(values, weights, maxBins));
}

function finish(cuts: Float64Array): Float64Array {
  for (let k = 0; k < cuts.length; k++) cuts[k] = Math.min(cuts[k], LARGEST_CUT);
  return cuts.filter((value, k) => k === 0 || value !== cuts[k - 1]);
}

/** Cuts between the distinct values; undefined when there are too many. */
function fewDistinct(sorted: Float64Array, maxBins: number): Float64Array | undefined {
  const distinct: number[] = [];
  for (let i = 0; i < sorted.length; i++) {
    if (i > 0 && sorted[i] === sorted[i - 1]) continue;
    if (distinct.push(sorted[i]) > maxBins) return undefined;
  }
  const cuts = new Float64Array(Math.max(0, distinct.length - 1));
  for (let k = 0; k < cuts.length; k++) {
    const middle = (distinct[k] + distinct[k + 1]) / 2;
    cuts[k] = Number.isFinite(middle) ? middle : distinct[k] / 2 + distinct[k + 1] / 2;
  }
  return cuts;
}

/** numpy's "averaged_inverted_cdf" at k / maxBins, rounding included. */
function quantiles(sorted: Float64Array, maxBins: number): Float64Array {
  const cuts = new Float64Array(maxBins - 1);
  const step = 100 / maxBins;
  for (let k = 1; k < maxBins; k++) {
    const position = sorted.length * (k * step / 100) - 1;
    const floor = Math.floor(position);
    const low = sorted[Math.max(0, floor)];
    const high = sorted[Math.min(sorted.length - 1, floor + 1)];
    cuts[k - 1] = position === floor ? mean(low, high) : high;
  }
  return cuts;
}

function weightedQuantiles(sorted: Float64Array, weights: Float64Array, maxBins: number): Float64Array {
  const cumulative = new Float64Array(weights.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) cumulative[i] = total += weights[i];
  const cuts = new Float64Array(maxBins - 1);
  const step = 100 / maxBins;
  const last = sorted.length - 1;
  for (let k = 1; k < maxBins; k++) {
    const target = k * step / 100 * total;
    const at = Math.min(last, positionOf(cumulative, target));
    const above = cumulative[at] - target > Number.EPSILON;
    cuts[k - 1] = above ? sorted[at] : mean(sorted[at], sorted[Math.min(last, at + 1)]);
  }
  return cuts;
}

function mean(low: number, high: number): number {
  const difference = high - low;
  return Number.isFinite(difference) ? high - difference * 0.5 : low / 2 + high / 2;
}
