/** Small models for the tests of serving: made in milliseconds, the same bytes each time. */
import { encodeArtifact } from "@/artifact/artifact.ts";
import { type Column, columnOf, type Table } from "@/dataset/table.ts";
import { encodeTarget, fitPipeline, predictScores } from "@/ml/pipeline.ts";
import { profileAnswers } from "@/monitoring/model_profile.ts";
import { Random } from "@/shared/random.ts";

export interface MakeOptions {
  algorithm?: string;
  params?: Record<string, unknown>;
  seed?: number;
}

function encode(
  table: Table,
  target: string,
  task: "classification" | "regression",
  options: MakeOptions,
): Uint8Array {
  const { algorithm = task === "regression" ? "ridge" : "decision_tree", params, seed = 0 } = options;
  const pipeline = fitPipeline(table, { target, task, algorithm, params, seed });
  const classes = pipeline.target.classes.length;
  return encodeArtifact(pipeline, {
    metrics: task === "regression" ? { r2: 0.9 } : { accuracy: 0.9 },
    metrics_from: "made for a test",
    baseline: { metrics: { accuracy: 0.33 }, prior: classes ? new Array(classes).fill(1 / classes) : [0] },
    dataset: { ref: "test/table", version: "1", sha256: "0".repeat(64), license: "CC0-1.0" },
    code_version: "0.0.0",
    importances: {},
    findings: [],
    ignored_findings: [],
    train: table,
    // Of the training rows: to a test it does not matter that they were learned from.
    answers: profileAnswers(
      target,
      pipeline.target.classes,
      predictScores(pipeline, table),
      encodeTarget(columnOf(table, target), pipeline.target),
    ),
  });
}

const numeric = (name: string, values: Float64Array): Column => ({
  name,
  storage: "numeric",
  type: "number",
  values,
});
const coded = (name: string, codes: Int32Array, categories: string[]): Column => ({
  name,
  storage: "coded",
  type: "category",
  codes,
  categories,
});

/** Two numeric columns `length` and `width` around three centres; `species` is setosa, versicolor or virginica. */
export function flowersTable(seed = 0): Table {
  const random = new Random(seed);
  const rows = 90;
  const length = new Float64Array(rows);
  const width = new Float64Array(rows);
  const codes = new Int32Array(rows);
  for (let i = 0; i < rows; i++) {
    codes[i] = i % 3;
    length[i] = Math.round((2 * codes[i] + 1.5 + 0.4 * random.normal()) * 10) / 10;
    width[i] = Math.round((0.7 * codes[i] + 0.3 + 0.1 * random.normal()) * 10) / 10;
  }
  return {
    rows,
    columns: [
      numeric("length", length),
      numeric("width", width),
      coded("species", codes, ["setosa", "versicolor", "virginica"]),
    ],
  };
}

export const flowers = (options: MakeOptions = {}): Uint8Array =>
  encode(flowersTable(options.seed), "species", "classification", options);

/** A number, a category and a boolean with missing values; `price` is a number. */
export function houses(options: MakeOptions = {}): Uint8Array {
  const random = new Random(options.seed ?? 0);
  const rows = 120;
  const area = new Float64Array(rows);
  const town = new Int32Array(rows);
  const garden = new Int32Array(rows);
  const price = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    area[i] = i % 17 === 0 ? NaN : 40 + random.below(100);
    town[i] = i % 19 === 0 ? -1 : random.below(3);
    garden[i] = random.below(2);
    price[i] = 2 * (area[i] || 90) + 30 * town[i] + 15 * garden[i] + random.normal();
  }
  return encode(
    {
      rows,
      columns: [
        numeric("area", area),
        coded("town", town, ["Ulm", "Köln", '<b>"O\'Brien"</b>']),
        { name: "garden", storage: "coded", type: "boolean", codes: garden, categories: ["false", "true"] },
        numeric("price", price),
      ],
    },
    "price",
    "regression",
    options,
  );
}
