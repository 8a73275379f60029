/** Fits the chosen candidate on all training rows and writes the artifact. */
import { type ArtifactFacts, decodeArtifact, encodeArtifact } from "@/artifact/artifact.ts";
import { decodeState } from "@/artifact/state_file.ts";
import { columnOf, type Table, takeRows } from "@/dataset/table.ts";
import type { Checkpoint } from "@/ml/estimator.ts";
import { permutationImportance } from "@/ml/inspection/permutation_importance.ts";
import { encodeTarget, type FitOptions, fitPipeline } from "@/ml/pipeline.ts";
import type { AnswerProfile } from "@/monitoring/model_profile.ts";
import type { Report } from "../task_names.ts";

export interface FitInput {
  train: Table;
  options: Omit<FitOptions, "progress" | "continue_from" | "resume" | "checkpoint">;
  /** The artifact of the model to go on from. */
  continue_from?: Uint8Array;
  /** What the checkpoints kept when the same fit was cut off. */
  resume?: Uint8Array[];
  metric: string;
  facts: Omit<ArtifactFacts, "importances" | "baseline"> & {
    baseline_metrics: Record<string, number | null>;
  };
  /** What the same algorithm said of rows that it had not learned from. */
  answers: AnswerProfile | null;
}

export interface Fitted {
  artifact: Uint8Array;
  fit_ms: number;
  dropped: { column: string; reason: string }[];
}

/** Rows that the importances are measured on. */
const IMPORTANCE_ROWS = 1000;

export function fit(input: FitInput, report: Report, checkpoint?: Checkpoint): Fitted {
  const started = performance.now();
  const pipeline = fitPipeline(input.train, {
    ...input.options,
    ...(input.continue_from ? { continue_from: decodeArtifact(input.continue_from).pipeline } : {}),
    resume: input.resume?.map(decodeState),
    checkpoint,
    progress: report,
  });
  const fit_ms = performance.now() - started;
  const { baseline_metrics, ...facts } = input.facts;
  const target = columnOf(input.train, input.options.target);
  const y = encodeTarget(target, pipeline.target);
  const step = Math.max(1, Math.floor(input.train.rows / IMPORTANCE_ROWS));
  const few = takeRows(
    input.train,
    Uint32Array.from({ length: Math.min(IMPORTANCE_ROWS, input.train.rows) }, (_, i) => i * step),
  );
  const artifact = encodeArtifact(pipeline, {
    ...facts,
    baseline: { metrics: baseline_metrics, prior: priorOf(y, pipeline.target.classes.length) },
    importances: Object.fromEntries(
      permutationImportance(pipeline, few, input.metric, { repeats: 2, seed: pipeline.seed })
        .map(({ feature, mean }) => [feature, Number.isFinite(mean) ? mean : 0]),
    ),
    train: input.train,
    answers: input.answers,
  });
  return { artifact, fit_ms, dropped: pipeline.dropped };
}

/** What a constant guess says: the share of each class, or the mean. */
function priorOf(y: Float64Array, classes: number): number[] {
  if (classes === 0) return [y.reduce((sum, value) => sum + value, 0) / y.length];
  const shares = new Array<number>(classes).fill(0);
  for (const value of y) shares[value] += 1 / y.length;
  return shares;
}
