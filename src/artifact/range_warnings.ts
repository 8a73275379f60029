/** Numbers and dates beyond what training saw: a model is asked for what it never learned, and can't tell itself. */
import type { FeatureSpec, FittedPipeline } from "@/ml/pipeline.ts";
import { numberFrom } from "./rows_to_table.ts";

/** Columns beyond these are counted, not listed. */
const MAX_COLUMNS = 20;

/**
 * @param rows rows that were predicted from, so their values are known to be good
 * @returns a sentence for each column with such values, naming the first row that has one (from 0)
 */
export function rangeWarnings({ features }: FittedPipeline, rows: readonly unknown[]): string[] {
  const warnings: string[] = [];
  for (let j = 0; j < features.length; j++) {
    const feature = features[j];
    const { name, min, max } = feature;
    if (min === undefined || max === undefined) continue;
    let first = -1;
    let count = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as Record<string, unknown>;
      const given = row[Array.isArray(row) ? j : name];
      // NaN, for what is missing, is neither below nor above.
      const value = typeof given === "number"
        ? given
        : typeof given === "string" && feature.type === "date"
        ? numberFrom(feature, given, i)
        : NaN;
      if (value < min || value > max) {
        if (first < 0) first = i;
        count++;
      }
    }
    if (count > 0) warnings.push(sentence(feature, rows[first], j, first, count));
  }
  if (warnings.length > MAX_COLUMNS) {
    warnings.splice(MAX_COLUMNS, warnings.length, `and ${warnings.length - MAX_COLUMNS} more columns`);
  }
  return warnings;
}

function sentence(
  { name, type, min, max }: FeatureSpec,
  row: unknown,
  j: number,
  i: number,
  count: number,
): string {
  const given = (row as Record<string, unknown>)[Array.isArray(row) ? j : name];
  const shown = (value: number) =>
    type === "date" ? new Date(value).toISOString().slice(0, 10) : String(value);
  return `row ${i}: column "${name}" is ${given}, outside of the range of training, ${shown(min!)} to ${
    shown(max!)
  }${count > 1 ? ` (and in ${count - 1} more rows)` : ""}`;
}
