/** The model's profile as it lies in an artifact: what its JSON must look like, and fit to. */
import { z } from "zod";
import type { FittedPipeline } from "@/ml/pipeline.ts";
import { type ModelProfile, MOST_COLUMNS } from "@/monitoring/model_profile.ts";
import type { ColumnProfile } from "@/monitoring/profile.ts";

const count = z.int().min(0);
const share = z.number().min(0).max(1);
const COLUMN = z.strictObject({
  name: z.string(),
  range: z.tuple([z.number(), z.number()]).optional(),
  edges: z.array(z.number()).max(1000).optional(),
  categories: z.array(z.string()).max(1000).optional(),
  counts: z.array(count).min(2).max(1003),
  missing: count,
});

export const PROFILE = z.strictObject({
  columns: z.array(COLUMN).max(MOST_COLUMNS),
  answers: z.strictObject({
    prediction: COLUMN,
    confidence: z.strictObject({
      rows: count,
      accuracy: share,
      mean: share,
      bins: COLUMN,
      right: z.array(count).max(1003),
    }).nullable(),
  }).nullable(),
});

/** What a schema can't say: bins that do not fit their counts, or the model. @returns null when all fits */
export function profileFault(
  { columns, answers }: ModelProfile,
  { features, target }: FittedPipeline,
): string | null {
  const byName = new Map(features.map((feature) => [feature.name, feature]));
  const names = new Set<string>();
  for (const column of columns) {
    const feature = byName.get(column.name);
    if (!feature) return `the model has no column "${column.name}"`;
    if (names.has(column.name)) return `the column "${column.name}" stands there twice`;
    names.add(column.name);
    const fault = binFault(column, feature.categories);
    if (fault) return `column "${column.name}": ${fault}`;
  }
  if (!answers) return null;
  const classes = target.classes.length > 0 ? target.classes.map(String) : undefined;
  if ((answers.confidence === null) !== (classes === undefined)) {
    return "confidence does not fit the model's task";
  }
  const fault = binFault(answers.prediction, classes);
  if (fault || !answers.confidence) return fault && `prediction: ${fault}`;
  const { bins, right } = answers.confidence;
  const wrong = binFault(bins);
  if (wrong) return `confidence: ${wrong}`;
  const fits = right.length === bins.counts.length && right.every((count, i) => count <= bins.counts[i]);
  return fits ? null : "more rows are right than there are";
}

/** @param known the values of a coded column; undefined for numbers */
function binFault(
  { range, edges, categories, counts }: ColumnProfile,
  known?: readonly string[],
): string | null {
  if (known) {
    if (!categories || edges || range) return "its bins are not those of categories";
    if (counts.length !== categories.length + 2) return "categories and counts differ in number";
    if (new Set(categories).size !== categories.length) return "a category stands there twice";
    const values = new Set(known);
    const odd = categories.find((text) => !values.has(text));
    return odd === undefined ? null : `the model does not know the category ${JSON.stringify(odd)}`;
  }
  if (!edges || !range || categories) return "its bins are not those of numbers";
  if (counts.length !== edges.length + 3) return "edges and counts differ in number";
  if (!(range[0] <= range[1])) return "its range ends before it begins";
  const rising = edges.every((edge, i) => edge >= range[0] && edge < range[1] && !(edge <= edges[i - 1]));
  return rising ? null : "its edges do not rise inside its range";
}
