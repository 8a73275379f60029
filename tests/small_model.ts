/** A small trained model for tests of the rooms after learning: numbers, categories, missing values. */
import { encodeArtifact } from "@/artifact/artifact.ts";
import { columnOf, type Table } from "@/dataset/table.ts";
import type { Task } from "@/ml/estimator.ts";
import { encodeTarget, fitPipeline, type FittedPipeline, predictScores } from "@/ml/pipeline.ts";
import { type AnswerProfile, profileAnswers } from "@/monitoring/model_profile.ts";
import { Random } from "@/shared/random.ts";

/** 120 rows: length and width (numbers, some missing), island (3 categories); species (2 classes) and mass (number). */
export function smallTable(seed = 1): Table {
  const random = new Random(seed);
  const rows = 120;
  const length = new Float64Array(rows);
  const width = new Float64Array(rows);
  const mass = new Float64Array(rows);
  const island = new Int32Array(rows);
  const species = new Int32Array(rows);
  for (let i = 0; i < rows; i++) {
    species[i] = i % 2;
    island[i] = random.below(3);
    length[i] = 40 + 8 * species[i] + random.normal();
    width[i] = i % 17 === 0 ? NaN : 15 + island[i] + random.normal();
    mass[i] = 100 * length[i] + 50 * island[i] + random.normal();
  }
  return {
    rows,
    columns: [
      { name: "length", storage: "numeric", type: "number", values: length },
      { name: "width", storage: "numeric", type: "number", values: width },
      {
        name: "island",
        storage: "coded",
        type: "category",
        codes: island,
        categories: ["Biscoe", "Dream", "Torgersen"],
      },
      { name: "mass", storage: "numeric", type: "number", values: mass },
      {
        name: "species",
        storage: "coded",
        type: "category",
        codes: species,
        categories: ["Adelie", "Gentoo"],
      },
    ],
  };
}

export interface SmallModelOptions {
  algorithm?: string;
  task?: Task;
  params?: Record<string, unknown>;
  seed?: number;
}

export function smallPipeline(options: SmallModelOptions = {}): FittedPipeline {
  const { task = "classification", algorithm = "decision_tree", params, seed = 0 } = options;
  const [target, other] = task === "classification" ? ["species", "mass"] : ["mass", "species"];
  return fitPipeline(smallTable(), {
    target,
    task,
    algorithm,
    seed,
    exclude: [other],
    ...(params ? { params } : {}),
  });
}

/** Of the training rows: to a test it does not matter that they were learned from. */
function answersOf(pipeline: FittedPipeline): AnswerProfile | null {
  const table = smallTable();
  const y = encodeTarget(columnOf(table, pipeline.target.name), pipeline.target);
  return profileAnswers(pipeline.target.name, pipeline.target.classes, predictScores(pipeline, table), y);
}

/** The model's file; other options give other bytes. */
export function smallArtifact(options: SmallModelOptions = {}): Uint8Array {
  const pipeline = smallPipeline(options);
  const classes = pipeline.target.classes.length;
  return encodeArtifact(pipeline, {
    metrics: { accuracy: 0.99 },
    metrics_from: "a test",
    baseline: {
      metrics: { accuracy: 0.5 },
      prior: new Array(Math.max(1, classes)).fill(1 / Math.max(1, classes)),
    },
    dataset: { ref: "sample/small", version: null, sha256: "0".repeat(64), license: "CC0-1.0" },
    code_version: "0.0.0",
    importances: { length: 1 },
    findings: [],
    ignored_findings: [],
    train: smallTable(),
    answers: answersOf(pipeline),
  });
}
