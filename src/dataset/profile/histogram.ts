/**
 * Bins of equal width. How many: numpy's "auto", the narrower of Sturges' and Freedman and Diaconis' bins, at most 30.
 * Whole numbers get bins of a whole width with their edges between the numbers, so that each bin holds as many.
 */
import { type Extent, largestPowerOfTwo } from "./moments.ts";

const MOST_BINS = 30;

export interface Bins {
  /** Bin i holds the numbers from `from + i * width` up to the next edge; the last one `to`, too. */
  from: number;
  to: number;
  count: number;
}

/** @param spread the distance of the quartiles, or 0 when it is not known */
export function binsFor({ count, min, max, whole }: Extent, spread: number, isDate = false): Bins {
  if (min === max) return { from: min, to: max, count: 1 };
  const range = max - min;
  if (!Number.isFinite(range)) return { from: min, to: max, count: Math.min(MOST_BINS, sturges(count)) };
  const counts = whole && !isDate && range < Number.MAX_SAFE_INTEGER;
  if (counts && range < MOST_BINS) return { from: min - 0.5, to: max + 0.5, count: range + 1 };
  const narrow = 2 * spread / Math.cbrt(count);
  const wanted = Math.max(sturges(count), narrow > 0 ? Math.ceil(range / narrow) : 1);
  const bins = Math.min(MOST_BINS, wanted);
  if (!counts) return { from: min, to: max, count: bins };
  const width = Math.ceil((range + 1) / bins);
  const used = Math.ceil((range + 1) / width);
  return { from: min - 0.5, to: min - 0.5 + used * width, count: used };
}

function sturges(count: number): number {
  return Math.ceil(Math.log2(count)) + 1;
}

/** The bin of a number within the bins. */
export function binner({ from, to, count }: Bins): (value: number) => number {
  const scale = largestPowerOfTwo(Math.max(Math.abs(from), Math.abs(to)));
  const start = from / scale;
  const factor = count / (to / scale - start);
  if (count === 1 || !Number.isFinite(factor)) return () => 0;
  return (value) => Math.min(count - 1, Math.max(0, Math.floor((value / scale - start) * factor)));
}

/** How many numbers each bin holds; missing and infinite ones are in none. */
export function countBins(values: Float64Array, bins: Bins): number[] {
  const counts = new Array<number>(bins.count).fill(0);
  const binOf = binner(bins);
  for (let row = 0; row < values.length; row++) {
    if (isFinite(values[row])) counts[binOf(values[row])]++;
  }
  return counts;
}

/** The same for the rows of each class: [class][bin]. Rows of no class (-1) are in none. */
export function countBinsByClass(
  values: Float64Array,
  bins: Bins,
  classes: Int32Array,
  n_classes: number,
): number[][] {
  const counts = Array.from({ length: n_classes }, () => new Array<number>(bins.count).fill(0));
  const binOf = binner(bins);
  for (let row = 0; row < values.length; row++) {
    if (classes[row] >= 0 && isFinite(values[row])) counts[classes[row]][binOf(values[row])]++;
  }
  return counts;
}
