/**
 * Every column as ranks among its sorted distinct values: exact, and quick to count, sort and compare as integers.
 */
import { columnView, type Matrix } from "../matrix.ts";

export interface Ranks {
  /** (rows * cols) column-major: the rank of each value, from 0. */
  readonly rank: Int32Array;
  /** The sorted distinct values of all columns, one after the other. */
  readonly values: Float64Array;
  /** (cols + 1) where each column's values start in `values`. */
  readonly offset: Int32Array;
}

/** Ranks all columns of a matrix without NaN. Time O(cols * rows * log rows). */
export function rankColumns(X: Matrix): Ranks {
  const rank = new Int32Array(X.rows * X.cols);
  const offset = new Int32Array(X.cols + 1);
  const parts: Float64Array[] = [];
  for (let j = 0; j < X.cols; j++) {
    const column = columnView(X, j);
    const distinct = distinctValues(column);
    parts.push(distinct);
    offset[j + 1] = offset[j] + distinct.length;
    const target = rank.subarray(j * X.rows, (j + 1) * X.rows);
    for (let i = 0; i < column.length; i++) target[i] = positionOf(distinct, column[i]);
  }
  const values = new Float64Array(offset[X.cols]);
  for (let j = 0; j < X.cols; j++) values.set(parts[j], offset[j]);
  return { rank, values, offset };
}

/** The sorted distinct values; -0 counts as 0. */
export function distinctValues(values: Float64Array): Float64Array {
  const sorted = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) sorted[i] = values[i] + 0; // -0 + 0 is 0
  sorted.sort();
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (count === 0 || sorted[i] !== sorted[count - 1]) sorted[count++] = sorted[i];
  }
  return sorted.slice(0, count);
}

/** The index of the first element that is not below `value`, in a sorted array. */
export function positionOf(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

const RADIX_BITS = 8;
const INSERTION_LIMIT = 40;
const counts = new Int32Array(1 << RADIX_BITS);

/**
 * Sorts pairs by key, stable. The first `n` entries of `keys` and `rows` hold the pairs; the spare arrays are scratch.
 * @returns true when the sorted pairs ended in the spare arrays
 */
export function sortPairs(
  keys: Int32Array,
  rows: Int32Array,
  spareKeys: Int32Array,
  spareRows: Int32Array,
  n: number,
  lowest: number,
  highest: number,
): boolean {
  if (n <= INSERTION_LIMIT) {
    for (let i = 1; i < n; i++) {
      const key = keys[i];
      const row = rows[i];
      let j = i - 1;
      while (j >= 0 && keys[j] > key) {
        keys[j + 1] = keys[j];
        rows[j + 1] = rows[j];
        j--;
      }
      keys[j + 1] = key;
      rows[j + 1] = row;
    }
    return false;
  }
  const bits = 32 - Math.clz32(highest - lowest);
  const passes = Math.ceil(bits / RADIX_BITS);
  const bitsPerPass = Math.ceil(bits / passes);
  const mask = (1 << bitsPerPass) - 1;
  let swapped = false;
  for (let pass = 0; pass < passes; pass++) {
    const shift = pass * bitsPerPass;
    const fromKeys = swapped ? spareKeys : keys;
    const fromRows = swapped ? spareRows : rows;
    const toKeys = swapped ? keys : spareKeys;
    const toRows = swapped ? rows : spareRows;
    counts.fill(0, 0, mask + 1);
    for (let i = 0; i < n; i++) counts[((fromKeys[i] - lowest) >> shift) & mask]++;
    let position = 0;
    for (let bucket = 0; bucket <= mask; bucket++) {
      const count = counts[bucket];
      counts[bucket] = position;
      position += count;
    }
    for (let i = 0; i < n; i++) {
      const key = fromKeys[i];
      const at = counts[((key - lowest) >> shift) & mask]++;
      toKeys[at] = key;
      toRows[at] = fromRows[i];
    }
    swapped = !swapped;
  }
  return swapped;
}
