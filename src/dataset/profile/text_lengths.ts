/** How long the texts of a column are. */
import { binsFor, countBins } from "./histogram.ts";
import { extentOf } from "./moments.ts";
import { quantilesBy } from "./quantiles.ts";

export interface TextLengths {
  /** In characters (code points). */
  min: number;
  p50: number;
  mean: number;
  max: number;
  /** Words on average, of the first 1000 different values. */
  words: number;
  histogram: { from: number; to: number; counts: number[] };
}

/** @param counts rows of each category; each row counts */
export function lengthsOf(categories: readonly string[], counts: Int32Array): TextLengths | undefined {
  // By length rather than by row: there are few different lengths.
  const rows = new Map<number, number>();
  let [total, words, looked] = [0, 0, 0];
  categories.forEach((text, code) => {
    if (counts[code] === 0) return;
    const length = characters(text);
    rows.set(length, (rows.get(length) ?? 0) + counts[code]);
    total += counts[code];
    if (looked++ < 1000) words += text.slice(0, 10_000).split(/\s+/).filter((word) => word !== "").length;
  });
  if (total === 0) return undefined;
  const ascending = [...rows].sort(([a], [b]) => a - b);
  const at = (rank: number) => {
    let before = 0;
    return ascending.find(([, count]) => rank < (before += count))![0];
  };
  const quantiles = quantilesBy(total, at);
  const values = Float64Array.from(ascending, ([length]) => length);
  const bins = binsFor({ ...extentOf(values), count: total }, quantiles.p75 - quantiles.p25);
  const histogram = { from: bins.from, to: bins.to, counts: new Array<number>(bins.count).fill(0) };
  for (const [length, count] of ascending) {
    countBins(Float64Array.of(length), bins).forEach((inside, bin) =>
      histogram.counts[bin] += inside * count
    );
  }
  return {
    min: ascending[0][0],
    p50: quantiles.p50,
    mean: ascending.reduce((sum, [length, count]) => sum + length * count, 0) / total,
    max: ascending[ascending.length - 1][0],
    words: words / Math.min(looked, 1000),
    histogram,
  };
}

function characters(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) length--;
  return length;
}
