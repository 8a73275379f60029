/** Measures a model on rows that training never saw. */
import { decodeArtifact } from "@/artifact/artifact.ts";
import { columnOf, takeRows } from "@/dataset/table.ts";
import { decodeTable } from "@/dataset/table_file.ts";
import { AppError } from "@/shared/errors.ts";
import type { Task } from "@/ml/estimator.ts";
import { confusionMatrix } from "@/ml/metrics/confusion_matrix.ts";
import { scoreAll } from "@/ml/metrics/score_all.ts";
import { encodeTarget, predictScores } from "@/ml/pipeline.ts";
import { readSource, type TableBytes } from "./read_source.ts";

export interface EvaluateInput {
  artifact: Uint8Array;
  /** A sealed holdout (in the validating Worker), or another table (in a learning Worker). */
  holdout?: Uint8Array;
  table?: TableBytes;
}

export interface Evaluation {
  task: Task;
  metrics: Record<string, number | null>;
  baseline: Record<string, number | null>;
  confusion_matrix?: number[][];
  classes: (string | number)[];
  rows: number;
  /** Rows left out: no target, or a class that training never saw. */
  rows_left_out: number;
}

export async function evaluate(input: EvaluateInput): Promise<Evaluation> {
  const artifact = decodeArtifact(input.artifact);
  const { pipeline } = artifact;
  const whole = input.holdout ? decodeTable(input.holdout) : await readSource(input.table!);
  const all = encodeTarget(columnOf(whole, pipeline.target.name), pipeline.target);
  const usable = Uint32Array.from(all.keys()).filter((i) => !Number.isNaN(all[i]));
  if (usable.length === 0) {
    throw new AppError(
      "invalid_argument",
      `Cannot validate: no row has a known value of "${pipeline.target.name}"`,
      {
        hint: "Give rows with the target that the model was trained for.",
      },
    );
  }
  const table = takeRows(whole, usable);
  const y = Float64Array.from(usable, (i) => all[i]);
  const classes = pipeline.target.classes.length;
  const scores = predictScores(pipeline, table);
  const { prior } = artifact.baseline;
  const guess = Float64Array.from({ length: y.length * prior.length }, (_, i) => prior[i % prior.length]);
  return {
    task: pipeline.task,
    metrics: scoreAll(pipeline.task, { y, scores, n_classes: classes }).metrics,
    baseline: scoreAll(pipeline.task, { y, scores: guess, n_classes: classes }).metrics,
    ...(classes > 0 ? { confusion_matrix: confusionMatrix({ y, scores, n_classes: classes }) } : {}),
    classes: pipeline.target.classes,
    rows: y.length,
    rows_left_out: whole.rows - y.length,
  };
}
