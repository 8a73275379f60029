/** What a model takes and gives, for callers who have only the artifact. */
import type { Task } from "@/ml/estimator.ts";
import type { FittedPipeline } from "@/ml/pipeline.ts";
import type { ColumnType } from "@/dataset/table.ts";

export interface SignatureInput {
  name: string;
  type: ColumnType;
  /** The values that training saw, for a column that is not a number. */
  categories?: string[];
  /** The range that training saw: numbers, or milliseconds since 1970 for a date. */
  min?: number;
  max?: number;
  /** False: null or absent is taken as missing. */
  required: boolean;
}

export interface Signature {
  inputs: SignatureInput[];
  /** Columns of the training table that the model does not read; a row may carry them. */
  ignored: string[];
  output: { name: string; task: Task; classes?: (string | number)[] };
}

export function signatureOf(artifact: { pipeline: FittedPipeline }): Signature {
  const { features, ignored, target, task } = artifact.pipeline;
  return {
    inputs: features.map(({ name, type, categories, min, max }) => ({
      name,
      type,
      ...(categories ? { categories } : {}),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      // The preparation fills in what is missing, so no column must be there.
      required: false,
    })),
    ignored,
    output: { name: target.name, task, ...(task === "classification" ? { classes: target.classes } : {}) },
  };
}
