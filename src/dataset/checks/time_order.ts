/** Rows in time that a random split mixes: the model is tested on days between those that it learnt. */
import { type Column, isMissing, type NumericColumn } from "../table.ts";
import { correlation, countDistinct, nameWords, ranksOf, rounded, valuesAt } from "./column_values.ts";
import type { Check, Found, Labels, Subject } from "./finding.ts";

const MIN_ROWS = 50;
const MIN_MOMENTS = 20;
const MAX_COLUMNS = 3;
const TIME_WORDS = new Set(["date", "datetime", "time", "timestamp", "year"]);

export const timeOrder: Check = {
  name: "time_order",
  title:
    "The target of a row is close to that of the row before it in time, or drifts, and the split is random.",
  severity: "warning",
  remedy: "If later rows are to be predicted, validate with method time and that column.",
  find({ table, target, labels, method, sample }) {
    if (!target || !labels || method === "time" || method === "group" || sample.length < MIN_ROWS) return [];
    const y = indicator(labels);
    return table.columns.filter((column): column is NumericColumn => column !== target && isTime(column))
      .slice(0, MAX_COLUMNS).flatMap((column) => judge(column, y, sample, target.name) ?? []);
  },
};

function isTime(column: Column): boolean {
  if (column.storage !== "numeric") return false;
  return column.type === "date" || nameWords(column.name).some((word) => TIME_WORDS.has(word));
}

/** A target as numbers: ranks, or 1 for the most frequent class. */
function indicator(labels: Labels): Float64Array {
  if (labels.task === "regression") return ranksOf(labels.y);
  const counts = new Uint32Array(labels.names.length);
  for (const c of labels.y) counts[c]++;
  const largest = counts.indexOf(Math.max(...counts));
  return Float64Array.from(labels.y, (c) => c === largest ? 1 : 0);
}

function judge(
  column: NumericColumn,
  y: Float64Array,
  sample: Subject["sample"],
  target: string,
): Found | null {
  const times = valuesAt(column, sample);
  const places = Uint32Array.from(times.keys()).filter((i) => !isMissing(column, sample[i]));
  if (places.length < MIN_ROWS || countDistinct(column, sample) < MIN_MOMENTS) return null;
  places.sort((a, b) => times[a] - times[b] || a - b);
  const ordered = Float64Array.from(places, (i) => y[i]);
  const neighbours = correlation(ordered.subarray(0, -1), ordered.subarray(1));
  const drift = correlation(ranksOf(Float64Array.from(places, (i) => times[i])), ordered);
  // Four standard errors of a correlation that is none, and enough to matter.
  const least = Math.max(0.3, 4 / Math.sqrt(places.length));
  if (neighbours < least && Math.abs(drift) < least) return null;
  return {
    severity: "warning",
    columns: [column.name],
    message: neighbours >= least
      ? `"${target}" of one row is close to that of the row before it in "${column.name}", and the split is random.`
      : `"${target}" moves with "${column.name}", and the split is random.`,
    evidence: {
      correlation_of_neighbours: rounded(neighbours),
      correlation_with_time: rounded(drift),
      rows: places.length,
    },
    hint:
      `If later rows are to be predicted, validate on them: validation {method: "time", column: "${column.name}"}.`,
  };
}
