/** Which bin of a profile a value belongs to. */
import type { ColumnProfile } from "./profile.ts";

/** Puts numbers into the bins of a profile. @returns from 0 (missing) to the number of bins */
export function numberBins({ range, edges }: ColumnProfile): (value: number) => number {
  const [min, max] = range!;
  const limits = Float64Array.from(edges!);
  return (value) => {
    if (value !== value) return 0;
    if (value < min) return 1;
    if (value > max) return limits.length + 3;
    let low = 0;
    let high = limits.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value > limits[middle]) low = middle + 1;
      else high = middle;
    }
    return low + 2;
  };
}

/**
 * Puts codes into the bins of a profile.
 * @param known the texts of codes 0, 1, 2, …; a higher code is a value that the model does not know
 */
export function codeBins(
  { categories, counts }: ColumnProfile,
  known: readonly string[],
): (code: number) => number {
  const own = new Map(categories!.map((text, k) => [text, k + 1]));
  const [other, unseen] = [counts.length - 1, counts.length];
  const bins = Int32Array.from(known, (text) => own.get(text) ?? other);
  return (code) => code < 0 ? 0 : code < bins.length ? bins[code] : unseen;
}
