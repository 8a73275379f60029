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
const SAMPLE_ROWS = 200_000;
/** Cuts stay below infinity, which stands for "every number". */
const LARGEST_CUT = 1e300;

export interface Bins {
  readonly rows: number;
  readonly cols: number;
  /** (rows * cols) column-major bin numbers; a missing value has the number `count[column]`. */
  readonly data: Uint8Array;
  /** (cols) bins without the one for missing values. */
  readonly count: Int32Array;
  /** (cols) 1 where a training row has no value. */
  readonly missing: Uint8Array;
  /** (cols) 1 for categories. */
  readonly categorical: Uint8Array;
  /** Ascending cuts of each column of numbers: bin b holds cuts[b - 1] < x <= cuts[b]. Empty for categories. */
  readonly cuts: readonly Float64Array[];
}

/** Which bin each category code has, of all columns together. */
export interface CategoryBins {
  /** (codes of all columns) the bin, or -1 for a category that training did not see. */
  readonly bin: Int32Array;
  /** (cols + 1) where each column's codes start. */
  readonly offset: Int32Array;
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

/** @param weight (rows) moves the quantiles; absent: all rows weigh the same */
export function binColumns(
  X: Matrix,
  weight: Float64Array | undefined,
  categoryBins: CategoryBins,
  maxBins: number,
  random: Random,
): Bins {
  const data = new Uint8Array(X.rows * X.cols);
  const count = new Int32Array(X.cols);
  const missing = new Uint8Array(X.cols);
  const categorical = new Uint8Array(X.cols);
  const cuts: Float64Array[] = [];
  const sample = X.rows > SAMPLE_ROWS ? sampleRows(X.rows, weight, random) : undefined;
  for (let j = 0; j < X.cols; j++) {
    const column = columnView(X, j);
    const target = data.subarray(j * X.rows, (j + 1) * X.rows);
    const codes = X.categories[j];
    if (codes > 0) {
      const bin = categoryBins.bin.subarray(categoryBins.offset[j], categoryBins.offset[j + 1]);
      const bins = 1 + bin.reduce((a, b) => Math.max(a, b), -1);
      for (let i = 0; i < column.length; i++) {
        const known = isCode(column[i], codes) ? bin[column[i]] : -1;
        if (known < 0) missing[j] = 1;
        target[i] = known < 0 ? bins : known;
      }
      categorical[j] = 1;
      count[j] = bins;
      cuts.push(new Float64Array(0));
      continue;
    }
    const cut = sample === undefined
      ? cutsOf(column, weight, maxBins)
      : cutsOf(Float64Array.from(sample, (row) => column[row]), undefined, maxBins);
    const bins = cut.length + 1;
    for (let i = 0; i < column.length; i++) {
      const value = column[i];
      if (value === value) target[i] = positionOf(cut, value);
      else {
        missing[j] = 1;
        target[i] = bins;
      }
    }
    count[j] = bins;
    cuts.push(cut);
  }
  return { rows: X.rows, cols: X.cols, data, count, missing, categorical, cuts };
}

/** True for 0, 1, … codes - 1; false for NaN. */
export function isCode(value: number, codes: number): boolean {
  return value >= 0 && value < codes && Math.floor(value) === value;
}

/** Rows drawn with replacement, in proportion to their weights. */
function sampleRows(rows: number, weight: Float64Array | undefined, random: Random): Int32Array {
  const sample = new Int32Array(SAMPLE_ROWS);
  if (weight === undefined) {
    for (let k = 0; k < sample.length; k++) sample[k] = random.below(rows);
    return sample;
  }
  const cumulative = new Float64Array(rows);
  let total = 0;
  for (let i = 0; i < rows; i++) cumulative[i] = total += weight[i];
  for (let k = 0; k < sample.length; k++) {
    sample[k] = Math.min(rows - 1, positionOf(cumulative, (1 - random.float()) * total));
  }
  return sample;
}

function cutsOf(column: Float64Array, weight: Float64Array | undefined, maxBins: number): Float64Array {
  const counts = (i: number) => column[i] === column[i] && (weight === undefined || weight[i] !== 0);
  let n = 0;
  for (let i = 0; i < column.length; i++) if (counts(i)) n++;
  const values = new Float64Array(n);
  const weights = weight === undefined ? undefined : new Float64Array(n);
  if (weights === undefined) {
    let at = 0;
    for (let i = 0; i < column.length; i++) if (counts(i)) values[at++] = column[i] + 0; // -0 becomes 0
    values.sort();
  } else {
    const order: number[] = [];
    for (let i = 0; i < column.length; i++) if (counts(i)) order.push(i);
    order.sort((a, b) => column[a] - column[b]);
    for (let k = 0; k < n; k++) {
      values[k] = column[order[k]] + 0;
      weights[k] = weight![order[k]];
    }
  }
  const distinct = unique(values);
  const cuts = distinct.length <= maxBins
    ? midpoints(distinct)
    : weights === undefined
    ? quantiles(values, maxBins)
    : weightedQuantiles(values, weights, maxBins);
  for (let k = 0; k < cuts.length; k++) cuts[k] = Math.min(cuts[k], LARGEST_CUT);
  return unique(cuts);
}

function unique(sorted: Float64Array): Float64Array {
  return sorted.filter((value, k) => k === 0 || value !== sorted[k - 1]);
}

function midpoints(distinct: Float64Array): Float64Array {
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
