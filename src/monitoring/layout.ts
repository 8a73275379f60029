/** Where the bins of a model's columns lie in one flat array of counts, and which bin a value belongs to. */
import type { ColumnProfile } from "./profile.ts";
import type { ModelProfile } from "./model_profile.ts";

/** One column's bins: `offset` counts the missing, the bins of its profile follow. */
export interface Place {
  name: string;
  offset: number;
  /** With the bin for missing. */
  size: number;
}

export interface Layout {
  columns: Place[];
  prediction: Place | null;
  /** Of the flat array. */
  width: number;
}

export function layoutOf({ columns, answers }: ModelProfile): Layout {
  let width = 0;
  const place = ({ name, counts }: ColumnProfile): Place => {
    const offset = width;
    width += counts.length + 1;
    return { name, offset, size: counts.length + 1 };
  };
  const places = columns.map(place);
  return { columns: places, prediction: answers && place(answers.prediction), width };
}

/** The profile's own counts in that layout's order: missing, then the bins. */
export function countsOf({ missing, counts }: ColumnProfile): number[] {
  return [missing, ...counts];
}

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
