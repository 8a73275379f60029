/**
 * Classes that are ranges of a number which runs on evenly across their borders: "adult" from 18 years up. That is
 * how classes are defined, and may be the task; a value that was written afterwards lies in heaps, one for each
 * class, or is one and the same for all rows of a class.
 */
import type { Column } from "../table.ts";
import { pick, valuesAt } from "./column_values.ts";

const MIN_DISTINCT = 3;
/** Of all rows, on each side of a border. */
const NEAR = 0.05;
/** So many times wider than the ground beside it is a gap. */
const GAP = 2;

/** @param y class of each row in `rows`, 0..n_classes-1 */
export function isThresholdRule(
  column: Column,
  rows: Uint32Array,
  y: Int32Array,
  n_classes: number,
): boolean {
  if (column.storage !== "numeric") return false;
  const values = valuesAt(column, rows);
  if (values.some(Number.isNaN)) return false;
  const sides = Array.from({ length: n_classes }, (_, c) => {
    const places = Uint32Array.from(y.keys()).filter((i) => y[i] === c);
    return pick(values, places).sort();
  }).sort((a, b) => a[a.length >> 1] - b[b.length >> 1]);
  if (sides.some((side) => new Set(side).size < MIN_DISTINCT)) return false;
  const step = smallestStep(values);
  return sides.slice(1).every((high, c) => {
    const low = sides[c];
    const near = Math.max(1, Math.floor(Math.min(NEAR * values.length, low.length / 2, high.length / 2)));
    const top = low[low.length - near];
    const bottom = high[near - 1];
    const beside = [top - low[low.length - 2 * near], high[2 * near - 1] - bottom];
    return (bottom - top) / 2 <= GAP * Math.sqrt(Math.max(beside[0], step) * Math.max(beside[1], step));
  });
}

/** Between two different values: 1 for whole numbers. */
function smallestStep(values: Float64Array): number {
  const sorted = values.slice().sort();
  let least = Infinity;
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i] > sorted[i - 1]) least = Math.min(least, sorted[i] - sorted[i - 1]);
  }
  return least;
}
