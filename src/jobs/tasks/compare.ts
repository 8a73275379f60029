/** Cross-validates one candidate on the training rows. */
import { decodeState } from "@/artifact/state_file.ts";
import type { Table } from "@/dataset/table.ts";
import type { Checkpoint } from "@/ml/estimator.ts";
import { crossValidate, type CrossValidation, type FoldTruth } from "@/ml/model_selection/cross_validate.ts";
import type { FitOptions, TargetSpec } from "@/ml/pipeline.ts";
import { type AnswerProfile, profileAnswers } from "@/monitoring/model_profile.ts";
import type { Report } from "../task_names.ts";

export interface CompareInput {
  train: Table;
  options: Omit<FitOptions, "progress" | "continue_from" | "resume" | "checkpoint">;
  folds: number;
  metric: string;
  groups?: Int32Array;
  order?: Float64Array;
  /** What the checkpoints kept when the same was cut off. */
  resume?: Uint8Array[];
}

export interface Measured extends CrossValidation {
  /** What it said of the rows that a fold left out: unlearned rows, as those that will come. */
  answers: AnswerProfile | null;
}

export function compare(input: CompareInput, report: Report, checkpoint?: Checkpoint): Measured {
  const truths: FoldTruth[] = [];
  let target: TargetSpec | null = null;
  const result = crossValidate(input.train, {
    ...input.options,
    folds: input.folds,
    metric: input.metric,
    ...(input.groups ? { groups: input.groups } : {}),
    ...(input.order ? { order: input.order } : {}),
    progress: report,
    resume: input.resume?.map(decodeState),
    checkpoint,
    onTruth: (truth, spec) => {
      truths.push(truth);
      target = spec;
    },
  });
  const { name, classes } = target!;
  const answers = profileAnswers(
    name,
    classes,
    joined(truths.map(({ scores }) => scores)),
    joined(truths.map(({ y }) => y)),
  );
  return { ...result, answers };
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
