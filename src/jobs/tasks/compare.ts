/** Cross-validates one candidate on the training rows. */
import { decodeState } from "@/artifact/state_file.ts";
import type { Table } from "@/dataset/table.ts";
import type { Checkpoint } from "@/ml/estimator.ts";
import { crossValidate, type CrossValidation } from "@/ml/model_selection/cross_validate.ts";
import type { FitOptions } from "@/ml/pipeline.ts";
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

export function compare(input: CompareInput, report: Report, checkpoint?: Checkpoint): CrossValidation {
  return crossValidate(input.train, {
    ...input.options,
    folds: input.folds,
    metric: input.metric,
    ...(input.groups ? { groups: input.groups } : {}),
    ...(input.order ? { order: input.order } : {}),
    progress: report,
    resume: input.resume?.map(decodeState),
    checkpoint,
  });
}
