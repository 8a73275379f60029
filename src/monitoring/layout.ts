/** Where the bins of a model's columns and answers lie in one flat array of counts. */
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
  confidence: Place | null;
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
  const prediction = answers && place(answers.prediction);
  const confidence = answers?.confidence ? place(answers.confidence.bins) : null;
  return { columns: places, prediction, confidence, width };
}

/** The profile's own counts in that layout's order: missing, then the bins. */
export function countsOf({ missing, counts }: ColumnProfile): number[] {
  return [missing, ...counts];
}
