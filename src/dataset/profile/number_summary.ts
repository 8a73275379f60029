/** What there is to say of the numbers of a column: exact up to a million, and but for `distinct` beyond. */
import { frequentValues } from "./frequent_values.ts";
import { type Bins, binsFor, countBins } from "./histogram.ts";
import { HyperLogLog } from "./hyperloglog.ts";
import { type Extent, extentOf, type Moments, momentsOf } from "./moments.ts";
import { wordsOf } from "./number_bits.ts";
import { type Quantiles, quantilesBy, ranksFor, selectRanks } from "./quantiles.ts";

/** Above this many numbers a column is read several times, rather than copied and sorted (8 MB). */
export const MOST_SORTED = 1_000_000;

export interface NumberSummary extends Extent {
  distinct: number;
  distinct_is_estimate: boolean;
  /** None of these without a finite number. */
  moments?: Moments;
  quantiles?: Quantiles;
  bins?: Bins & { counts: number[] };
  /** Values that occur twice at least, the most frequent first. */
  top: { value: number; count: number }[];
}

/** @param most_sorted for tests: the size from which on columns count as long */
export function summariseNumbers(
  values: Float64Array,
  options: { top: number; isDate?: boolean; most_sorted?: number },
): NumberSummary {
  const extent = extentOf(values);
  // The infinities are values, too.
  const extra = extent.infinite === 0
    ? 0
    : new Set(values.filter((value) => Math.abs(value) === Infinity)).size;
  if (extent.count === 0) return { ...extent, distinct: extra, distinct_is_estimate: false, top: [] };
  const long = extent.count > (options.most_sorted ?? MOST_SORTED);
  const { quantiles, distinct, distinct_is_estimate, top } = long
    ? lookThroughLong(values, extent)
    : lookThroughSorted(sortedNumbers(values, extent.count), options.top);
  const bins = binsFor(extent, quantiles.p75 - quantiles.p25, options.isDate);
  return {
    ...extent,
    distinct: distinct + extra,
    distinct_is_estimate,
    moments: momentsOf(values, extent),
    quantiles,
    bins: { ...bins, counts: countBins(values, bins) },
    top: top.filter(({ count }) => count > 1).slice(0, options.top),
  };
}

type Looked = Pick<NumberSummary, "distinct" | "distinct_is_estimate" | "top"> & { quantiles: Quantiles };

function sortedNumbers(values: Float64Array, count: number): Float64Array {
  const kept = new Float64Array(count);
  let at = 0;
  for (let row = 0; row < values.length; row++) if (isFinite(values[row])) kept[at++] = values[row];
  return kept.sort();
}

function lookThroughSorted(sorted: Float64Array, top: number): Looked {
  const found: NumberSummary["top"] = [];
  let distinct = 0;
  for (let from = 0, next = 1; from < sorted.length; from = next, next++) {
    while (next < sorted.length && sorted[next] === sorted[from]) next++;
    distinct++;
    const count = next - from;
    if (count < 2 || (found.length === top && count <= found[top - 1].count)) continue;
    let at = found.length;
    while (at > 0 && found[at - 1].count < count) at--;
    found.splice(at, 0, { value: sorted[from] + 0, count });
    if (found.length > top) found.pop();
  }
  const quantiles = quantilesBy(sorted.length, (rank) => sorted[rank] + 0);
  return { quantiles, distinct, distinct_is_estimate: false, top: found };
}

function lookThroughLong(values: Float64Array, { count }: Extent): Looked {
  const { values: top, complete } = frequentValues(values);
  if (complete) {
    return {
      quantiles: countedQuantiles(top, count),
      distinct: top.length,
      distinct_is_estimate: false,
      top,
    };
  }
  const ranks = selectRanks(values, ranksFor(count));
  return {
    quantiles: quantilesBy(count, (rank) => ranks.get(rank)!),
    distinct: Math.min(count, estimateDistinct(values)),
    distinct_is_estimate: true,
    top,
  };
}

function countedQuantiles(all: NumberSummary["top"], count: number): Quantiles {
  const ascending = [...all].sort((a, b) => a.value - b.value);
  const ends = new Float64Array(all.length);
  let end = 0;
  ascending.forEach((one, i) => ends[i] = end += one.count);
  return quantilesBy(count, (rank) => ascending[ends.findIndex((end) => rank < end)].value);
}

function estimateDistinct(values: Float64Array): number {
  const sketch = new HyperLogLog();
  const words = wordsOf(values);
  for (let row = 0; row < values.length; row++) {
    if (values[row] === 0) sketch.add(0, 0);
    else if (isFinite(values[row])) sketch.add(words[2 * row], words[2 * row + 1]);
  }
  return sketch.count();
}
