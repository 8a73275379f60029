/** Pearson's and Spearman's correlation of numbers, over the rows that have both, as pandas' corr. */
import { ascending } from "./ascending.ts";
import { largestPowerOfTwo } from "./moments.ts";

/** A column made ready: one is compared with many. */
export interface Comparable {
  /** Around 0, scaled; NaN where missing. */
  values: Float64Array;
  complete: boolean;
  /** Rows that have a value, in the order of their values. */
  order: Uint32Array;
  /** Ranks around 0, over all rows that have a value; equal values share their mean rank. */
  ranks: Float64Array;
}

/** @param order of the rows, where it is known */
export function comparable(raw: Float64Array, order = ascending(raw)): Comparable {
  const values = centred(raw);
  const ranks = new Float64Array(values.length).fill(NaN);
  rank(values, order, order.length, ranks);
  return { values, complete: values.length === order.length, order, ranks };
}

/** @returns -1 to 1; NaN where one is constant or fewer than two rows have both */
export function pearson(a: Comparable, b: Comparable): number {
  return correlate(a.values, b.values, a.complete && b.complete);
}

/** The same of the ranks among the rows that have both. */
export function spearman(a: Comparable, b: Comparable): number {
  if (a.complete && b.complete) return correlate(a.ranks, b.ranks, true);
  return correlate(ranksWith(a, b.values), ranksWith(b, a.values), false);
}

function ranksWith({ values, order }: Comparable, other: Float64Array): Float64Array {
  const both = new Uint32Array(order.length);
  let count = 0;
  for (let i = 0; i < order.length; i++) if (other[order[i]] === other[order[i]]) both[count++] = order[i];
  const ranks = new Float64Array(values.length).fill(NaN);
  rank(values, both, count, ranks);
  return ranks;
}

function rank(values: Float64Array, order: Uint32Array, count: number, ranks: Float64Array): void {
  for (let from = 0, next = 1; from < count; from = next, next++) {
    while (next < count && values[order[next]] === values[order[from]]) next++;
    const middle = (from + next - 1 - (count - 1)) / 2;
    for (let i = from; i < next; i++) ranks[order[i]] = middle;
  }
}

/** Moved and scaled so that no product overflows; infinite numbers count as missing. */
function centred(raw: Float64Array): Float64Array {
  let [largest, count, sum] = [0, 0, 0];
  for (let row = 0; row < raw.length; row++) {
    if (isFinite(raw[row])) largest = Math.max(largest, Math.abs(raw[row]));
  }
  const scale = largestPowerOfTwo(largest);
  for (let row = 0; row < raw.length; row++) {
    if (!isFinite(raw[row])) continue;
    sum += raw[row] / scale;
    count++;
  }
  const mean = sum / count;
  const values = new Float64Array(raw.length);
  for (let row = 0; row < raw.length; row++) values[row] = isFinite(raw[row]) ? raw[row] / scale - mean : NaN;
  return values;
}

function correlate(a: Float64Array, b: Float64Array, complete: boolean): number {
  let [n, sumA, sumB, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  for (let row = 0; row < a.length; row++) {
    const [x, y] = [a[row], b[row]];
    if (!complete && (x !== x || y !== y)) continue;
    n++;
    sumA += x;
    sumB += y;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  if (n < 2) return NaN;
  const varA = aa - sumA * sumA / n;
  const varB = bb - sumB * sumB / n;
  // What rounding leaves of a constant.
  if (varA <= aa * 1e-14 || varB <= bb * 1e-14) return NaN;
  return Math.max(-1, Math.min(1, (ab - sumA * sumB / n) / Math.sqrt(varA * varB)));
}
