/** Cross-validates one candidate on the training rows. */
import type { Table } from "@/dataset/table.ts";
import { crossValidate, type CrossValidation } from "@/ml/model_selection/cross_validate.ts";
import type { FitOptions } from "@/ml/pipeline.ts";
import type { Report } from "../learning_tasks.ts";

export interface CompareInput {
  train: Table;
  options: Omit<FitOptions, "progress">;
  folds: number;
  metric: string;
  groups?: Int32Array;
  order?: Float64Array;
}

export function compare(input: CompareInput, report: Report): CrossValidation {
  return crossValidate(input.train, {
    ...input.options,
    folds: input.folds,
    metric: input.metric,
    ...(input.groups ? { groups: input.groups } : {}),
    ...(input.order ? { order: input.order } : {}),
    onFold: (done, total, score) => report(done, total, score),
  });
}
