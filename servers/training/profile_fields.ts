/** What the tools that look at a table take and give. */
import { z } from "zod";
import type { Profiled } from "@/jobs/tasks/profile.ts";
import type { FoundDataset } from "./find_dataset.ts";
import { datasetField, findingField, notesField, sampleRowsField, targetField, taskField } from "./fields.ts";

export const DEFAULT_COLUMNS = 100;

export const profileInput = {
  dataset: datasetField,
  sample_rows: sampleRowsField,
  target: targetField.optional().describe(
    "A column to look at as the target too: its classes, and what every other column tells of it",
  ),
  columns: z.array(z.string().min(1).max(500).describe("Name of a column")).min(1).max(1000).optional()
    .describe("Only these columns get a profile of their own; default: the first ones, up to limit"),
  limit: z.number().int().min(1).max(100_000).default(DEFAULT_COLUMNS).describe(
    "Most columns to give a profile of their own, the target among them (1 to 100000, default 100); the rest are counted in columns_left_out",
  ),
};

const value = z.union([z.number(), z.string()]).describe("A number, or text; a date as ISO 8601");
const count = z.number().int();
const share = z.number().min(0).max(1);
const histogram = z.object({
  from: value,
  to: value,
  counts: z.array(count.describe("Rows")).describe("Rows in each bin, at most 30"),
});

const columnProfile = z.object({
  name: z.string().describe("Column"),
  type: z.enum(["number", "category", "boolean", "date", "text", "identifier"]).describe(
    "What its values are",
  ),
  missing: count.describe("Rows without a value"),
  missing_share: share.describe("The same as a share of all rows, 0 to 1"),
  distinct: count.describe("Different values"),
  estimated: z.array(z.enum(["distinct"]).describe("Name of a field")).optional().describe(
    "Fields that are estimates (of more than a million numbers, about 1 % off)",
  ),
  min: value.optional(),
  max: value.optional(),
  mean: value.optional(),
  std: z.number().optional().describe("Sample standard deviation"),
  skew: z.number().optional().describe(
    "Skewness, as pandas has it; 0: symmetric, above 1: a long tail of large values",
  ),
  quantiles: z.object({ p5: value, p25: value, p50: value, p75: value, p95: value }).optional().describe(
    "Quantiles",
  ),
  histogram: histogram.optional().describe("Bins of equal width from `from` to `to`; numbers and dates only"),
  zeros: count.optional().describe("Rows that are 0; absent where none is"),
  negatives: count.optional().describe("Rows below 0; absent where none is"),
  infinite: count.optional().describe(
    "Rows that are infinite, and left out of the statistics; absent where none is",
  ),
  top_values: z.array(z.object({ value, count: count.describe("Rows") })).optional().describe(
    "The most frequent values, at most ten; texts are cut at 100 characters",
  ),
  lengths: z.object({
    min: count.describe("Shortest"),
    p50: z.number().describe("Median"),
    mean: z.number().describe("Mean"),
    max: count.describe("Longest"),
    words: z.number().describe("Words in a value, on average"),
    histogram: histogram.describe("Bins of equal width from `from` to `to`"),
  }).optional().describe("Lengths of texts, in characters"),
  examples: z.array(value).describe(
    "The first different values, at most five; texts are cut at 100 characters",
  ),
});

const correlation = z.number().min(-1).max(1).optional();

export const profileOutput = {
  ref: z.string().describe("The table: where it comes from"),
  sha256: z.string().describe("Hash of the file's bytes"),
  known_target: z.string().nullable().describe(
    "The target that comes with a sample or a stored data set, if any",
  ),
  rows: count.describe("Rows of the table"),
  columns: count.describe("Columns of the table"),
  types: z.record(z.string().describe("Type"), count.describe("Columns")).describe("Columns of each type"),
  missing_cells: count.describe("Cells without a value, of all columns"),
  notes: notesField,
  duplicate_rows: count.describe("Rows that equal an earlier one"),
  estimated: z.array(z.enum(["duplicate_rows"]).describe("Name of a field")).optional().describe(
    "Fields that are estimates (of more than four million rows)",
  ),
  column_profiles: z.array(columnProfile).describe("One entry a column"),
  columns_left_out: count.optional().describe(
    "Columns without a profile here: name them in columns, or raise limit",
  ),
  target: z.object({
    name: z.string().describe("Column"),
    task: taskField,
    missing: count.describe("Rows without a target"),
    classes: z.array(z.object({ value, count: count.describe("Rows") })).optional().describe(
      "Classification: the classes, the most frequent first, at most 100",
    ),
    classes_left_out: count.optional().describe("Classes beyond these"),
    largest_share: share.optional().describe("Share of the largest class: the accuracy of always saying it"),
    smallest_share: share.optional().describe("Share of the smallest class"),
  }).optional().describe("The column that was named as target"),
  relations: z.object({
    rows: count.describe("Rows that columns were compared on: all, or 20000 at even distances"),
    feature_rows: count.optional().describe("Rows that features were compared with the target on"),
    features: z.array(z.object({
      column: z.string().describe("Column"),
      mutual_information: z.number().describe(
        "What it tells of the target by itself, in nats, less what chance seems to tell",
      ),
      share: share.describe(
        "The same as a share of all there is to know of the target: near 1 it gives the target away",
      ),
      pearson: correlation.describe("Pearson's correlation, where both are numbers"),
      spearman: correlation.describe("Spearman's rank correlation, where both are numbers"),
    })).optional().describe("What each column tells of the target, most first, at most `limit`"),
    columns: count.describe("Columns that were compared with each other"),
    pairs: z.array(z.object({
      a: z.string().describe("Column"),
      b: z.string().describe("Column"),
      pearson: correlation.describe("Pearson's correlation of numbers"),
      spearman: correlation.describe("Spearman's rank correlation of numbers"),
      cramers_v: share.optional().describe("Cramér's V of categories, corrected for bias; 0 to 1"),
    })).describe("Columns that go together, the closest first, at most 20"),
  }).describe("How columns go together"),
  findings: z.array(findingField).describe(
    "What train_model would find in it, the gravest first, at most 50; name the target to have it looked at for leaks",
  ),
  findings_left_out: count.optional().describe("Findings beyond these"),
};

const MOST_PAIRS = 20;
const MOST_FINDINGS = 50;

/** What a host gets: without what only a page shows. */
export function profileAnswer(found: FoundDataset, profile: Profiled, limit: number) {
  const { page: _, class_labels: __, relations, column_profiles, findings, ...rest } = profile;
  const left = findings.length - MOST_FINDINGS;
  const { numbers: ___, categories: ____, features, pairs, ...about } = relations;
  return {
    ref: found.ref,
    sha256: found.sha256,
    known_target: found.target,
    ...rest,
    column_profiles: column_profiles.map(({ by_class: _, ...column }) => column),
    relations: {
      ...about,
      ...(features ? { features: features.slice(0, limit) } : {}),
      pairs: pairs.slice(0, MOST_PAIRS),
    },
    findings: findings.slice(0, MOST_FINDINGS),
    ...(left > 0 ? { findings_left_out: left } : {}),
  };
}
