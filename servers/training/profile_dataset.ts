import { z } from "zod";
import { readableProfile, type TableProfile } from "@/dataset/profile.ts";
import { sourceOf } from "@/jobs/tasks/read_source.ts";
import { defineTool } from "../tool.ts";
import { datasetField, notesField, sampleRowsField, targetField, taskField } from "./fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({
  dataset: datasetField,
  sample_rows: sampleRowsField,
  target: targetField.optional().describe("A column to look at as the target too"),
});

const value = z.union([z.number(), z.string()]).describe("A number, or text; a date as ISO 8601");

const output = z.object({
  ref: z.string().describe("The table: where it comes from"),
  sha256: z.string().describe("Hash of the file's bytes"),
  known_target: z.string().nullable().describe(
    "The target that comes with a sample or a stored data set, if any",
  ),
  rows: z.number().int().describe("Rows of the table"),
  columns: z.number().int().describe("Columns of the table"),
  notes: notesField,
  duplicate_rows: z.number().int().describe("Rows that equal an earlier one"),
  column_profiles: z.array(z.object({
    name: z.string().describe("Column"),
    type: z.enum(["number", "category", "boolean", "date", "text", "identifier"]).describe(
      "What its values are",
    ),
    missing: z.number().int().describe("Rows without a value"),
    missing_share: z.number().describe("The same as a share of all rows, 0 to 1"),
    distinct: z.number().int().describe("Different values"),
    min: value.optional(),
    max: value.optional(),
    mean: value.optional(),
    std: z.number().optional().describe("Sample standard deviation"),
    quantiles: z.object({ p5: value, p25: value, p50: value, p75: value, p95: value }).optional().describe(
      "Quantiles",
    ),
    top_values: z.array(
      z.object({ value: z.string().describe("Value"), count: z.number().int().describe("Rows") }),
    )
      .optional().describe("The most frequent values, at most ten"),
    examples: z.array(value).describe("The first different values, at most five"),
  })).describe("One entry a column"),
  target: z.object({
    name: z.string().describe("Column"),
    task: taskField,
    missing: z.number().int().describe("Rows without a target"),
    classes: z.array(z.object({ value, count: z.number().int().describe("Rows") })).optional().describe(
      "Classification: the classes, the most frequent first",
    ),
  }).optional().describe("The column that was named as target"),
});

export const profileDataset = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof output>>({
  name: "profile_dataset",
  title: "Look at a table",
  description:
    "What is in a table before learning from it: for each column its type, missing values, range, quantiles and most frequent " +
    "values; for a target its task and classes. Use it to choose target, features and exclude for train_model.",
  effect: "read",
  scope: "datasets:read",
  input,
  output,
  async run({ dataset, target, sample_rows }, services, context) {
    const found = await services.findDataset(dataset, sample_rows);
    const profile = await services.pool.run("profile", {
      ...sourceOf(found),
      ...(target ? { target } : {}),
    }, { signal: context.signal });
    return { ref: found.ref, sha256: found.sha256, known_target: found.target, ...profile };
  },
  text: (profile) => [readableProfile(profile as TableProfile), ...(profile.notes ?? [])].join("\n"),
});
