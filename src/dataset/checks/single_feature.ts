/**
 * How well one column alone tells the target: a histogram model that is fitted on one half of the rows and judged
 * on the other, and the other way round, so that chance alone never looks like knowledge.
 */
import type { Column } from "../table.ts";
import { filledPlaces, pick, valuesAt } from "./column_values.ts";

/** As fine as this, a step function follows any smooth relation to within a thousandth. */
const MAX_BINS = 128;
const ROWS_PER_BIN = 5;

/** The bin of each row: quantiles of a number, one bin a category, one for missing values. */
function binsOf(column: Column, rows: Uint32Array): { bins: Int32Array; count: number } {
  const values = valuesAt(column, rows);
  const bins = new Int32Array(values.length);
  if (column.storage === "coded") {
    const places = new Map<number, number>();
    for (let i = 0; i < values.length; i++) {
      const place = places.get(values[i]) ?? places.size;
      if (place === places.size) places.set(values[i], place);
      bins[i] = place;
    }
    return { bins, count: places.size };
  }
  const sorted = pick(values, filledPlaces(values)).sort();
  const wanted = Math.min(MAX_BINS, Math.max(2, Math.floor(sorted.length / ROWS_PER_BIN / 2)));
  const edges: number[] = [];
  for (let k = 1; k < wanted; k++) {
    const edge = sorted[Math.floor((k * sorted.length) / wanted)];
    if (edge !== edges[edges.length - 1]) edges.push(edge);
  }
  for (let i = 0; i < values.length; i++) bins[i] = binOf(values[i], edges);
  return { bins, count: edges.length + 2 };
}

/** By halving; the last one is for missing values. */
function binOf(value: number, edges: readonly number[]): number {
  if (Number.isNaN(value)) return edges.length + 1;
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < edges[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Every row gets a half by its place, mixed so that no rhythm of the rows falls together with it. */
const halfOf = (i: number) => (Math.imul(i, 0x9e3779b1) >>> 16) & 1;

/**
 * Mean recall over the classes (balanced accuracy) on rows that the histogram had not seen: 1/classes is
 * guessing, 1 is perfect.
 * @param y class of each row in `rows`, 0..n_classes-1
 */
export function classSkill(column: Column, rows: Uint32Array, y: Int32Array, n_classes: number): number {
  const { bins, count } = binsOf(column, rows);
  const totals = new Float64Array(n_classes);
  for (const c of y) totals[c]++;
  const hits = new Float64Array(n_classes);
  for (const half of [0, 1]) {
    const table = new Float64Array(count * n_classes);
    for (let i = 0; i < y.length; i++) {
      // Rare classes count as much as common ones.
      if (halfOf(i) !== half) table[bins[i] * n_classes + y[i]] += 1 / totals[y[i]];
    }
    const best = new Int32Array(count).fill(-1);
    for (let bin = 0; bin < count; bin++) {
      let most = 0;
      for (let c = 0; c < n_classes; c++) {
        const share = table[bin * n_classes + c];
        if (share <= most) continue;
        best[bin] = c;
        most = share;
      }
    }
    for (let i = 0; i < y.length; i++) if (halfOf(i) === half && best[bins[i]] === y[i]) hits[y[i]]++;
  }
  let sum = 0;
  let present = 0;
  for (let c = 0; c < n_classes; c++) {
    if (totals[c] === 0) continue;
    sum += hits[c] / totals[c];
    present++;
  }
  return present === 0 ? 0 : sum / present;
}

/** Explained variance (R squared) on rows that the histogram had not seen; 0 or less is guessing. */
export function valueSkill(column: Column, rows: Uint32Array, y: Float64Array): number {
  const { bins, count } = binsOf(column, rows);
  const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
  let error = 0;
  let total = 0;
  for (const half of [0, 1]) {
    const sums = new Float64Array(count);
    const counts = new Float64Array(count);
    for (let i = 0; i < y.length; i++) {
      if (halfOf(i) === half) continue;
      sums[bins[i]] += y[i];
      counts[bins[i]]++;
    }
    for (let i = 0; i < y.length; i++) {
      if (halfOf(i) !== half) continue;
      const guess = counts[bins[i]] > 0 ? sums[bins[i]] / counts[bins[i]] : mean;
      error += (y[i] - guess) ** 2;
      total += (y[i] - mean) ** 2;
    }
  }
  return total > 0 ? 1 - error / total : 0;
}
